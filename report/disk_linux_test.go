package report

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"qlik-provision/provision"
	"qlik-provision/provision/roster"
)

// smallDisk mounts a file system of so many KiB.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	folder := t.TempDir()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size="+size+"k"); err != nil {
		t.Skipf("mounting a small file system: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(folder, 0); err != nil {
			t.Error(err)
		}
	})
	return folder
}

func TestAFullDiskStopsTheRunAndKeepsWhatWasRecorded(t *testing.T) {
	folder := smallDisk(t, "256")
	path := filepath.Join(folder, "hr.results.csv")
	l, err := Create(path, export(t, manyRows(600)), sandbox)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	recorded := 0
	for r, err := range l.Pending() {
		if err != nil {
			t.Fatal(err)
		}
		o := created(r)
		o.Message = strings.Repeat("x", 600)
		if err = l.Record(o); err != nil {
			if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "no space left on device") {
				t.Errorf("%v", err)
			}
			break
		}
		recorded++
	}
	err = l.Close()
	e := is[*MergeError](t, err)
	if !errors.Is(err, syscall.ENOSPC) || e.Journal != path+".journal" {
		t.Errorf("%v", err)
	}
	left, err := os.ReadDir(folder)
	if err != nil || len(left) != 2 {
		t.Errorf("left: %v, %v", left, err)
	}
	s, err := Summarize(path)
	if err != nil || s.Counts[provision.Created] != recorded || !s.Unmerged || s.Rows != 602 {
		t.Errorf("%d recorded, %+v, %v", recorded, s, err)
	}

	if err := syscall.Mount("tmpfs", folder, "tmpfs", syscall.MS_REMOUNT, "size=4096k"); err != nil {
		t.Fatal(err)
	}
	again, err := Open(path, roster.Options{}, sandbox)
	if err != nil {
		t.Fatal(err)
	}
	if got := again.Counts()[provision.Created]; got != recorded {
		t.Errorf("%d created after the merge, %d recorded", got, recorded)
	}
	closed(t, again)
}

func TestAnExportThatDoesNotFitLeavesNothing(t *testing.T) {
	folder := smallDisk(t, "64")
	_, err := Create(filepath.Join(folder, "hr.results.csv"), export(t, manyRows(4000)), sandbox)
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("%v", err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestAReadOnlyDiskIsFoundBeforeTheRun(t *testing.T) {
	folder := smallDisk(t, "64")
	path := filepath.Join(folder, "hr.results.csv")
	write(t, path, ran(t))
	if err := syscall.Mount("tmpfs", folder, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, roster.Options{}, sandbox); !errors.Is(err, syscall.EROFS) {
		t.Errorf("opened: %v", err)
	}
	if _, err := Create(filepath.Join(folder, "new.csv"), export(t, sixRows), sandbox); !errors.Is(err, syscall.EROFS) {
		t.Errorf("created: %v", err)
	}
	if s, err := Summarize(path); err != nil || s.Rows != 7 {
		t.Errorf("read: %+v, %v", s, err)
	}
}
