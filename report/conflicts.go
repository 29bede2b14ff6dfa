package report

import (
	"cmp"
	"fmt"
	"strings"

	"qlik-provision/provision"
	"qlik-provision/provision/text"
)

// conflicts are the rows of a file that have a subject or an email in common. Rows that are invalid by
// themselves, skipped or deleted claim nothing, and rows that are done claim no email.
type conflicts struct {
	deleted   map[string][]*Row        // by the key of their subject
	byEmail   map[string][2]*Row       // of emails with two subjects: the first row, and the first with another subject
	bySubject map[string]*subjectGroup // by the subject as it is sent; subjects of one row alone have none
}

// A subjectGroup is the rows with one subject. Rows whose subjects differ only in case have groups of their
// own, the later one linked to the first where both are one person's.
type subjectGroup struct {
	all, done evidence
	contrary  *Row // the first row of another person; nil where all rows can be one person's
	linked    *subjectGroup
}

// evidence is what is known of the person in a group: its first row and, because that may say nothing of its
// person, the first row with a name and the first with an email.
type evidence struct{ first, withName, withEmail *Row }

func (e *evidence) add(r *Row) {
	e.first = cmp.Or(e.first, r)
	if r.Person.Name != "" {
		e.withName = cmp.Or(e.withName, r)
	}
	if r.Person.Email != "" {
		e.withEmail = cmp.Or(e.withEmail, r)
	}
}

// find is the first row of the evidence that meets a condition, nil where none does.
func (e *evidence) find(meets func(*Row) bool) *Row {
	for _, r := range []*Row{e.first, e.withName, e.withEmail} {
		if r != nil && meets(r) {
			return r
		}
	}
	return nil
}

// contradicts is the first row of the evidence that is another person's than r, nil where none is.
func (e *evidence) contradicts(r *Row) *Row {
	return e.find(func(a *Row) bool { return a != r && !provision.SamePerson(a.Person, r.Person) })
}

// findConflicts finds them in rows in the order of their numbers: where several rows are one person's the one with
// the lowest number counts.
func findConflicts(rows []*Row, emails bool) *conflicts {
	c := &conflicts{map[string][]*Row{}, map[string][2]*Row{}, map[string]*subjectGroup{}}
	for _, r := range rows {
		if r.Entry.Outcome == provision.Deleted {
			key := provision.SubjectKey(r.Person.Subject)
			c.deleted[key] = append(c.deleted[key], r)
		}
	}
	if emails {
		c.groupByEmail(rows)
	}
	c.groupBySubject(rows)
	return c
}

func (c *conflicts) groupByEmail(rows []*Row) {
	first := make(map[string]*Row, len(rows))
	for _, r := range rows {
		key := provision.EmailKey(r.Person.Email)
		if key == "" || r.Entry.Outcome.Done() || !r.Sendable() {
			continue
		}
		other := first[key]
		if other == nil {
			first[key] = r
		} else if c.byEmail[key][0] == nil && !sameSubject(other, r) {
			c.byEmail[key] = [2]*Row{other, r}
		}
	}
}

func (c *conflicts) groupBySubject(rows []*Row) {
	first := make(map[string]*Row, len(rows)) // by the key of the subject
	var members []*Row                        // of all groups
	for _, r := range rows {
		if !c.claimsSubject(r) {
			continue
		}
		key := provision.SubjectKey(r.Person.Subject)
		other := first[key]
		if other == nil {
			first[key] = r
			continue
		}
		if c.bySubject[other.Person.Subject] == nil {
			c.addToGroup(other, nil)
			members = append(members, other)
		}
		c.addToGroup(r, c.bySubject[other.Person.Subject])
		members = append(members, r)
	}
	for _, r := range members {
		if g := c.bySubject[r.Person.Subject]; g.contrary == nil && g.all.contradicts(r) != nil {
			g.contrary = r
		}
	}
}

func (c *conflicts) claimsSubject(r *Row) bool {
	switch o := r.Entry.Outcome; {
	case r.Person.Subject == "", o == provision.Skipped, o == provision.Deleted:
		return false
	case o.Done():
		return true
	}
	return r.Sendable() && c.emailRival(r) == nil && c.deletedAs(r) == nil
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

// addToGroup adds a row to the group of its subject. Where that is a new one it is linked to another.
func (c *conflicts) addToGroup(r *Row, linked *subjectGroup) {
	g := c.bySubject[r.Person.Subject]
	if g == nil {
		g = &subjectGroup{linked: linked}
		c.bySubject[r.Person.Subject] = g
	}
	g.all.add(r)
	if r.Entry.Outcome.Done() {
		g.done.add(r)
	}
}

func sameSubject(a, b *Row) bool {
	return provision.SubjectKey(a.Person.Subject) == provision.SubjectKey(b.Person.Subject)
}

// emailRival is the first row that has r's email under another subject, nil where there is none.
func (c *conflicts) emailRival(r *Row) *Row {
	for _, other := range c.byEmail[provision.EmailKey(r.Person.Email)] {
		if other != nil && !sameSubject(other, r) {
			return other
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
	g := c.bySubject[r.Person.Subject]
	if g == nil {
		return provision.Pending, "", ""
	}
	other := g.done.contradicts(r)
	if g.contrary != nil || other != nil {
		same := g.done.find(func(d *Row) bool {
			return provision.SamePerson(d.Person, r.Person) && !saysNothingComparable(d.Person, r.Person)
		})
		switch {
		case same != nil:
			return duplicate(same, r)
		case other != nil:
			return provision.Failed, provision.CodeSubjectConflict, fmt.Sprintf(
				"the subject belongs to another person: %s in row %d (%s), %s here", describePerson(other.Person),
				other.Number, other.Entry.Outcome, describePerson(r.Person))
		}
		rival := cmp.Or(g.all.contradicts(r), g.contrary) // the second where r may be either person
		return provision.Invalid, provision.CodeSubjectTwice, alsoIn("subject", rival, rival.Person.Email)
	}
	first := g.all.first
	if l := g.linked; l != nil && l.contrary == nil && provision.SamePerson(l.all.first.Person, first.Person) {
		first = l.all.first
	}
	if first == r {
		return provision.Pending, "", ""
	}
	return duplicate(first, r)
}

// saysNothingComparable reports whether r says something of its person, and nothing of it can be compared with
// what done says.
func saysNothingComparable(done, r provision.Person) bool {
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

// alsoIn says that another row has the same email or subject, and names its person: by name, and by what it
// has besides.
func alsoIn(what string, other *Row, besides string) string {
	known := text.Clip(other.Person.Name, maxShown)
	if known != "" && besides != "" {
		known += ", "
	}
	return fmt.Sprintf("the %s is also in row %d (%s%s)", what, other.Number, known, text.Clip(besides, maxShown))
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
