// Package report keeps the result file of a run: every row of the export with its outcome. The file is the
// ledger that a run works on; it is complete before the first request, and can be run again.
package report

import (
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
	Notify    func(string) // is called with each notice for the user, mostly one line; nil: there are none
}

// A Ledger is a result file that a run works on: locked, with every row in memory, and a journal beside it
// that takes the results. Record, Pending, Rows and Summary are safe for concurrent use, after Prepare or
// PrepareUndo has returned and before Close.
type Ledger struct {
	options  Options
	files    files
	lock     *lock         // nil for a preview in memory, and once closed
	export   *csvfile.File // the export, or the result file that was opened
	action   Action
	lastSeen fs.FileInfo // the result file as this run last read or wrote it; nil where there is none
	preview  bool        // nothing is written
	undo     bool
	journal  *journal // while prepared, but for a preview
	byNumber []*Row   // rows, in the order of their numbers

	mu      sync.Mutex
	rows    []Row // in the file's order
	unsaved bool  // the result file does not hold the rows as they are in memory
}

// A Row is a row of a result file.
type Row struct {
	*roster.Row // nil in a Ledger that is not prepared
	Number      int
	Line        int // of the result file that was opened
	Entry       Entry
	Reached     bool // this run recorded a result of it
}

// CheckExport fails with ErrResultsGiven or ErrOldResults where a file is a result file.
func CheckExport(file *csvfile.File) error {
	switch {
	case file.Block >= 0:
		return fmt.Errorf("%s %w", file.Name, ErrResultsGiven)
	case hasColumns(file.Header.Cells, oldColumns()):
		return fmt.Errorf("%s %w", file.Name, ErrOldResults)
	}
	return nil
}

// Create locks the place of a new result file for an export that CheckExport accepts. Where a result file exists of
// which no row was ever sent, Prepare replaces it (with a notice), as it does any with Options.Overwrite; another is an
// *ExistsError, which says how much of it is done. Nothing is written yet, but names and permissions of the files that
// the run needs are tried. With an empty path the ledger is a preview in memory: it locks and writes nothing.
func Create(path string, export *csvfile.File, action Action, o Options) (*Ledger, error) {
	return create(files{name: path}, export, action, o)
}

func create(f files, export *csvfile.File, action Action, o Options) (*Ledger, error) {
	return newLedger(f, o, func(l *Ledger) error {
		l.export, l.action, l.unsaved = export, action, true
		l.rows = make([]Row, len(export.Records))
		entry := Entry{Action: action.String(), Outcome: provision.Pending}
		for i := range l.rows {
			entry.Row = Number(i + 1)
			l.rows[i] = Row{Number: i + 1, Entry: entry}
		}
		l.byNumber = sortByNumber(l.rows)
		if l.preview {
			return nil
		}
		return l.examineExisting()
	})
}

// examineExisting decides whether the file at the place of a new ledger may be replaced. Only a result file
// is, whatever the options say.
func (l *Ledger) examineExisting() error {
	f := l.files
	r, err := load(f, csvfile.Options{})
	unreadable, _ := errors.AsType[*csvfile.Error](err)
	switch {
	case errors.Is(err, fs.ErrNotExist), l.options.Overwrite && errors.Is(err, ErrStrayJournal) && !exists(f.path):
		return nil
	case errors.Is(err, ErrStrayJournal): // an editor emptied the file: nobody asked to lose the journal
		return err
	case unreadable != nil:
		return &NotResultsError{Path: f.name, Why: unreadable.Message}
	case l.options.Overwrite && (r.File != nil || errors.Is(err, ErrOldResults)):
		l.notify("%s is replaced", f.name)
	case err != nil:
		return err
	case WasSent(r.Rows):
		s, was := r.Summary(), r.Action.String()
		return &ExistsError{f.name, s.Rows, s.Done, r.isOf(l.export), was == l.action.String(), was}
	default:
		l.notify("%s is replaced: no row of it was ever sent", f.name)
	}
	l.lastSeen = r.info
	return nil
}

