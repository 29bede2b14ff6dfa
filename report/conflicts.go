package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"qlik-provision/provision"
	"qlik-provision/provision/text"
)

// findConflicts finds what the other rows of a file mean for a row that is sendable and not done: Duplicate, Invalid or
// Failed, with code and message. It has no rows that can be sent. rows are in the order of their numbers: where several
// are one person's, the one with the lowest number counts. Two subjects with one email are a conflict only where emails
// is true.
func findConflicts(rows []*Row, emails bool) map[*Row]provision.Result {
	found := map[*Row]provision.Result{}
	waits := func(r *Row) bool { return r.Sendable() && !r.Entry.Outcome.Done() }
	claims := func(r *Row) bool { return waits(r) || r.Entry.Outcome.Done() && r.Entry.Outcome != provision.Skipped }
	var byEmail, bySubject map[string][]*Row
	var both sync.WaitGroup
	if emails {
		both.Go(func() { byEmail = groupBy(rows, emailKey, waits) })
	}
	both.Go(func() { bySubject = groupBy(rows, subjectKey, claims) })
	both.Wait()
	for _, group := range byEmail {
		judgeEmails(group, found)
	}
	for _, group := range bySubject {
		judgeSubjects(group, found)
	}
	return found
}

func emailKey(r *Row) string   { return provision.EmailKey(r.Person.Email) }
func subjectKey(r *Row) string { return provision.SubjectKey(r.Person.Subject) }

// groupBy groups the rows that claim a key which another one claims, too. The empty key is none.
func groupBy(rows []*Row, key func(*Row) string, claims func(*Row) bool) map[string][]*Row {
	first := make(map[string]*Row, len(rows))
	groups := map[string][]*Row{}
	for _, r := range rows {
		k := key(r)
		if k == "" || !claims(r) {
			continue
		}
		switch other := first[k]; {
		case other == nil:
			first[k] = r
		case groups[k] == nil:
			groups[k] = []*Row{other, r}
		default:
			groups[k] = append(groups[k], r)
		}
	}
	return groups
}

// judgeEmails judges the rows with one email: where they have two subjects, each contradicts another one.
func judgeEmails(group []*Row, found map[*Row]provision.Result) {
	first, key := group[0], subjectKey(group[0])
	i := slices.IndexFunc(group, func(r *Row) bool { return subjectKey(r) != key })
	if i < 0 {
		return
	}
	for _, r := range group {
		rival := first
		if subjectKey(r) == key {
			rival = group[i]
		}
		found[r] = twice(provision.CodeEmailTwice, "address", rival, rival.Person.Subject)
	}
}

// judgeSubjects judges the rows whose subjects differ in case at most. A person who was deleted is not created again.
func judgeSubjects(group []*Row, found map[*Row]provision.Result) {
	isDeleted := func(r *Row) bool { return r.Entry.Outcome == provision.Deleted }
	deleted := slices.DeleteFunc(slices.Clone(group), func(r *Row) bool { return !isDeleted(r) })
	claimants := slices.DeleteFunc(slices.Clone(group), func(r *Row) bool {
		i := slices.IndexFunc(deleted, func(d *Row) bool { return provision.SamePerson(d.Person, r.Person) })
		if i >= 0 && !r.Entry.Outcome.Done() {
			found[r] = duplicate(deleted[i], r)
		}
		_, contradicts := found[r]
		return contradicts || isDeleted(r)
	})
	claims := map[string]*claim{} // by subject, as it is sent
	for _, r := range claimants {
		if claims[r.Person.Subject] == nil {
			claims[r.Person.Subject] = &claim{}
		}
		claims[r.Person.Subject].add(r)
	}
	for _, r := range claimants {
		if c := claims[r.Person.Subject]; c.contrary == nil && c.all.contradicting(r) != nil {
			c.contrary = r
		}
	}
	for _, r := range claimants {
		c, first := claims[r.Person.Subject], claimants[0]
		if !provision.SamePerson(first.Person, c.all[0].Person) || claims[first.Person.Subject].contrary != nil {
			first = c.all[0]
		}
		if result := c.judge(r, first); result.Outcome != "" {
			found[r] = result
		}
	}
}

