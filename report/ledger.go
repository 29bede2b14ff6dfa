// Package report keeps the result file of a run: every row of the export with its outcome. The file is the
// ledger that a run works on; it is complete before the first request, and can be run again.
package report

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/gofrs/flock"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/roster"
)

// Options of a ledger.
type Options struct {
	Tenant    string       // host with port, "sandbox", or "" for a plan that contacts nobody
	Overwrite bool         // Create replaces an existing result file, whatever is done in it
	Notify    func(string) // is called with each notice for the user, mostly one line; nil: there are none
}

// A Ledger is a result file that a run works on: locked, with every row in memory, and a journal beside it that takes
// the results. Between Prepare or PrepareUndo and Close, Record and Pending are safe for concurrent use; nothing else
// may be used while a Record is under way.
type Ledger struct {
	*ResultFile
	options Options
	files   files
	lock    *flock.Flock // nil for a preview in memory, and once closed
	preview bool         // nothing is written
	undo    bool
	journal *journal // while prepared, but for a preview

	mu      sync.Mutex // guards what follows, and the rows
	unsaved bool       // the result file does not have every result
}

// Create locks the place of a new result file for an export that CheckExport accepts. Where a result file exists of
// which no row was ever sent, Prepare replaces it (with a notice), as it does any with Options.Overwrite; another is an
// *ExistsError, which says how much of it is done. Nothing is written yet. With an empty path the ledger is a preview
// in memory: it locks and writes nothing.
func Create(path string, export *csvfile.File, action Action, o Options) (*Ledger, error) {
	r := &ResultFile{Path: path, File: export, Action: action, Rows: make([]Row, len(export.Records))}
	entry := Entry{Action: action.String(), Outcome: provision.Pending}
	for i := range r.Rows {
		entry.Row = NumberCell(i + 1)
		r.Rows[i] = Row{Number: i + 1, Entry: entry}
	}
	r.byNumber = sortByNumber(r.Rows)
	if path == "" {
		return &Ledger{ResultFile: r, options: o, preview: true}, nil
	}
	return newLedger(path, o, func(l *Ledger) error {
		l.ResultFile = r
		return l.checkExisting()
	})
}

// Open locks the result file at path and reads it with the journal beside it.
func Open(path string, read csvfile.Options, o Options) (*Ledger, error) {
	return newLedger(path, o, func(l *Ledger) (err error) {
		if l.ResultFile, err = load(l.files, read); err != nil {
			return err
		}
		for _, w := range l.Warnings {
			l.notify("%s", w)
		}
		return l.CheckTenant(o.Tenant)
	})
}

// newLedger makes a ledger and fills it, under the lock of its file.
func newLedger(path string, o Options, fill func(*Ledger) error) (l *Ledger, err error) {
	l = &Ledger{options: o}
	if l.files, err = findFiles(path); err != nil {
		return nil, err
	}
	if l.lock, err = acquireLock(l.files); err != nil {
		return nil, err
	}
	if err := fill(l); err != nil {
		return nil, errors.Join(err, release(l.lock))
	}
	return l, nil
}

func (l *Ledger) notify(format string, args ...any) {
	if l.options.Notify != nil {
		l.options.Notify(fmt.Sprintf(format, args...))
	}
}

// Prepare checks the rows against the file, and against each other (conflicts), writes the result file with
// every row in it, and starts the journal. people has one row for each record of the file; they are the ledger's
// from then on. Where the name or email of a pending row was changed in the file, and acceptChanges is false, it is a
// *ChangedError; nothing has been written then, and Prepare may be called again.
func (l *Ledger) Prepare(people *roster.Roster, acceptChanges bool) error {
	for i := range l.Rows {
		l.Rows[i].Row = &people.Rows[i]
	}
	if err := l.checkPersons(acceptChanges); err != nil {
		return err
	}
	l.prepareRows()
	return l.start()
}

