package report

import (
	"cmp"
	"fmt"
	"slices"

	"qlik-provision/provision"
)

// decideAll decides what stands in the file of each row before the run. In a file of which no row was ever
// sent, a plan, existing users are looked up again.
func (l *Ledger) decideAll() {
	isPlan := !WasSent(l.rows)
	for i := range l.rows {
		r := &l.rows[i]
		if e := &r.Entry; isPlan && (e.Outcome == provision.Exists || e.Outcome == provision.Unchanged) {
			*e = e.withResult(provision.Result{Outcome: provision.Pending})
			l.unsaved = true // a journal does not change a row that is done in the file
		}
		if len(r.Person.Subject) > maxSubject && r.Sendable() {
			r.Code = provision.CodeBadSubject
			r.Message = fmt.Sprintf("the subject is longer than %d KiB", maxSubject>>10)
		}
	}
	c := findConflicts(l.byNumber, l.action.Command == "create")
	for i := range l.rows {
		r := &l.rows[i]
		if e := l.decide(r, c); e != r.Entry {
			r.Entry = e
			l.unsaved = true
		}
	}
}

// decide is a row's entry before the run. What the last try said stays until the next one.
func (l *Ledger) decide(r *Row, c *conflicts) Entry {
	was := r.Entry
	e := Entry{
		Action: was.Action, Outcome: provision.Pending, UserSubject: subjectCell(r.Person.Subject),
		Tenant: cmp.Or(was.Tenant, l.options.Tenant), Row: was.Row,
	}
	e.Check = checkOf(&e, r.Person)
	if was.Outcome.Done() {
		if was.UserSubject == "" && was.Check == "" {
			was.UserSubject, was.Check = e.UserSubject, e.Check
		}
		was.Tenant = e.Tenant
		return was
	}
	var code, message string
	switch {
	case r.Skipped:
		e.Outcome, message = provision.Skipped, r.Message
	case r.Code != "":
		e.Outcome, code, message = provision.Invalid, r.Code, r.Message
	default:
		e.Outcome, code, message = c.judge(r)
	}
	tried := was.Outcome == provision.Pending || was.Outcome == provision.Failed
	if e.Outcome == provision.Pending && tried && was.UserSubject == e.UserSubject {
		e.Code, e.Message, e.TraceID = was.Code, was.Message, was.TraceID
		e.HTTPStatus, e.Attempts, e.FinishedAt = was.HTTPStatus, was.Attempts, was.FinishedAt
		if was.Code == provision.CodeMaybeChanged { // else it may be the user of another person
			e.UserID = was.UserID
		}
		return e
	}
	e.Code, e.Message = Text(code), Text(message)
	return e
}

// WasSent reports whether a write was ever sent for one of the rows.
func WasSent(rows []Row) bool {
	return slices.ContainsFunc(rows, func(r Row) bool {
		switch r.Entry.Outcome {
		case provision.Created, provision.Updated, provision.Disabled, provision.Deleted:
			return true
		}
		return r.Entry.Attempts > 0 || r.Entry.Code == provision.CodeMaybeCreated ||
			r.Entry.Code == provision.CodeMaybeChanged
	})
}
