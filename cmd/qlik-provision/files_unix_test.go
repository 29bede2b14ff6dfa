//go:build unix

package main

import (
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"qlik-provision/provision/sandbox"
	"qlik-provision/provision/sandbox/faults"
)

// A plant puts something in the place of a file that a run makes.
type plant func(t *testing.T, p *program, name string)

func linkTo(target string) plant {
	return func(t *testing.T, p *program, name string) {
		if err := os.Symlink(target, p.file(name)); err != nil {
			t.Fatal(err)
		}
	}
}

func pipe(t *testing.T, p *program, name string) {
	if err := syscall.Mkfifo(p.file(name), 0o600); err != nil {
		t.Fatal(err)
	}
}

func folder(t *testing.T, p *program, name string) {
	if err := os.MkdirAll(filepath.Join(p.file(name), "inside"), 0o700); err != nil {
		t.Fatal(err)
	}
}

// Somebody who may write to the folder must not make a run write elsewhere, or wait for ever.
func TestOnlyRegularFilesAreOpenedBesideTheResultFile(t *testing.T) {
	t.Parallel()
	for name, put := range map[string]plant{
		"a link to a file": linkTo("other"), "a link to nothing": linkTo("none"),
		"a link to /dev/zero": linkTo("/dev/zero"), "a pipe": pipe, "a folder": folder,
	} {
		for _, ending := range []string{".lock", ".journal"} {
			t.Run(name+" as "+ending, func(t *testing.T) {
				t.Parallel()
				tenant := newTenant(sandbox.Options{})
				p := newProgram(t, tenant)
				p.write(t, "hr.csv", 3)
				p.writeText(t, "other", "keep")
				p.expect(t, exitDone, "plan", "hr.csv", "-o", "hr.results.csv")
				before := tenant.Stats().Requests
				put(t, p, "hr.results.csv"+ending)
				for _, line := range []string{
					"create hr.csv --overwrite", "retry hr.results.csv", "undo hr.results.csv --yes", "verify hr.results.csv",
					"report hr.results.csv",
				} {
					began := time.Now()
					c, code := p.run(t, strings.Fields(line)...)
					said := c.stderr.String()
					reads := strings.HasPrefix(line, "report") || strings.HasPrefix(line, "verify")
					if reads && ending == ".lock" && code == exitDone {
						continue // a reader may do without the lock
					}
					named := strings.Contains(said, "hr.results.csv"+ending)
					if code != exitUsage || !named || !strings.Contains(said, "\nhint: ") {
						t.Errorf("%s: exit code %d\n%s", line, code, said)
					}
					if took := time.Since(began); took > 20*time.Second {
						t.Errorf("%s took %v", line, took)
					}
				}
				if n := tenant.Stats().Writes; n > 0 || ending == ".journal" && tenant.Stats().Requests > before {
					t.Errorf("%d writes, %d requests", n, tenant.Stats().Requests-before)
				}
				if b, err := os.ReadFile(p.file("other")); string(b) != "keep" {
					t.Errorf("the file that the link names is %q, %v", b, err)
				}
				if _, err := os.Stat(p.file("none")); err == nil {
					t.Error("the file that the link names was made")
				}
			})
		}
	}
}

// onFirst calls do when the tenant is sent its first create, before it is answered.
func (p *program) onFirst(t *testing.T, tenant http.Handler, do func()) {
	t.Helper()
	var once sync.Once
	p.serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if e, _ := sandbox.EndpointOf(r); e == sandbox.EndpointCreate {
			once.Do(do)
		}
		tenant.ServeHTTP(w, r)
	}))
}

