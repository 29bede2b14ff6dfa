// Package report keeps the result file of a run: every row of the export with its outcome. The file is the ledger that a
// run works on; it is complete before the first request, and can be run again.
package report

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/roster"
)

// Options of a ledger.
type Options struct {
	Tenant    string       // host with port, "sandbox", or "" for a plan that contacts nobody
	Overwrite bool         // Create replaces an existing result file, whatever it holds
	Notify    func(string) // takes what is worth knowing, mostly a line; nil: nothing is told

	// AcceptChanges lets Prepare go on where the name or address of a pending row was changed in the file; without it
	// that is a *ChangedError, and nothing has been written.
	AcceptChanges bool
}

// A Ledger is a result file that a run works on: locked, with every row in memory, and a journal beside it that takes the
// results. It is safe for concurrent use, but for Close, which is the last call.
type Ledger struct {
	options    Options
	files      files
	lock       *lock
	export     *csvfile.File // the export, or the result file that was opened
	action     Action
	actionText string
	found      fs.FileInfo // the result file as it was found, and as this run wrote it; nil where there is none
	replaces   string      // why Create replaces a result file; empty where it replaces none
	unsaved    bool        // the result file does not hold the rows as they are in memory
	prepared   bool
	undo       bool
	preview    bool        // nothing is written to a file: there is no lock and no journal
	journal    *journal    // once prepared
	index      map[int]int // of a row in rows, by its number

	mu       sync.Mutex
	rows     []Row // in the file's order
	recorded bool  // a result was
	closed   bool
}

// A Row is a row of a result file.
type Row struct {
	roster.Row
	Number int
	Line   int // of the result file as it stands on the disk
	Entry  Entry

	settled bool // by this run
}

// Create locks the place of a new result file. Where a result file exists: one of which no row was ever sent is replaced
// by Prepare (with a notice), as any is with Options.Overwrite; else it is an *ExistsError, which says how much of it is
// done. Nothing is written yet. Name limits and permissions of every file that the run needs are tried. With an empty
// path the ledger is in memory alone: it locks and writes nothing.
func Create(path string, export *csvfile.File, action Action, o Options) (*Ledger, error) {
	return create(files{name: path}, export, action, o)
}

func create(f files, export *csvfile.File, action Action, o Options) (*Ledger, error) {
	switch {
	case export.Block >= 0:
		return nil, &ResultsGivenError{export.Name}
	case hasColumns(export.Header.Cells, oldColumns()):
		return nil, &OldResultsError{export.Name}
	}
	return lockLedger(f, o, func(l *Ledger) error {
		l.export, l.action, l.actionText, l.unsaved = export, action, action.String(), true
		l.rows = make([]Row, len(export.Records))
		for i := range l.rows {
			l.rows[i] = Row{Row: roster.Row{Record: &export.Records[i]}, Number: i + 1,
				Entry: Entry{Outcome: provision.Pending, Row: Number(i + 1)}}
		}
		if l.preview {
			return nil
		}
		return l.examineExisting()
	})
}

// Open locks the result file at path and reads it with the journal beside it.
func Open(path string, read csvfile.Options, o Options) (*Ledger, error) {
	return open(files{name: path}, read, o)
}

func open(f files, read csvfile.Options, o Options) (*Ledger, error) {
	return lockLedger(f, o, func(l *Ledger) error {
		c, err := load(l.files, read)
		if err != nil {
			return err
		}
		l.export, l.rows, l.action, l.actionText, l.found = c.file, c.rows, c.action, c.actionText, c.info
		l.unsaved = c.merged || runtime.GOOS != "windows" && c.info.Mode().Perm() != 0o600
		for _, w := range c.warnings {
			l.notify("%s", w)
		}
		return l.checkTenant()
	})
}

