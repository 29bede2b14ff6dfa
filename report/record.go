package report

import (
	"cmp"
	"fmt"
	"time"

	"qlik-provision/provision"
)

// Record takes a result into memory and the journal, and returns when the operating system has it.
func (l *Ledger) Record(r provision.Result) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	row := l.find(r.Number)
	if row == nil || l.journal == nil && !l.preview {
		return fmt.Errorf("recording row %d: it is no row of a ledger that is prepared", r.Number)
	}
	e := row.Entry.withResult(r)
	if l.undo && row.Entry.Outcome == provision.Created && r.Outcome != provision.Deleted {
		e.Outcome, e.UserID = row.Entry.Outcome, row.Entry.UserID // the user exists: a retry must not create another
	}
	if !l.preview {
		if err := l.journal.record(e); err != nil {
			return err
		}
	}
	row.Entry, row.Reached, l.unsaved = e, true, true
	return nil
}

// withResult is the entry after a result. Attempts of earlier runs stay where this one made none.
func (e Entry) withResult(r provision.Result) Entry {
	e.Outcome, e.Code, e.Message = r.Outcome, Text(r.Code), Text(r.Message)
	e.UserID, e.TraceID = Text(r.UserID), Text(r.TraceID)
	e.HTTPStatus, e.Attempts = Number(r.HTTPStatus), cmp.Or(Number(r.Attempts), e.Attempts)
	e.FinishedAt = Time{r.FinishedAt.UTC().Truncate(time.Millisecond)} // as it is read again
	return e
}

// Pending lists the rows that a run works on: never-tried rows first, each in the file's order; after
// PrepareUndo those that this file created, or may have created.
func (l *Ledger) Pending() []provision.Row {
	l.mu.Lock()
	defer l.mu.Unlock()
	rows := make([]provision.Row, 0, len(l.Rows))
	for _, tried := range []bool{false, true} {
		for i := range l.Rows {
			e := &l.Rows[i].Entry
			wasTried := e.Attempts > 0 || e.Code != "" && e.Outcome == provision.Pending
			if row, waits := l.pendingRow(&l.Rows[i]); waits && wasTried == tried {
				rows = append(rows, row)
			}
		}
	}
	return rows
}

// pendingRow is a row as a run works on it, and whether one does.
func (l *Ledger) pendingRow(r *Row) (row provision.Row, waits bool) {
	e := &r.Entry
	row = provision.Row{Number: r.Number, Person: r.Person}
	switch e.Code {
	case provision.CodeMaybeCreated:
		row.SentAt = e.FinishedAt.Time
	case provision.CodeMaybeChanged:
		row.ChangedUser = string(e.UserID)
	case provision.CodeSubjectTwice, provision.CodeEmailTwice:
		row.LookupOnly = e.Outcome == provision.Invalid && l.Action.Command == "create"
	}
	if l.undo {
		row.UserID = string(e.UserID)
		return row, e.MayHaveCreated()
	}
	return row, e.Outcome == provision.Pending || row.LookupOnly
}

// MayHaveCreated reports whether a run of the file created the row's user, or may have: undo is for such rows.
func (e Entry) MayHaveCreated() bool {
	return e.Outcome == provision.Created || e.Outcome == provision.Pending && e.Code == provision.CodeMaybeCreated
}
