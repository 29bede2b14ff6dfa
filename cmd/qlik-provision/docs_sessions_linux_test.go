package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestDocsSessions runs the commands of README.md and docs/*.md and compares what they print with what is shown. With
// -update it writes what they print.
//
// A block "console" is a session: commands after "$ ", and what they print. A block "console tty" runs on a terminal,
// where somebody can be asked. A block "sh" is run and shows no output; so are the commands of blocks "cron", "ini"
// (ExecStart of a unit) and "yaml" (command of a container). Standard input of a block "sh" is the client's secret. A
// block "sh interrupted" is a server, which is stopped. A block "sh not-run" is not run: TestDocsBlocksAreWellFormed
// parses it. Comments of these forms prepare what follows:
//
//	<!-- run: commands -->      commands that are not shown
//	<!-- tenant: users.csv -->  another tenant, with the users of a file
//	<!-- answer: y -->          what is typed on the terminal
//	<!-- exits: 1 -->           another exit code that each line of the next block may have
//
// Each document has a folder of its own, with the files of testdata/docs, and an empty tenant.
func TestDocsSessions(t *testing.T) {
	documents, err := filepath.Glob("../../docs/[0-9]*.md")
	if err != nil || len(documents) == 0 {
		t.Fatalf("%v, %v", documents, err)
	}
	for _, path := range append(documents, "../../README.md") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			source, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			shell := newDocsShell(t)
			var out strings.Builder
			for _, part := range partsOf(string(source)) {
				out.WriteString(shell.run(t, part))
			}
			if *update && !t.Failed() && out.String() != string(source) {
				if err := os.WriteFile(path, []byte(out.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// A docsPart is a part of a document: a block, a comment for the test, or text between.
type docsPart struct {
	kind string // of a block its info string; "run", "tenant", "answer" or "exits" of a comment; else ""
	body string // of a block or comment, without its first and last line
	text string // as a whole
	line int
}

// partsOf cuts a document into its parts.
func partsOf(source string) (parts []docsPart) {
	special := regexp.MustCompile("(?ms)^```([a-z][a-z -]*)\n(.*?)^```\n|^<!-- (run|tenant|answer|exits): ?(.*?) ?-->\n")
	end := 0
	for _, at := range special.FindAllStringSubmatchIndex(source, -1) {
		parts = append(parts, docsPart{text: source[end:at[0]]})
		part := docsPart{text: source[at[0]:at[1]], line: 1 + strings.Count(source[:at[0]], "\n")}
		if at[2] >= 0 {
			part.kind, part.body = source[at[2]:at[3]], source[at[4]:at[5]]
		} else {
			part.kind, part.body = source[at[6]:at[7]], source[at[8]:at[9]]
		}
		parts = append(parts, part)
		end = at[1]
	}
	return append(parts, docsPart{text: source[end:]})
}

// A docsShell runs the commands of one document.
type docsShell struct {
	dir     string
	tenant  *documentedTenant
	env     []string
	answers []string
	exit    string
}

func newDocsShell(t *testing.T) *docsShell {
	s := &docsShell{dir: t.TempDir(), tenant: newDocumentedTenant(t)}
	for _, from := range []string{"../../testdata/docs", "../../testdata/exports/new-hires.csv"} {
		if out, err := exec.Command("cp", "-R", from, s.dir).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	s.dir = filepath.Join(s.dir, "docs")
	if err := os.Rename(filepath.Join(s.dir, "..", "new-hires.csv"), filepath.Join(s.dir, "new-hires.csv")); err != nil {
		t.Fatal(err)
	}
	s.env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "TMPDIR=" + s.dir, "LANG=C.UTF-8", "TZ=UTC", "TERM=xterm", quickExit,
	}, s.tenant.env...)
	return s
}

// run runs a part, and returns it with what its commands print now.
func (s *docsShell) run(t *testing.T, part docsPart) string {
	at := func(err error, out []byte) {
		if err != nil {
			t.Errorf("line %d: %s\n%v\n%s", part.line, part.body, err, out)
		}
	}
	kind, kept, _ := strings.Cut(part.kind, " ")
	switch kind {
	case "tenant":
		s.tenant.reset()
		if part.body != "" {
			at(addUsers(s.tenant.current.Load(), filepath.Join(s.dir, part.body)), nil)
		}
	case "answer":
		s.answers = append(s.answers, part.body)
	case "exits":
		s.exit = part.body
	case "run":
		out, err := s.command("set -e\n" + part.body).CombinedOutput()
		at(err, out)
	case "console":
		return s.session(t, part)
	case "sh", "cron", "ini", "yaml":
		switch kept {
		case "not-run":
			return part.text
		case "interrupted":
			at(s.serve(part.body), nil)
			return part.text
		}
		lines := runnable(t, kind, part.body)
		if s.exit != "" {
			lines = strings.Split(strings.TrimSpace(part.body), "\n")
		}
		for _, line := range lines {
			cmd := s.command(s.local(line))
			if kind == "sh" {
				cmd.Args[0], cmd.Path = "bash", "/bin/bash"
				cmd.Stdin = strings.NewReader(docsClientSecret + "\n")
			}
			out, _ := cmd.CombinedOutput()
			if got := fmt.Sprint(cmd.ProcessState.ExitCode()); got != "0" && got != s.exit {
				at(fmt.Errorf("exit code %s", got), out)
			}
		}
		s.exit = ""
	}
	return part.text
}

// command is a command line for the shell, in the document's folder.
func (s *docsShell) command(line string) *exec.Cmd {
	cmd := exec.Command("/bin/sh", "-c", line)
	cmd.Dir, cmd.Env = s.dir, s.env
	return cmd
}

// serve runs a server until it has printed its first line, and interrupts it.
func (s *docsShell) serve(line string) error {
	cmd := s.command("exec " + line)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return err
	}
	_, err = bufio.NewReader(out).ReadString('\n')
	return errors.Join(err, cmd.Process.Signal(os.Interrupt), cmd.Wait())
}

// local moves the folders of a server to the document's folder.
func (s *docsShell) local(line string) string {
	pairs := []string{"/usr/local/bin/qlik-provision", "qlik-provision"}
	for _, folder := range []string{"/srv", "/var", "/etc", "/hr", "/results"} {
		pairs = append(pairs, " "+folder+"/", " "+s.dir+folder+"/", "="+folder+"/", "="+s.dir+folder+"/")
	}
	return strings.NewReplacer(pairs...).Replace(line)
}

// runnable are the command lines of a block that shows no output.
func runnable(t *testing.T, kind, body string) (lines []string) {
	switch kind {
	case "sh":
		return []string{"set -e\n" + body}
	case "cron":
		for _, m := range regexp.MustCompile(`(?m)^(?:[0-9*/,-]+ ){5}(.*)$`).FindAllStringSubmatch(body, -1) {
			lines = append(lines, strings.ReplaceAll(m[1], `\%`, "%"))
		}
	case "ini":
		for _, m := range regexp.MustCompile(`(?m)^ExecStart=(.*)$`).FindAllStringSubmatch(body, -1) {
			lines = append(lines, strings.ReplaceAll(m[1], "%%", "%"))
		}
	case "yaml":
		var document any
		if err := yaml.Unmarshal([]byte(body), &document); err != nil {
			t.Error(err)
		}
		for _, words := range containerCommands(document) {
			variable := regexp.MustCompile(`\$\(([A-Z_]+)\)`) // which Kubernetes replaces
			lines = append(lines, variable.ReplaceAllString(strings.Join(words, " "), "$1"))
		}
	}
	return lines
}

// containerCommands are the lists under "command" in a manifest, or under "args" where there is no command: those of
// an image whose entry point is the program.
func containerCommands(node any) (commands [][]string) {
	switch node := node.(type) {
	case map[string]any:
		words, prefix := node["command"], []string(nil)
		if words == nil {
			words, prefix = node["args"], []string{"qlik-provision"}
		}
		if list, ok := words.([]any); ok {
			for _, word := range list {
				prefix = append(prefix, fmt.Sprint(word))
			}
			return [][]string{prefix}
		}
		for _, child := range node {
			commands = append(commands, containerCommands(child)...)
		}
	case []any:
		for _, child := range node {
			commands = append(commands, containerCommands(child)...)
		}
	}
	return commands
}

// session runs the commands of a session one after the other.
func (s *docsShell) session(t *testing.T, part docsPart) string {
	var b strings.Builder
	fmt.Fprintf(&b, "```%s\n", part.kind)
	rest := part.body
	for rest != "" {
		line, after, _ := strings.Cut(rest, "\n")
		for strings.HasSuffix(line, "\\") {
			var more string
			more, after, _ = strings.Cut(after, "\n")
			line += "\n" + more
		}
		typed, ok := strings.CutPrefix(line, "$ ")
		if !ok {
			t.Fatalf("line %d: a session begins with a command, not with %q", part.line, line)
		}
		shown := after
		if end := strings.Index("\n"+after, "\n$ "); end >= 0 {
			shown = after[:end]
		}
		rest = after[len(shown):]
		var got string
		if part.kind == "console tty" {
			got = terminalText(runOnTerminal(t, s.command(typed), s.answers))
			s.answers = nil
		} else {
			out, _ := s.command(typed).CombinedOutput()
			got = string(bytes.ReplaceAll(out, []byte(s.dir+"/"), nil))
		}
		switch {
		case settled(got) == settled(shown):
			got = shown
		case !*update:
			t.Errorf("line %d: %s prints\n%s\nnot what is shown: make docs", part.line, typed, got)
		}
		b.WriteString(line + "\n" + got)
	}
	b.WriteString("```\n")
	return b.String()
}

// settled replaces what differs from run to run: IDs, times, durations and dates in file names.
func settled(s string) string {
	return regexp.MustCompile(`\b[0-9a-f]{24}\b|\b20\d\d-[0-9-]+(T[0-9:.]+Z?)?\b|\b\d+(\.\d+)?s\b|seconds":[0-9.]+`).
		ReplaceAllString(s, "~")
}
