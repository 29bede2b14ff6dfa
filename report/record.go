package report

import (
	"cmp"
	"fmt"
	"slices"

	"qlik-provision/provision"
)

// Record takes a result into memory and the journal, and returns when the operating system has it.
func (l *Ledger) Record(r provision.Result) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	row := find(l.byNumber, r.Number)
	switch {
	case l.journal == nil && !l.preview:
		return fmt.Errorf("recording row %d: no run is prepared", r.Number)
	case row == nil:
		return fmt.Errorf("recording row %d: the ledger has no such row", r.Number)
	case !slices.Contains(provision.Outcomes(), r.Outcome) || r.Outcome == provision.Duplicate:
		return fmt.Errorf("recording row %d: %q is not an outcome of a run", r.Number, r.Outcome)
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
	e.FinishedAt = timeOf(r.FinishedAt)
	return e
}

// Pending lists the rows that a run works on: never-tried rows first, each in the file's order; after
// PrepareUndo those that this file created, or may have created.
func (l *Ledger) Pending() []provision.Row {
	l.mu.Lock()
	defer l.mu.Unlock()
	rows := make([]provision.Row, 0, len(l.rows))
	for _, tried := range []bool{false, true} {
		for i := range l.rows {
			if row, waits := l.pendingRow(&l.rows[i]); waits && l.rows[i].Entry.tried() == tried {
				rows = append(rows, row)
			}
		}
	}
	return rows
}

// pendingRow is a row as a run works on it, and whether one does.
func (l *Ledger) pendingRow(r *Row) (row provision.Row, waits bool) {
	e := &r.Entry
	contradicts := e.Outcome == provision.Invalid &&
		(e.Code == provision.CodeSubjectTwice || e.Code == provision.CodeEmailTwice)
	row = provision.Row{
		Number: r.Number, Person: r.Person, LookupOnly: l.action.Command == "create" && contradicts,
	}
	switch {
	case e.Code == provision.CodeMaybeCreated:
		row.SentAt = e.FinishedAt.Time
	case e.Code == provision.CodeMaybeChanged:
		row.ChangeSent = string(e.UserID)
	}
	if l.undo {
		row.UserID = string(e.UserID)
		return row, e.MayHaveCreated()
	}
	return row, e.Outcome == provision.Pending || row.LookupOnly
}

// tried reports whether a run tried the row.
func (e Entry) tried() bool { return e.Attempts > 0 || e.Code != "" && e.Outcome == provision.Pending }

// MayHaveCreated reports whether a run of the file created the row's user, or may have: undo is for such rows.
func (e Entry) MayHaveCreated() bool {
	return e.Outcome == provision.Created || e.Outcome == provision.Pending && e.Code == provision.CodeMaybeCreated
}

// Rows are the rows as they are now: a copy.
func (l *Ledger) Rows() []Row {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.rows)
}

// Summary counts the rows as they are now, and those of this run alone.
func (l *Ledger) Summary() *Summary {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := summarize(l.rows)
	s.Run = newCounts()
	for _, r := range l.rows {
		if r.Reached && r.Entry.Outcome != provision.Pending {
			s.Run[r.Entry.Outcome]++
		}
	}
	return s
}
