package report

import (
	"fmt"
	"strings"

	"qlik-provision/provision"
)

// mostSubject is how long a subject can be, in bytes: a cell that is longer than 64 KiB is not read again, and one of quotes alone is
// twice as long in the file.
const mostSubject = 30 << 10

// ownFault is what is wrong with a row by itself, "" where nothing is; warning is what looks wrong and may not be.
func (s *sheet) ownFault(r row, needEmail bool) (invalid, warning string) {
	if len(r.Subject) > mostSubject {
		return fmt.Sprintf("line %d: the subject is longer than %d KiB", r.Line, mostSubject>>10), ""
	}
	return s.file.Check(r.Record, needEmail)
}

// decide is what stands in the file of a row before it is run. old is what stood there, its Outcome empty where nothing did.
func (v *survey) decide(r row, old Entry, o Options) Entry {
	var first, other, stranger provision.Row // of the claim to the subject; Number 0 for nobody
	firstDone := false
	if c := v.persons.find(r.index, r.Row); c != nil {
		first, other, firstDone = c.first.row(), c.other.row(), c.done
		stranger = rivalOf(r.Row, strangers, c.first, c.named, c.addressed, c.other)
	}
	rival := v.rivalAddress(r)
	same := first.Number != 0 && first.Number != r.Number && provision.SamePerson(first, r.Row)
	duplicate := same && (other.Number == 0 || firstDone && !untold(first, r.Row))
	if done(old.Outcome) || old.Outcome == provision.Duplicate && duplicate && firstDone {
		return old
	}
	e := Entry{Outcome: provision.Pending, UserSubject: r.Subject, Tenant: o.Tenant, Row: r.Number}
	if e.Tenant == "" {
		e.Tenant = old.Tenant
	}
	switch {
	case v.marks[r.index]&sendable == 0:
		e.Outcome = provision.Invalid
		e.Message, _ = v.sheet.ownFault(r, o.NeedEmail)
	case rival.Number != 0:
		e.Outcome, e.Message = provision.Invalid, fmt.Sprintf("address also of row %d (%s)", rival.Number, who(rival.Name, rival.Subject))
	case duplicate:
		e.Outcome, e.Message = provision.Duplicate, fmt.Sprintf("same person as row %d%s", first.Number, differences(r.Row, first))
	case other.Number != 0:
		rival = other // where this row says nothing, and is of one or the other
		if stranger.Number != 0 {
			rival = stranger
		}
		e.Outcome, e.Message = provision.Invalid, fmt.Sprintf("subject also claimed by row %d (%s)", rival.Number, who(rival.Name, rival.Email))
	case (old.Outcome == provision.Pending || old.Outcome == provision.Failed) && sameSubject(old.UserSubject, r.Subject):
		// What the last try said stays until the next one says something else.
		tenant := e.Tenant
		e = old
		e.Outcome, e.UserSubject, e.Tenant = provision.Pending, r.Subject, tenant
		if old.Outcome == provision.Failed {
			e.UserID = "" // it may have been another person's
		}
	}
	if e.Outcome == provision.Invalid {
		e.UserSubject = clean(e.UserSubject)
	}
	e.Message = witnessed(tame(e.Message), e.UserSubject)
	return e
}

// untold reports whether a row says something of its person, and nothing of it can be held against what the first row says.
func untold(first, r provision.Row) bool {
	return (r.Name != "" || r.Email != "") && (first.Name == "" || r.Name == "") && (first.Email == "" || r.Email == "")
}

// rivalAddress is the first row that has this row's address under another subject, Number 0 where there is none.
func (v *survey) rivalAddress(r row) provision.Row {
	c := v.addresses.find(r.index, r.Row)
	if c == nil || c.other.number == 0 {
		return provision.Row{}
	}
	if first := c.first.row(); first.Subject != r.Subject {
		return first
	}
	return c.other.row()
}

// differences says what another row of the same person has otherwise.
func differences(r, there provision.Row) string {
	var b strings.Builder
	for _, c := range []struct{ what, here, there string }{{"name", r.Name, there.Name}, {"email", r.Email, there.Email}} {
		switch {
		case strings.EqualFold(c.here, c.there):
		case c.there == "":
			fmt.Fprintf(&b, "; %s differs: none there", c.what)
		default:
			fmt.Fprintf(&b, "; %s differs: %q there", c.what, short(c.there))
		}
	}
	return b.String()
}

// who names a person by what is known of them.
func who(known ...string) string {
	var named []string
	for _, k := range known {
		if k != "" {
			named = append(named, short(k))
		}
	}
	return strings.Join(named, ", ")
}

// short is the beginning of a text, enough to recognize it by.
func short(s string) string {
	const most = 80
	n := 0
	for i := range s {
		if n == most {
			return s[:i] + "…"
		}
		n++
	}
	return s
}
