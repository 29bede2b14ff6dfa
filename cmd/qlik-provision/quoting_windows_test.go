package main

import (
	"strings"
	"testing"

	"qlik-provision/provision/sandbox"
	"qlik-provision/provision/sandbox/faults"
)

// The command of a hint is pasted into cmd.exe, and does what it says.
func TestCommandsOfHintsCanBePastedIntoCmd(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"hr", "HR & echo INJECTED & rem ", "O'Neil ^ (1), 50%; @x", "\u2018Jörg\u201b ł", "a=b+c,d",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t, newTenant(sandbox.Options{}, faults.Fault{
				Kind: faults.Status, Status: 400, On: sandbox.EndpointCreate, Times: 1,
			}))
			p.write(t, name+".csv", 3)
			c := p.expect(t, exitRows, "create", name+".csv", "-q")
			_, pasted, found := strings.Cut(c.stderr.String(), "hint: ")
			if pasted = strings.TrimSpace(pasted); !found || strings.Contains(pasted, "\n") {
				t.Fatalf("no command:\n%s", &c.stderr)
			}
			shell := &process{Cmd: shellCommand(t.Context(), pasted)}
			shell.Dir, shell.Env, shell.Stdout, shell.Stderr = p.dir, p.env, &shell.stdout, &shell.stderr
			shell.start(t)
			if code := shell.end(t); code != exitDone || strings.Contains(shell.stdout.String(), "INJECTED") {
				t.Errorf("%s\nexit code %d\n%s%s", pasted, code, &shell.stdout, &shell.stderr)
			}
			for i, row := range readResults(t, p.file(name+".results.csv")) {
				if row["outcome"] != "created" {
					t.Errorf("row %d: %v", i+1, row)
				}
			}
		})
	}
}

func TestNamesThatAShellChangesAreNotPrintedAsCommands(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"%USERNAME%", "a`b", "$env.x", "\u201cx\u201d & echo INJECTED & "} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t, newTenant(sandbox.Options{}, faults.Fault{
				Kind: faults.Status, Status: 400, On: sandbox.EndpointCreate, Times: 1,
			}))
			p.write(t, name+".csv", 3)
			c := p.expect(t, exitRows, "create", name+".csv", "-q")
			if _, hint, _ := strings.Cut(c.stderr.String(), "hint: "); !strings.Contains(hint, "retry, typed by hand") ||
				strings.Contains(hint, name) {
				t.Errorf("it does not say that the command is to be typed by hand:\n%s", &c.stderr)
			}
		})
	}
}

// A program whose path needs quotes is called in each shell as that shell can.
func TestAProgramWithABlankInItsPathCanBeCalled(t *testing.T) {
	for prompt, want := range map[string]string{"$P$G": `"C:\my tools\q.exe" retry`, "": `& "C:\my tools\q.exe" retry`} {
		t.Setenv("PROMPT", prompt) // which cmd sets, and PowerShell does not
		if got := commandLine(`C:\my tools\q.exe`, "retry"); got != want {
			t.Errorf("with PROMPT=%s: %s, not %s", prompt, got, want)
		}
	}
}
