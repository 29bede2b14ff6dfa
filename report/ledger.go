package report

import (
	"fmt"
	"io/fs"
	"iter"
	"os"
	"slices"
	"sync"

	"qlik-provision/provision"
	"qlik-provision/provision/roster"
)

// Options say how a ledger is made or opened.
type Options struct {
	Tenant     string       // host with port, "sandbox", or "" for a plan that asks nobody
	NeedEmail  bool         // a row without an address is invalid
	MatchEmail bool         // rows that share an address under different subjects are invalid
	Overwrite  bool         // Create throws away a result file that is there
	Notify     func(string) // takes one line that is worth knowing; nil: nobody does

	// For tests.
	hash    func(string) uint64
	step    func(what string)           // between any two things done to the folder
	syncing func(path string)           // with every sync of a draft or the folder
	storage func(file *os.File) storage // what the journal is written to
}

func (o *Options) notify(format string, args ...any) {
	if o.Notify != nil {
		o.Notify(fmt.Sprintf(format, args...))
	}
}

func (o *Options) after(what string) {
	if o.step != nil {
		o.step(what)
	}
}

// A Ledger is a result file that a run works on: locked, with every row in it, and a journal beside it that takes the outcomes.
// Its methods may be called at once, but for Close, which is the last.
type Ledger struct {
	place   place
	options Options
	columns roster.Columns
	delim   rune
	lock    *lock
	journal *journal
	rows    int

	mu     sync.Mutex
	counts map[provision.State]int // guarded by mu
	taken  int                     // outcomes that the journal took; guarded by mu
	closed bool                    // guarded by mu
}

// Create checks all of an export and writes its ledger to path, where no result file may be (*ExistsError) but one that
// Options.Overwrite throws away. Nothing is left behind where it fails: with *roster.Error where the export cannot be trusted,
// *ResultsGivenError, *NotResultsError, *StrayJournalError, *LockedError, or the system's error.
func Create(path string, export *roster.File, o Options) (*Ledger, error) {
	if export.Block >= 0 {
		return nil, &ResultsGivenError{export.Name}
	}
	return locked(path, o, func(l *Ledger) error {
		if err := l.makeWay(export); err != nil {
			return err
		}
		return l.renew(&sheet{name: export.Name, file: export})
	})
}

// Open takes up the result file at path, as a run or a spreadsheet left it: outcomes that a killed run left in its journal are
// brought in, and every row that is not done is derived with in and checked anew. in.Block is set by Open. Nothing is written
// where it fails: as Create does, or with *TenantError or *SubjectsError.
func Open(path string, in roster.Options, o Options) (*Ledger, error) {
	return locked(path, o, func(l *Ledger) error {
		if !l.place.there() {
			if there(l.place.journal()) {
				return &StrayJournalError{l.place.name, l.place.journalName()}
			}
			return &fs.PathError{Op: "open", Path: l.place.name, Err: fs.ErrNotExist}
		}
		s, err := openSheet(l.place, in)
		if err != nil {
			return err
		}
		return l.renew(s)
	})
}

// locked makes a ledger under the lock of its place. A start that is refused leaves nothing behind, the lock included.
func locked(path string, o Options, make func(*Ledger) error) (*Ledger, error) {
	p, err := findPlace(path)
	if err != nil {
		return nil, err
	}
	p.syncing = o.syncing
	held, err := take(p)
	if err != nil {
		return nil, err
	}
	p.sweep()
	l := &Ledger{place: p, options: o, lock: held, counts: map[provision.State]int{}}
	if err := make(l); err != nil {
		return nil, both(err, held.release())
	}
	return l, nil
}

// removeJournal removes what stands at the journal's path, for good before anything else is done.
func (l *Ledger) removeJournal() error {
	if !there(l.place.journal()) {
		return nil
	}
	if err := remove(l.place.journal(), busyPatience); err != nil {
		return fmt.Errorf("removing %s: %w", l.place.journalName(), err)
	}
	l.options.after("journal removed")
	return l.place.syncFolder()
}

