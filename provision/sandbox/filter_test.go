package sandbox

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// oddUsers returns a tenant whose users have data that looks like filters and wild cards, in the order of their names.
func oddUsers(o Options) *Tenant {
	tenant := New(o)
	for i, u := range []User{
		{Subject: "a", Email: "ann@acme.example"},
		{Subject: "A", Email: "anna@acme.example"},
		{Subject: `q"uote`}, {Subject: `it's`}, {Subject: `back\slash`}, {Subject: `x" or subject eq "a`},
		{Subject: "*"}, {Subject: "%"}, {Subject: "müller"}, {Subject: "李"}, {Subject: "k"}, {Subject: "tab\there"},
		{Subject: "i", Status: "invited"}, {Subject: "p", Status: "provisioned"}, {Subject: "d", Status: "deleted"},
		{Subject: "off", Status: "disabled"},
	} {
		u.Name = fmt.Sprintf("Name %02d", i)
		tenant.Add(u)
	}
	return tenant
}

func TestFilterFinds(t *testing.T) {
	c := overSocket(t, oddUsers(Options{}))
	for _, test := range []struct{ filter, want string }{
		{`subject eq "a"`, "a|A"}, {`subject eq "A"`, "a|A"}, {`SUBJECT EQ "a"`, "a|A"},
		{"  subject   eq\t\"a\"  ", "a|A"}, {`(subject eq"a")`, "a|A"},
		{`subject eq "a" or subject eq "k"`, "a|A|k"},
		{`subject eq "k" OR subject eq "a" Or subject eq "a"`, "a|A|k"},
		{`subject eq "q\"uote"`, `q"uote`},
		{`subject eq "it's"`, `it's`},
		{`subject eq "back\\slash"`, `back\slash`},
		{`subject eq "x\" or subject eq \"a"`, `x" or subject eq "a`},
		{`subject eq "*"`, "*"}, {`subject eq "%"`, "%"},
		{`subject eq "M\u00dcLLER"`, "müller"}, {`subject eq "李"`, "李"}, {`subject eq "\u674e"`, "李"},
		{`subject eq "` + "\u212a" + `"`, "k"}, // the Kelvin sign
		{`subject eq "tab\there"`, "tab\there"},
		{`subject eq " a"`, ""}, {`subject eq ""`, ""}, {`email eq ""`, ""},
		{`email eq "ann@ACME.example"`, "a"}, {`id eq "nobody"`, ""},
		{`(subject eq "k" or subject eq "a") AND (email eq "ann@acme.example")`, "a"},
		{`(subject eq "a") and (subject eq "k")`, ""},
		{`status eq "disabled"`, "off"}, {`(status eq "DISABLED")`, "off"}, {`status eq "deleted"`, "d"},
		{`status eq "disabled" or status eq "invited"`, "i|off"},
		{`(subject eq "a" or subject eq "k") and (status eq "active")`, "a|A|k"},
		{`(status eq "active" or status eq "disabled") and (subject eq "a")`, "a|A"},
		{`(subject eq "d" or email eq "d") and (status eq "active" or status eq "invited")`, ""},
		{`(subject eq "d" or subject eq "p") and (status eq "deleted" or status eq "provisioned")`, "p|d"},
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

func TestFilterRefuses(t *testing.T) {
	c := inProcess(t, oddUsers(Options{Limit: LimitOff}))
	for _, filter := range []string{
		``, `subject`, `subject eq`, `subject eq a`, `subject eq "a`, `subject eq 'a'`, `name eq "a"`,
		`subject eq "a\"`, `subject eq "\x"`,
		"subject eq \"tab\t\"", `subject eq "a'`, `subject pr`, `subject = "a"`, `subject co "a"`, `subject ne "a"`,
		`not (subject eq "a")`, `userName eq "a"`, `"subject" eq "a"`, `subject eq "a" subject eq "b"`, `subject eq "a" or`,
		`subject eq "a" or ?`, `subject eq "a" and and`, `(subject eq "a"`, `subject eq "a")`, `()`, `(`, `"`,
		`subject eq "a" or status eq "active"`, `subject eq "a" and status eq "active"`,
		`(subject eq "a" and status eq "active")`, `(subject eq "a" and (status eq "active")) or subject eq "b"`,
		`subject eq "a" or subject eq "b" and (status eq "active")`, `subject eq "a" or (status eq "active")`,
		`(subject eq "a") and (status eq "active" or email eq "b")`, `subject eq "a" and (status eq "active")`,
		`((subject eq "a"))`,
	} {
		_, a := c.find(filter)
		if a.status != 400 || a.code() != "USERS-4" {
			t.Errorf("%.200s: %d %s, want 400", filter, a.status, a.text)
		}
	}
}

func TestFilterTakes100Terms(t *testing.T) {
	const statuses = `(status eq "active" or status eq "invited" or status eq "disabled" or status eq "provisioned")`
	c := inProcess(t, New(Options{}))
	for people, want := range map[int]int{48: 200, 49: 400} {
		var terms []string
		for i := range people {
			terms = append(terms, fmt.Sprintf(`subject eq "s%d" or email eq "s%d@acme.example"`, i, i))
		}
		_, a := c.find("(" + strings.Join(terms, " or ") + ") and " + statuses)
		if a.status != want || want == 400 && !strings.Contains(a.text, "filter is too complex") {
			t.Errorf("%d people: %d %s", people, a.status, a.text)
		}
	}
	if _, a := c.find(strings.Repeat(`id eq "1" or `, 99) + `id eq "1"`); a.status != 200 {
		t.Errorf("100 IDs: %d", a.status)
	}
	if _, a := c.find(strings.Repeat(`id eq "1" or `, 100) + `id eq "1"`); a.status != 400 {
		t.Errorf("101 IDs: %d", a.status)
	}
	c = inProcess(t, New(Options{MaxTerms: 2}))
	if _, a := c.find(`id eq "1" or id eq "2" or id eq "3"`); a.status != 400 {
		t.Errorf("3 of 2 terms: %d", a.status)
	}
}

func TestFilterWithoutStatusFindsAllButTheDeleted(t *testing.T) {
	const named = `(subject eq "a" or subject eq "i" or subject eq "p" or subject eq "d")`
	c := inProcess(t, oddUsers(Options{}))
	if got, _ := c.find(named); strings.Join(got, " ") != "a A i p" {
		t.Errorf("%v", got)
	}
	if n := len(c.get("/api/v1/users?limit=100").body.Data); n != 15 {
		t.Errorf("a list without a filter has %d users", n)
	}
	if got, _ := c.find(named + ` and (status eq "deleted" or status eq "invited")`); strings.Join(got, " ") != "i d" {
		t.Errorf("statuses named: %v", got)
	}
}

func FuzzFilter(f *testing.F) {
	for _, seed := range []string{
		`subject eq "a"`, `(subject eq "q\"uote" or email eq "@") and (status eq "active")`, `subject eq "\ud800"`,
		`subject eq "` + "\xff" + `"`, `subject eq "a" or`, `"`,
	} {
		f.Add(seed)
	}
	tenant := oddUsers(Options{})
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := parseFilter(text, 100)
		if err != nil {
			return
		}
		matching := func(among []*record) (subjects []string) {
			for _, r := range among {
				if parsed.matches(r) {
					subjects = append(subjects, r.Subject)
				}
			}
			slices.Sort(subjects)
			return subjects
		}
		scanned, indexed := matching(tenant.records), matching(tenant.candidates(parsed))
		if !slices.Equal(scanned, indexed) {
			t.Fatalf("%q: the index finds %q, a scan %q", text, indexed, scanned)
		}
	})
}

// FuzzSubjectIsData quotes subjects as a client does. A filter with one must find its user and no other.
func FuzzSubjectIsData(f *testing.F) {
	for _, seed := range []string{"a", `"`, `\`, `\"`, `x" or subject eq "a`, "\u2028", "\x00", "*", "%", `")`, "ſ"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, subject string) {
		quoted, err := json.Marshal(subject)
		if err != nil {
			t.Fatal(err)
		}
		tenant := New(Options{})
		tenant.Add(User{Subject: "another user"})
		tenant.Add(User{Subject: strings.ToValidUTF8(subject, "\ufffd")})
		parsed, err := parseFilter("(subject eq "+string(quoted)+") and (status eq \"active\")", 100)
		if err != nil {
			t.Fatalf("%s: %v", quoted, err)
		}
		another := tenant.records[0]
		if parsed.matches(another) && !strings.EqualFold(subject, "another user") {
			t.Fatalf("%q finds another user", subject)
		}
		if subject != "" && strings.ToValidUTF8(subject, "") == subject &&
			!parsed.matches(tenant.records[1]) {
			t.Fatalf("%q does not find its user", subject)
		}
	})
}
