package main

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"qlik-provision/provision/sandbox"
)

var update = flag.Bool("update", false, "write the reference, the man page and the README's flags anew")

// TestReference holds what is written about commands and flags to the commands themselves. With -update it writes it.
func TestReference(t *testing.T) {
	commands := documented(t)
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	between := regexp.MustCompile(`(?s)(<!-- flags[^\n]*-->\n).*(<!-- end of flags -->\n)`)
	if !between.Match(readme) {
		t.Fatal("README.md has no place for the flags")
	}
	for file, want := range map[string]string{
		"../../docs/reference.md":     markdown(commands),
		"../../docs/qlik-provision.1": manual(commands),
		"../../README.md":             between.ReplaceAllString(string(readme), "${1}"+strings.ReplaceAll(runFlagsTable(commands), "$", "$$")+"${2}"),
	} {
		got, err := os.ReadFile(file)
		switch {
		case *update:
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		case err != nil:
			t.Error(err)
		case string(got) != want:
			t.Errorf("%s is stale: make docs", file)
		}
	}
}

func TestTheRowsThatAreShownAreThoseOfTheDemo(t *testing.T) {
	drawn := regexp.MustCompile(`\b[0-9a-f]{24}\b|\b20[0-9-]+T[0-9:.]+Z\b`) // anew for each run
	page, err := os.ReadFile("../../docs/result-file.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("(?s)\n```csv\n(.*?)```").FindSubmatch(page)
	if shown == nil || bytes.Count(shown[1], []byte("\n")) != 4 {
		t.Fatalf("the page shows %q", shown)
	}
	export, err := os.ReadFile("../../testdata/exports/new-hires.csv")
	if err != nil {
		t.Fatal(err)
	}
	p := newProgram(t, sandbox.New(sandbox.Options{}))
	writeFile(t, filepath.Join(p.dir, "new-hires.csv"), string(export))
	cmd, stderr := p.command("create", "new-hires.csv", "--sandbox")
	if code := exitCode(t, cmd.Run()); code != exitRows {
		t.Fatalf("exit code %d\n%s", code, stderr)
	}
	results, err := os.ReadFile(filepath.Join(p.dir, "new-hires.sandbox.results.csv"))
	if err != nil {
		t.Fatal(err)
	}
	got := drawn.ReplaceAllString(string(results), "…")
	for line := range strings.Lines(drawn.ReplaceAllString(string(shown[1]), "…")) {
		if !strings.Contains("\n"+got, "\n"+line) {
			t.Errorf("the result file has no line\n%s", line)
		}
	}
}

// documented are the commands in the order in which they are written about, the program itself first.
func documented(t *testing.T) []*cobra.Command {
	root := (&app{ui: newUI(io.Discard), name: "qlik-provision"}).root()
	commands := []*cobra.Command{root}
	for _, name := range []string{"create", "retry", "plan", "report", "sandbox", "environment", "exit-codes", "result-file"} {
		cmd, _, err := root.Find([]string{name})
		if err != nil || cmd == root {
			t.Fatalf("no command %s", name)
		}
		commands = append(commands, cmd)
	}
	return commands
}

// flagsOf are a command's own flags in the order of its help, without --help and --version.
func flagsOf(cmd *cobra.Command) (flags []*pflag.Flag) {
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Name != "help" && f.Name != "version" {
			flags = append(flags, f)
		}
	})
	return flags
}

// A described flag is how the help writes it: -o, --out FILE.
func described(f *pflag.Flag) (typed, usage, byDefault string) {
	value, usage := pflag.UnquoteUsage(f)
	typed = "--" + f.Name
	if f.Shorthand != "" {
		typed = "-" + f.Shorthand + ", " + typed
	}
	if value != "" {
		typed += " " + value
	}
	if before, after, found := strings.Cut(usage, " (default "); found {
		return typed, before, strings.TrimSuffix(after, ")")
	}
	if f.DefValue != "false" && f.DefValue != "0" {
		byDefault = f.DefValue
	}
	return typed, usage, byDefault
}

// oneLine undoes the folding of a command's help.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func markdown(commands []*cobra.Command) string {
	var b strings.Builder
	b.WriteString("# Commands and flags\n\nMade from the commands themselves by `make docs`. The same stands in `qlik-provision help` and in the man page, `man docs/qlik-provision.1`.\n")
	for _, cmd := range commands {
		fmt.Fprintf(&b, "\n## %s\n\n", cmd.CommandPath())
		if !cmd.Runnable() {
			fmt.Fprintf(&b, "%s (`qlik-provision help %s`):\n\n```text\n%s\n```\n", cmd.Short, cmd.Name(), cmd.Long)
			continue
		}
		fmt.Fprintf(&b, "%s\n\n", oneLine(cmd.Long))
		if cmd.HasParent() {
			fmt.Fprintf(&b, "```text\n%s\n```\n\n", cmd.UseLine())
		}
		if len(cmd.Aliases) > 0 {
			fmt.Fprintf(&b, "Also called `%s`.\n\n", strings.Join(cmd.Aliases, "`, `"))
		}
		fmt.Fprintf(&b, "```sh\n%s\n```\n", strings.ReplaceAll(strings.TrimPrefix(cmd.Example, "  "), "\n  ", "\n"))
		if flags := flagsOf(cmd); len(flags) > 0 {
			b.WriteString("\n" + table(flags))
		}
	}
	return b.String()
}