func TestResultFileEmptiedDuringTheRunLosesNothing(t *testing.T) {
	t.Parallel()
	const rows = 50
	tenant := newTenant(sandbox.Options{})
	p := newProgram(t, tenant)
	p.write(t, "hr.csv", rows)
	results := p.file("hr.results.csv")
	var before []byte
	p.onFirst(t, tenant, func() {
		var err error
		if before, err = os.ReadFile(results); err != nil {
			t.Error(err)
		}
		if err := os.Truncate(results, 0); err != nil {
			t.Error(err)
		}
	})
	c := p.expect(t, exitRun, "create", "hr.csv")
	if said := c.stderr.String(); !strings.Contains(said, "hr.results.csv") || !strings.Contains(said, "\nhint: ") {
		t.Errorf("%s", said)
	}
	journal, err := os.ReadFile(results + ".journal")
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range tenant.Users() {
		if !strings.Contains(string(journal), u.ID) {
			t.Errorf("%s (%s) is in no file", u.Subject, u.ID)
		}
	}
	if again := p.expect(t, exitUsage, "retry", "hr.results.csv"); !strings.Contains(again.stderr.String(), "\nhint: ") {
		t.Errorf("%s", &again.stderr)
	}
	if err := os.WriteFile(results, before, 0o600); err != nil {
		t.Fatal(err)
	}
	p.expect(t, exitDone, "retry", "hr.results.csv")
	if n := checkCreated(t, p, tenant); n != rows || tenant.Stats().Create != rows {
		t.Errorf("%d users, by %d creates", n, tenant.Stats().Create)
	}
}

// limited runs the program in a shell that has set a limit of its processes.
func (p *program) limited(t *testing.T, limit string, args ...string) (*process, int) {
	t.Helper()
	c := p.execute("/bin/sh", append([]string{"-c", limit + ` && exec "$0" "$@"`, p.path}, args...)...)
	c.start(t)
	return c, c.end(t)
}

// A file that may not grow is what a full disk is. The journal is the first that does not fit.
func TestFullDiskEndsTheRunAndLosesNobody(t *testing.T) {
	t.Parallel()
	const rows = 1000
	tenant := newTenant(sandbox.Options{Latency: time.Millisecond})
	p := newProgram(t, tenant)
	p.write(t, "hr.csv", rows)
	info, err := os.Stat(p.expectFile(t, "plan hr.csv -o hr.results.csv", "hr.results.csv"))
	if err != nil {
		t.Fatal(err)
	}
	limit := fmt.Sprintf("ulimit -f %d", info.Size()/512+20) // blocks of 512 bytes in POSIX shells
	c, code := p.limited(t, limit, "create", "hr.csv", "--rate", "off", "-q")
	created := tenant.Users()
	if said := c.stderr.String(); code != exitRun || !strings.Contains(said, "make room on the disk, then:\n") {
		t.Errorf("exit code %d\n%s", code, said)
	}
	if len(created) == 0 || len(created) == rows {
		t.Fatalf("%d users: the disk is full too early or too late", len(created))
	}
	journal, err := os.ReadFile(p.file("hr.results.csv.journal"))
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range created {
		if !strings.Contains(string(journal), u.ID) && !strings.Contains(c.stderr.String(), u.ID) {
			t.Errorf("%s (%s) is recorded nowhere", u.Subject, u.ID)
		}
	}
	p.expect(t, exitDone, "retry", "hr.results.csv", "--rate", "off", "-q")
	if n := checkCreated(t, p, tenant); n != rows || tenant.Stats().Created != rows {
		t.Errorf("%d users, %d of them by creates", n, tenant.Stats().Created)
	}
}

// expectFile runs a line that ends with 0, and returns the path of a file that it makes.
func (p *program) expectFile(t *testing.T, line, name string) string {
	t.Helper()
	p.expect(t, exitDone, strings.Fields(line)...)
	return p.file(name)
}

func TestFewDescriptorsFailNoRow(t *testing.T) {
	t.Parallel()
	const rows = 40
	tenant := newTenant(sandbox.Options{Latency: 5 * time.Millisecond})
	p := newProgram(t, tenant)
	p.write(t, "hr.csv", rows)
	c, code := p.limited(t, "ulimit -n 12", "create", "hr.csv", "--workers", "32", "--rate", "off",
		"--attempts", "1")
	if n := checkCreated(t, p, tenant); code != exitDone || n != rows || tenant.Stats().Create != rows {
		t.Errorf("exit code %d, %d users, %d creates\n%s", code, n, tenant.Stats().Create, &c.stderr)
	}
}

