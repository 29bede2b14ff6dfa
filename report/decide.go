package report

import (
	"cmp"
	"slices"

	"qlik-provision/provision"
	"qlik-provision/provision/roster"
)

// decideAll decides what stands in the file of each row before the run. In a file of which no row was ever
// sent, a plan, existing users are looked up again.
func (l *Ledger) decideAll() {
	isPlan := !WasSent(l.Rows)
	for i := range l.Rows {
		e := &l.Rows[i].Entry
		if isPlan && (e.Outcome == provision.Exists || e.Outcome == provision.Unchanged) {
			*e = e.withResult(provision.Result{Outcome: provision.Pending})
		}
	}
	conflicts := findConflicts(l.byNumber, l.Action.Command == "create")
	roster.InBatches(len(l.Rows), func(from, to int) {
		for i := from; i < to; i++ {
			l.Rows[i].Entry = l.decide(&l.Rows[i], conflicts)
		}
	})
}

// decide is a row's entry before the run. What the last try said stays until the next one.
func (l *Ledger) decide(r *Row, conflicts map[*Row]provision.Result) Entry {
	e, subject := r.Entry, subjectCell(r.Person.Subject)
	e.Tenant = cmp.Or(e.Tenant, l.options.Tenant)
	wasTried := e.UserSubject == subject && (e.Outcome == provision.Pending || e.Outcome == provision.Failed)
	if !e.Outcome.Done() || e.isEmptied() {
		e.UserSubject = subject
		e.Check = checkOf(&e, r.Person)
	}
	if e.Outcome.Done() {
		return e
	}
	now, isConflict := conflicts[r]
	switch {
	case r.Skipped:
		now = provision.Result{Outcome: provision.Skipped, Message: r.Message}
	case r.Code != "":
		now = provision.Result{Outcome: provision.Invalid, Code: r.Code, Message: r.Message}
	case !isConflict && wasTried:
		e.Outcome = provision.Pending
		if e.Code != provision.CodeMaybeChanged { // it may be the user of another person
			e.UserID = ""
		}
		return e
	case !isConflict:
		now.Outcome = provision.Pending
	}
	e.Attempts = 0
	return e.withResult(now)
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
