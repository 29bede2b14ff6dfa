package report

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
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
	folder := smallDisk(t, "384")
	path := filepath.Join(folder, "hr.results.csv")
	l, err := Create(path, parseText(t, manyRows(600)), theAction, sandbox)
	if err == nil {
		err = prepare(l)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	recorded := 0
	for _, row := range l.Pending() {
		r := created(row)
		r.Message = strings.Repeat("x", 600)
		if err := l.Record(r); err != nil {
			if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "no space left on device") {
				t.Errorf("%v", err)
			}
			break
		}
		recorded++
	}
	err = l.Close()
	wantError(t, err, ErrNotReplaced)
	if !errors.Is(err, syscall.ENOSPC) || !strings.HasSuffix(err.Error(), "the results are in "+path+".journal") {
		t.Errorf("%v", err)
	}
	left, err := os.ReadDir(folder)
	if err != nil || len(left) != 2 {
		t.Errorf("left: %v, %v", left, err)
	}
	r, err := Read(path, csvfile.Options{})
	if err != nil || r.Summary().Counts[provision.Created] != recorded || len(r.Rows) != 602 {
		t.Errorf("%d recorded, %v, %v", recorded, r.Summary(), err)
	}
	if err := syscall.Mount("tmpfs", folder, "tmpfs", syscall.MS_REMOUNT, "size=4096k"); err != nil {
		t.Fatal(err)
	}
	again := mustRetry(t, path)
	if got := again.Summary().Counts[provision.Created]; got != recorded {
		t.Errorf("%d created after the merge, %d recorded", got, recorded)
	}
	mustClose(t, again)
}

func TestAResultFileThatDoesNotFitLeavesNothing(t *testing.T) {
	folder := smallDisk(t, "64")
	path := filepath.Join(folder, "hr.results.csv")
	l, err := Create(path, parseText(t, manyRows(4000)), theAction, sandbox)
	if err == nil {
		err = errors.Join(prepare(l), l.Close())
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Error(err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestAFileThatCannotBeReplacedStaysAsItIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hr.results.csv")
	text := ranText(t)
	write(t, path, text)
	mount := func() func() { // as a container's volume of one file
		if err := syscall.Mount(path, path, "", syscall.MS_BIND, ""); err != nil {
			t.Skipf("mounting a file: %v", err)
		}
		return func() {
			if err := syscall.Unmount(path, 0); err != nil {
				t.Error(err)
			}
		}
	}
	unmount := mount()
	_, _, err := retry(t, path, sandbox)
	l, createErr := Create(path, parseText(t, manyRows(2)), theAction, Options{Tenant: "sandbox", Overwrite: true})
	if createErr == nil {
		createErr = errors.Join(prepare(l), l.Close())
	}
	unmount()
	for _, err := range []error{err, createErr} {
		if !errors.Is(err, syscall.EBUSY) {
			t.Error(err)
		}
	}
	if read(t, path) != text || len(folder(t, path)) != 1 {
		t.Errorf("left %v with\n%s", folder(t, path), read(t, path))
	}

	l = mustRetry(t, path)
	record(t, l, created(l.Pending()[2]))
	unmount = mount()
	err = l.Close()
	unmount()
	wantError(t, err, ErrNotReplaced)
	if !errors.Is(err, syscall.EBUSY) || len(folder(t, path)) != 2 {
		t.Errorf("%v, left %v", err, folder(t, path))
	}
	l = mustRetry(t, path)
	if got := l.Summary().Counts[provision.Created]; got != 3 {
		t.Errorf("%d created", got)
	}
}

func TestAReadOnlyDiskIsFoundBeforeTheRun(t *testing.T) {
	folder := smallDisk(t, "64")
	path := filepath.Join(folder, "hr.results.csv")
	write(t, path, ranText(t))
	if err := syscall.Mount("tmpfs", folder, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, csvfile.Options{}, sandbox); !errors.Is(err, syscall.EROFS) {
		t.Errorf("opened: %v", err)
	}
	if _, err := Create(filepath.Join(folder, "new.csv"), parseText(t, sixRows), theAction, sandbox); !errors.Is(err,
		syscall.EROFS) {
		t.Errorf("created: %v", err)
	}
	if r, err := Read(path, csvfile.Options{}); err != nil || len(r.Rows) != 7 {
		t.Errorf("read: %+v, %v", r, err)
	}
}
