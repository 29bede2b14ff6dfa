package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"qlik-provision/provision"
	"qlik-provision/report"
)

// A document is a text of the repository for people, by its path from the root.
type document struct{ path, text string }

// documents are all texts for people.
func documents(t *testing.T) (found []document) {
	t.Helper()
	paths := []string{"../../README.md", "../../CONTRIBUTING.md", "../../SECURITY.md", "../../CHANGELOG.md"}
	more, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(paths, more...) {
		found = append(found, document{strings.TrimPrefix(filepath.ToSlash(path), "../../"), read(t, path)})
	}
	return found
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestDocsLinksLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`(?:\]\(|src=")([^)"\s]+)`)
	for _, d := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(d.text, -1) {
			if strings.HasPrefix(m[1], "https://") {
				continue
			}
			file, anchor, _ := strings.Cut(m[1], "#")
			target := filepath.Join("../..", filepath.FromSlash(d.path))
			if file != "" {
				target = filepath.Join(filepath.Dir(target), filepath.FromSlash(file))
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: %v", d.path, err)
			} else if anchor != "" && !slices.Contains(anchors(read(t, target)), anchor) {
				t.Errorf("%s: %s has no heading %s", d.path, target, anchor)
			}
		}
	}
}

// anchors are what the headings of a document are called in links.
func anchors(text string) (names []string) {
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		names = append(names, strings.Map(func(r rune) rune {
			switch {
			case r == ' ', r == '-':
				return '-'
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '_':
				return unicode.ToLower(r)
			}
			return -1
		}, m[1]))
	}
	return names
}

func TestDocsUseCommandsAndFlagsThatExist(t *testing.T) {
	m := newManual(t)
	flags := map[string]map[string]bool{}
	all := map[string]bool{"--version": true, "--help": true}
	for _, cmd := range m.commands {
		flags[cmd.Name()] = map[string]bool{"--help": true}
		for _, f := range shownFlags(cmd) {
			flags[cmd.Name()]["--"+f.Name], all["--"+f.Name] = true, true
		}
	}
	typed := regexp.MustCompile("qlik-provision(?:\\.exe'?)? ([a-z-]+)((?: (?:'[^'\n]*'|\"[^\"\n]*\"|[^\\s`|;&#)]+))*)")
	alone := regexp.MustCompile("`(--[a-z-]+)[^`]*`")
	makefile := read(t, "../../Makefile")
	long := regexp.MustCompile(` (--[a-z-]+)`)
	for _, d := range documents(t) {
		for _, use := range typed.FindAllStringSubmatch(d.text, -1) {
			for _, f := range long.FindAllStringSubmatch(use[2], -1) {
				if known, command := flags[use[1]]; command && !known[f[1]] {
					t.Errorf("%s: %s has no flag %s", d.path, use[1], f[1])
				}
			}
		}
		for _, m := range regexp.MustCompile("(?m)(?:`|^)make ([a-z-]+)").FindAllStringSubmatch(d.text, -1) {
			if !strings.Contains(makefile, "\n"+m[1]+":") {
				t.Errorf("%s: make has no target %s", d.path, m[1])
			}
		}
		for _, f := range alone.FindAllStringSubmatch(d.text, -1) {
			if !all[f[1]] {
				t.Errorf("%s: there is no flag %s", d.path, f[1])
			}
		}
	}
}

func TestDocsExplainEveryCodeOutcomeAndColumn(t *testing.T) {
	text := read(t, "../../docs/04-the-result-file.md")
	explained := map[string][]string{}
	section := ""
	for line := range strings.Lines(text) {
		if heading, ok := strings.CutPrefix(line, "## "); ok {
			section = strings.TrimSpace(heading)
		}
		if m := regexp.MustCompile("^\\| `([a-z_-]+)` \\|.*[^| ]+ \\|\n$").FindStringSubmatch(line); m != nil {
			explained[section] = append(explained[section], m[1])
		}
	}
	var outcomes []string
	for _, o := range provision.Outcomes() {
		outcomes = append(outcomes, string(o))
	}
	for section, want := range map[string][]string{
		"Codes": codes(t), "Outcomes": outcomes, "Columns": report.Columns(),
	} {
		if got := explained[section]; !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
			t.Errorf("%s explains %q, not %q", section, got, want)
		}
	}
}

