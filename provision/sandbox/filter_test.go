package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// crowd is users whose data look like filters, keys of maps and wild cards.
func crowd() *Tenant {
	tenant := New(Options{})
	for _, u := range []User{
		{Subject: "a", Name: "Ann", Email: "ann@acme.example"},
		{Subject: "A", Name: "Another", Email: "ANN@acme.example", Status: "disabled"},
		{Subject: `q"uote`, Name: "Q"},
		{Subject: `back\slash`, Name: "B"},
		{Subject: `x" or subject eq "a`, Name: "I"},
		{Subject: "*", Name: "Star"}, {Subject: "%", Name: "Percent"},
		{Subject: "müller", Name: "Jörg"}, {Subject: "李", Name: "Li"}, {Subject: "k", Name: "Kim"},
		{Subject: "tab\there", Name: "T"},
		{Subject: "nobody"}, // no name, no address
	} {
		tenant.Add(u)
	}
	return tenant
}

func TestFilterFinds(t *testing.T) {
	c := overSocket(t, crowd())
	for _, test := range []struct{ filter, want string }{
		{`subject eq "a"`, "a|A"},
		{`subject eq "A"`, "a|A"},
		{`SUBJECT EQ "a"`, "a|A"},
		{`  subject   eq	"a"  `, "a|A"},
		{`subject eq "a" or subject eq "k"`, "a|A|k"},
		{`subject eq "k" OR subject eq "a" Or subject eq "a"`, "a|A|k"},
		{`subject eq "q\"uote"`, `q"uote`},
		{`subject eq "back\\slash"`, `back\slash`},
		{`subject eq "x\" or subject eq \"a"`, `x" or subject eq "a`},
		{`subject eq "*"`, "*"}, {`subject eq "%"`, "%"},
		{`subject eq "M\u00dcLLER"`, "müller"}, {`subject eq "李"`, "李"}, {`subject eq "\u674e"`, "李"},
		{`subject eq "` + "\u212a" + `"`, "k"}, // the Kelvin sign
		{`subject eq "tab\there"`, "tab\there"},
		{`subject eq " a"`, ""}, {`subject eq ""`, ""}, {`email eq ""`, ""},
		{`email eq "ann@ACME.example"`, "a|A"},
		{`name eq "ann"`, "a"}, {`name co "NN"`, "a"}, {`name sw "an"`, "a|A"}, {`name ew "HER"`, "A"}, {`name sw "nn"`, ""}, {`name ew "an"`, ""},
		{`name ne "x" and subject eq "a"`, "a|A"}, {`name ne "ANN" and subject eq "a"`, "A"}, {`email ne "x" and subject sw "nob"`, "nobody"},
		{`subject eq "a" and name eq "ann" or subject eq "k"`, "a|k"},
		{`subject eq "k" or subject eq "a" and name eq "ann"`, "a|k"},
		{`(subject eq "k" or subject eq "a") and name eq "ann"`, "a"},
		{`not (subject ne "k")`, "k"}, {`not(subject ne "k")`, "k"}, {`NOT (name ne "li" and name ne "kim")`, "李|k"},
		{`((((subject eq "k"))))`, "k"},
		{`subject eq "a" and not (name eq "ann")`, "A"},
		{`status eq "disabled"`, "A"}, {`(status eq "DISABLED")`, "A"},
		{`status eq "disabled" or status eq "deleted"`, "A"},
		{`(subject eq "a" or subject eq "k") and (status eq "active")`, "a|k"},
		{`(status eq "active" or status eq "disabled") and subject eq "a"`, "a|A"},
		{`subject eq "a" and not (status eq "active")`, "A"},
		{`id eq "nobody"`, ""},
		{`subject eq "a" and subject eq "k"`, ""},
	} {
		got, a := c.find(test.filter)
		var want []string
		if test.want != "" {
			want = strings.Split(test.want, "|")
		}
		if a.status != 200 || !slices.Equal(got, want) {
			t.Errorf("%s: %d %q, want %q: %.200s", test.filter, a.status, got, want, a.text)
		}
	}
}

