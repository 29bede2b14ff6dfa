package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"qlik-provision/provision"
	"qlik-provision/provision/text"
)

// conflicts are the rows of a file that claim the same subject or the same email. Keys are those of identity.go.
type conflicts struct {
	deleted        map[string][]*Row  // by the key of their subject; they claim nothing
	firstByEmail   map[string]*Row    // by the key
	firstBySubject map[string]*Row    // by the key
	emails         map[string][2]*Row // emails that two subjects have: the first row, and the first with another subject
	subjects       map[string]*claims // subjects as they are sent, where two rows have their key
}

// claims are the rows with one subject.
type claims struct {
	all, done evidence
	contrary  *Row // the first row of another person; nil where all rows can be one person's
}

// evidence are the rows that say whose a subject is: the first and, because that may say nothing of its person, the
// first with a name and the first with an email.
type evidence []*Row

func (e *evidence) add(r *Row) {
	named := func(r *Row) bool { return r.Person.Name != "" }
	addressed := func(r *Row) bool { return r.Person.Email != "" }
	if len(*e) == 0 || named(r) && !slices.ContainsFunc(*e, named) ||
		addressed(r) && !slices.ContainsFunc(*e, addressed) {
		*e = append(*e, r)
	}
}

// contradicting is the first row of the evidence that is another person's than r, nil where none is.
func (e evidence) contradicting(r *Row) *Row {
	for _, other := range e {
		if other != r && !provision.SamePerson(other.Person, r.Person) {
			return other
		}
	}
	return nil
}

// findConflicts finds the conflicts in rows in the order of their numbers: where several rows are one person's, the one
// with the lowest number counts. Two subjects with one email are a conflict only where emails is true.
func findConflicts(rows []*Row, emails bool) *conflicts {
	c := &conflicts{
		map[string][]*Row{}, make(map[string]*Row, len(rows)), make(map[string]*Row, len(rows)),
		map[string][2]*Row{}, map[string]*claims{},
	}
	for _, r := range rows {
		if r.Entry.Outcome == provision.Deleted {
			key := provision.SubjectKey(r.Person.Subject)
			c.deleted[key] = append(c.deleted[key], r)
		} else if emails && r.Sendable() && !r.Entry.Outcome.Done() {
			c.claimEmail(r)
		}
	}
	for _, r := range rows {
		if c.claimsSubject(r) {
			c.claimSubject(r)
		}
	}
	for _, r := range rows {
		same := c.subjects[r.Person.Subject]
		if same != nil && same.contrary == nil && c.claimsSubject(r) && same.all.contradicting(r) != nil {
			same.contrary = r
		}
	}
	return c
}

func (c *conflicts) claimEmail(r *Row) {
	key := provision.EmailKey(r.Person.Email)
	first := c.firstByEmail[key]
	switch _, found := c.emails[key]; {
	case key == "":
	case first == nil:
		c.firstByEmail[key] = r
	case !found && !sameSubject(first, r):
		c.emails[key] = [2]*Row{first, r}
	}
}

// claimsSubject reports whether r claims its subject. Rows that are invalid by themselves, skipped or deleted claim
// nothing.
func (c *conflicts) claimsSubject(r *Row) bool {
	switch o := r.Entry.Outcome; {
	case r.Person.Subject == "", o == provision.Skipped, o == provision.Deleted:
		return false
	case o.Done():
		return true
	}
	return r.Sendable() && c.emailRival(r) == nil && c.deletedAs(r) == nil
}

func (c *conflicts) claimSubject(r *Row) {
	key := provision.SubjectKey(r.Person.Subject)
	first := c.firstBySubject[key]
	if first == nil {
		c.firstBySubject[key] = r
		return
	}
	for _, r := range []*Row{first, r} {
		same := c.subjects[r.Person.Subject]
		if same == nil {
			same = &claims{}
			c.subjects[r.Person.Subject] = same
		}
		same.all.add(r)
		if r.Entry.Outcome.Done() {
			same.done.add(r)
		}
	}
}

func sameSubject(a, b *Row) bool {
	return provision.SubjectKey(a.Person.Subject) == provision.SubjectKey(b.Person.Subject)
}

// emailRival is the first row that has r's email under another subject, nil where there is none.
func (c *conflicts) emailRival(r *Row) *Row {
	pair := c.emails[provision.EmailKey(r.Person.Email)]
	if pair[1] == nil || sameSubject(pair[0], r) {
		return pair[1]
	}
	return pair[0]
}

