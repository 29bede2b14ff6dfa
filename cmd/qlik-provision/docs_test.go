package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"qlik-provision/provision"
)

var update = flag.Bool("update", false, "write the reference, the man pages, and what the documentation shows")

// TestDocsReference compares the reference and the man pages with the commands themselves. With -update it writes them.
func TestDocsReference(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the examples of help are quoted for the platform's shell")
	}
	m := newManual(t)
	pages := map[string]string{"docs/reference.md": m.markdown(t), "docs/man/qlik-provision.1": m.overview()}
	for _, cmd := range m.commands {
		pages["docs/man/qlik-provision-"+cmd.Name()+".1"] = m.page(cmd)
	}
	for file, want := range pages {
		keep(t, file, want)
	}
	found, err := filepath.Glob("../../docs/man/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		if _, known := pages["docs/man/"+filepath.Base(path)]; !known {
			t.Errorf("%s is no page of a command", path)
		}
	}
}

// keep compares a file of the repository with what it has to hold. With -update it writes the file.
func keep(t *testing.T, file, want string) {
	t.Helper()
	path := filepath.Join("../..", filepath.FromSlash(file))
	got, err := os.ReadFile(path)
	switch {
	case err == nil && string(got) == want:
	case *update:
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	case err != nil:
		t.Error(err)
	default:
		t.Errorf("%s is out of date: make docs", file)
	}
}

// A manual is what is written about the commands.
type manual struct {
	root     *cobra.Command
	commands []*cobra.Command
	common   []*pflag.Flag // of three commands and more, with one meaning: described once
}

func newManual(t *testing.T) *manual {
	m := &manual{root: (&app{out: newOutput(io.Discard), program: "qlik-provision"}).root()}
	commands := m.root.Commands()
	uses := map[string]int{}
	for _, cmd := range commands {
		if cmd.IsAvailableCommand() && cmd.Name() != "completion" {
			m.commands = append(m.commands, cmd)
			if cmd.Example == "" || cmd.Long == "" {
				t.Errorf("%s has no example or no description", cmd.Name())
			}
			for _, f := range shownFlags(cmd) {
				uses[f.Name+"\x00"+f.Usage]++
			}
			cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
				if !f.Hidden && !strings.Contains(cmd.UsageString(), "--"+f.Name) {
					t.Errorf("the help of %s does not show --%s", cmd.Name(), f.Name)
				}
			})
		}
	}
	seen := map[string]bool{}
	for _, group := range flagGroups {
		for _, cmd := range m.commands {
			for _, f := range shownFlags(cmd) {
				key := f.Name + "\x00" + f.Usage
				if uses[key] > 2 && slices.Contains(group.names, f.Name) && !seen[key] {
					seen[key] = true
					m.common = append(m.common, f)
				}
			}
		}
	}
	return m
}

// shownFlags are a command's own flags in the order of its help.
func shownFlags(cmd *cobra.Command) (flags []*pflag.Flag) {
	for _, group := range flagGroups {
		for _, name := range group.names {
			f := cmd.LocalFlags().Lookup(name)
			if f != nil && !f.Hidden && name != "help" && name != "version" {
				flags = append(flags, f)
			}
		}
	}
	return flags
}

// split divides a command's flags into its own and the common ones.
func (m *manual) split(cmd *cobra.Command) (own []*pflag.Flag, common []string) {
	for _, f := range shownFlags(cmd) {
		same := func(c *pflag.Flag) bool { return c.Name == f.Name && c.Usage == f.Usage }
		if slices.ContainsFunc(m.common, same) {
			common = append(common, "--"+f.Name)
			continue
		}
		own = append(own, f)
	}
	return own, common
}