// PrepareUndo is Prepare for a run that deletes: it changes no row, and starts the journal. Persons are derived where
// the file's action allows it; their subjects are those that were sent. A preview writes nothing: its results stay in
// memory.
func (l *Ledger) PrepareUndo(preview bool) error {
	l.preview, l.undo = preview, true
	l.derivePersons()
	if err := l.checkPersons(true); err != nil {
		return err
	}
	return l.start()
}

// start writes the result file and starts the journal, in the place of an earlier run's: every name that the run needs
// is tried.
func (l *Ledger) start() error {
	if l.preview {
		return nil
	}
	err := l.save(patienceAtStart)
	if err == nil {
		err = l.files.remove(l.files.journalPath(), patienceAtStart)
	}
	if err == nil {
		l.journal, err = startJournal(l.files)
	}
	return err
}

// prepareRows sets the entries with which the run begins. In a file of which no row was ever sent, a plan, existing
// users are looked up again.
func (l *Ledger) prepareRows() {
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
			l.Rows[i].Entry = l.prepareEntry(&l.Rows[i], conflicts)
		}
	})
}

// prepareEntry is a row's entry before the run. An earlier run's code and message stay until this one has a result.
func (l *Ledger) prepareEntry(r *Row, conflicts map[*Row]provision.Result) Entry {
	e, subject := r.Entry, subjectCell(r.Person.Subject)
	e.Tenant = cmp.Or(e.Tenant, l.options.Tenant)
	if e.Outcome.Done() {
		return e
	}
	isSame := e.UserSubject == subject
	wasTried := isSame && (e.Outcome == provision.Pending || e.Outcome == provision.Failed)
	// A trailer with fewer cells than the header has all of them in the result file, where it looks like a person.
	isTrailer := isSame && e.Code == provision.CodeNotAPerson && strings.EqualFold(e.Check, checkOf(&e, r.Person))
	e.UserSubject = subject
	e.Check = checkOf(&e, r.Person)
	now, isConflict := conflicts[r]
	switch {
	case isTrailer:
		e.Outcome = provision.Invalid
		return e
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
	row.Entry, row.Recorded, l.unsaved = e, true, true
	return nil
}

// Close writes the result file, removes the journal and releases the lock. Where the file cannot be replaced
// it fails with ErrNotReplaced, and the journal stays. A ledger that was not prepared leaves everything as it
// was. Calling it again does nothing.
func (l *Ledger) Close() error {
	var err error
	if l.journal != nil {
		err = l.finish()
	}
	err = errors.Join(err, release(l.lock))
	l.journal, l.lock = nil, nil
	return err
}

// finish ends the journal and merges its results into the file.
func (l *Ledger) finish() error {
	inPlace := standsAt(l.journal.file, l.files.journalPath())
	synced := l.journal.close() // where it fails, the file that is written now has the results all the same
	if l.unsaved {
		if err := l.save(patienceAtEnd); err != nil {
			where := "the results are in " + l.files.journalName()
			if !inPlace {
				if lost := l.restoreJournal(); lost != nil {
					err, where = errors.Join(err, lost), "its journal was removed, and could not be written again"
				}
			}
			return fmt.Errorf("%s %w: %w; %s", l.Path, ErrNotReplaced, errors.Join(err, synced), where)
		}
	}
	if !inPlace {
		l.notify("%s was removed or replaced during the run; %s has all results", l.files.journalName(), l.Path)
		return nil
	}
	return l.files.remove(l.files.journalPath(), patienceAtEnd)
}

// restoreJournal writes the journal again, which was removed during the run, with the results of the run.
func (l *Ledger) restoreJournal() error {
	j, err := startJournal(l.files)
	if err != nil {
		return err
	}
	for _, r := range l.Rows {
		if r.Recorded {
			err = errors.Join(err, j.record(r.Entry))
		}
	}
	return errors.Join(err, j.close())
}