// deletedAs is the first deleted row of r's person, who is not created again; nil where there is none.
func (c *conflicts) deletedAs(r *Row) *Row {
	if len(c.deleted) == 0 {
		return nil
	}
	for _, d := range c.deleted[provision.SubjectKey(r.Person.Subject)] {
		if provision.SamePerson(d.Person, r.Person) {
			return d
		}
	}
	return nil
}

// judge says what the other rows of the file mean for r, which is sendable and not done: Duplicate, Invalid or
// Failed with a code and a message; Pending where they mean nothing.
func (c *conflicts) judge(r *Row) (outcome provision.Outcome, code, message string) {
	if d := c.deletedAs(r); d != nil {
		return duplicate(d, r)
	}
	if rival := c.emailRival(r); rival != nil {
		return provision.Invalid, provision.CodeEmailTwice, alsoIn("address", rival, rival.Person.Subject)
	}
	same := c.subjects[r.Person.Subject]
	if same == nil {
		return provision.Pending, "", ""
	}
	other := same.done.contradicting(r)
	if same.contrary != nil || other != nil {
		for _, d := range same.done {
			if provision.SamePerson(d.Person, r.Person) && !incomparable(d.Person, r.Person) {
				return duplicate(d, r)
			}
		}
		if other != nil {
			return provision.Failed, provision.CodeSubjectConflict, fmt.Sprintf(
				"the subject belongs to another person: %s in row %d (%s), %s here", describePerson(other.Person),
				other.Number, other.Entry.Outcome, describePerson(r.Person))
		}
		rival := cmp.Or(same.all.contradicting(r), same.contrary) // the second where r may be either person
		return provision.Invalid, provision.CodeSubjectTwice, alsoIn("subject", rival, rival.Person.Email)
	}
	first := same.all[0]
	earlier := c.firstBySubject[provision.SubjectKey(r.Person.Subject)] // its subject may differ in case
	if c.subjects[earlier.Person.Subject].contrary == nil && provision.SamePerson(earlier.Person, first.Person) {
		first = earlier
	}
	if first == r {
		return provision.Pending, "", ""
	}
	return duplicate(first, r)
}

// incomparable reports whether r has a name or an email, and neither can be compared with one of done's.
func incomparable(done, r provision.Person) bool {
	return (r.Name != "" || r.Email != "") && (done.Name == "" || r.Name == "") && (done.Email == "" || r.Email == "")
}

// duplicate says that r is the same person as first, and where the two differ.
func duplicate(first, r *Row) (provision.Outcome, string, string) {
	var b strings.Builder
	fmt.Fprintf(&b, "same person as row %d", first.Number)
	for _, field := range []struct{ name, here, there string }{
		{"name", r.Person.Name, first.Person.Name}, {"email", r.Person.Email, first.Person.Email},
	} {
		switch {
		case provision.EmailKey(field.here) == provision.EmailKey(field.there):
		case field.there == "":
			fmt.Fprintf(&b, "; %s differs: row %d has none", field.name, first.Number)
		default:
			fmt.Fprintf(&b, "; %s differs: row %d has %q", field.name, first.Number, text.Clip(field.there, maxShown))
		}
	}
	return provision.Duplicate, "", b.String()
}

// maxShown is how many bytes of a value a message shows.
const maxShown = 160

// alsoIn says that another row has the same email or subject, and names its person.
func alsoIn(what string, other *Row, besides string) string {
	known := []string{text.Clip(other.Person.Name, maxShown), text.Clip(besides, maxShown)}
	known = slices.DeleteFunc(known, func(s string) bool { return s == "" })
	return fmt.Sprintf("the %s is also in row %d (%s)", what, other.Number, strings.Join(known, ", "))
}

// describePerson is name and email: Ada Byron <ada@acme.example>
func describePerson(p provision.Person) string {
	switch {
	case p.Name == "" && p.Email == "":
		return "a person without name and email"
	case p.Email == "":
		return text.Clip(p.Name, maxShown)
	case p.Name == "":
		return text.Clip(p.Email, maxShown)
	}
	return text.Clip(p.Name, maxShown) + " <" + text.Clip(p.Email, maxShown) + ">"
}