// codes are the values of the Code constants of package provision.
func codes(t *testing.T) (values []string) {
	f, err := parser.ParseFile(token.NewFileSet(), "../../provision/provision.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if ok && strings.HasPrefix(spec.Names[0].Name, "Code") {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Error(err)
			}
			values = append(values, value)
		}
		return true
	})
	return values
}

// The table of exports is held to what package roster's tests expect of the same files.
func TestDocsColumnsAreThoseOfTheExports(t *testing.T) {
	row := regexp.MustCompile(`(?m)^\| \[[^]]*\]\((\.\./testdata/exports/good/[^)]*)\) \| (.*) \| (.*) \| (.*) \| (.*)\|$`)
	code := regexp.MustCompile("`([^`]*)`")
	rows := row.FindAllStringSubmatch(read(t, "../../docs/02-the-export.md"), -1)
	if len(rows) < 10 {
		t.Errorf("%d rows", len(rows))
	}
	for _, m := range rows {
		lines := strings.Split(read(t, "../"+m[1]+".txt"), "\n")
		wantFlags := ""
		if flags, ok := strings.CutPrefix(lines[0], "flags: "); ok {
			wantFlags, lines = flags, lines[1:]
		}
		var columns []string
		for i, field := range []string{"subject", "name", "email"} {
			if source := code.FindStringSubmatch(m[i+2]); source != nil {
				columns = append(columns, field+" from "+strconv.Quote(source[1]))
			}
		}
		if said := ", " + strings.Join(columns, ", "); !strings.HasSuffix(lines[0], said) {
			t.Errorf("the page says %q of %q", said, lines[0])
		}
		if flags := strings.Trim(m[5], "` "); flags != wantFlags {
			t.Errorf("the page says that %s needs %q, not %q", m[1], flags, wantFlags)
		}
	}
}

func TestDocsQuoteMessagesOfTheProgram(t *testing.T) {
	messages := literals(t)
	quoted := regexp.MustCompile("`([^`]+)`")
	n := 0
	for line := range strings.Lines(read(t, "../../docs/09-troubleshooting.md")) {
		cell, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " | ")
		if cell == line || strings.HasPrefix(cell, "the `code`") {
			continue
		}
		for _, m := range quoted.FindAllStringSubmatch(cell, -1) {
			n++
			for part := range strings.SplitSeq(m[1], "…") {
				part = strings.TrimPrefix(strings.TrimSpace(part), "for ")
				if !slices.ContainsFunc(messages, func(s string) bool { return strings.Contains(s, part) }) {
					t.Errorf("the program never says %q", part)
				}
			}
		}
	}
	if n < 100 {
		t.Errorf("only %d messages are quoted", n)
	}
}

// literals are the strings in the product's code, and those that are joined of them.
func literals(t *testing.T) []string {
	found := map[string]bool{}
	eachSource(t, func(_ string, f *ast.File) {
		ast.Inspect(f, func(n ast.Node) bool {
			if e, ok := n.(ast.Expr); ok {
				found[constant(e)] = true
			}
			return true
		})
	})
	return slices.Collect(maps.Keys(found))
}

// constant is the text of a string literal, or of a sum of such, with nothing for what is none.
func constant(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if s, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return s
		}
	case *ast.BinaryExpr:
		return constant(e.X) + constant(e.Y)
	}
	return ""
}

// eachSource calls visit with every Go file that is no test, by its path from the root.
func eachSource(t *testing.T, visit func(path string, f *ast.File)) {
	t.Helper()
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != "../.." {
			return fs.SkipDir // the go command leaves it out, too
		}
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err == nil {
			visit(strings.TrimPrefix(filepath.ToSlash(path), "../../"), f)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