// lockLedger makes a ledger under the lock of its file. Where that fails, the lock is released.
func lockLedger(f files, o Options, fill func(*Ledger) error) (*Ledger, error) {
	if f.name == "" {
		l := &Ledger{options: o, preview: true}
		if err := fill(l); err != nil {
			return nil, err
		}
		l.indexRows()
		return l, nil
	}
	at, err := findFiles(f.name)
	if err != nil {
		return nil, err
	}
	at.step = f.step
	held, err := acquireLock(at)
	if err != nil {
		return nil, err
	}
	l := &Ledger{options: o, files: at, lock: held}
	at.removeTemps()
	if err = at.tryNames(); err == nil {
		err = fill(l)
	}
	if err != nil {
		return nil, errors.Join(err, held.release())
	}
	l.indexRows()
	return l, nil
}

func (l *Ledger) indexRows() {
	l.index = make(map[int]int, len(l.rows))
	for i, r := range l.rows {
		l.index[r.Number] = i
	}
}

func (l *Ledger) notify(format string, args ...any) {
	if l.options.Notify != nil {
		l.options.Notify(fmt.Sprintf(format, args...))
	}
}

// checkTenant fails with *TenantError where a row is another tenant's than the run's.
func (l *Ledger) checkTenant() error {
	for _, r := range l.rows {
		if run, file := l.options.Tenant, r.Entry.Tenant; run != "" && file != "" && !strings.EqualFold(run, file) {
			return &TenantError{l.files.name, file, run}
		}
	}
	return nil
}

// File is the export's records: of Open, the result file's.
func (l *Ledger) File() *csvfile.File { return l.export }

// Action is what the file's rows are for.
func (l *Ledger) Action() Action { return l.action }

// AcceptChanges sets the option of that name, after a *ChangedError.
func (l *Ledger) AcceptChanges() { l.options.AcceptChanges = true }

// Prepare checks the rows against the file (guards), against each other (conflicts), writes the result file with every row
// in it, and starts the journal. people has one row for each record of the file. It may be called again after a
// *ChangedError.
func (l *Ledger) Prepare(people *roster.Roster) error {
	if len(people.Rows) != len(l.rows) {
		return fmt.Errorf("%s has %d rows, but there are %d persons", l.files.name, len(l.rows), len(people.Rows))
	}
	for i := range l.rows {
		l.rows[i].Row = people.Rows[i]
	}
	if err := l.guard(); err != nil {
		return err
	}
	l.decideAll()
	return l.start()
}

// PrepareUndo is Prepare for a run that deletes: it changes no row, and starts the journal. Persons are derived where
// the file's action allows it; their subjects are those that were sent. A preview writes nothing: its results stay in
// memory.
func (l *Ledger) PrepareUndo(preview bool) error {
	l.preview = preview
	derivePersons(l.export, l.action, l.rows)
	var damaged rowList
	for i := range l.rows {
		r := &l.rows[i]
		e := r.Entry
		if !undoable(e) {
			continue
		}
		if ofSubject, _ := cutCheck(e.Check); ofSubject != subjectCheck(l.actionText, e.UserSubject, r.Number) {
			damaged.add(r, e.UserSubject, subjectCell(r.Person.Subject))
		}
		if r.Person.Subject != e.UserSubject {
			r.Person = provision.Person{Subject: e.UserSubject}
		}
	}
	if damaged.total > 0 {
		return &SubjectsError{l.files.name, damaged.first, damaged.total, true}
	}
	l.undo = true
	return l.start()
}

// undoable reports whether a run of the file created the row's user, or may have.
func undoable(e Entry) bool {
	return e.Outcome == provision.Created || e.Outcome == provision.Pending && e.Code == provision.CodeMaybeCreated
}

// start writes the result file where it does not hold the rows yet, and starts the journal in the place of an earlier run's. What Create
// began is removed where that fails: nothing of it was run.
func (l *Ledger) start() error {
	if l.preview {
		l.prepared = true
		return nil
	}
	isNew := l.found == nil
	if l.replaces != "" {
		l.notify("%s", l.replaces)
	}
	if l.unsaved {
		if err := l.save(patienceAtStart); err != nil {
			return err
		}
	}
	err := l.files.remove(l.files.journal(), patienceAtStart)
	if err == nil {
		l.journal, err = startJournal(l.files)
	}
	if err != nil && isNew {
		err = errors.Join(err, os.Remove(l.files.path))
	}
	l.prepared = err == nil
	return err
}