func TestFilterRefusesWithAPosition(t *testing.T) {
	c := inProcess(t, crowd())
	for _, test := range []struct{ filter, detail string }{
		{``, "position 1: expected subject"},
		{`subject`, "position 8: expected eq, ne, co, sw or ew, found the end"},
		{`subject eq`, "position 11: expected a JSON string"},
		{`subject eq a`, "position 12: expected a JSON string, found a"},
		{`subject eq "a`, "position 12: a string without an end"},
		{`subject eq "a\"`, "position 12: a string without an end"},
		{`subject eq "\x"`, "position 12: expected a JSON string"},
		{"subject eq \"tab\t\"", "position 12: expected a JSON string"},
		{`subject pr`, "position 9: expected eq"},
		{`subject = "a"`, "position 9: unexpected '='"},
		{`userName eq "a"`, "position 1: expected subject, name"},
		{`"subject" eq "a"`, "position 1: expected subject, name"},
		{`subject eq "a" subject eq "b"`, "position 16: expected and, or, or the end"},
		{`subject eq "a" or`, "position 18: expected subject"},
		{`subject eq "a" or ?`, "position 19: unexpected '?'"},
		{`not ?`, "position 5: unexpected '?'"},
		{`(?`, "position 2: unexpected '?'"},
		{`subject eq ` + strings.Repeat("a", 33), "position 12: expected a JSON string, found " + strings.Repeat("a", 32) + "…"},
		{`"` + strings.Repeat("ä", 20) + `" eq "a"`, `position 1: expected subject, name, email, status, id, not or (, found "` + strings.Repeat("ä", 15) + "…"},
		{`subject eq "a" and and`, "position 20: expected subject"},
		{`(subject eq "a"`, "position 16: expected and, or, or )"},
		{`subject eq "a")`, "position 15: expected and, or, or the end"},
		{`()`, "position 2: expected subject"},
		{`not subject eq "a"`, "position 5: expected ( after not"},
		{`subject eq "a" or status eq "active"`, "position 19: terms on status must be grouped"},
		{`subject eq "a" and status eq "active"`, "position 20: terms on status must be grouped"},
		{`(subject eq "a" and status eq "active")`, "position 21: terms on status must be grouped"},
		{`subject eq "a" or subject eq "b" and (status eq "active")`, "position 39: terms on status must be grouped"},
		{`subject eq "a" and (status eq "active" or name eq "b")`, "position 21: terms on status must be grouped"},
		{`subject eq "ä" or x`, "position 20: expected subject"},
		{strings.Repeat("(", 65) + `id eq "1"` + strings.Repeat(")", 65), "position 65: brackets nest deeper than 64"},
		{strings.Repeat(`id eq "1" or `, 100) + `id eq "1"`, "position 1301: the filter is too complex: more than 100 terms"},
	} {
		_, a := c.find(test.filter)
		detail, _ := a.fault()["detail"].(string)
		if a.status != 400 || a.fault()["code"] != "USERS-4" || !strings.Contains(detail, test.detail) {
			t.Errorf("%s: %d %q, want 400 with %q", test.filter, a.status, detail, test.detail)
		}
	}
	if _, a := c.find(strings.Repeat(`id eq "1" or `, 99) + `id eq "1"`); a.status != 200 {
		t.Errorf("100 terms: %d %s", a.status, a.text)
	}
	if _, a := c.find(strings.Repeat("(", 64) + `id eq "1"` + strings.Repeat(")", 64)); a.status != 200 {
		t.Errorf("64 brackets: %d %s", a.status, a.text)
	}
	c = inProcess(t, New(Options{MaxTerms: 2}))
	if _, a := c.find(`id eq "1" or id eq "2" or id eq "3"`); a.status != 400 {
		t.Errorf("3 of 2 terms: %d", a.status)
	}
}