func (m *manual) markdown(t *testing.T) string {
	var b strings.Builder
	b.WriteString("# Reference\n\nThis page is generated from the program by `make docs`. `qlik-provision help` and the " +
		"man pages\n(`docs/man`) say the same.\n\n## Commands\n\n| command | what it does |\n| --- | --- |\n")
	for _, cmd := range m.commands {
		fmt.Fprintf(&b, "| [`%s`](#%s) | %s |\n", strings.TrimSuffix(cmd.UseLine(), " [flags]"),
			"qlik-provision-"+cmd.Name(), cmd.Short)
	}
	b.WriteString("\n## Common flags\n\nEach command below lists which of these it accepts.\n\n" + flagTable(m.common))
	for _, cmd := range m.commands {
		fmt.Fprintf(&b, "\n## qlik-provision %s\n\n%s\n", cmd.Name(), wrap(cmd.Long, 100, "", ""))
		if len(cmd.Aliases) > 0 {
			fmt.Fprintf(&b, "Alias: `%s`.\n\n", strings.Join(cmd.Aliases, "`, `"))
		}
		fmt.Fprintf(&b, "```text\n%s\n\n%s\n```\n", cmd.UseLine(), unindented(cmd.Example))
		own, common := m.split(cmd)
		if len(own) > 0 {
			b.WriteString("\n" + flagTable(own))
		}
		if len(common) > 0 {
			b.WriteString("\n" + wrap("Common flags: `"+strings.Join(common, "`, `")+"`.", 100, "", ""))
		}
		if codes := exitCodes(cmd, 100); codes != "" {
			fmt.Fprintf(&b, "\nExit codes:\n\n```text\n%s\n```\n", unindented(strings.TrimRight(codes, "\n")))
		}
	}
	b.WriteString("\n## JSON\n\n`--json` prints one object on one line, in ASCII. New fields may be added.\n\n")
	b.WriteString(jsonTable(t))
	return b.String()
}

// describe says how a flag is typed, as -o, --out FILE, what it means, and its default, "" where it has none.
func describe(f *pflag.Flag) (typed, meaning, byDefault string) {
	value, meaning := pflag.UnquoteUsage(&pflag.Flag{Usage: f.Usage, Value: f.Value})
	typed = "--" + f.Name
	if f.Shorthand != "" {
		typed = "-" + f.Shorthand + ", --" + f.Name
	}
	if value != "" {
		typed += " " + value
	}
	meaning, byDefault, _ = strings.Cut(meaning, " (default: ")
	return typed, meaning, strings.TrimSuffix(byDefault, ")")
}

func flagTable(flags []*pflag.Flag) string {
	var b strings.Builder
	b.WriteString("| flag | meaning | default |\n| --- | --- | --- |\n")
	bar := strings.NewReplacer("|", `\|`)
	for _, f := range flags {
		typed, meaning, byDefault := describe(f)
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", typed, bar.Replace(meaning), bar.Replace(byDefault))
	}
	return b.String()
}

// jsonFields says what the fields of a summary mean, but for the counts of outcomes.
var jsonFields = [][2]string{
	{"rows", "rows of the file"},
	{"codes", "rows per code of the result file's `code` column"},
	{"run", "the counts of outcomes again, of the rows that this run finished"},
	{"writes", "writes that a plan needs, or that a run sent; `null` if not known"},
	{"estimated_seconds", "how long the writes of a plan take; `null` for a run"},
	{"seconds", "duration of this run"},
	{"waited_seconds", "part of it in which no write was sent because the run had to wait"},
	{"columns", "where subject, name, email and roles come from"},
	{"results", "path of the result file; empty for a plan without one"},
	{"tenant", "host of the tenant; `sandbox` for `--sandbox`; empty for `--offline`"},
	{"differing", "rows that are not as the file says; of `verify` only"},
	{"exit", "the exit code"},
	{"error", "what went wrong; empty if `exit` is 0"},
	{"hint", "what to type next"},
}

func jsonTable(t *testing.T) string {
	var b strings.Builder
	b.WriteString("| field | meaning |\n| --- | --- |\n")
	known := newSummary()
	var counts []string
	for _, o := range provision.Outcomes() {
		counts = append(counts, string(o))
		delete(known, string(o))
	}
	for _, field := range jsonFields {
		fmt.Fprintf(&b, "| `%s` | %s |\n", field[0], field[1])
		if field[0] == "rows" {
			fmt.Fprintf(&b, "| `%s` | rows per outcome; `null` if it was not looked up |\n", strings.Join(counts, "`, `"))
		}
		delete(known, field[0])
	}
	for name := range known {
		t.Errorf("--json has a field %s that nobody described", name)
	}
	return b.String()
}

