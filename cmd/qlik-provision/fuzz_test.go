package main

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/time/rate"
)

func FuzzContexts(f *testing.F) {
	for _, seed := range []string{
		"current-context: prod\ncontexts:\n  prod:\n    server: https://acme.eu.qlikcloud.com\n" +
			"    server-type: cloud\n    headers:\n      Authorization: Bearer MARKED-SECRET\n",
		"contexts:\n  ops:\n    server: acme.eu.qlikcloud.com\n" +
			"    oauth-client-id: me\n    oauth-client-secret: MARKED-SECRET\n",
		"contexts: {a: {headers: {Authorization: 'Bearer  MARKED-SECRET '}}}",
		"contexts:\n  a: &a\n    oauth-client-secret: MARKED-SECRET\n  b: *a\n  c:\n    <<: *a\n",
		"contexts:\n  a: MARKED-SECRET\n",
		"contexts: [MARKED-SECRET]",
		"contexts:\n\ta: MARKED-SECRET",
		"contexts:\n  a:\n    server: [MARKED-SECRET]\n    headers: MARKED-SECRET\n",
		"a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\ncontexts: {d: *c}",
		"contexts: {? [1] : {}, ~: {}, 1: {server: 1}}",
		"--- !!binary MARKED-SECRET\n...", "", "\xff\xfe", "{", "contexts: null", "%YAML 9.9\n---\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		contexts, err := parseContexts(b)
		if err != nil {
			// An error may name a context. A value stands behind a colon.
			text := string(b)
			value := !strings.Contains(text, "MARKED-SECRET:") && strings.Count(text, "MARKED-SECRET") == 1 &&
				strings.Contains(text, ": MARKED-SECRET\n")
			if value && strings.Contains(err.Error(), "MARKED-SECRET") {
				t.Errorf("%q of %q", err, b)
			}
			return
		}
		for _, c := range contexts {
			creds := c.credentials()
			err := source{name: "it", creds: creds}.check()
			if err != nil && strings.Contains(err.Error(), "MARKED-SECRET") {
				t.Errorf("%q holds a value", err)
			}
			if err == nil && creds.APIKey == "" && (creds.ClientID == "" || creds.ClientSecret == "") {
				t.Errorf("half a client of %q", b)
			}
		}
	})
}

func FuzzRate(f *testing.F) {
	for _, seed := range []string{"100/m", "10/s", "1/h", "off", "", "0/s", "-1/s", "1e400/s", "1e308/s", "NaN/s",
		"inf/s", "0x1p-2/s", "1_0/s", "5e-324/h", "1/", "/s", "1/s/s", " 1/s", "1 /s", "٣/s"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var flags flags
		err := flags.setRate(s)
		got := flags.runOptions.Rate
		if err != nil {
			if got != 0 || !strings.Contains(err.Error(), "N/s, N/m, N/h, or off") {
				t.Errorf("%q: %v, %v", s, got, err)
			}
			return
		}
		if got == rate.Inf && s != "off" || !(got > 0) {
			t.Errorf("%q is %v writes a second", s, got)
		}
	})
}

func FuzzDelimiter(f *testing.F) {
	for _, seed := range []string{"", "comma", "SEMICOLON", "tab", `\t`, "\t", "pipe", "|", ",", ";", "\"", "\n",
		"\r", "\x00",
		"\ufeff", "\ufffd", "\xff", "ü", "ab", " "} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var flags flags
		err := flags.setDelimiter(s)
		r := flags.readOptions.Delimiter
		if err == nil && (r == '"' || r == '\n' || r == '\r' || r < 0 || r == 0 && s != "") {
			t.Errorf("%q is %q", s, r)
		}
	})
}

func FuzzPrintable(f *testing.F) {
	f.Add(hostileText)
	f.Add(markup)
	f.Add("\xff\xfe\xc2")
	f.Fuzz(func(t *testing.T, s string) {
		if found := obeyed(printable(s)); len(found) > 0 {
			t.Errorf("%v of %q", found, s)
		}
		var ascii strings.Builder
		if err := (summary{"tenant": s}).write(&ascii, nil); err != nil {
			t.Fatal(err)
		}
		line := strings.TrimSuffix(ascii.String(), "\n")
		var decoded summary
		if err := json.Unmarshal([]byte(line), &decoded); err != nil || decoded["tenant"] != s && utf8.ValidString(s) {
			t.Errorf("%q is %q in JSON, %v", s, line, err)
		}
		if i := strings.IndexFunc(line, func(r rune) bool { return r < ' ' || r > '~' }); i >= 0 {
			t.Errorf("%q holds %q", line, line[i])
		}
	})
}
