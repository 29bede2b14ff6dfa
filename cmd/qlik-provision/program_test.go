package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"qlik-provision/provision/sandbox"
	"qlik-provision/provision/sandbox/faults"
)

// quickExit keeps the race detector from its second of sleep at the end of every program.
const quickExit = "GORACE=atexit_sleep_ms=0"

// A program is the test binary that is run as the program (see TestMain), in a folder of its own, with a tenant in its
// environment.
type program struct {
	path string
	dir  string
	env  []string
}

// newTenant returns a tenant with faults, and without rate limits where options do not name one.
func newTenant(o sandbox.Options, list ...faults.Fault) *faults.Injector {
	if o.Limit == "" {
		o.Limit = sandbox.LimitOff
	}
	tenant := faults.Wrap(sandbox.New(o), 1)
	for _, f := range list {
		tenant.Inject(f)
	}
	return tenant
}

func newProgram(t testing.TB, tenant *faults.Injector) *program {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &program{path: self, dir: t.TempDir(), env: append(os.Environ(), asProgram+"=1", quickExit, "NO_PROXY=*",
		"QLIK_CLIENT_ID="+tenant.Options().ClientID, "QLIK_CLIENT_SECRET="+tenant.Options().ClientSecret, "QLIK_API_KEY=")}
	p.serve(t, tenant)
	return p
}

// serve makes a handler what the program takes for its tenant.
func (p *program) serve(t testing.TB, h http.Handler) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	p.env = append(p.env, "QLIK_TENANT="+server.URL)
}

func (p *program) file(name string) string { return filepath.Join(p.dir, name) }

// write writes an export: the subjects are 00000, 00001 and so on.
func (p *program) write(t testing.TB, name string, rows int) string {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("Employee ID,Name,Email\n")
	for i := range rows {
		u := person(i)
		fmt.Fprintf(&b, "%s,%s,%s\n", u.Subject, u.Name, u.Email)
	}
	return p.writeText(t, name, b.String())
}

// person is the user of the export's row i, counted from 0.
func person(i int) sandbox.User {
	return sandbox.User{
		Subject: fmt.Sprintf("%05d", i), Name: fmt.Sprintf("Person %d", i), Email: fmt.Sprintf("p%d@example.com", i),
	}
}

func (p *program) writeText(t testing.TB, name, text string) string {
	t.Helper()
	path := p.file(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func (p *program) results(t testing.TB) []map[string]string {
	t.Helper()
	return readResults(t, p.file("hr.results.csv"))
}

// A process is one run of the program.
type process struct {
	*exec.Cmd
	stdout, stderr bytes.Buffer
}

func (p *program) command(args ...string) *process { return p.execute(p.path, args...) }

// execute is a process of another program, with the environment and the folder of this one.
func (p *program) execute(path string, args ...string) *process {
	c := &process{Cmd: exec.Command(path, args...)}
	c.Dir, c.Env, c.Stdout, c.Stderr = p.dir, p.env, &c.stdout, &c.stderr
	return c
}

// run runs a command to its end.
func (p *program) run(t testing.TB, args ...string) (*process, int) {
	t.Helper()
	c := p.command(args...)
	c.start(t)
	return c, c.end(t)
}

// expect runs a command that ends with a code.
func (p *program) expect(t testing.TB, want int, args ...string) *process {
	t.Helper()
	c, code := p.run(t, args...)
	if code != want {
		t.Errorf("%v: exit code %d, not %d\n%s", args, code, want, &c.stderr)
	}
	return c
}

func (c *process) start(t testing.TB) {
	t.Helper()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
}

// end waits for the process and returns its exit code. One that does not end by itself is killed.
func (c *process) end(t testing.TB) int {
	t.Helper()
	enough := time.AfterFunc(100*time.Second, func() {
		t.Error("it did not end by itself")
		_ = c.Process.Kill()
	})
	defer enough.Stop()
	return exitCode(t, c.Wait())
}

// signal sends a signal, where the system has them.
func (c *process) signal(t testing.TB, s os.Signal) {
	t.Helper()
	if err := c.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

func exitCode(t testing.TB, err error) int {
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

// until waits for a condition of the world outside the process, which no clock of ours controls.
func until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(60 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func skipOnWindows(t testing.TB) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("signals, links and devices here are those of Unix")
	}
}

func onlyOnLinux(t testing.TB) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("what this needs is Linux's")
	}
}
