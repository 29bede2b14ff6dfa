package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"qlik-provision/provision/sandbox"
)

// until waits for a condition of the world outside the process, which no clock of ours rules.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("it never came to be: %s", what)
		}
	}
}

func exitCode(t *testing.T, err error) int {
	t.Helper()
	if err == nil {
		return 0
	}
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		t.Fatal(err)
	}
	return exit.ExitCode()
}

func TestAnInterruptEndsARunInGoodOrder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a console's Ctrl-C cannot be sent to one process")
	}
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			tenant := sandbox.New(sandbox.Options{Limit: sandbox.LimitOff, Latency: 50 * time.Millisecond})
			p := newProgram(t, tenant)
			p.write(t, "hr.csv", 400)
			cmd, stderr := p.command("create", "hr.csv", "--rate", "off")
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			until(t, "some users are there", func() bool { return len(tenant.Users()) > 40 })
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			if code := exitCode(t, cmd.Wait()); code != exitInterrupted {
				t.Errorf("exit code %d\n%s", code, stderr)
			}
			counts := map[string]int{}
			for _, row := range readResults(t, filepath.Join(p.dir, "hr.results.csv")) {
				counts[row["outcome"]]++
			}
			// What was in flight was waited for: everybody who is there is known to be.
			if there := len(tenant.Users()); counts["created"] != there || counts["created"]+counts["pending"] != 400 || there > 300 {
				t.Errorf("%v, with %d users on the tenant", counts, there)
			}
			if !strings.Contains(stderr.String(), "hint: qlik-provision retry hr.results.csv --rate off\n") {
				t.Errorf("no line to go on with:\n%s", stderr)
			}
			retry, stderr := p.command("retry", "hr.results.csv", "--rate", "off", "-q")
			if err := retry.Run(); err != nil {
				t.Errorf("retry: %v\n%s", err, stderr)
			}
			if stats := tenant.Stats(); stats.Create != 400 || stats.Conflicts != 0 {
				t.Errorf("%d creates, %d conflicts", stats.Create, stats.Conflicts)
			}
		})
	}
}

func TestASecondInterruptDoesNotWaitForWhatIsInFlight(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a console's Ctrl-C cannot be sent to one process")
	}
	tenant := sandbox.New(sandbox.Options{Limit: sandbox.LimitOff})
	tenant.Inject(sandbox.Fault{Kind: sandbox.FaultHang, On: sandbox.EndpointCreate, Subjects: []string{"00003"}})
	p := newProgram(t, tenant)
	p.write(t, "hr.csv", 10)
	cmd, stderr := p.command("create", "hr.csv", "--timeout", "5m")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "nine are there and one hangs", func() bool { return len(tenant.Users()) == 9 && tenant.Stats().Create == 10 })
	began := time.Now()
	for range 2 {
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		<-time.After(200 * time.Millisecond) // two signals of one kind that meet are one
	}
	if code := exitCode(t, cmd.Wait()); code != exitInterrupted {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it waited for %v", took)
	}
	if want := "interrupted: waiting for 1 request, 10 s at the most; a second Ctrl-C does not wait\n"; strings.Count(stderr.String(), want) != 1 {
		t.Errorf("it does not say what it waits for:\n%s", stderr)
	}
	rows := readResults(t, filepath.Join(p.dir, "hr.results.csv"))
	if rows[3]["outcome"] != "pending" {
		t.Errorf("the row that hung is %v", rows[3])
	}
}

func TestASecondRunOnTheSameFileIsRefused(t *testing.T) {
	tenant := sandbox.New(sandbox.Options{Limit: sandbox.LimitOff, Latency: 100 * time.Millisecond})
	p := newProgram(t, tenant)
	p.write(t, "hr.csv", 300)
	first, firstErr := p.command("create", "hr.csv", "--workers", "1", "-q")
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "the first run creates", func() bool { return len(tenant.Users()) > 0 })
	names := []string{"hr.results.csv"}
	if err := os.Symlink("hr.results.csv", filepath.Join(p.dir, "link.csv")); err == nil {
		names = append(names, "link.csv") // Windows lets only some make one
	}
	for _, name := range names {
		second, stderr := p.command("retry", name)
		if code := exitCode(t, second.Run()); code != exitUsage {
			t.Errorf("%s: exit code %d\n%s", name, code, stderr)
		}
		if holder := fmt.Sprint(first.Process.Pid); !strings.Contains(stderr.String(), holder) {
			t.Errorf("%s: it does not say that process %s holds the file:\n%s", name, holder, stderr)
		}
	}
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := first.Wait(); err == nil {
		t.Fatalf("the first run went through\n%s", firstErr)
	}
	third, stderr := p.command("retry", names[len(names)-1], "-q", "--rate", "off", "--workers", "64")
	if err := third.Run(); err != nil {
		t.Errorf("the lock of a killed run held up the next: %v\n%s", err, stderr)
	}
	if info, err := os.Lstat(filepath.Join(p.dir, "link.csv")); err == nil && info.Mode()&os.ModeSymlink == 0 {
		t.Error("the link was replaced, not the file it names")
	}
}

// smallDisk mounts a file system of so many KiB, where the test may.
func smallDisk(t *testing.T, kib int) string {
	t.Helper()
	dir := t.TempDir()
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		t.Skip("mounting a small disk is for root on Linux")
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%dk", kib), "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("no small disk to be had: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	return dir
}

func TestAFullDiskStopsTheRunAndLosesNobody(t *testing.T) {
	disk := smallDisk(t, 160)
	tenant := sandbox.New(sandbox.Options{Limit: sandbox.LimitOff, Latency: 2 * time.Millisecond})
	p := newProgram(t, tenant)
	p.write(t, "hr.csv", 1000)
	results := filepath.Join(disk, "hr.results.csv")
	cmd, stderr := p.command("create", "hr.csv", "-o", results, "--rate", "off", "-q")
	if code := exitCode(t, cmd.Run()); code != exitRun {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
	if !strings.Contains(stderr.String(), "no space left on device") {
		t.Errorf("it does not say that the disk is full:\n%s", stderr)
	}
	created := len(tenant.Users())
	if created == 0 || created == 1000 {
		t.Fatalf("%d users: the disk was to be full in the middle", created)
	}
	// Whoever is on the tenant is in the journal, or named on stderr.
	journal, err := os.ReadFile(results + ".journal")
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range tenant.Users() {
		if !strings.Contains(string(journal), u.ID) && !strings.Contains(stderr.String(), u.ID) {
			t.Errorf("%s (%s) is recorded nowhere\n%s", u.Subject, u.ID, stderr)
		}
	}
	if out, err := exec.Command("mount", "-o", "remount,size=4m", disk).CombinedOutput(); err != nil {
		t.Fatalf("remount: %v: %s", err, out)
	}
	retry, stderr := p.command("retry", results, "--rate", "off", "-q")
	if err := retry.Run(); err != nil {
		t.Errorf("retry: %v\n%s", err, stderr)
	}
	done := 0
	for _, row := range readResults(t, results) {
		if row["outcome"] == "created" || row["outcome"] == "exists" {
			done++
		}
	}
	if done != 1000 || len(tenant.Users()) != 1000 {
		t.Errorf("%d done, %d users", done, len(tenant.Users()))
	}
}