// A claim is that of the rows with one subject.
type claim struct {
	all, done evidence
	contrary  *Row // the first row of another person; nil where all rows can be one person's
}

func (c *claim) add(r *Row) {
	c.all.add(r)
	if r.Entry.Outcome.Done() {
		c.done.add(r)
	}
}

// evidence are the rows that say whose a subject is: the first and, because that may say nothing of its person, the
// first with a name and the first with an email; nil where there is none.
type evidence [3]*Row

func (e *evidence) add(r *Row) {
	e[0] = cmp.Or(e[0], r)
	if r.Person.Name != "" {
		e[1] = cmp.Or(e[1], r)
	}
	if r.Person.Email != "" {
		e[2] = cmp.Or(e[2], r)
	}
}

// contradicting is the first row of the evidence that is another person's than r, nil where none is.
func (e *evidence) contradicting(r *Row) *Row {
	for _, other := range e {
		if other != nil && other != r && !provision.SamePerson(other.Person, r.Person) {
			return other
		}
	}
	return nil
}

// judge says what the claim means for r; nothing where r can be sent. first is the row that counts where all are one
// person's.
func (c *claim) judge(r, first *Row) provision.Result {
	other := c.done.contradicting(r)
	switch {
	case r.Entry.Outcome.Done(), c.contrary == nil && other == nil && first == r:
		return provision.Result{}
	case c.contrary == nil && other == nil:
		return duplicate(first, r)
	}
	for _, d := range c.done {
		if d != nil && provision.SamePerson(d.Person, r.Person) && !incomparable(d.Person, r.Person) {
			return duplicate(d, r)
		}
	}
	if other != nil {
		return provision.Result{Outcome: provision.Failed, Code: provision.CodeSubjectConflict, Message: fmt.Sprintf(
			"the subject belongs to another person: %s in row %d (%s), %s here", describePerson(other.Person),
			other.Number, other.Entry.Outcome, describePerson(r.Person))}
	}
	rival := cmp.Or(c.all.contradicting(r), c.contrary) // the second where r may be either person
	return twice(provision.CodeSubjectTwice, "subject", rival, rival.Person.Email)
}

// incomparable reports whether r has a name or an email, and neither can be compared with one of done's.
func incomparable(done, r provision.Person) bool {
	return (r.Name != "" || r.Email != "") && (done.Name == "" || r.Name == "") && (done.Email == "" || r.Email == "")
}

// duplicate says that r is the same person as first, and who that is where the two differ.
func duplicate(first, r *Row) provision.Result {
	message := fmt.Sprintf("same person as row %d", first.Number)
	if provision.Fold(r.Person.Name) != provision.Fold(first.Person.Name) || emailKey(r) != emailKey(first) {
		message += " (" + describePerson(first.Person) + ")"
	}
	return provision.Result{Outcome: provision.Duplicate, Message: message}
}

// twice says that another row has the same email or subject, and names its person.
func twice(code, what string, other *Row, besides string) provision.Result {
	who := strings.Trim(text.Clip(other.Person.Name, maxShown)+", "+text.Clip(besides, maxShown), ", ")
	return provision.Result{Outcome: provision.Invalid, Code: code,
		Message: fmt.Sprintf("the %s is also in row %d (%s)", what, other.Number, who)}
}

// maxShown is how many bytes of a value a message shows.
const maxShown = 160

// describePerson is name and email: Ada Byron <ada@acme.example>
func describePerson(p provision.Person) string {
	name, email := text.Clip(p.Name, maxShown), text.Clip(p.Email, maxShown)
	switch {
	case name == "" && email == "":
		return "a person without name and email"
	case name == "" || email == "":
		return name + email
	}
	return name + " <" + email + ">"
}
