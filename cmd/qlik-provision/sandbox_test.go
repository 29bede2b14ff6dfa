package main

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"qlik-provision/provision/sandbox"
)

func TestPracticeOnASandboxTouchesNobodysTenant(t *testing.T) {
	tenant := sandbox.New(sandbox.Options{Limit: sandbox.LimitOff})
	p := newProgram(t, tenant) // whose address and credentials stand in the environment
	p.write(t, "hr.csv", 5)
	for _, step := range []struct {
		args string
		exit int
		says string
	}{
		{"plan hr.csv --sandbox", exitDone, "tenant: sandbox, in memory, for this run only\n"},
		{"create hr.csv --sandbox", exitDone, "results: hr.sandbox.results.csv\n"},
		{"create hr.csv --sandbox", exitUsage, "hint: qlik-provision retry hr.sandbox.results.csv --sandbox\n"},
		{"retry hr.sandbox.results.csv --sandbox", exitDone, "nothing to do"},
		{"retry hr.sandbox.results.csv", exitUsage, "hint: qlik-provision retry hr.sandbox.results.csv --sandbox\n"},
		{"create hr.csv --sandbox --tenant acme.eu.qlikcloud.com", exitUsage, "--sandbox and --tenant at once"},
		{"create hr.csv", exitDone, "results: hr.results.csv\n"},
		{"retry hr.results.csv --sandbox", exitUsage, "hint: qlik-provision retry hr.results.csv --tenant 127.0.0.1:"},
	} {
		cmd, stderr := p.command(strings.Fields(step.args)...)
		before := tenant.Stats().Requests
		if code := exitCode(t, cmd.Run()); code != step.exit || !strings.Contains(stderr.String(), step.says) {
			t.Errorf("%s: exit code %d, not %d with %q\n%s", step.args, code, step.exit, step.says, stderr)
		}
		if n := tenant.Stats().Requests - before; (n > 0) != (step.args == "create hr.csv") {
			t.Errorf("%s: %d requests to the tenant in the environment", step.args, n)
		}
	}
	for i, row := range readResults(t, filepath.Join(p.dir, "hr.sandbox.results.csv")) {
		if row["outcome"] != "created" || row["tenant"] != "sandbox" {
			t.Errorf("row %d: %v", i+1, row)
		}
	}
}

func TestTheSandboxServesUntilItIsInterrupted(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a console's Ctrl-C cannot be sent to one process")
	}
	p := newProgram(t, sandbox.New(sandbox.Options{}))
	p.write(t, "hr.csv", 5)
	cmd, stderr := p.command("sandbox", "--limit", "off")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// It ends its stdout by itself, so that whoever reads the settings to their end goes on.
	settings, err := io.ReadAll(stdout)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(strings.NewReader(string(settings)))
	for lines.Scan() {
		setting, ok := strings.CutPrefix(lines.Text(), "export QLIK_")
		if !ok {
			t.Errorf("%q is no setting", lines.Text())
		}
		p.env = append(p.env, "QLIK_"+setting)
	}
	create, createErr := p.command("create", "hr.csv")
	if code := exitCode(t, create.Run()); code != exitDone {
		t.Errorf("create: exit code %d\n%s", code, createErr)
	}
	again, againErr := p.command("create", "hr.csv", "-o", "again.csv")
	if code := exitCode(t, again.Run()); code != exitDone {
		t.Errorf("create again: exit code %d\n%s", code, againErr)
	}
	for i, row := range readResults(t, filepath.Join(p.dir, "again.csv")) {
		if row["outcome"] != "exists" {
			t.Errorf("row %d: %v", i+1, row)
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := exitCode(t, cmd.Wait()); code != exitDone {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
}
