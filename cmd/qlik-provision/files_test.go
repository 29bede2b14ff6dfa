package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"qlik-provision/provision/sandbox"
)

// A watch looks at every file in a folder, again and again, and keeps each mode it saw.
type watch struct {
	seen map[string]map[fs.FileMode]bool // by the file's kind
	stop chan struct{}
	done chan struct{}
}

// watchFolder looks at dir until end is called.
func watchFolder(dir string) *watch {
	w := &watch{seen: map[string]map[fs.FileMode]bool{}, stop: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(w.done)
		for {
			select {
			case <-w.stop:
				w.look(dir)
				return
			default:
				w.look(dir)
			}
		}
	}()
	return w
}

func (w *watch) end() map[string]map[fs.FileMode]bool {
	close(w.stop)
	<-w.done
	return w.seen
}

func (w *watch) look(dir string) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // it has just gone
		}
		info, err := d.Info()
		if err != nil || d.Name() == "hr.csv" || d.Name() == filepath.Base(dir) || d.Name() == "tmp" {
			return nil
		}
		kind := kindOf(d.Name())
		if w.seen[kind] == nil {
			w.seen[kind] = map[fs.FileMode]bool{}
		}
		w.seen[kind][info.Mode().Perm()] = true
		return nil
	})
}

// kindOf is a file's name without what is drawn by lot in it.
func kindOf(name string) string {
	switch {
	case strings.Contains(name, ".tmp-"):
		return name[:strings.Index(name, ".tmp-")] + ".tmp-*"
	case strings.HasPrefix(name, "qlik-provision-"):
		return "qlik-provision-*"
	}
	return name
}

// anybody is a shell that takes away nothing of the mode that a file is created with.
func (p *program) anybody(t *testing.T, stdin string, args ...string) *exec.Cmd {
	t.Helper()
	shell, err := exec.LookPath("sh")
	if err != nil || runtime.GOOS == "windows" {
		t.Skip("modes and umask are Unix's")
	}
	cmd := exec.Command(shell, append([]string{"-c", `umask 000; exec "$0" "$@"`, p.path}, args...)...)
	cmd.Dir, cmd.Env, cmd.Stdin = p.dir, append(p.env, "TMPDIR="+filepath.Join(p.dir, "tmp")), strings.NewReader(stdin)
	return cmd
}

