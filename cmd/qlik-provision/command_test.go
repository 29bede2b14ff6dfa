package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

func TestACommandLineIsChangedByItsFlags(t *testing.T) {
	given := command{[]string{"qlik-provision", "create", "hr.csv", "--subject", "auth0|{ID}", "-o", "out.csv", "--sandbox", "--workers", "4", "--rate", "10/s", "--json"}}
	for _, test := range []struct {
		name string
		got  command
		want string
	}{
		{"a retry keeps what decides what is sent", given.retry("out.csv"), "qlik-provision retry out.csv --subject 'auth0|{ID}' --sandbox --rate 10/s"},
		{"a flag takes the place of its own", given.with("--subject", "{Email}"), "qlik-provision create hr.csv -o out.csv --sandbox --workers 4 --rate 10/s --json --subject '{Email}'"},
		{"a value may look like a flag", command{[]string{"q", "create", "f"}}.with("--delimiter", "-", "--sandbox"), "q create f --delimiter - --sandbox"},
		{"so may that of a flag that stays", command{[]string{"q", "create", "f", "--name", "--quiet", "--quiet"}}.without("--quiet"), "q create f --name --quiet"},
		{"-o and --out are one", given.with("--out", "x"), "qlik-provision create hr.csv --subject 'auth0|{ID}' --sandbox --workers 4 --rate 10/s --json --out x"},
		{"another command on the same file", given.without("--json", "-o", "--sandbox").on("plan", "hr.csv"), "qlik-provision plan hr.csv --subject 'auth0|{ID}' --workers 4 --rate 10/s"},
	} {
		if runtime.GOOS == "windows" {
			t.Skip("the quotes are those of a POSIX shell")
		}
		if got := test.got.String(); got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.name, got, test.want)
		}
	}
}

func TestTheProgramIsCalledByAPathFromHereOrByName(t *testing.T) {
	for arg0, want := range map[string]string{
		"qlik-provision":                           "qlik-provision",
		"bin/qlik-provision":                       "bin/qlik-provision",
		"./qlik-provision":                         "./qlik-provision",
		filepath.Join(os.TempDir(), "x", "exe"):    "qlik-provision",
		filepath.Join(t.TempDir(), "a", "program"): "qlik-provision",
	} {
		if got := programName(arg0); got != want {
			t.Errorf("%s: %s, not %s", arg0, got, want)
		}
	}
}

func TestAWordIsQuotedForWindows(t *testing.T) {
	for s, want := range map[string]string{
		"hr.csv": "hr.csv", `C:\hr\export.csv`: `C:\hr\export.csv`, "": `""`, "my file.csv": `"my file.csv"`, "auth0|{Employee ID}": `"auth0|{Employee ID}"`, "50%": `"50%"`, "@x": `"@x"`,
		"O'Neil.csv": `"O'Neil.csv"`, `\\srv\users$\hr.csv`: `'\\srv\users$\hr.csv'`, "a`b": "'a`b'", `a"b`: `'a"b'`, "$it's": "'$it''s'",
	} {
		if got := quoteForWindows(s); got != want {
			t.Errorf("%s: %s, not %s", s, got, want)
		}
	}
}

// FuzzQuote asks a real shell whether a quoted word is the word.
func FuzzQuote(f *testing.F) {
	for _, s := range []string{"", "hr.csv", "my file.csv", "it's", "$HOME", "`id`", "a\nb", `back\slash`, "~", "-n", "é", "*", "!x", "a;b&c|d>e"} {
		f.Add(s)
	}
	sh, err := exec.LookPath("sh")
	if err != nil || runtime.GOOS == "windows" {
		f.Skip("no POSIX shell")
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, b := range []byte(s) {
			if b == 0 {
				t.Skip("no argument holds a NUL")
			}
		}
		out, err := exec.Command(sh, "-c", "printf '%s.' "+quote(s)).Output()
		if err != nil || string(out) != s+"." {
			t.Errorf("%q is quoted as %s, which is %q (%v)", s, quote(s), out, err)
		}
	})
}