func table(flags []*pflag.Flag) string {
	var b strings.Builder
	b.WriteString("| flag | what it is | default |\n| --- | --- | --- |\n")
	bar := strings.NewReplacer("|", `\|`)
	for _, f := range flags {
		typed, usage, byDefault := described(f)
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", typed, bar.Replace(usage), bar.Replace(byDefault))
	}
	return b.String()
}

// runFlagsTable has every flag of the commands that speak to a tenant, each once.
func runFlagsTable(commands []*cobra.Command) string {
	var flags []*pflag.Flag
	seen := map[string]bool{}
	for _, cmd := range commands {
		if cmd.Name() != "create" && cmd.Name() != "retry" && cmd.Name() != "plan" {
			continue
		}
		for _, f := range flagsOf(cmd) {
			if !seen[f.Name] {
				seen[f.Name] = true
				flags = append(flags, f)
			}
		}
	}
	return table(flags)
}

// manual is the man page, in the macros of man(7).
func manual(commands []*cobra.Command) string {
	root := commands[0]
	var b strings.Builder
	fmt.Fprintf(&b, ".\\\" Made by make docs.\n.TH QLIK-PROVISION 1\n.SH NAME\nqlik\\-provision \\- %s\n.SH SYNOPSIS\n", roff(strings.ToLower(root.Short[:1])+root.Short[1:]))
	for i, cmd := range commands[1:] {
		if cmd.Runnable() {
			if i > 0 {
				b.WriteString(".br\n")
			}
			fmt.Fprintf(&b, ".B %s\n", roff(cmd.UseLine()))
		}
	}
	fmt.Fprintf(&b, ".SH DESCRIPTION\n%s\n.SH COMMANDS\n", roff(oneLine(root.Long)))
	for _, cmd := range commands[1:] {
		if cmd.Runnable() {
			manualOf(&b, cmd)
		}
	}
	for _, cmd := range commands {
		if !cmd.Runnable() {
			fmt.Fprintf(&b, ".SH %s\n.nf\n%s\n.fi\n", cmp.Or(map[string]string{"exit-codes": "EXIT STATUS"}[cmd.Name()], strings.ToUpper(strings.ReplaceAll(cmd.Name(), "-", " "))), roff(cmd.Long))
		}
	}
	fmt.Fprintf(&b, ".SH EXAMPLES\n.nf\n%s\n.fi\n", roff(strings.ReplaceAll(strings.TrimPrefix(root.Example, "  "), "\n  ", "\n")))
	return b.String()
}

func manualOf(b *strings.Builder, cmd *cobra.Command) {
	fmt.Fprintf(b, ".SS %s\n%s\n", roff(strings.TrimSuffix(strings.TrimPrefix(cmd.UseLine(), "qlik-provision "), " [flags]")), roff(oneLine(cmd.Long)))
	if len(cmd.Aliases) > 0 {
		fmt.Fprintf(b, "Also called\n.BR %s .\n", strings.Join(cmd.Aliases, ", "))
	}
	for _, f := range flagsOf(cmd) {
		typed, usage, byDefault := described(f)
		if byDefault != "" {
			usage += " (default " + byDefault + ")"
		}
		fmt.Fprintf(b, ".TP\n.B %s\n%s\n", roff(typed), roff(usage))
	}
	fmt.Fprintf(b, ".PP\nFor example:\n.PP\n.nf\n%s\n.fi\n", roff(cmd.Example))
}

// roff writes text so that troff sets it as it stands: no escapes, no hyphens for minus signs, no request at the start of a line.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "→", `\(->`, "…", "...").Replace(s)
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}

// TestWhatIsWrittenAboutIsThere follows the links of the documents, and the names of files in the map of the code.
func TestWhatIsWrittenAboutIsThere(t *testing.T) {
	documents, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	link := regexp.MustCompile(`\]\(([^):#]+)\)`)
	for _, document := range append(documents, "../../README.md", "../../CONTRIBUTING.md", "../../CHANGELOG.md") {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		for _, to := range link.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(document), to[1])); err != nil {
				t.Errorf("%s: %v", document, err)
			}
		}
	}
	contributing, err := os.ReadFile("../../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	folder := ""
	for _, name := range regexp.MustCompile("`([a-z/-]+\\.go)`").FindAllStringSubmatch(string(contributing), -1) {
		if strings.Contains(name[1], "/") {
			folder = path.Dir(name[1]) // the names beside it are of the same folder
		}
		if _, err := os.Stat(filepath.Join("../..", folder, path.Base(name[1]))); err != nil {
			t.Errorf("CONTRIBUTING.md: %v", err)
		}
	}
}