func TestEveryFileIsForItsOwnerAloneFromItsFirstByte(t *testing.T) {
	tenant := sandbox.New(sandbox.Options{Limit: sandbox.LimitOff, Latency: 2 * time.Millisecond})
	var export bytes.Buffer
	export.WriteString("Employee ID,Name\n")
	for i := range 500 {
		fmt.Fprintf(&export, "%05d,Person %d\n", i, i)
	}
	p := newProgram(t, tenant)
	if err := os.Mkdir(filepath.Join(p.dir, "tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	p.write(t, "hr.csv", 300)
	w := watchFolder(p.dir)
	for _, args := range [][]string{
		{"create", "-", "-o", "hr.results.csv", "--rate", "off", "--log", "requests.log", "-q"},
		{"plan", "hr.csv", "-q"},
		{"plan", "hr.csv", "-q", "-o", "plan.results.csv"},
		{"retry", "hr.results.csv", "-q"},
		{"report", "hr.results.csv"},
		{"report", "hr.results.csv"}, // in the place of the page that is there
		{"create", "-", "-o", "hr.results.csv", "--overwrite", "-q"},
	} {
		cmd := p.anybody(t, export.String(), args...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
	seen := w.end()
	for kind, modes := range seen {
		for mode := range modes {
			if mode&0o077 != 0 {
				t.Errorf("%s was there with mode %04o", kind, mode)
			}
		}
	}
	t.Logf("seen: %v", seen)
	for _, kind := range []string{"hr.results.csv", ".hr.results.csv.tmp-*", "hr.results.csv.journal", "hr.results.csv.lock", "requests.log", "qlik-provision-*", "plan.results.csv", "hr.results.html", ".hr.results.html.tmp-*"} {
		if seen[kind] == nil {
			t.Errorf("%s was never seen: the watch proves nothing of it", kind)
		}
	}
	if left, err := os.ReadDir(filepath.Join(p.dir, "tmp")); err != nil || len(left) > 0 {
		t.Errorf("left in the temporary folder: %v, %v", left, err)
	}
}

func TestTheLogHoldsNothingPersonal(t *testing.T) {
	tenant := sandbox.New(sandbox.Options{Limit: sandbox.LimitOff})
	tenant.Add(sandbox.User{Subject: "00001", Name: "Somebody Else"})
	tenant.Inject(sandbox.Fault{Kind: sandbox.FaultStatus, Status: 503, On: sandbox.EndpointCreate, Subjects: []string{"00002"}, Title: "Person 2 <p2@example.com>"})
	p := newProgram(t, tenant)
	p.write(t, "hr.csv", 3)
	cmd, stderr := p.command("create", "hr.csv", "--log", "requests.log", "--no-lookup", "--attempts", "1")
	if code := exitCode(t, cmd.Run()); code != exitRows {
		t.Fatalf("exit code %d\n%s", code, stderr)
	}
	b, err := os.ReadFile(filepath.Join(p.dir, "requests.log"))
	if err != nil || bytes.Count(b, []byte("\n")) < 5 {
		t.Fatalf("%v, %q", err, b)
	}
	b = regexp.MustCompile(`"trace_id":"[0-9a-f]*"`).ReplaceAll(b, nil)
	for _, personal := range []string{"Person", "Somebody", "example.com", "0000", "filter", "eq"} {
		if strings.Contains(string(b), personal) {
			t.Errorf("the log holds %q:\n%s", personal, b)
		}
	}
}

func TestAnInterruptEndsTheReadOfAPipeThatStaysOpen(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a console's Ctrl-C cannot be sent to one process")
	}
	tenant := sandbox.New(sandbox.Options{Limit: sandbox.LimitOff})
	p := newProgram(t, tenant)
	temporary := filepath.Join(p.dir, "tmp")
	if err := os.Mkdir(temporary, 0o700); err != nil {
		t.Fatal(err)
	}
	p.env = append(p.env, "TMPDIR="+temporary)
	cmd, stderr := p.command("create", "-", "-o", "hr.results.csv")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "standard input is kept", func() bool {
		kept, err := os.ReadDir(temporary)
		return err == nil && len(kept) > 0
	})
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := exitCode(t, cmd.Wait()); code != exitInterrupted || !strings.Contains(stderr.String(), "hint: qlik-provision create - -o hr.results.csv") {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
	for _, dir := range []string{temporary, p.dir} {
		if left, err := filepath.Glob(filepath.Join(dir, "*.csv*")); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
}

func TestATemporaryFolderIsEmptyAfterAnInterrupt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a console's Ctrl-C cannot be sent to one process")
	}
	tenant := sandbox.New(sandbox.Options{Limit: sandbox.LimitOff, Latency: 20 * time.Millisecond})
	for name, args := range map[string][]string{
		"plan":   {"plan", "hr.csv"},
		"create": {"create", "-", "-o", "hr.results.csv", "--workers", "1"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProgram(t, tenant)
			if err := os.Mkdir(filepath.Join(p.dir, "tmp"), 0o700); err != nil {
				t.Fatal(err)
			}
			p.write(t, "hr.csv", 2000)
			export, err := os.ReadFile(filepath.Join(p.dir, "hr.csv"))
			if err != nil {
				t.Fatal(err)
			}
			cmd := p.anybody(t, string(export), args...)
			before := tenant.Stats().Filter
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			until(t, "it looks up", func() bool { return tenant.Stats().Filter > before })
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			if code := exitCode(t, cmd.Wait()); code != exitInterrupted {
				t.Errorf("exit code %d", code)
			}
			if left, err := os.ReadDir(filepath.Join(p.dir, "tmp")); err != nil || len(left) > 0 {
				t.Errorf("left in the temporary folder: %v, %v", left, err)
			}
		})
	}
}
