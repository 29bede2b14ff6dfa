package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestPrintedCommandsKeepWhatTheFileDoesNotHave(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the quotes are those of a POSIX shell")
	}
	cmd := (&app{}).createCommand()
	given := typedCommand("qlik-provision", cmd, []string{"--subject", "auth0|{ID}", "-o", "out.csv", "--sandbox",
		"--workers", "4", "--rate", "10/s", "--json", "--role", "A", "--role", "B", "--allow-admin-roles", "hr.csv"})
	plain := command{program: "q", name: "create", file: "f"}
	for _, test := range []struct {
		name string
		got  command
		want string
	}{
		{"a retry keeps tenant, pace and consent", given.onResults("retry", "out.csv"),
			"qlik-provision retry out.csv --sandbox --allow-admin-roles --rate 10/s"},
		{"a flag replaces its own", given.with("subject", "{Email}").without("sandbox", "workers", "rate", "json"),
			"qlik-provision create hr.csv -o out.csv --role A --role B --allow-admin-roles --subject '{Email}'"},
		{"a value that looks like a flag", plain.with("delimiter", "-").with("sandbox", ""),
			"q create f --delimiter - --sandbox"},
		{"a file that looks like a flag", plain.onResults("report", "-x.csv"), "q report ./-x.csv"},
		{"a file with a quote", plain.onResults("report", "it's.csv"), `q report 'it'\''s.csv'`},
		{"-o is --out", plain.with("out", "x"), "q create f -o x"},
		{"flags left out", given.without("json", "out", "sandbox", "role"),
			"qlik-provision create hr.csv --subject 'auth0|{ID}' --allow-admin-roles --workers 4 --rate 10/s"},
	} {
		if !sameWords(test.got.String(), test.want) {
			t.Errorf("%s:\n got %s\nwant %s", test.name, test.got, test.want)
		}
	}
}

