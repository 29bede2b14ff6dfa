package report

import (
	"cmp"
	"fmt"
	"slices"

	"qlik-provision/provision"
)

// Record takes a result into memory and the journal, and returns when the operating system has it.
func (l *Ledger) Record(r provision.Result) error {
	i, found := l.index[r.Number]
	switch {
	case l.journal == nil && !l.preview || !found:
		return fmt.Errorf("recording row %d: the ledger has no such row", r.Number)
	case !slices.Contains(provision.Outcomes(), r.Outcome) || r.Outcome == provision.Duplicate:
		return fmt.Errorf("recording row %d: %q is not an outcome of a run", r.Number, r.Outcome)
	}
	l.mu.Lock()
	was := l.rows[i].Entry
	l.mu.Unlock()
	e := was.with(r)
	if l.undo && was.Outcome == provision.Created && r.Outcome != provision.Deleted {
		e.Outcome, e.UserID = was.Outcome, was.UserID // the user exists: a retry must not create another
	}
	if !l.preview {
		if err := l.journal.record(e); err != nil {
			return fmt.Errorf("recording row %d: %w", r.Number, err)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rows[i].Entry, l.rows[i].settled = e, r.Outcome != provision.Pending
	l.unsaved = true
	return nil
}

// with is the entry after a result. Attempts of earlier runs stay where this one made none.
func (e Entry) with(r provision.Result) Entry {
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
	rows := make([]provision.Row, 0, l.countWaiting())
	for _, tried := range []bool{false, true} {
		for i := range l.rows {
			if row := l.rowOf(&l.rows[i]); row.Tried == tried && l.waits(&l.rows[i]) {
				rows = append(rows, row)
			}
		}
	}
	return rows
}

// Waiting is the number of rows that Pending lists.
func (l *Ledger) Waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.countWaiting()
}

func (l *Ledger) countWaiting() (n int) {
	for i := range l.rows {
		if l.waits(&l.rows[i]) {
			n++
		}
	}
	return n
}

func (l *Ledger) waits(r *Row) bool {
	if l.undo {
		return r.Entry.MayHaveCreated()
	}
	return r.Entry.Outcome == provision.Pending || l.lookupOnly(r)
}

func (l *Ledger) lookupOnly(r *Row) bool {
	return l.action.Command == "create" && r.Entry.Outcome == provision.Invalid && isContradiction(r.Entry.Code)
}

// rowOf is a row as a run works on it.
func (l *Ledger) rowOf(r *Row) provision.Row {
	e := &r.Entry
	row := provision.Row{
		Number: r.Number, Person: r.Person, LookupOnly: l.lookupOnly(r),
		Tried: e.Attempts > 0 || e.Code != "" && e.Outcome == provision.Pending,
	}
	switch {
	case e.Code == provision.CodeMaybeCreated:
		row.SentAt = e.FinishedAt.Time
	case e.Code == provision.CodeMaybeChanged:
		row.ChangeSent = true
	}
	if l.undo || row.ChangeSent { // else it may be the user of another person
		row.UserID = string(e.UserID)
	}
	return row
}

// isContradiction reports whether a code says that a row contradicts another one.
func isContradiction(code Text) bool {
	return code == provision.CodeSubjectTwice || code == provision.CodeEmailTwice
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
		if r.settled {
			s.Run[r.Entry.Outcome]++
		}
	}
	return s
}
