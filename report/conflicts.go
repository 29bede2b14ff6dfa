package report

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"qlik-provision/provision"
	"qlik-provision/provision/text"
)

// conflicts are the rows of a file that have a subject or an address in common. Rows that are invalid by
// themselves, skipped or deleted claim nothing, and rows that are done claim no address.
type conflicts struct {
	bySubject map[string]*subjectGroup // by the subject as it is sent; subjects of one row alone have none
	byAddress map[string]*addressGroup
}

// A subjectGroup is the rows with one subject. Rows whose subjects differ only in case have groups of their
// own, the later one linked to the first where both are one person's.
type subjectGroup struct {
	all, done evidence
	contrary  *Row // the first row of another person; nil where all rows can be one person's
	linked    *subjectGroup
}

// evidence is what is known of the person in a group: its first row and, because that may say nothing of its
// person, the first row with a name and the first with an address.
type evidence struct{ first, named, addressed *Row }

func (e *evidence) add(r *Row) {
	if e.first == nil {
		e.first = r
	}
	if e.named == nil && r.Person.Name != "" {
		e.named = r
	}
	if e.addressed == nil && r.Person.Email != "" {
		e.addressed = r
	}
}

// find is the first row of the evidence that meets a condition, nil where none does.
func (e *evidence) find(meets func(*Row) bool) *Row {
	for _, r := range []*Row{e.first, e.named, e.addressed} {
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

// An addressGroup is the rows with one address: the first, and the first with another subject, nil where there
// is none.
type addressGroup struct{ first, other *Row }

// findConflicts finds them. Where several rows are one person's the one with the lowest number counts.
func findConflicts(rows []Row, addresses bool) *conflicts {
	ordered := make([]*Row, len(rows))
	for i := range rows {
		ordered[i] = &rows[i]
	}
	slices.SortFunc(ordered, func(a, b *Row) int { return cmp.Compare(a.Number, b.Number) })
	c := &conflicts{bySubject: map[string]*subjectGroup{}, byAddress: map[string]*addressGroup{}}
	if addresses {
		c.groupByAddress(ordered)
	}
	c.groupBySubject(ordered)
	return c
}

func (c *conflicts) groupByAddress(ordered []*Row) {
	claims := func(r *Row) bool { return !r.Entry.Outcome.Done() && r.sendable() }
	key := func(r *Row) string { return provision.AddressKey(r.Person.Email) }
	for r, key := range shared(ordered, claims, key) {
		g := c.byAddress[key]
		if g == nil {
			c.byAddress[key] = &addressGroup{first: r}
		} else if g.other == nil && !sameSubject(g.first, r) {
			g.other = r
		}
	}
}

func (c *conflicts) groupBySubject(ordered []*Row) {
	claims := func(r *Row) bool {
		switch r.Entry.Outcome {
		case provision.Skipped, provision.Deleted:
			return false
		}
		return r.Entry.Outcome.Done() || r.sendable() && c.addressRival(r) == nil
	}
	key := func(r *Row) string { return provision.SubjectKey(r.Person.Subject) }
	firstWithKey := map[string]*subjectGroup{}
	var members []*Row
	for r, key := range shared(ordered, claims, key) {
		g := c.bySubject[r.Person.Subject]
		if g == nil {
			g = &subjectGroup{linked: firstWithKey[key]}
			c.bySubject[r.Person.Subject] = g
			if g.linked == nil {
				firstWithKey[key] = g
			}
		}
		g.all.add(r)
		if r.Entry.Outcome.Done() {
			g.done.add(r)
		}
		members = append(members, r)
	}
	for _, r := range members {
		if g := c.bySubject[r.Person.Subject]; g.contrary == nil && g.all.contradicts(r) != nil {
			g.contrary = r
		}
	}
}

// shared yields the rows that claim a key which another row claims, too, with that key.
func shared(ordered []*Row, claims func(*Row) bool, key func(*Row) string) iter.Seq2[*Row, string] {
	first := make(map[string]int, len(ordered)) // index of the first row with a key
	again := make([]bool, len(ordered))         // whether another row has the row's key
	for i, r := range ordered {
		if r.Person.Subject == "" || !claims(r) {
			continue
		}
		k := key(r)
		if k == "" {
			continue
		}
		if at, found := first[k]; found {
			again[at], again[i] = true, true
		} else {
			first[k] = i
		}
	}
	return func(yield func(*Row, string) bool) {
		for i, r := range ordered {
			if again[i] && !yield(r, key(r)) {
				return
			}
		}
	}
}

// sendable reports whether nothing is wrong with a row by itself.
func (r *Row) sendable() bool { return r.Code == "" && !r.Skipped }

func sameSubject(a, b *Row) bool {
	return provision.SubjectKey(a.Person.Subject) == provision.SubjectKey(b.Person.Subject)
}

// addressRival is the first row that has r's address under another subject, nil where there is none.
func (c *conflicts) addressRival(r *Row) *Row {
	g := c.byAddress[provision.AddressKey(r.Person.Email)]
	switch {
	case g == nil || g.other == nil:
		return nil
	case !sameSubject(g.first, r):
		return g.first
	}
	return g.other
}

// judge says what the other rows of the file mean for r, which is sendable and not done: Duplicate, Invalid or
// Failed with a code and a message; Pending where they mean nothing.
func (c *conflicts) judge(r *Row) (outcome provision.Outcome, code, message string) {
	if rival := c.addressRival(r); rival != nil {
		return provision.Invalid, provision.CodeEmailTwice,
			alsoIn("address", rival, rival.Person.Subject)
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
		return provision.Invalid, provision.CodeSubjectTwice,
			alsoIn("subject", rival, rival.Person.Email)
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
		case provision.AddressKey(field.here) == provision.AddressKey(field.there):
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

// alsoIn says that another row has the same address or subject, and names its person: by name, and by what it
// has besides.
func alsoIn(what string, other *Row, besides string) string {
	known := text.Clip(other.Person.Name, maxShown)
	if known != "" && besides != "" {
		known += ", "
	}
	return fmt.Sprintf("the %s is also in row %d (%s%s)", what, other.Number, known, text.Clip(besides, maxShown))
}

// describePerson is name and address, as a letter is addressed.
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
