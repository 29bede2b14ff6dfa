package main

import (
	"io"
	"os"
	"runtime"
	"strings"
	"testing"

	"qlik-provision/provision/sandbox"
)

func TestTrialsOnASandboxContactNoTenant(t *testing.T) {
	t.Parallel()
	tenant := newTenant(sandbox.Options{})
	p := newProgram(t, tenant) // with the address and the credentials of a real one in the environment
	p.write(t, "hr.csv", 5)
	for _, step := range []struct {
		line string
		exit int
		said string
	}{
		{"plan hr.csv --sandbox", exitDone, "tenant: sandbox, in memory, for this run only\n"},
		{"create hr.csv --sandbox", exitDone, "results: hr.sandbox.results.csv\n"},
		{"retry hr.sandbox.results.csv --sandbox", exitDone, "nothing to do"},
		{"retry hr.sandbox.results.csv", exitUsage, "go on with --sandbox, "},
		{"create hr.csv --sandbox --tenant acme.eu.qlikcloud.com", exitUsage, "--sandbox and --tenant exclude each other"},
		{"create hr.csv", exitDone, "results: hr.results.csv\n"},
		{"retry hr.results.csv --sandbox", exitUsage, "go on with --tenant 127.0.0.1:"},
	} {
		before := tenant.Stats().Requests
		c := p.expect(t, step.exit, strings.Fields(step.line)...)
		if !strings.Contains(c.stderr.String(), step.said) {
			t.Errorf("%s does not say %q:\n%s", step.line, step.said, &c.stderr)
		}
		if n := tenant.Stats().Requests - before; (n > 0) != (step.line == "create hr.csv") {
			t.Errorf("%s: %d requests to the tenant of the environment", step.line, n)
		}
	}
	for i, row := range readResults(t, p.file("hr.sandbox.results.csv")) {
		if row["outcome"] != "created" || row["tenant"] != "sandbox" {
			t.Errorf("row %d: %v", i+1, row)
		}
	}
}

func TestSandboxPrintsSettingsForTheShell(t *testing.T) {
	t.Parallel()
	own := "export QLIK_TENANT=http://127.0.0.1:"
	if runtime.GOOS == "windows" {
		own = "$env:QLIK_TENANT='http://127.0.0.1:"
	}
	for shell, want := range map[string]string{
		"": own, "posix": "export QLIK_TENANT=http://127.0.0.1:", "cmd": "set QLIK_TENANT=http://127.0.0.1:",
		"powershell": "$env:QLIK_TENANT='http://127.0.0.1:",
	} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t, newTenant(sandbox.Options{}))
			args := []string{"sandbox"}
			if shell != "" {
				args = append(args, "--shell", shell)
			}
			served := p.command(args...)
			served.Stdout = nil
			stdout, err := served.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			served.start(t)
			settings, err := io.ReadAll(stdout)
			if err != nil || !strings.HasPrefix(string(settings), want) {
				t.Errorf("%q, not %q (%v)", settings, want, err)
			}
			if err := served.Process.Kill(); err != nil {
				t.Error(err)
			}
			served.end(t)
		})
	}
}

func TestSandboxServesUntilItIsInterrupted(t *testing.T) {
	skipOnWindows(t)
	t.Parallel()
	p := newProgram(t, newTenant(sandbox.Options{}))
	p.write(t, "hr.csv", 5)
	p.writeText(t, "users.csv", "subject,name,email,status,roles\n00001,Person 1,p1@example.com,disabled,\n")
	served := p.serveSandbox(t, "--users", "users.csv")
	p.expect(t, exitDone, "create", "hr.csv")
	p.expect(t, exitDone, "create", "hr.csv", "-o", "again.csv")
	for i, row := range p.results(t) {
		again := readResults(t, p.file("again.csv"))[i]
		want := "created"
		if i == 1 {
			want = "exists"
		}
		if row["outcome"] != want || again["outcome"] != "exists" || again["user_id"] != row["user_id"] {
			t.Errorf("row %d: %v, then %v", i+1, row, again)
		}
	}
	served.signal(t, os.Interrupt)
	if code := served.end(t); code != exitDone {
		t.Errorf("exit code %d\n%s", code, &served.stderr)
	}
}

// serveSandbox starts the program's own sandbox and makes it the tenant, as a shell does that reads the settings. It is
// interrupted at the end of the test, where it still runs.
func (p *program) serveSandbox(t *testing.T, flags ...string) *process {
	t.Helper()
	served := p.command(append([]string{"sandbox", "--limit", "off", "--shell", "posix"}, flags...)...)
	served.Stdout = nil
	stdout, err := served.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	served.start(t)
	t.Cleanup(func() {
		if served.ProcessState == nil {
			served.signal(t, os.Interrupt)
			served.end(t)
		}
	})
	settings, err := io.ReadAll(stdout) // it ends by itself, so that a shell's $(… &) goes on
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(settings)) {
		setting, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "export ")
		if !ok {
			t.Errorf("%q is no setting", line)
		}
		p.env = append(p.env, setting)
	}
	return served
}
