package report

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"qlik-provision/provision"
)

// findConflicts finds what the other rows of a file mean for a row that is sendable and not done: Duplicate, Invalid or
// Failed, with code and message. A row that is missing in it can be sent. rows are in the order of their numbers: where
// several are one person's, the one with the lowest number counts. Two subjects with one email are a conflict only
// where emails is true.
func findConflicts(rows []*Row, emails bool) map[*Row]provision.Result {
	found := map[*Row]provision.Result{}
	isOpen := func(r *Row) bool { return r.Sendable() && !r.Entry.Outcome.Done() }
	claimsSubject := func(r *Row) bool {
		return isOpen(r) || r.Entry.Outcome.Done() && r.Entry.Outcome != provision.Skipped
	}
	var byEmail, bySubject map[string][]*Row
	var both sync.WaitGroup
	if emails {
		both.Go(func() { byEmail = groupBy(rows, emailKey, isOpen) })
	}
	both.Go(func() { bySubject = groupBy(rows, subjectKey, claimsSubject) })
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
		found[r] = contradictionWith(provision.CodeEmailTwice, "address", rival)
	}
}

// judgeSubjects judges the rows whose subjects differ in case at most. A person who was deleted is not created again.
func judgeSubjects(group []*Row, found map[*Row]provision.Result) {
	isDeleted := func(r *Row) bool { return r.Entry.Outcome == provision.Deleted }
	deleted := slices.DeleteFunc(slices.Clone(group), func(r *Row) bool { return !isDeleted(r) })
	var first *Row
	bySubject := map[string][]*Row{} // as it is sent
	for _, r := range group {
		i := slices.IndexFunc(deleted, func(d *Row) bool { return provision.SamePerson(d.Person, r.Person) })
		if i >= 0 && !r.Entry.Outcome.Done() {
			found[r] = duplicateOf(deleted[i], r)
		}
		if _, contradicts := found[r]; !contradicts && !isDeleted(r) {
			first = cmp.Or(first, r)
			bySubject[r.Person.Subject] = append(bySubject[r.Person.Subject], r)
		}
	}
	if first == nil {
		return
	}
	isOnePersons := findContradiction(bySubject[first.Person.Subject]) == nil
	for _, same := range bySubject {
		if isOnePersons && provision.SamePerson(first.Person, same[0].Person) {
			judgeSubject(same, first, found)
		} else {
			judgeSubject(same, same[0], found)
		}
	}
}

// judgeSubject judges the rows with one subject. Where all are one person's, first counts.
func judgeSubject(rows []*Row, first *Row, found map[*Row]provision.Result) {
	isOpen := func(r *Row) bool { return !r.Entry.Outcome.Done() }
	done := evidence(slices.DeleteFunc(slices.Clone(rows), isOpen))
	all, contradiction := evidence(rows), findContradiction(rows)
	for _, r := range rows {
		if !isOpen(r) {
			continue
		}
		rival := rivalOf(done, r)
		isSame := func(d *Row) bool {
			return provision.SamePerson(d.Person, r.Person) && !incomparable(d.Person, r.Person)
		}
		switch i := slices.IndexFunc(done, isSame); {
		case contradiction == nil && rival == nil:
			if r != first {
				found[r] = duplicateOf(first, r)
			}
		case i >= 0:
			found[r] = duplicateOf(done[i], r)
		case rival != nil:
			found[r] = provision.Result{Outcome: provision.Failed, Code: provision.CodeSubjectConflict,
				Message: fmt.Sprintf("the subject belongs to another person: %s in row %d (%s), %s here",
					rival.Person.Describe(), rival.Number, rival.Entry.Outcome, r.Person.Describe())}
		default: // where r contradicts nobody, it may be either person's
			rival = cmp.Or(rivalOf(all, r), contradiction)
			found[r] = contradictionWith(provision.CodeSubjectTwice, "subject", rival)
		}
	}
}

// evidence are the rows that say whose a subject is: the first and, because that may say nothing of its person, the
// first with a name and the first with an email.
func evidence(rows []*Row) (found []*Row) {
	for _, says := range []func(*Row) bool{
		func(*Row) bool { return true },
		func(r *Row) bool { return r.Person.Name != "" },
		func(r *Row) bool { return r.Person.Email != "" },
	} {
		if i := slices.IndexFunc(rows, says); i >= 0 {
			found = append(found, rows[i])
		}
	}
	return found
}

// findContradiction is the first row that contradicts the evidence, nil where all rows can be one person's.
func findContradiction(rows []*Row) *Row {
	all := evidence(rows)
	for _, r := range rows {
		if rivalOf(all, r) != nil {
			return r
		}
	}
	return nil
}

// rivalOf is the first row of the evidence that is another person's than r, nil where none is.
func rivalOf(evidence []*Row, r *Row) *Row {
	for _, other := range evidence {
		if !provision.SamePerson(other.Person, r.Person) {
			return other
		}
	}
	return nil
}

// incomparable reports whether r has a name or an email, and neither can be compared with one of done's.
func incomparable(done, r provision.Person) bool {
	return (r.Name != "" || r.Email != "") && (done.Name == "" || r.Name == "") && (done.Email == "" || r.Email == "")
}

// duplicateOf says that r is the same person as first, and who that is where the two differ.
func duplicateOf(first, r *Row) provision.Result {
	message := fmt.Sprintf("same person as row %d", first.Number)
	if provision.Fold(r.Person.Name) != provision.Fold(first.Person.Name) || emailKey(r) != emailKey(first) {
		message += " (" + first.Person.Describe() + ")"
	}
	return provision.Result{Outcome: provision.Duplicate, Message: message}
}

// contradictionWith says that another row has the same email or subject, and whose it is.
func contradictionWith(code, what string, other *Row) provision.Result {
	return provision.Result{Outcome: provision.Invalid, Code: code,
		Message: fmt.Sprintf("the %s is also in row %d (%s)", what, other.Number, other.Person.Describe())}
}
