package report

import (
	"errors"
	"fmt"
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
	if err != nil || s.Counts[provision.Created] != recorded || s.Rows != 602 {
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
	for _, c := range []struct {
		size, want string
		rows       int
	}{
		{"64", "write %s/.hr.results.csv.tmp-", 4000},
		{"16", "writing %s/.hr.results.csv.tmp-", 400}, // written at once, at last
	} {
		folder := smallDisk(t, c.size)
		_, err := Create(filepath.Join(folder, "hr.results.csv"), export(t, manyRows(c.rows)), sandbox)
		if want := fmt.Sprintf(c.want, folder); !errors.Is(err, syscall.ENOSPC) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v\nwant %s", err, want)
		}
		if left, err := os.ReadDir(folder); err != nil || len(left) != 0 {
			t.Errorf("left: %v, %v", left, err)
		}
	}
}

func TestAResultFileThatDoesNotFitASecondTimeStaysAsItIs(t *testing.T) {
	folder := smallDisk(t, "256")
	path := filepath.Join(folder, "hr.results.csv")
	l, _ := create(t, manyRows(1500), sandbox)
	text := strings.ReplaceAll(read(t, l.place.path), "pending", "failed")
	write(t, path, text)
	if _, err := Open(path, roster.Options{}, sandbox); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("opened: %v", err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 1 || read(t, path) != text {
		t.Errorf("it changed, or something was left: %v, %v", left, err)
	}

	page := path + ".html"
	if err := SavePage(page, path); !errors.Is(err, syscall.ENOSPC) || !strings.HasPrefix(err.Error(), "writing the page of "+path+": write ") {
		t.Errorf("saved: %v", err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 1 {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestADiskThatTakesNoMoreFilesKeepsTheJournal(t *testing.T) {
	folder := smallDisk(t, "256")
	path := filepath.Join(folder, "hr.results.csv")
	l, err := Create(path, export(t, sixRows), sandbox)
	if err != nil {
		t.Fatal(err)
	}
	record(t, l, created(pending(t, l)[0]))
	remount := func(option string) {
		t.Helper()
		if err := syscall.Mount("tmpfs", folder, "tmpfs", syscall.MS_REMOUNT, "size=256k,"+option); err != nil {
			t.Fatal(err)
		}
	}
	remount("nr_inodes=4") // the folder, the file, its journal and its lock
	err = l.Close()
	if e := is[*MergeError](t, err); !errors.Is(err, syscall.ENOSPC) || e.Journal != path+".journal" {
		t.Errorf("%v", err)
	}
	remount("nr_inodes=100")
	if l, err = Open(path, roster.Options{}, sandbox); err != nil {
		t.Fatal(err)
	}
	closed(t, l)
	if left, err := os.ReadDir(folder); err != nil || len(left) != 1 || doneIn(read(t, path)) != 1 {
		t.Errorf("left: %v, %v, and the file is\n%s", left, err, read(t, path))
	}
}

// mounted puts a file at a path where it can be written to but not replaced, as a container's volume of one file can.
func mounted(t *testing.T, path string) (unmount func()) {
	t.Helper()
	if err := syscall.Mount(path, path, "", syscall.MS_BIND, ""); err != nil {
		t.Skipf("mounting a file: %v", err)
	}
	on := true
	unmount = func() {
		if on {
			on = false
			if err := syscall.Unmount(path, 0); err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(unmount)
	return unmount
}

func TestAFileThatCannotBeReplacedStaysAsItIsAndLosesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hr.results.csv")
	text := ran(t)
	write(t, path, text)
	page := path + ".html"
	if err := SavePage(page, path); err != nil {
		t.Fatal(err)
	}
	busy := func(err error, want string) {
		t.Helper()
		if !errors.Is(err, syscall.EBUSY) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
	alone := func() {
		t.Helper()
		if got := folder(t, path); len(got) != 2 {
			t.Errorf("left: %v", got)
		}
	}
	unmount := mounted(t, page)
	shown := read(t, page)
	busy(SavePage(page, path), "writing "+page+": rename ")
	alone()
	if read(t, page) != shown {
		t.Error("the page changed")
	}
	unmount()

	unmount = mounted(t, path)
	_, err := Open(path, roster.Options{}, sandbox)
	busy(err, "replacing "+path+": rename ")
	alone()
	_, err = Create(path, export(t, manyRows(2)), Options{Tenant: "sandbox", Overwrite: true})
	busy(err, "replacing "+path+": rename ")
	alone()
	if read(t, path) != text {
		t.Errorf("the file is\n%s", read(t, path))
	}
	unmount()

	l, err := Open(path, roster.Options{}, sandbox)
	if err != nil {
		t.Fatal(err)
	}
	record(t, l, created(pending(t, l)[0]))
	unmount = mounted(t, path)
	err = l.Close()
	is[*MergeError](t, err)
	busy(err, path+" could not be replaced: rename ")
	if got := folder(t, path); len(got) != 3 {
		t.Errorf("left: %v", got)
	}
	unmount()
	if l, err = Open(path, roster.Options{}, sandbox); err != nil {
		t.Fatal(err)
	}
	closed(t, l)
	alone()
	if doneIn(read(t, path)) != 3 {
		t.Errorf("the file is\n%s", read(t, path))
	}
}

func TestWhatCannotBeReadOrWrittenIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hr.results.csv")
	write(t, path, ran(t))
	failed := func(err error, no syscall.Errno, want string) {
		t.Helper()
		if !errors.Is(err, no) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	failed(WritePage(full, path), syscall.ENOSPC, "writing the page of "+path+": write /dev/full: ")

	const unreadable = "/proc/self/mem" // a file that opens, and whose first byte cannot be read
	failed(SavePage(unreadable, path), syscall.EIO, "looking at "+unreadable+": read ")
	if err := os.Symlink(unreadable, path+".journal"); err != nil {
		t.Fatal(err)
	}
	_, err = Summarize(path)
	failed(err, syscall.EIO, "reading "+path+".journal: read ")
	_, err = Open(path, roster.Options{}, sandbox)
	failed(err, syscall.EIO, "reading "+path+".journal: read ")
}

func TestAFolderThatCannotBeSyncedIsUsed(t *testing.T) {
	if err := (place{path: "/proc/self/hr.results.csv"}).syncFolder(); err != nil {
		t.Error(err)
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