// sameWords compares lines whose flags may stand in any order.
func sameWords(a, b string) bool {
	count := map[string]int{}
	for _, w := range strings.Fields(a) {
		count[w]++
	}
	for _, w := range strings.Fields(b) {
		count[w]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}

func TestProposedResultFileHasTheTime(t *testing.T) {
	t.Parallel()
	second := `\d{4}-\d\d-\d\d-\d{6}`
	for path, want := range map[string]string{
		"hr.results.csv": `hr\.` + second + `\.results\.csv`, "a.b/hr": `a\.b/hr\.` + second,
		"hr.2001-02-03.results.csv": `hr\.` + second + `\.results\.csv`,
		withDate("hr.results.csv"):  `hr\.` + second + `\.results\.csv`,
	} {
		if got := withDate(path); !regexp.MustCompile("^" + want + "$").MatchString(got) {
			t.Errorf("%s: %s", path, got)
		}
	}
}

func TestProgramIsNamedAsItCanBeCalled(t *testing.T) {
	folder := t.TempDir()
	installed := filepath.Join(folder, "qlik-provision")
	if runtime.GOOS == "windows" {
		installed += ".exe"
	}
	if err := os.WriteFile(installed, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder)
	other := filepath.Join(t.TempDir(), "qlik-provision")
	for arg0, want := range map[string]string{
		"qlik-provision": "qlik-provision", installed: "qlik-provision", other: other, "./bin/q": "./bin/q",
	} {
		if got := programName(arg0); got != want {
			t.Errorf("%s: %s, not %s", arg0, got, want)
		}
	}
	// PowerShell does not search the working folder, and gives its programs their whole path.
	t.Setenv("PATH", t.TempDir())
	t.Chdir(folder)
	if got := programName(installed); got != installed {
		t.Errorf("%s in the working folder: %s", installed, got)
	}
}

func TestWordsAreQuotedForWindows(t *testing.T) {
	for s, want := range map[string]string{
		"hr.csv": "hr.csv", `C:\hr\export.csv`: `C:\hr\export.csv`, "my file.csv": `"my file.csv"`,
		"auth0|{Employee ID}": `"auth0|{Employee ID}"`, "50%": `"50%"`, "@x": `"@x"`, "O'Neil.csv": `"O'Neil.csv"`,
		`\\srv\users$\hr.csv`: `"\\srv\users$\hr.csv"`, "name,roles": `"name,roles"`,
		"\u2018x\u2019.csv": "\"\u2018x\u2019.csv\"", "HR & echo INJECTED & rem .csv": `"HR & echo INJECTED & rem .csv"`,
		"": "", "%X%": "", "$env:X": "", "a`b": "", `a"b`: "", "\u201cx\u201d": "", "a\nb": "", "a\tb": "", `my folder\`: "",
	} {
		if got, ok := quoteForWindows(s); ok && got != want || ok != (want != "") {
			t.Errorf("%s: %s, %v, not %s", s, got, ok, want)
		}
	}
}

// Every character, at every place in a word: a word that is printed is the same word to both shells.
func TestQuotedWordsAreReadAlikeByBothShells(t *testing.T) {
	printed := 0
	for r := range rune(0xfffd) {
		c := string(r)
		for _, s := range []string{c, "a" + c, c + "a", "a" + c + "b" + c, "a " + c + "b"} {
			word, ok := quoteForWindows(s)
			if !ok || !utf8.ValidRune(r) {
				continue
			}
			printed++
			if got, ok := readByPowerShell(word); !ok || got != s {
				t.Errorf("%q is %s, to PowerShell %q", s, word, got)
			}
			if got, ok := readByCmd(word); !ok || got != s {
				t.Errorf("%q is %s, to cmd %q", s, word, got)
			}
		}
	}
	if printed < 250_000 {
		t.Errorf("only %d words are printed", printed)
	}
}

// readByPowerShell reads a word as about_Parsing and about_Quoting_Rules say; ok is false where PowerShell, 5.1 or 7,
// changes it, ends it, or gives a program something else. Typographic quotes and dashes count as the plain ones.
func readByPowerShell(word string) (s string, ok bool) {
	inner, quoted := strings.CutPrefix(word, `"`)
	if !quoted {
		bad := strings.ContainsFunc(word, unicode.IsSpace) || strings.ContainsAny(word, "'\"`,;(){}|&$"+
			"\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u2013\u2014\u2015") || strings.ContainsAny(word[:1], "<>@#")
		return word, !bad
	}
	inner, quoted = strings.CutSuffix(inner, `"`)
	variable := strings.Contains(inner, "$") && regexp.MustCompile(`\$[\pL\pN_:?^$({]`).MatchString(inner)
	passed := inner != "" && !strings.HasSuffix(inner, `\`) // 5.1 drops an empty word, and escapes no backslash
	return inner, quoted && passed && !variable && !strings.ContainsAny(inner, "`\"\u201c\u201d\u201e\r\n")
}

// readByCmd reads a word as cmd and then a program do.
func readByCmd(word string) (s string, ok bool) {
	inner, quoted := strings.CutPrefix(word, `"`)
	if !quoted {
		return word, !strings.ContainsAny(word, " \t\r\n\"&|<>^%()!")
	}
	inner, quoted = strings.CutSuffix(inner, `"`)
	return inner, quoted && !strings.ContainsAny(inner, "\"\r\n") && strings.Count(inner, "%") < 2 &&
		!strings.HasSuffix(inner, `\`)
}

// FuzzQuote has a real shell read a quoted word.
func FuzzQuote(f *testing.F) {
	for _, s := range []string{"", "hr.csv", "my file.csv", "it's", "$HOME", "`id`", "a\nb", `back\slash`, "~", "-n",
		"é", "*",
		"!x", "a;b&c|d>e"} {
		f.Add(s)
	}
	sh, err := exec.LookPath("sh")
	if err != nil || runtime.GOOS == "windows" {
		f.Skip("no POSIX shell")
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.ContainsRune(s, 0) {
			t.Skip("no argument holds a NUL")
		}
		out, err := exec.Command(sh, "-c", "printf '%s.' "+quote(s)).Output()
		if err != nil || string(out) != s+"." {
			t.Errorf("%q is quoted as %s, which is %q (%v)", s, quote(s), out, err)
		}
	})
}
