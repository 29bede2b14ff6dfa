package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"qlik-provision/provision/sandbox"
)

// openings counts how often the files of a folder are opened while something runs, by their names. The kernel makes one
// of events that are the same and follow each other; so reading is an event, too.
func openings(t *testing.T, folder string, run func()) map[string]int {
	t.Helper()
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		t.Skip(err)
	}
	events := os.NewFile(uintptr(fd), "inotify")
	defer events.Close()
	if _, err := unix.InotifyAddWatch(fd, folder, unix.IN_OPEN|unix.IN_ACCESS|unix.IN_CLOSE); err != nil {
		t.Fatal(err)
	}
	run()
	buffer := make([]byte, 1<<20)
	n, err := unix.Read(fd, buffer)
	if err != nil {
		t.Fatal(err)
	}
	opened, closed := map[string]int{}, map[string]int{}
	for rest := buffer[:n]; len(rest) >= unix.SizeofInotifyEvent; {
		end := unix.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(rest[12:]))
		name := string(bytes.TrimRight(rest[unix.SizeofInotifyEvent:end], "\x00"))
		switch mask := binary.NativeEndian.Uint32(rest[4:]); {
		case mask&unix.IN_OPEN != 0:
			opened[name]++
		case mask&unix.IN_CLOSE != 0:
			closed[name]++
		}
		rest = rest[end:]
	}
	for name, n := range closed {
		opened[name] = max(opened[name], n)
	}
	return opened
}

// The kernel counts. What is opened once, and read as a stream, is parsed once.
func TestFileIsReadOnceInARun(t *testing.T) {
	p := newProgram(t, newTenant(sandbox.Options{Limit: sandbox.LimitOff}))
	p.write(t, "hr.csv", 3)
	for _, test := range []struct{ args, file string }{
		{"plan hr.csv --offline", "hr.csv"},
		{"plan hr.csv -o plan.csv", "hr.csv"},
		{"create hr.csv --limit 1", "hr.csv"},
		{"retry plan.csv", "plan.csv"},
		{"verify plan.csv", "plan.csv"},
		{"report plan.csv", "plan.csv"},
		{"undo plan.csv --dry-run", "plan.csv"},
	} {
		opened := openings(t, p.dir, func() { p.expect(t, exitDone, strings.Fields(test.args)...) })
		if opened[test.file] != 1 {
			t.Errorf("%s opens: %s", test.args, fmt.Sprint(opened))
		}
	}
}