// TestIndexesFindWhatAScanFinds makes up filters and compares what a request finds with what each user alone meets, term by term.
func TestIndexesFindWhatAScanFinds(t *testing.T) {
	tenant := New(Options{MaxTerms: 1000, Limit: LimitOff})
	draw := rand.New(rand.NewPCG(1, 2))
	words := []string{"a", "B", "ab", "ä", "K", "k", "\u212a", "ſ", "S", ""}
	word := func() string { return words[draw.IntN(len(words))] }
	for i := range 60 {
		tenant.Add(User{Subject: word() + word() + fmt.Sprint(i%5), Email: word() + word(), Name: word()})
	}
	c := inProcess(t, tenant)
	type meets func(User) bool
	var make func(depth int) (string, meets)
	make = func(depth int) (string, meets) {
		if depth == 0 || draw.IntN(3) == 0 {
			field := []string{"subject", "email", "name", "id"}[draw.IntN(4)]
			value := word() + word()
			if field == "subject" {
				value += fmt.Sprint(draw.IntN(5))
			}
			if field == "id" {
				value = tenant.Users()[draw.IntN(60)].ID
			}
			text, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprintf("%s eq %s", field, text), func(u User) bool {
				have := map[string]string{"subject": u.Subject, "email": u.Email, "name": u.Name, "id": u.ID}[field]
				return have != "" && strings.EqualFold(have, value)
			}
		}
		a, meetsA := make(depth - 1)
		b, meetsB := make(depth - 1)
		switch draw.IntN(4) {
		case 0:
			return "not (" + a + ")", func(u User) bool { return !meetsA(u) }
		case 1:
			return "(" + a + ") and (" + b + ")", func(u User) bool { return meetsA(u) && meetsB(u) }
		}
		return "(" + a + ") or (" + b + ")", func(u User) bool { return meetsA(u) || meetsB(u) }
	}
	users := tenant.Users()
	found := 0
	for range 1500 {
		filter, meets := make(4)
		var want []string
		for _, u := range users {
			if meets(u) {
				want = append(want, u.Subject)
			}
		}
		got, a := c.find(filter)
		if a.status == 429 {
			t.Fatal("the limit is on")
		}
		found += len(got)
		if !slices.Equal(got, want) {
			t.Fatalf("%s\ngot  %q\nwant %q\n%s", filter, got, want, a.text)
		}
	}
	if found == 0 {
		t.Error("no filter found anybody")
	}
}

func TestFoldIsThatOfEqualFold(t *testing.T) {
	words := []string{"", "a", "A", "ab", "k", "\u212a", "s", "ſ", "S", "ß", "ẞ", "ü", "Ü", "ü", "İ", "i", "I", "ı", "Σ", "σ", "ς", "ǅ", "Ǆ", "ǆ", "李", "aÄ", "AÄ", "aä"}
	for _, a := range words {
		for _, b := range words {
			if got, want := fold(a) == fold(b), strings.EqualFold(a, b); got != want {
				t.Errorf("%q and %q: same fold %v, EqualFold %v", a, b, got, want)
			}
		}
	}
}

func FuzzFilter(f *testing.F) {
	for _, seed := range []string{
		`subject eq "a"`, `(subject eq "q\"uote" or email co "@") and (status eq "active")`, `not (name sw "x") and id ne "1"`,
		`subject eq "\ud800"`, `subject eq "` + "\xff" + `"`, strings.Repeat("(", 200), strings.Repeat("not (", 70), `subject eq "a" or`, `"`, `subject eq "\`,
	} {
		f.Add(seed)
	}
	tenant := crowd()
	everybody := tenant.dir.records
	f.Fuzz(func(t *testing.T, text string) {
		start := time.Now()
		parsed, err := parseFilter(text, 100)
		if err != nil {
			var at *filterError
			if !errors.As(err, &at) || at.at < 0 || at.at > len(text) {
				t.Fatalf("%q: position %v of %d", text, err, len(text))
			}
			return
		}
		var scanned []*record
		for _, r := range everybody {
			if parsed.root.matches(r) {
				scanned = append(scanned, r)
			}
		}
		var indexed []*record
		for _, r := range tenant.among(parsed) {
			if parsed.root.matches(r) {
				indexed = append(indexed, r)
			}
		}
		if !slices.Equal(scanned, indexed) {
			t.Fatalf("%q: the index finds %d, a scan %d", text, len(indexed), len(scanned))
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Fatalf("%q took %v", text, took)
		}
	})
}

// FuzzSubjectIsData quotes arbitrary subjects as a client would, and must find nobody else.
func FuzzSubjectIsData(f *testing.F) {
	for _, seed := range []string{"a", `"`, `\`, `\"`, `x" or subject eq "a`, "\u2028", "\x00", "*", "%", `")`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, subject string) {
		quoted, err := json.Marshal(subject)
		if err != nil {
			t.Fatal(err)
		}
		tenant := New(Options{})
		tenant.Add(User{Subject: "somebody else"})
		tenant.Add(User{Subject: strings.ToValidUTF8(subject, "\ufffd")})
		parsed, err := parseFilter("subject eq "+string(quoted)+" and (status eq \"active\")", 100)
		if err != nil {
			t.Fatalf("%s: %v", quoted, err)
		}
		for _, r := range tenant.among(parsed) {
			if parsed.root.matches(r) && strings.EqualFold(r.Subject, "somebody else") && !strings.EqualFold(subject, "somebody else") {
				t.Fatalf("%q finds somebody else", subject)
			}
		}
	})
}