func TestKilledPlanLeavesNoFile(t *testing.T) {
	t.Parallel()
	tenant := newTenant(sandbox.Options{}, faults.Fault{Kind: faults.Hang, On: sandbox.EndpointFilter})
	p := newProgram(t, tenant)
	p.write(t, "hr.csv", 100)
	temporary := t.TempDir()
	p.env = append(p.env, "TMPDIR="+temporary)
	c := p.command("plan", "hr.csv")
	c.start(t)
	until(t, "a token and a lookup are asked for", func() bool { return tenant.Stats().Requests >= 2 })
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	c.end(t)
	for folder, most := range map[string]int{p.dir: 1, temporary: 0} {
		if left, err := os.ReadDir(folder); err != nil || len(left) > most {
			t.Errorf("left: %v, %v", left, err)
		}
	}
}

// What stands in the place of qlik-cli's contexts is neither waited for nor read without end, and no secret is taken
// from a file that others can read.
func TestContextsAreReadFromAPrivateFileOfBoundedSize(t *testing.T) {
	t.Parallel()
	const context = "contexts:\n  prod:\n    server: https://acme.invalid\n" +
		"    headers: {Authorization: Bearer 0123456789}\n"
	grown := func(t *testing.T, p *program, name string) {
		if err := os.Truncate(p.writeText(t, name, context+"#"), 128<<20); err != nil {
			t.Fatal(err)
		}
	}
	shown := func(t *testing.T, p *program, name string) {
		if err := os.Chmod(p.writeText(t, name, context), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		put  plant
		says string
	}{
		"large":               {grown, "is larger than 1 MiB"},
		"read by its group":   {shown, "can be read by others (mode 0640)"},
		"a pipe":              {pipe, "contexts.yml is a regular file"},
		"a link to /dev/zero": {linkTo("/dev/zero"), "contexts.yml is a regular file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t, newTenant(sandbox.Options{}))
			p.write(t, "hr.csv", 1)
			p.env = append(p.env, "QLIK_CLI_USER_HOME_DIR="+p.dir)
			test.put(t, p, "contexts.yml")
			began := time.Now()
			c := p.expect(t, exitUsage, "create", "hr.csv", "--context", "prod", "--patience", "1s")
			if said := c.stderr.String(); !strings.Contains(said, test.says) || time.Since(began) > 10*time.Second {
				t.Errorf("after %v: %s", time.Since(began), said)
			}
		})
	}
}

func TestEveryFileIsItsOwnersAlone(t *testing.T) {
	t.Parallel()
	tenant := newTenant(sandbox.Options{Latency: 2 * time.Millisecond})
	p := newProgram(t, tenant)
	p.write(t, "hr.csv", 500)
	modes, stop := p.watchModes()
	for _, line := range []string{
		"create hr.csv --rate off --log requests.log", "plan hr.csv -o plan.csv", "retry hr.results.csv",
		"report hr.results.csv", "report hr.results.csv", "create hr.csv -o hr.results.csv --overwrite",
	} {
		if c, code := p.limited(t, "umask 000", strings.Fields(line)...); code > exitUsage {
			t.Errorf("%s: exit code %d\n%s", line, code, &c.stderr)
		}
	}
	stop()
	for name, seen := range modes {
		for mode := range seen {
			if mode&0o077 != 0 {
				t.Errorf("%s had mode %04o", name, mode)
			}
		}
	}
	for _, name := range []string{"hr.results.csv", "hr.results.csv.journal", "hr.results.csv.lock", "requests.log",
		"plan.csv",
		"hr.results.html", "temporary"} {
		if modes[name] == nil {
			t.Errorf("%s was never seen", name)
		}
	}
}

// watchModes keeps the modes that files in the program's folder have, by name, until stop is called.
func (p *program) watchModes() (modes map[string]map[fs.FileMode]bool, stop func()) {
	modes = map[string]map[fs.FileMode]bool{}
	quit := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		for {
			entries, _ := os.ReadDir(p.dir)
			for _, e := range entries {
				name := e.Name()
				if strings.HasPrefix(name, ".") {
					name = "temporary"
				}
				info, err := e.Info()
				if err != nil || name == "hr.csv" {
					continue
				}
				if modes[name] == nil {
					modes[name] = map[fs.FileMode]bool{}
				}
				modes[name][info.Mode().Perm()] = true
			}
			select {
			case <-quit:
				return
			case <-time.After(200 * time.Microsecond):
			}
		}
	})
	return modes, func() {
		close(quit)
		watching.Wait()
	}
}
