package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"qlik-provision/provision/sandbox"
	"qlik-provision/provision/sandbox/faults"
)

// What a program that opens a file lets others do with it.
const (
	shareNothing = 0
	shareReading = windows.FILE_SHARE_READ // as a spreadsheet does
)

// keepOpen opens a file as another program does, until release is called.
func keepOpen(t *testing.T, path string, share uint32) (release func()) {
	t.Helper()
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := windows.CreateFile(name, windows.GENERIC_READ, share, nil, windows.OPEN_EXISTING, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := windows.CloseHandle(file); err != nil {
			t.Error(err)
		}
	}
}

func TestAResultFileThatIsOpenInASpreadsheet(t *testing.T) {
	for name, share := range map[string]uint32{"nothing shared": shareNothing, "reading shared": shareReading} {
		t.Run(name, func(t *testing.T) {
			tenant := newTenant(sandbox.Options{}, faults.Fault{
				Kind: faults.Status, Status: 400, On: sandbox.EndpointCreate, Times: 1,
			})
			p := newProgram(t, tenant)
			p.write(t, "hr.csv", 3)
			p.expect(t, exitRows, "create", "hr.csv", "-q")
			before, err := os.ReadFile(p.file("hr.results.csv"))
			if err != nil {
				t.Fatal(err)
			}

			requests := tenant.Stats().Requests
			release := keepOpen(t, p.file("hr.results.csv"), share)
			c := p.expect(t, exitUsage, "retry", "hr.results.csv")
			hint := map[uint32]string{
				shareNothing: "\nhint: hr.results.csv is open in another program: close it, then:\n",
				shareReading: "\nhint: close it, and take its read-only attribute off, then:\n",
			}[share]
			if !strings.Contains(c.stderr.String(), hint) || strings.Contains(c.stderr.String(), "-o ") {
				t.Errorf("not %q, or a flag that it does not have:\n%s", hint, &c.stderr)
			}
			waits := "hr.results.csv is open in another program; waiting 1s for it to be closed\n"
			if share == shareReading && !strings.Contains(c.stderr.String(), waits) {
				t.Errorf("not %q:\n%s", waits, &c.stderr)
			}
			release()
			if n := tenant.Stats().Requests - requests; n > 0 {
				t.Errorf("%d requests", n)
			}
			if after, err := os.ReadFile(p.file("hr.results.csv")); err != nil || string(after) != string(before) {
				t.Errorf("the file changed (%v):\n%s", err, after)
			}
			p.expect(t, 0, "retry", "hr.results.csv")
			if left, err := os.ReadDir(p.dir); err != nil || len(left) != 2 {
				t.Errorf("left %v (%v)", left, err)
			}
		})
	}
}

func TestAResultFileThatIsOpenedDuringTheRun(t *testing.T) {
	tenant := newTenant(sandbox.Options{}, faults.Fault{
		Kind: faults.Delay, Delay: time.Second, On: sandbox.EndpointCreate, Skip: 1, Times: 1, After: true,
	})
	p := newProgram(t, tenant)
	p.write(t, "hr.csv", 3)
	c := p.command("create", "hr.csv", "--workers", "1")
	c.start(t)
	until(t, "the first create", func() bool { return len(tenant.Users()) > 0 })
	release := keepOpen(t, p.file("hr.results.csv"), shareReading)
	if code := c.end(t); code != exitRun {
		t.Errorf("exit code %d, not %d", code, exitRun)
	}
	release()
	for _, want := range []string{
		"hr.results.csv is open in another program; waiting 5s for it to be closed\n",
		"hr.results.csv cannot be replaced: it is open in another program",
		"\nhint: close it, and take its read-only attribute off, then:\n",
		" retry hr.results.csv\n",
	} {
		if !strings.Contains(c.stderr.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, &c.stderr)
		}
	}
	p.expect(t, exitDone, "retry", "hr.results.csv")
	for _, row := range p.results(t) {
		if row["outcome"] != "created" {
			t.Errorf("%v", row)
		}
	}
	if n := len(tenant.Users()); n != 3 {
		t.Errorf("%d users, not 3", n)
	}
}

func TestAnExportThatIsOpenInAnotherProgram(t *testing.T) {
	t.Parallel()
	p := newProgram(t, newTenant(sandbox.Options{}))
	p.write(t, "hr.csv", 3)
	release := keepOpen(t, p.file("hr.csv"), shareNothing)
	c := p.expect(t, exitUsage, "create", "hr.csv")
	if hint := "\nhint: hr.csv is open in another program: close it, then:\n"; !strings.Contains(c.stderr.String(), hint) {
		t.Errorf("not %q:\n%s", hint, &c.stderr)
	}
	release()
	release = keepOpen(t, p.file("hr.csv"), shareReading)
	p.expect(t, exitDone, "create", "hr.csv")
	release()
}

// On file servers the folders above one's own can be entered, and often not listed.
func TestAFolderBelowOneThatCannotBeListed(t *testing.T) {
	t.Parallel()
	p := newProgram(t, newTenant(sandbox.Options{}))
	share, everyone := p.file("share"), "*S-1-1-0"
	if err := os.MkdirAll(p.file(`share\hr`), 0o700); err != nil {
		t.Fatal(err)
	}
	p.write(t, `share\hr\hr.csv`, 3)
	if out, err := exec.Command("icacls", share, "/deny", everyone+":(RD)").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	defer func() { _ = exec.Command("icacls", share, "/remove:d", everyone).Run() }() // for the clean-up
	if _, err := os.ReadDir(share); err == nil {
		t.Log("icacls denies nothing here, as under Wine")
	}
	p.expect(t, exitDone, "create", `share\hr\hr.csv`, "--limit", "1")
	p.expect(t, exitDone, "retry", p.file(`share\hr\hr.results.csv`))
	p.expect(t, exitDone, "report", `share\hr\hr.results.csv`)
}
