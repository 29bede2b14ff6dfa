package provision

import (
	"testing"

	"qlik-provision/provision/qlik"
)

func TestSamePersonUnderOneSubject(t *testing.T) {
	person := func(name, email string) Person { return Person{Subject: "1", Name: name, Email: email} }
	for _, c := range []struct {
		why        string
		a, b       Person
		same, sure bool
	}{
		{"names agree in any order, case and punctuation",
			person("Lovelace, Ada", "a@x.example"), person("ADA  LOVELACE", "b@x.example"), true, true},
		{"names agree in another Unicode form", person("Jo\u0308rg Müller", ""),
			person("Jörg Mu\u0308ller", ""), true, true},
		{"a typographic apostrophe is an apostrophe", person("Pat O’Brien", ""), person("Pat O'Brien", ""), true, true},
		{"addresses agree", person("Ada King", "ADA@x.example"), person("A. Lovelace", "ada@x.example"), true, true},
		{"close names, one address missing", person("Ada King", "a@x.example"), person("Ada Lovelace", ""), true, false},
		{"close names, two addresses",
			person("Ada King", "a@x.example"), person("Ada Lovelace", "b@x.example"), false, false},
		{"an initial is not close", person("J. Doe", ""), person("J. Smith", ""), false, false},
		{"other names, one address missing", person("Ada King", "a@x.example"), person("Bob Smith", ""), false, false},
		{"nothing on one side", person("Ada King", "a@x.example"), person("", ""), true, true},
		{"nothing in common to compare", person("Ada King", ""), person("", "b@x.example"), true, true},
		{"no names, other addresses", person("", "a@x.example"), person("", "b@x.example"), false, false},
		{"a name that is the address is none", person("a@x.example", "a@x.example"), person("Bob Smith", ""), true, true},
		{"a name that is the other's address is none",
			person("ab@x.example", ""), person("Zoe Smith", "ab@x.example"), true, true},
		{"a name of punctuation is none", person("-", ""), person("Bob Smith", ""), true, true},
	} {
		for _, pair := range [][2]Person{{c.a, c.b}, {c.b, c.a}} {
			if same, sure := compare(pair[0], pair[1]); same != c.same || sure != c.sure {
				t.Errorf("%s: %+v and %+v: same %v, sure %v", c.why, pair[0], pair[1], same, sure)
			}
		}
	}
}

func TestKeysFoldCaseAndUnicodeForm(t *testing.T) {
	for _, c := range []struct{ a, b string }{
		{"ADOE", "adoe"}, {"J\u0308", "j\u0308"}, {"É", "e\u0301"}, {"straße", "STRASSE"},
	} {
		if SubjectKey(c.a) != SubjectKey(c.b) || EmailKey(" "+c.a) != EmailKey(c.b+" ") {
			t.Errorf("%q and %q have other keys", c.a, c.b)
		}
	}
	if SubjectKey("a") == SubjectKey("a ") {
		t.Error("a blank of a subject was folded")
	}
}

func TestMatchFindsThePersonsUser(t *testing.T) {
	user := func(id, subject, name, email, status string) qlik.User {
		return qlik.User{ID: id, Subject: subject, Name: name, Email: email, Status: status}
	}
	ada := Person{Subject: "0417", Name: "Ada Lovelace", Email: "ada@x.example"}
	for _, c := range []struct {
		why      string
		users    []qlik.User
		conflict bool
		kind     matchKind
		id       string
		sure     bool
		other    string
	}{
		{"nobody", nil, false, noMatch, "", false, ""},
		{"a deleted user is none",
			[]qlik.User{user("a", "0417", "Ada Lovelace", "", "deleted")}, true, noMatch, "", false, ""},
		{"by subject", []qlik.User{user("a", "0417", "Lovelace, Ada", "", "active")}, false, subjectMatch, "a", true, ""},
		{"subject of another person",
			[]qlik.User{user("a", "0417", "Bob Smith", "bob@x.example", "active")}, false, subjectConflict, "a", false, ""},
		{"by address, names agree, disabled",
			[]qlik.User{user("a", "auth0|81", "Ada Lovelace", "ADA@x.example", "disabled")}, false, emailMatch, "a", true, ""},
		{"by address, no name",
			[]qlik.User{user("a", "auth0|81", "", "ada@x.example", "active")}, false, emailMatch, "a", false, ""},
		{"by address, no name, disabled",
			[]qlik.User{user("a", "auth0|81", "", "ada@x.example", "disabled")}, false, emailConflict, "a", false, ""},
		{"by address, close name",
			[]qlik.User{user("a", "auth0|81", "Ada King", "ada@x.example", "invited")}, false, emailMatch, "a", false, ""},
		{"address of a leaver with a close name",
			[]qlik.User{user("a", "auth0|81", "Ada King", "ada@x.example", "disabled")}, false, emailConflict, "a", false, ""},
		{"address of another person",
			[]qlik.User{user("a", "auth0|81", "Bob Smith", "ada@x.example", "active")}, false, emailConflict, "a", false, ""},
		{"the subject decides, the address names the other", []qlik.User{
			user("b", "auth0|81", "Bob Smith", "ada@x.example", "active"), user("a", "0417", "Ada Lovelace", "", "active"),
		}, false, subjectMatch, "a", true, "b"},
		{"the active one of several", []qlik.User{
			user("b", "x1", "Ada Lovelace", "ada@x.example", "disabled"),
			user("a", "x2", "Ada Lovelace", "ada@x.example", "active"),
		}, false, emailMatch, "a", true, ""},
		{"the active one, whatever else there is", []qlik.User{
			user("b", "x1", "Ada Lovelace", "ada@x.example", "unheard-of"),
			user("a", "x2", "Ada Lovelace", "ada@x.example", "active"),
		}, false, emailMatch, "a", true, ""},
	} {
		got := newDirectory(c.users).match(ada, c.conflict)
		if got.kind != c.kind || got.user.ID != c.id || got.sure != c.sure || got.other.ID != c.other {
			t.Errorf("%s: %+v", c.why, got)
		}
	}
}

func TestMatchIgnoresCaseOfASubjectOnlyForTheSamePerson(t *testing.T) {
	doe := Person{Subject: "ADOE", Name: "Ann Doe", Email: "ann@x.example"}
	own := qlik.User{ID: "a", Subject: "adoe", Name: "Ann Doe"}
	others := qlik.User{ID: "b", Subject: "adoe", Name: "Abe Smith", Email: "abe@x.example"}
	exact := qlik.User{ID: "c", Subject: "ADOE", Name: "Ann Doe"}
	for _, c := range []struct {
		why      string
		users    []qlik.User
		conflict bool
		kind     matchKind
		id       string
	}{
		{"same person", []qlik.User{own}, false, subjectMatch, "a"},
		{"the very subject first", []qlik.User{own, exact}, false, subjectMatch, "c"},
		{"another person", []qlik.User{others}, false, noMatch, ""},
		{"another person, after a conflict", []qlik.User{others}, true, subjectConflict, "b"},
		{"same person beside another, after a conflict", []qlik.User{others, own}, true, subjectMatch, "a"},
	} {
		if got := newDirectory(c.users).match(doe, c.conflict); got.kind != c.kind || got.user.ID != c.id {
			t.Errorf("%s: %+v", c.why, got)
		}
	}
}
