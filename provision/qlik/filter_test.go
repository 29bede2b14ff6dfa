package qlik

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFiltersNameEveryStatusButDeleted(t *testing.T) {
	const statuses = ` and (status eq "active" or status eq "invited" or status eq "disabled" or status eq "provisioned")`
	for _, test := range []struct{ got, want string }{
		{UserFilter(nil, []string{`corp\jdoe`, "emp-2"}, []string{"a@example.com"}),
			`(subject eq "corp\\jdoe" or subject eq "emp-2" or email eq "a@example.com")` + statuses},
		{UserFilter(nil, []string{"emp-1"}, nil), `(subject eq "emp-1")` + statuses},
		{UserFilter(nil, []string{"emp-1", ""}, []string{""}), `(subject eq "emp-1")` + statuses},
		{UserFilter(nil, nil, []string{"a@example.com"}), `(email eq "a@example.com")` + statuses},
		{UserFilter([]string{"u1", "", "u2"}, nil, nil), `(id eq "u1" or id eq "u2")` + statuses},
		{UserFilter(nil, []string{""}, nil), "()" + statuses}, // not a filter that finds every user
	} {
		if test.got != test.want {
			t.Errorf("%s, want %s", test.got, test.want)
		}
	}
}

func TestFiltersHaveAHundredTerms(t *testing.T) {
	full := func(n int) []string { return strings.Split(strings.Repeat("x ", n-1)+"x", " ") }
	for _, filter := range []string{
		UserFilter(nil, full(MaxTerms/2), full(MaxTerms/2)), UserFilter(full(MaxTerms), nil, nil),
	} {
		if n := strings.Count(filter, " eq "); n != 100 {
			t.Errorf("%d terms", n)
		}
	}
}

func FuzzUserFilter(f *testing.F) {
	for _, seed := range []string{`a`, `a" or subject co "e`, `\`, `\"`,
		"\u2028", "日本", "\x00\x1f\x7f", "<&>", "\xff"} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, subject, email string) {
		if subject == "" || email == "" {
			t.Skip()
		}
		// Whatever the values are, the filter has the same terms: they are read as JSON strings give the values back.
		rest := UserFilter(nil, []string{subject}, []string{email})
		for _, term := range []struct{ before, value string }{{"(subject eq ", subject}, {" or email eq ", email}} {
			value, ok := strings.CutPrefix(rest, term.before)
			if !ok {
				t.Fatalf("%q does not go on with %q", rest, term.before)
			}
			dec := json.NewDecoder(strings.NewReader(value))
			var got string
			if err := dec.Decode(&got); err != nil {
				t.Fatalf("%q: %v", value, err)
			}
			if utf8.ValidString(term.value) && got != term.value {
				t.Errorf("%q became %q", term.value, got)
			}
			rest = value[dec.InputOffset():]
		}
		if rest != ")"+existing {
			t.Errorf("the filter ends with %q", rest)
		}
	})
}
