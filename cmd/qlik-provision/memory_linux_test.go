package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"qlik-provision/provision/sandbox"
)

// peak returns the most memory that a program used, in bytes. The kernel's count for an ended process includes what the
// test had when it started the program, so the program is watched.
func peak(pid int, ended <-chan struct{}) (most int64) {
	for {
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if _, after, ok := bytes.Cut(status, []byte("VmHWM:")); ok {
			var kib int64
			if _, err := fmt.Sscan(string(after), &kib); err == nil {
				most = max(most, kib<<10)
			}
		}
		select {
		case <-ended:
			return most
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// TestMemoryOf100000Rows builds the program without the race detector, which takes several times the memory, and uses
// the sandbox that it serves. All but 1,000 of the people exist. A result file has rows of four times the bytes.
func TestMemoryOf100000Rows(t *testing.T) {
	t.Parallel()
	const rows = 100_000
	p := newProgram(t, newTenant(sandbox.Options{}))
	p.path = p.file("qlik-provision")
	if out, err := exec.Command("go", "build", "-o", p.path, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	p.write(t, "hr.csv", rows)
	users := bytes.NewBufferString("subject,name,email\n")
	for i := range rows {
		if u := person(i); i%100 > 0 {
			fmt.Fprintf(users, "%s,%s,%s\n", u.Subject, u.Name, u.Email)
		}
	}
	p.writeText(t, "users.csv", users.String())
	p.serveSandbox(t, "--users", "users.csv")
	const most = 200 // MiB
	for _, args := range []string{
		"create hr.csv --rate off -q", "plan hr.csv --offline -o plan.csv -q", "retry plan.csv --rate off -q",
		"verify plan.csv --rate off -q", "report plan.csv",
	} {
		c := p.command(strings.Fields(args)...)
		c.start(t)
		ended, used := make(chan struct{}), make(chan int64)
		go func() { used <- peak(c.Process.Pid, ended) }()
		code := c.end(t)
		close(ended)
		got := <-used >> 20
		t.Logf("%s: %d MiB", args, got)
		if code != exitDone || got > most || got < 8 {
			t.Errorf("%s: exit code %d, %d MiB\n%s", args, code, got, &c.stderr)
		}
	}
}