// setJournalAside gives what stands at the journal's path the name of a draft, under which nothing takes it for the new file's and a sweep removes it.
func (l *Ledger) setJournalAside() (putBack func() error, err error) {
	journal, aside := l.place.journal(), l.place.asideName()
	if info, err := os.Lstat(journal); err != nil || !info.Mode().IsRegular() {
		return func() error { return nil }, l.removeJournal()
	}
	if err := try(busyPatience, busy, func() error { return os.Rename(journal, aside) }); err != nil {
		return nil, fmt.Errorf("setting %s aside: %w", l.place.journalName(), err)
	}
	l.options.after("journal set aside")
	putBack = func() error { return os.Rename(aside, journal) }
	if err := l.place.syncFolder(); err != nil {
		return nil, both(err, putBack())
	}
	return putBack, nil
}

func (l *Ledger) startJournal() error {
	file, err := os.OpenFile(l.place.journal(), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	var to storage = file
	if l.options.storage != nil {
		to = l.options.storage(file)
	}
	if l.journal, err = startJournal(l.place.journalName(), to); err == nil {
		l.options.after("journal started")
		if err = l.place.syncFolder(); err != nil {
			err = both(err, l.journal.close())
		}
	}
	if err != nil {
		os.Remove(l.place.journal())
	}
	return err
}

// Rows is how many rows the file has.
func (l *Ledger) Rows() int { return l.rows }

// Counts is how many rows are in each state by now.
func (l *Ledger) Counts() map[provision.State]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	counts := make(map[provision.State]int, len(l.counts))
	for s, n := range l.counts {
		counts[s] = n
	}
	return counts
}

// Pending yields the rows that are to be run, in the file's order, as they were when the ledger was made. Record may be called
// meanwhile; Close may not.
func (l *Ledger) Pending() iter.Seq2[provision.Row, error] {
	return func(yield func(provision.Row, error) bool) {
		s, err := l.reopen()
		if err != nil {
			yield(provision.Row{}, err)
			return
		}
		defer s.close()
		for r, err := range s.rows() {
			switch {
			case err != nil:
				yield(provision.Row{}, err)
				return
			case r.entry.Outcome != provision.Pending:
				continue
			case !sameSubject(r.Subject, r.entry.UserSubject):
				err = s.wrong(r.Line, fmt.Sprintf("the subject is %q, and was written as %q", r.Subject, r.entry.UserSubject))
			}
			if !yield(r.Row, err) || err != nil {
				return
			}
		}
	}
}

// reopen opens the ledger as this run wrote it, without the journal: its columns are where the export has them.
func (l *Ledger) reopen() (*sheet, error) {
	s, err := openAlone(l.place, roster.Options{Delimiter: l.delim, Loose: true})
	if err != nil {
		return nil, err
	}
	s.file.Columns = l.columns
	return s, nil
}

// Record writes an outcome to the journal, and is back only when the operating system has it. Where that fails, the journal ends
// with its last whole line, and the error wraps the system's.
func (l *Ledger) Record(o provision.Outcome) error {
	if !slices.Contains(provision.States(), o.State) || o.State == provision.Duplicate {
		return fmt.Errorf("recording row %d: %q is no outcome of a run", o.Row.Number, o.State)
	}
	cells := entryOf(o, l.options.Tenant).cells()
	if err := l.journal.append(cells[:]); err != nil {
		return fmt.Errorf("recording row %d: %w", o.Row.Number, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts[provision.Pending]--
	l.counts[o.State]++
	l.taken++
	return nil
}

// recorded is how many outcomes the journal took.
func (l *Ledger) recorded() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.taken
}

// Close brings the outcomes into the result file, removes the journal and lets go of the lock. Where the file cannot be replaced it
// fails with *MergeError, and the journal stays. Calling it again does nothing.
func (l *Ledger) Close() error {
	if !l.end() {
		return nil
	}
	synced := l.journal.close()
	err := l.merge()
	if err != nil {
		err = &MergeError{l.place.name, l.place.journalName(), both(err, synced)}
	} else {
		err = l.removeJournal()
	}
	return both(err, l.lock.release())
}

// end is true the first time.
func (l *Ledger) end() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	first := !l.closed
	l.closed = true
	return first
}