// isOf reports whether a result file is of an export: the same header and the same rows, cell by cell.
func (r *Results) isOf(export *csvfile.File) bool {
	width := r.File.Block
	if !slices.Equal(r.File.Header.Cells[:width], export.Header.Cells) || len(r.Rows) != len(export.Records) {
		return false
	}
	cells := func(record csvfile.Record) []string { // those that it lacks are empty
		cells := make([]string, width)
		for i := range min(width, len(record.Cells)) {
			cells[i] = strings.TrimSpace(record.Cells[i])
		}
		return cells
	}
	for i, row := range r.Rows {
		if row.Number > len(export.Records) ||
			!slices.Equal(cells(r.File.Records[i]), cells(export.Records[row.Number-1])) {
			return false
		}
	}
	return true
}

// Open locks the result file at path and reads it with the journal beside it.
func Open(path string, read csvfile.Options, o Options) (*Ledger, error) {
	return open(files{name: path}, read, o)
}

func open(f files, read csvfile.Options, o Options) (*Ledger, error) {
	return newLedger(f, o, func(l *Ledger) error {
		r, err := load(l.files, read)
		if err != nil {
			return err
		}
		l.export, l.action, l.rows, l.byNumber, l.lastSeen = r.File, r.Action, r.Rows, r.byNumber, r.info
		l.unsaved = r.Unmerged || runtime.GOOS != "windows" && r.info.Mode().Perm() != 0o600
		for _, w := range r.Warnings {
			l.notify("%s", w)
		}
		return l.checkTenant()
	})
}

// newLedger makes a ledger and fills it, under the lock of its file where it has one.
func newLedger(f files, o Options, fill func(*Ledger) error) (l *Ledger, err error) {
	l = &Ledger{options: o, preview: f.name == ""}
	if !l.preview {
		if l.files, err = findFiles(f); err != nil {
			return nil, err
		}
		if l.lock, err = acquireLock(l.files); err != nil {
			return nil, err
		}
		l.files.removeTemps()
		err = l.files.tryNames()
	}
	if err == nil {
		err = fill(l)
	}
	if err != nil {
		return nil, errors.Join(err, l.lock.release())
	}
	return l, nil
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

// Prepare checks the rows against the file, and against each other (conflicts), writes the result file with
// every row in it, and starts the journal. people has one row for each record of the file; they are the ledger's
// from then on. Where the name or email of a pending row was changed in the file, and acceptChanges is false, it is a
// *ChangedError; nothing has been written then, and Prepare may be called again.
func (l *Ledger) Prepare(people *roster.Roster, acceptChanges bool) error {
	if len(people.Rows) != len(l.rows) {
		return fmt.Errorf("%s has %d rows, but there are %d persons", l.files.name, len(l.rows), len(people.Rows))
	}
	for i := range l.rows {
		l.rows[i].Row = &people.Rows[i]
	}
	if err := l.guardPersons(acceptChanges); err != nil {
		return err
	}
	l.decideAll()
	return l.start()
}

// PrepareUndo is Prepare for a run that deletes: it changes no row, and starts the journal. Persons are
// derived where the file's action allows it; their subjects are those that were sent. A preview writes
// nothing: its results stay in memory.
func (l *Ledger) PrepareUndo(preview bool) error {
	l.preview, l.undo = preview, true
	derivePersons(l.export, l.action, l.rows)
	var damaged []string
	for i := range l.rows {
		r := &l.rows[i]
		if !r.Entry.MayHaveCreated() {
			continue
		}
		subject := r.Entry.UserSubject
		if !r.Entry.fits(subject) {
			damaged = append(damaged, r.subjectChange(subject))
		}
		if r.Person.Subject != subject {
			r.Person = provision.Person{Subject: subject}
		}
	}
	if damaged != nil {
		return &ChangedError{l.files.name, SubjectDamaged, damaged}
	}
	return l.start()
}

// start writes the result file where it does not hold the rows yet, and starts the journal in the place of an
// earlier run's. A new file is removed where that fails: nothing of it was run.
func (l *Ledger) start() error {
	if l.preview {
		return nil
	}
	isNew := l.lastSeen == nil
	if err := l.checkUnchanged(); err != nil {
		return fmt.Errorf("%s: %w", l.files.name, err)
	}
	err := l.awaitReplaceable(patienceAtStart) // the end of the run replaces it
	if err == nil && l.unsaved {
		err = l.save(patienceAtStart)
	}
	if err != nil {
		return err
	}
	err = l.files.remove(l.files.journalPath(), patienceAtStart)
	if err == nil {
		l.journal, err = startJournal(l.files)
	}
	if err != nil && isNew {
		err = errors.Join(err, os.Remove(l.files.path))
	}
	return err
}
