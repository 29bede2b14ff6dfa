package report

import (
	"fmt"
	"strings"

	"qlik-provision/provision"
)

// mostSubject is how long a subject can be, in bytes: a cell that is longer than 64 KiB is not read again.
const mostSubject = 32 << 10

// ownFault is what is wrong with a row by itself, "" where nothing is; warning is what looks wrong and may not be.
func (s *sheet) ownFault(r row, needEmail bool) (invalid, warning string) {
	if len(r.Subject) > mostSubject {
		return fmt.Sprintf("line %d: the subject is longer than %d KiB", r.Line, mostSubject>>10), ""
	}
	return s.file.Check(r.Record, needEmail)
}

// decide is what stands in the file of a row before it is run. old is what stood there, its Outcome empty where nothing did.
func (v *survey) decide(r row, old Entry, o Options) Entry {
	c := v.person(r)
	duplicate := c != nil && c.first.Number != r.Number && provision.SamePerson(c.first, r.Row)
	if done(old.Outcome) || old.Outcome == provision.Duplicate && duplicate && c.done {
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
	case v.rivalAddress(r) != nil:
		rival := v.rivalAddress(r)
		e.Outcome, e.Message = provision.Invalid, fmt.Sprintf("address also of row %d (%s)", rival.Number, who(rival.Name, rival.Subject))
	case duplicate && (c.done || c.other.Number == 0):
		e.Outcome, e.Message = provision.Duplicate, fmt.Sprintf("same person as row %d%s", c.first.Number, differences(r.Row, c.first))
	case c != nil && c.other.Number != 0:
		rival := c.other
		if c.first.Number != r.Number && !duplicate {
			rival = c.first
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
	e.Message = tame(e.Message)
	if e.Outcome == provision.Invalid {
		e.UserSubject = clean(e.UserSubject)
	}
	return e
}

// person is the claim to a row's subject, nil where it is nobody else's.
func (v *survey) person(r row) *claim {
	if r.Subject == "" || v.persons == nil {
		return nil
	}
	return v.persons[r.Subject]
}

// rivalAddress is the first row that has this row's address under another subject, nil where there is none.
func (v *survey) rivalAddress(r row) *provision.Row {
	if r.Subject == "" || r.Email == "" || v.addresses == nil {
		return nil
	}
	c := v.addresses[foldAddress(r.Email)]
	if c == nil || c.other.Number == 0 {
		return nil
	}
	if c.first.Subject == r.Subject {
		return &c.other
	}
	return &c.first
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
	if named == nil {
		return "no name, no address"
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
