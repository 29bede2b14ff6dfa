package main

import (
	"go/ast"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestDocsMapNamesEveryPackage(t *testing.T) {
	contributing := read(t, "../../CONTRIBUTING.md")
	types := map[string]bool{}
	folders := map[string]bool{}
	eachSource(t, func(file string, f *ast.File) {
		folders[path.Dir(file)] = true
		ast.Inspect(f, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok {
				types[f.Name.Name+"."+spec.Name.Name] = true
			}
			return true
		})
	})
	for folder := range folders {
		if !strings.Contains(contributing, "| `"+folder+"` |") {
			t.Errorf("the map does not name %s", folder)
		}
	}
	_, way, _ := strings.Cut(contributing, "\n## The way of a row\n")
	way, _, _ = strings.Cut(way, "\n## ")
	files := regexp.MustCompile("`([a-z/_-]+\\.go)`").FindAllStringSubmatch(way, -1)
	named := regexp.MustCompile("`([a-z]+\\.[A-Z][A-Za-z]+)`(?: \\||,)").FindAllStringSubmatch(way, -1)
	if len(files) < 20 || len(files) > 32 || len(named) < 7 || len(named) > 9 {
		t.Errorf("a row's way leads through %d files and %d types", len(files), len(named))
	}
	for _, m := range files {
		if _, err := os.Stat(filepath.Join("../..", m[1])); err != nil {
			t.Error(err)
		}
	}
	for _, m := range named {
		if !types[m[1]] {
			t.Errorf("there is no type %s", m[1])
		}
	}
}

func TestDocsNameTestsThatExist(t *testing.T) {
	var tests strings.Builder
	for _, folder := range []string{"*", "*/*", "*/*/*"} {
		found, err := filepath.Glob(filepath.Join("../..", folder, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range found {
			tests.WriteString(read(t, file))
		}
	}
	named := regexp.MustCompile("`((?:Test|Fuzz|Example)[A-Za-z0-9_]+)`")
	for _, d := range documents(t) {
		for _, m := range named.FindAllStringSubmatch(d.text, -1) {
			if !strings.Contains(tests.String(), "\nfunc "+m[1]+"(") {
				t.Errorf("%s: there is no %s", d.path, m[1])
			}
		}
		for _, m := range regexp.MustCompile(`-run (Test[A-Za-z0-9_]+)`).FindAllStringSubmatch(d.text, -1) {
			if !strings.Contains(tests.String(), "\nfunc "+m[1]) {
				t.Errorf("%s: no test begins with %s", d.path, m[1])
			}
		}
		for _, m := range regexp.MustCompile(`[a-z]+\.txtar`).FindAllString(d.text, -1) {
			if _, err := os.Stat("../../testdata/script/" + m); err != nil {
				t.Errorf("%s: %v", d.path, err)
			}
		}
	}
	for line := range strings.Lines(read(t, "../../SECURITY.md")) {
		promise := strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| ---") && !strings.HasPrefix(line, "| promise")
		if promise && !named.MatchString(line) {
			t.Errorf("a promise without a test: %s", line)
		}
	}
}

func TestDocsAreReadable(t *testing.T) {
	if n := len(strings.Fields(read(t, "../../README.md"))); n > 900 {
		t.Errorf("README.md has %d words, more than 900", n)
	}
	for _, d := range documents(t) {
		block := false
		for line := range strings.Lines(d.text) {
			if strings.HasPrefix(line, "```") {
				block = !block
			}
			table := strings.HasPrefix(line, "|")
			if n := utf8.RuneCountInString(strings.TrimSpace(line)); n > 120 && !block && !table {
				t.Errorf("%s: a line of %d characters: %s", d.path, n, line)
			}
		}
	}
}
