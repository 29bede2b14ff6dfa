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
	var untried, tried []provision.Row
	for _, r := range l.rows {
		e := r.Entry
		row := provision.Row{
			Number: r.Number, Person: r.Person, UserID: string(e.UserID),
			LookupOnly: l.action.Command == "create" && e.Outcome == provision.Invalid && isContradiction(e.Code),
			Tried:      e.Attempts > 0 || e.Code != "" && e.Outcome == provision.Pending,
		}
		if e.Code == provision.CodeMaybeCreated {
			row.SentAt = e.FinishedAt.Time
		}
		switch {
		case l.undo && !e.Undoable(), !l.undo && e.Outcome != provision.Pending && !row.LookupOnly:
		case row.Tried:
			tried = append(tried, row)
		default:
			untried = append(untried, row)
		}
	}
	return slices.Concat(untried, tried)
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
