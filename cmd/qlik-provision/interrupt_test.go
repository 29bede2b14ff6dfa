package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"qlik-provision/provision/sandbox"
	"qlik-provision/provision/sandbox/faults"
)

func TestInterruptedRunWaitsForRequestsInFlight(t *testing.T) {
	t.Parallel()
	skipOnWindows(t)
	const rows = 400
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			tenant := newTenant(sandbox.Options{Latency: 100 * time.Millisecond})
			p := newProgram(t, tenant)
			p.write(t, "hr.csv", rows)
			c := p.command("create", "hr.csv", "--rate", "off")
			c.start(t)
			until(t, "some users exist", func() bool { return len(tenant.Users()) > 40 })
			c.signal(t, sig)
			if code := c.end(t); code != exitInterrupted {
				t.Errorf("exit code %d\n%s", code, &c.stderr)
			}
			// Every request in flight was waited for, so every user of the tenant is known.
			created := len(tenant.Users())
			counts := map[string]int{}
			for _, row := range p.results(t) {
				counts[row["outcome"]]++
			}
			if counts["created"] != created || counts["created"]+counts["pending"] != rows || created > 300 {
				t.Errorf("%v, with %d users on the tenant", counts, created)
			}
			if !strings.Contains(c.stderr.String(), "retry hr.results.csv --rate off\n") {
				t.Errorf("no command to go on with:\n%s", &c.stderr)
			}
			p.expect(t, exitDone, "retry", "hr.results.csv", "--rate", "off", "-q")
			if stats := tenant.Stats(); stats.Create != rows || stats.Conflicts != 0 {
				t.Errorf("%d creates, %d conflicts", stats.Create, stats.Conflicts)
			}
		})
	}
}

func TestSecondInterruptDoesNotWait(t *testing.T) {
	skipOnWindows(t)
	t.Parallel()
	tenant := newTenant(sandbox.Options{}, faults.Fault{Kind: faults.Hang, On: sandbox.EndpointCreate,
		Subjects: []string{"00003"}})
	p := newProgram(t, tenant)
	p.write(t, "hr.csv", 10)
	c := p.command("create", "hr.csv", "--timeout", "5m")
	c.start(t)
	until(t, "nine users exist and one request hangs", func() bool {
		journal, _ := os.ReadFile(p.file("hr.results.csv.journal"))
		return strings.Count(string(journal), ",created,") == 9 && tenant.Stats().Create == 10
	})
	began := time.Now()
	for range 2 {
		c.signal(t, os.Interrupt)
		<-time.After(300 * time.Millisecond) // two pending signals of one kind are one
	}
	if code := c.end(t); code != exitInterrupted {
		t.Errorf("exit code %d\n%s", code, &c.stderr)
	}
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("it waited for %v", took)
	}
	const want = "interrupted: waiting for requests in flight, 10 s at most; a second Ctrl-C does not wait\n"
	if strings.Count(c.stderr.String(), want) != 1 {
		t.Errorf("it does not say once what it waits for:\n%s", &c.stderr)
	}
	for i, row := range p.results(t) {
		if (row["outcome"] == "created") != (i != 3) || i == 3 && row["code"] != "maybe-created" {
			t.Errorf("row %d: %v", i+1, row)
		}
	}
}

func TestInterruptBeforeTheFirstRequest(t *testing.T) {
	t.Parallel()
	skipOnWindows(t)
	tenant := newTenant(sandbox.Options{})
	p := newProgram(t, tenant)

	t.Run("while standard input is read", func(t *testing.T) {
		c := p.command("create", "-", "-o", "hr.results.csv")
		in, err := c.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		c.start(t)
		// More than a pipe holds: once it is written, the program reads.
		if _, err := fmt.Fprint(in, "Employee ID,Name\n", strings.Repeat("1,Ann\n", 100_000)); err != nil {
			t.Fatal(err)
		}
		c.signal(t, os.Interrupt)
		code := c.end(t)
		if code != exitInterrupted || !strings.Contains(c.stderr.String(), "create - -o hr.results.csv\n") {
			t.Errorf("exit code %d\n%s", code, &c.stderr)
		}
		if left, err := os.ReadDir(p.dir); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	})

	t.Run("while the result file is written", func(t *testing.T) {
		p.write(t, "hr.csv", 50_000) // the file takes longer than the signal
		c := p.command("create", "hr.csv")
		c.start(t)
		until(t, "the result file is being written", func() bool {
			entries, err := os.ReadDir(p.dir)
			return err == nil && len(entries) > 2 // the export, the lock
		})
		c.signal(t, os.Interrupt)
		if code := c.end(t); code != exitInterrupted || !strings.Contains(c.stderr.String(), "\nhint: ") {
			t.Errorf("exit code %d\n%s", code, &c.stderr)
		}
		for i, row := range p.results(t) {
			if row["outcome"] != "pending" {
				t.Fatalf("row %d: %v", i+1, row)
			}
		}
	})

	if n := tenant.Stats().Requests; n > 0 {
		t.Errorf("%d requests", n)
	}
}

func TestSecondRunOnTheSameFileIsRefused(t *testing.T) {
	t.Parallel()
	tenant := newTenant(sandbox.Options{Latency: 100 * time.Millisecond})
	p := newProgram(t, tenant)
	p.write(t, "hr.csv", 200)
	first := p.command("create", "hr.csv", "--workers", "1", "-q")
	first.start(t)
	until(t, "the first run creates", func() bool { return len(tenant.Users()) > 0 })
	names := []string{"hr.results.csv"}
	// Windows allows links to some users only, and Wine says that it made one.
	if os.Symlink("hr.results.csv", p.file("link.csv")) == nil {
		if _, err := os.Lstat(p.file("link.csv")); err == nil {
			names = append(names, "link.csv")
		}
	}
	for _, name := range names {
		second := p.expect(t, exitUsage, "retry", name)
		if holder := fmt.Sprint(first.Process.Pid); !strings.Contains(second.stderr.String(), holder) {
			t.Errorf("%s: it does not say that process %s holds the file:\n%s", name, holder, &second.stderr)
		}
	}
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if first.end(t) == exitDone {
		t.Fatal("the first run ended by itself")
	}
	p.expect(t, exitDone, "retry", names[len(names)-1], "-q", "--rate", "off", "--workers", "64")
	if info, err := os.Lstat(p.file("link.csv")); err == nil && info.Mode()&os.ModeSymlink == 0 {
		t.Error("the link was replaced, not the file that it names")
	}
	if n := len(tenant.Users()); n != 200 {
		t.Errorf("%d users", n)
	}
}
