package roster

import (
	"fmt"
	"net/mail"
	"strings"
	"testing"
)

func TestAnAddressIsOneBareMailbox(t *testing.T) {
	for address, want := range map[string]string{
		"a@b.c":                     "",
		"first.last+tag@acme.co.uk": "",
		"o'brien@acme.example":      "",
		"jörg@müller.example":       "",
		"用户@例子.广告":                  "",
		`"quoted local"@b.c`:        "",
		"a@[127.0.0.1]":             "",
		"a@localhost":               "",
		"foo@":                      "not an address",
		"@b.c":                      "not an address",
		"a b@c.d":                   "not an address",
		"a@b@c.d":                   "not an address",
		"a..b@c.d":                  "not an address",
		"a.@c.d":                    "not an address",
		"a@b..c":                    "not an address",
		"a@b.c.":                    "not an address",
		"plain":                     "not an address",
		"<a@b.c>":                   "more than the bare address",
		"A <a@b.c>":                 "more than the bare address",
		"a@b.c (A)":                 "more than the bare address",
		"a@b.c,d@e.f":               "more than one",
		"mailto:a@b.c":              "not an address",
	} {
		got := badAddress(address)
		if want == "" && got != "" || want != "" && !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", address, got, want)
		}
	}
}

func TestTheFastPathAgreesWithTheParser(t *testing.T) {
	signs := []string{"a", ".", "@", "-", "!", " ", "ä", "1"}
	var all func(prefix string, n int)
	all = func(prefix string, n int) {
		if plainAddress(prefix) {
			if why := slowly(prefix); why != "" {
				t.Errorf("%q passes, but %s", prefix, why)
			}
		}
		if n > 0 {
			for _, s := range signs {
				all(prefix+s, n-1)
			}
		}
	}
	all("", 6)
}

// slowly judges an address without the fast path.
func slowly(v string) string {
	if a, err := mail.ParseAddress(v); err != nil || a.Address != v {
		return fmt.Sprintf("the parser makes %v of it: %v", a, err)
	}
	return ""
}

func TestOnlyOuterWhiteSpaceGoes(t *testing.T) {
	for in, want := range map[string]string{
		"":                              "",
		"a":                             "a",
		" a b ":                         "a b",
		"\u00a0a\u00a0":                 "a",
		"\u200b\u200c\u200d\u2060a":     "a",
		"a\ufeff":                       "a",
		"\u3000佐藤　健太\u3000":             "佐藤　健太",
		"\ta\r\n":                       "a",
		"00123":                         "00123",
		"1E5":                           "1E5",
		"=1+1":                          "=1+1",
		"-":                             "-",
		"'a'":                           "'a'",
		"\u200b \u00a0":                 "",
		"a\u200bb":                      "a\u200bb",
		"\u00ada\u00ad":                 "\u00ada\u00ad", // a soft hyphen is no space
		"\x7fa":                         "\x7fa",
		"\u0301a":                       "\u0301a",
		strings.Repeat(" ", 70) + "end": "end",
	} {
		if got := trim(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestASpreadsheetsDamageIsPointedOut(t *testing.T) {
	for value, damaged := range map[string]bool{
		"1.23E+11": true, "1,23E+11": true, "1E+15": true,
		"1E5": false, "E+11": false, "1.23": false, "1.23E+": false, "12.3E+11": false, "a1E+5": false, "00123": false,
	} {
		if got := scientific(value); got != damaged {
			t.Errorf("%s: got %v", value, got)
		}
	}
}

func TestWithoutAnAddressARowIsInvalidWhereOneIsNeeded(t *testing.T) {
	f, err := open(t, "hr.csv", []byte("Login,Email\n1,\n2,a@b.c\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for r, err := range f.Records() {
		if err != nil {
			t.Fatal(err)
		}
		needed, _ := f.Check(r, true)
		free, _ := f.Check(r, false)
		got = append(got, needed, free)
	}
	if want := `line 2, column "Email": no address`; got[0] != want || got[1]+got[2]+got[3] != "" {
		t.Errorf("got %q, want %q and three times nothing", got, want)
	}
}

func TestWhatLooksDamagedIsSentWithAWarning(t *testing.T) {
	for row, want := range map[string]struct{ invalid, warning string }{
		"########,a":         {invalid: `line 2, column "Login": ######## is a spreadsheet's error value`},
		"#,a":                {},
		"Total,25":           {invalid: `line 2, column "Login": "Total" looks like the total under a report, not like a person`},
		"Total: 2,":          {invalid: `line 2, column "Login": "Total: 2" looks like the total under a report, not like a person`},
		"SUMME,1":            {invalid: `line 2, column "Login": "SUMME" looks like the total under a report, not like a person`},
		"Total Rows: 1.234,": {invalid: `line 2, column "Login": "Total Rows: 1.234" looks like the total under a report, not like a person`},
		"Totalini,a":         {},
		"total:b,a":          {},
		",a":                 {invalid: `line 2, column "Login": no subject`},
		"J\ufffdrg,a":        {warning: `line 2, column "Login": "J�rg" has signs that were lost before (�)`},
		"1,J\ufffdrg":        {warning: `line 2, column "Name": "J�rg" has signs that were lost before (�)`},
		"#1,a":               {},
		"#N/A,a":             {invalid: `line 2, column "Login": #N/A is a spreadsheet's error value`},
	} {
		// A template of one column is that column, and U+FFFD a sign like others also in a file that is said to be UTF-8.
		for _, o := range []Options{{}, {Subject: "{Login}"}, {Encoding: "utf-8"}} {
			f, err := open(t, "hr.csv", []byte("Login,Name\n"+row+"\n"), o)
			if err != nil {
				t.Fatal(err)
			}
			for r, err := range f.Records() {
				if err != nil {
					t.Fatal(err)
				}
				if invalid, warning := f.Check(r, false); invalid != want.invalid || warning != want.warning {
					t.Errorf("%q with %+v: got %q and %q, want %q and %q", row, o, invalid, warning, want.invalid, want.warning)
				}
			}
		}
	}
}

func TestControlCharactersAreRefusedInWhatIsSent(t *testing.T) {
	for value, want := range map[string]bool{"a\tb": true, "a\x7fb": true, "a\u0085b": true, "a\u009fb": true, "a\u00a0b": false, "é": false, "Â": false} {
		if got := strings.Contains(unsendable(value), "control character"); got != want {
			t.Errorf("%q: got %v", value, got)
		}
	}
}

func TestACellIsQuotedWhereItHasToBe(t *testing.T) {
	for in, want := range map[string]string{
		"":       "",
		"a b":    "a b",
		"a;b":    `"a;b"`,
		"a,b":    "a,b",
		`a"b`:    `"a""b"`,
		"a\nb":   "\"a\nb\"",
		"a\rb":   "\"a\rb\"",
		" a":     `" a"`,
		`""`:     `""""""`,
		"Größe":  "Größe",
		"a ":     "a ",
		"\ta":    "\"\ta\"",
		"\u00a0": "\u00a0",
	} {
		if got := string(AppendField([]byte("x"), in, ';')); got != "x"+want {
			t.Errorf("%q: got %s, want %s", in, got[1:], want)
		}
	}
	for in, want := range map[string]string{"a¦b": `"a¦b"`, "a§b": "a§b", "a;b": "a;b", `a"b`: `"a""b"`} {
		if got := string(AppendField(nil, in, '¦')); got != want {
			t.Errorf("%q between broken bars: got %s, want %s", in, got, want)
		}
	}
}