// Pending lists the rows that a run works on: never-tried rows first, each in the file's order; after PrepareUndo those
// that this file created, or may have created.
func (l *Ledger) Pending() []provision.Row {
	l.mu.Lock()
	defer l.mu.Unlock()
	var untried, tried []provision.Row
	for _, r := range l.rows {
		e := r.Entry
		row := provision.Row{Number: r.Number, Person: r.Person, UserID: string(e.UserID),
			LookupOnly: e.Code == provision.CodeSubjectTwice || e.Code == provision.CodeEmailTwice,
			Tried:      e.Attempts > 0 || e.Code != "" && e.Outcome == provision.Pending}
		if e.Code == provision.CodeMaybeCreated {
			row.SentAt = e.FinishedAt.Time
		}
		switch {
		case l.undo:
			if !undoable(e) {
				continue
			}
		case e.Outcome == provision.Invalid && (!row.LookupOnly || l.action.Command != "create"):
			continue
		case e.Outcome != provision.Pending && e.Outcome != provision.Invalid:
			continue
		}
		if row.Tried {
			tried = append(tried, row)
		} else {
			untried = append(untried, row)
		}
	}
	return slices.Concat(untried, tried)
}

// Record takes a result into memory and the journal, and returns when the operating system has it.
func (l *Ledger) Record(r provision.Result) error {
	i, found := l.index[r.Number]
	switch {
	case !l.prepared || !found:
		return fmt.Errorf("recording row %d: the ledger has no such row", r.Number)
	case !slices.Contains(provision.Outcomes(), r.Outcome) || r.Outcome == provision.Duplicate:
		return fmt.Errorf("recording row %d: %q is not an outcome of a run", r.Number, r.Outcome)
	}
	l.mu.Lock()
	e := l.rows[i].Entry.with(r)
	if was := l.rows[i].Entry.Outcome; l.undo && was == provision.Created && r.Outcome != provision.Deleted {
		e.Outcome, e.UserID = was, l.rows[i].Entry.UserID // the user exists: a retry must not create another
	}
	l.mu.Unlock()
	if !l.preview {
		if err := l.journal.record(e); err != nil {
			return fmt.Errorf("recording row %d: %w", r.Number, err)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rows[i].Entry, l.rows[i].settled = e, r.Outcome != provision.Pending
	l.recorded = true
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
	s.Run = map[provision.Outcome]int{}
	for _, o := range provision.Outcomes() {
		s.Run[o] = 0
	}
	for _, r := range l.rows {
		if r.settled {
			s.Run[r.Entry.Outcome]++
		}
	}
	return s
}

// Close writes the result file, removes the journal and releases the lock. Where the file cannot be replaced it fails
// with *MergeError, and the journal stays. A ledger that was not prepared leaves everything as it was. Calling it again does nothing.
func (l *Ledger) Close() error {
	if l.closed {
		return nil
	}
	l.closed = true
	switch {
	case l.lock == nil:
		return nil
	case !l.prepared || l.preview:
		return l.lock.release()
	}
	return errors.Join(l.finish(), l.lock.release())
}

// finish ends the journal and merges its results into the file.
func (l *Ledger) finish() error {
	inPlace := l.journal.inPlace()
	synced := l.journal.close()
	if l.recorded {
		err := l.checkUnchanged()
		if err == nil {
			err = l.save(patienceAtEnd)
		}
		if err != nil {
			return &MergeError{l.files.name, l.files.journalName(), errors.Join(err, synced)}
		}
	}
	if !inPlace {
		l.notify("%s was removed or replaced during the run; %s has the results all the same", l.files.journalName(), l.files.name)
		return nil
	}
	return l.files.remove(l.files.journal(), patienceAtEnd)
}

// checkUnchanged fails where another program has changed the result file since this run wrote or read it. A file that was removed is written again.
func (l *Ledger) checkUnchanged() error {
	now, err := os.Lstat(l.files.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !os.SameFile(now, l.found) || now.Size() != l.found.Size() || !now.ModTime().Equal(l.found.ModTime()):
		return errors.New("another program changed it during the run")
	}
	return nil
}