// overview is the man page of the program: its commands, and the common flags.
func (m *manual) overview() string {
	var b strings.Builder
	b.WriteString(title("qlik-provision") + name("qlik-provision", m.root.Short))
	b.WriteString(".SH SYNOPSIS\n.B qlik\\-provision\n.I COMMAND\n[\\fIFILE\\fR] [\\fIFLAGS\\fR]\n")
	fmt.Fprintf(&b, ".SH DESCRIPTION\n%s\n.SH COMMANDS\n", roff(folded(m.root.Long)))
	for _, cmd := range m.commands {
		fmt.Fprintf(&b, ".TP\n.B %s\n%s. See\n.BR qlik\\-provision\\-%s (1).\n",
			roff(strings.TrimSuffix(strings.TrimPrefix(cmd.UseLine(), "qlik-provision "), " [flags]")), roff(cmd.Short),
			cmd.Name())
	}
	b.WriteString(".SH COMMON FLAGS\nThe page of each command names those that it accepts.\n" + roffFlags(m.common))
	fmt.Fprintf(&b, ".SH EXAMPLES\n.nf\n%s\n.fi\n", roff(unindented(m.root.Example)))
	b.WriteString(".SH SEE ALSO\n")
	pages := make([]string, len(m.commands))
	for i, cmd := range m.commands {
		pages[i] = fmt.Sprintf(".BR qlik\\-provision\\-%s (1)", cmd.Name())
	}
	b.WriteString(strings.Join(pages, ",\n") + "\n")
	return b.String()
}

// page is the man page of a command: its own flags in full, the common ones by name.
func (m *manual) page(cmd *cobra.Command) string {
	var b strings.Builder
	b.WriteString(title("qlik-provision-"+cmd.Name()) + name("qlik-provision-"+cmd.Name(), cmd.Short))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n", roff(strings.Replace(cmd.UseLine(), "[flags]", "[FLAGS]", 1)))
	fmt.Fprintf(&b, ".SH DESCRIPTION\n%s\n", roff(folded(cmd.Long)))
	if len(cmd.Aliases) > 0 {
		fmt.Fprintf(&b, ".PP\nAlias:\n.BR %s .\n", strings.Join(cmd.Aliases, ", "))
	}
	own, common := m.split(cmd)
	if len(own)+len(common) > 0 {
		b.WriteString(".SH FLAGS\n" + roffFlags(own))
	}
	if len(common) > 0 {
		fmt.Fprintf(&b, ".PP\nThese are described in\n.BR qlik\\-provision (1):\n%s.\n", roff(strings.Join(common, ", ")))
	}
	if codes := exitCodes(cmd, 72); codes != "" {
		fmt.Fprintf(&b, ".SH EXIT STATUS\n.nf\n%s\n.fi\n", roff(unindented(strings.TrimRight(codes, "\n"))))
	}
	fmt.Fprintf(&b, ".SH EXAMPLES\n.nf\n%s\n.fi\n", roff(unindented(cmd.Example)))
	b.WriteString(".SH SEE ALSO\n.BR qlik\\-provision (1)\n")
	return b.String()
}

func title(page string) string {
	return ".\\\" Generated by make docs.\n.TH " + strings.ToUpper(roff(page)) + " 1\n"
}

func name(page, short string) string {
	return ".SH NAME\n" + roff(page) + " \\- " + roff(strings.ToLower(short[:1])+short[1:]) + "\n"
}

func roffFlags(flags []*pflag.Flag) string {
	var b strings.Builder
	for _, f := range flags {
		typed, meaning, byDefault := describe(f)
		if byDefault != "" {
			meaning += " (default: " + byDefault + ")"
		}
		fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(typed), roff(meaning))
	}
	return b.String()
}

// roff escapes text so that troff sets it as it is: no escapes, no hyphens for minus signs, no request at the start of
// a line.
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

// folded undoes the wrapping of a command's description.
func folded(s string) string { return strings.Join(strings.Fields(s), " ") }

func unindented(s string) string {
	return strings.ReplaceAll(strings.TrimPrefix(s, "  "), "\n  ", "\n")
}
