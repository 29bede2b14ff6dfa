package main

import (
	"os"
	"strings"
	"testing"

	"qlik-provision/provision/sandbox"
)

// What cannot be written or read is said, with a code that fits what was sent by then.
func TestDevicesThatCannotBeReadOrWritten(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		line   string
		env    string
		stdout string // a file in the place of standard output
		exit   int
		said   string // on standard error
	}{
		{"a full disk for the log", "create hr.csv --log /dev/full", "", "", exitDone, "writing the log: "},
		{"a full disk for the log of a run that fails", "create hr.csv --log /dev/full", "QLIK_CLIENT_SECRET=wrong", "",
			exitRun,
			"writing the log: "},
		{"a full disk for the summary", "create hr.csv --json", "", "/dev/full", exitRun, "printing the summary: "},
		{"a full disk for the summary of a refusal", "create none.csv --json", "", "/dev/full", exitUsage,
			"printing the summary: "},
		{"a full disk for a plan", "plan hr.csv", "", "/dev/full", exitRun, "printing the plan: "},
		{"a full disk for the sandbox's settings", "sandbox", "", "/dev/full", exitUsage, "printing the settings: "},
		{"an endless secret file", "create hr.csv --client-id me --client-secret-file /dev/zero", "", "", exitUsage,
			"is larger than 1 MiB"},
		{"an endless secret command", "create hr.csv --client-id me --client-secret-command yes", "", "", exitUsage,
			"--client-secret-command failed: exit status 1"},
		{"an empty secret file", "create hr.csv --client-id me --client-secret-file /dev/null", "", "", exitUsage,
			"is empty"},
		{"an empty export", "create /dev/null -o x.csv", "", "", exitUsage, "/dev/null"},
		{"a sandbox for other machines", "sandbox --addr 0.0.0.0:0", "", "", exitUsage,
			"the sandbox is for this machine only"},
		{"a sandbox at no address", "sandbox --addr nowhere", "", "", exitUsage, "hint: --addr 127.0.0.1:0 "},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t, newTenant(sandbox.Options{}))
			p.write(t, "hr.csv", 3)
			p.env = append(p.env, test.env)
			c := p.command(strings.Fields(test.line)...)
			if test.stdout != "" {
				f, err := os.OpenFile(test.stdout, os.O_WRONLY, 0)
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				c.Stdout = f
			}
			c.start(t)
			if code := c.end(t); code != test.exit || !strings.Contains(c.stderr.String(), test.said) {
				t.Errorf("exit code %d, not %d with %q\n%s", code, test.exit, test.said, &c.stderr)
			}
		})
	}
}

// A reader that goes away (SIGPIPE), as in "qlik-provision create … 2>&1 | head", does not end a run.
func TestReaderThatGoesAwayDoesNotEndTheRun(t *testing.T) {
	t.Parallel()
	tenant := newTenant(sandbox.Options{})
	p := newProgram(t, tenant)
	p.write(t, "hr.csv", 50)
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	c := p.command("create", "hr.csv")
	c.Stdout, c.Stderr = writer, writer
	c.start(t)
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	if code := c.end(t); code != exitDone || len(tenant.Users()) != 50 {
		t.Errorf("exit code %d, %d users", code, len(tenant.Users()))
	}
}
