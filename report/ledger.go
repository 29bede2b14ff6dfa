// Package report keeps the result file of a run: every row of the export with its outcome. The file is the
// ledger that a run works on; it is complete before the first request, and can be run again.
package report

import (
	"errors"
	"fmt"
	"sync"

	"github.com/gofrs/flock"

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

// A Ledger is a result file that a run works on: locked, with every row in memory, and a journal beside it that takes
// the results. Between Prepare or PrepareUndo and Close, Record and Pending are safe for concurrent use; nothing else
// may be used while a Record is under way.
type Ledger struct {
	*Results
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
	return create(files{name: path}, export, action, o)
}

func create(f files, export *csvfile.File, action Action, o Options) (*Ledger, error) {
	r := &Results{Path: f.name, File: export, Action: action, Rows: make([]Row, len(export.Records))}
	entry := Entry{Action: action.String(), Outcome: provision.Pending}
	roster.InBatches(len(r.Rows), func(from, to int) {
		for i := from; i < to; i++ {
			r.Rows[i] = Row{Number: i + 1, Entry: entry}
			r.Rows[i].Entry.Row = Number(i + 1)
		}
	})
	r.byNumber = sortByNumber(r.Rows)
	if f.name == "" {
		return &Ledger{Results: r, options: o, preview: true}, nil
	}
	return newLedger(f, o, func(l *Ledger) error {
		l.Results = r
		return l.checkExisting()
	})
}

// Open locks the result file at path and reads it with the journal beside it.
func Open(path string, read csvfile.Options, o Options) (*Ledger, error) {
	return open(files{name: path}, read, o)
}

func open(f files, read csvfile.Options, o Options) (*Ledger, error) {
	return newLedger(f, o, func(l *Ledger) (err error) {
		if l.Results, err = load(l.files, read); err != nil {
			return err
		}
		for _, w := range l.Warnings {
			l.notify("%s", w)
		}
		return l.CheckTenant(o.Tenant)
	})
}

// newLedger makes a ledger and fills it, under the lock of its file.
func newLedger(f files, o Options, fill func(*Ledger) error) (*Ledger, error) {
	l := &Ledger{options: o}
	var err error
	if l.files, err = findFiles(f); err != nil {
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
	l.decideAll()
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
