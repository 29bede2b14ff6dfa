package report

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/roster"
)

// Results is a result file that was read, with the journal beside it merged in memory; it is not locked, and
// a run may be on.
type Results struct {
	Path     string
	File     *csvfile.File
	Action   Action
	Rows     []Row
	Running  bool   // a run holds the lock, or may
	Holder   string // whose run: process, host and since when
	Unmerged bool   // the journal has results that are not in the file yet
	Warnings []string

	info  fs.FileInfo // of the file that was read
	index map[int]int // of a row in Rows, by its number
}

// Read reads the result file at path: for report, verify and plan. Persons are derived from the file's action
// where that can be done.
func Read(path string, read csvfile.Options) (*Results, error) {
	f, err := findFiles(files{name: path})
	if err != nil {
		return nil, err
	}
	r, err := load(f, read)
	if err != nil {
		return nil, err
	}
	derivePersons(r.File, r.Action, r.Rows)
	locked, known := f.isLocked()
	if r.Running = locked || !known; !r.Running {
		r.Holder = ""
	}
	return r, nil
}

// derivePersons fills in the rows' persons. Where the action no longer fits the file's columns they stay
// empty: the rows have their subjects, and are what is asked for.
func derivePersons(file *csvfile.File, action Action, rows []Row) {
	people, err := roster.Read(file, action.Sources())
	if err != nil {
		return
	}
	for i := range rows {
		rows[i].Row = people.Rows[i]
	}
}

// Summary counts the rows.
func (r *Results) Summary() *Summary { return summarize(r.Rows) }

// Promises are what the outcomes of the rows promise, for provision.Run.Verify: of every row with a subject.
func (r *Results) Promises() []provision.Promise {
	promises := make([]provision.Promise, 0, len(r.Rows))
	for _, row := range r.Rows {
		e, person := row.Entry, row.Person
		if e.UserSubject != "" {
			person.Subject = e.UserSubject
		}
		if person.Subject == "" || row.Skipped {
			continue
		}
		promises = append(promises, provision.Promise{
			Row:     provision.Row{Number: row.Number, Person: person, UserID: string(e.UserID)},
			Outcome: e.Outcome, Code: string(e.Code), UserID: string(e.UserID),
		})
	}
	return promises
}

// load reads a result file and its journal as they belong together. It fails with *StrayJournalError,
// *NotResultsError, *OldResultsError, a *csvfile.Error, or the system's error. Of a file that is refused
// because of its rows, File is set all the same.
func load(f files, read csvfile.Options) (*Results, error) {
	r := &Results{Path: f.name}
	var file, journal *os.File
	err := retryBusy(patienceAtStart, isBusy, func() (err error) { // a run that ends hinders it for a moment
		file, journal, err = openTogether(f)
		return err
	})
	if isShared(err) {
		err = &InUseError{f.name, err}
	}
	if err != nil {
		return r, err
	}
	defer file.Close()
	defer journal.Close() // nothing where there is none
	if r.info, err = file.Stat(); err != nil {
		return r, err
	}
	if r.File, err = parse(file, f.name, read); err != nil {
		return r, err
	}
	if err := r.readRows(); err != nil || journal == nil {
		return r, err
	}
	j, err := readJournal(journal, f.journalName())
	if err != nil {
		return r, err
	}
	merged := j.mergeInto(r)
	r.Holder, r.Unmerged = j.holder, merged > 0
	if dropped := j.dropped(f.journalName(), merged); dropped != "" {
		r.Warnings = append(r.Warnings, dropped)
	}
	return r, nil
}

// openTogether opens a result file and its journal, nil where there is none. A run that ends meanwhile
// replaces the one and removes the other; then both are opened again.
func openTogether(f files) (file, journal *os.File, err error) {
	for range 100 {
		file, err := os.Open(f.path)
		if errors.Is(err, fs.ErrNotExist) && exists(f.journal()) {
			err = &StrayJournalError{f.name, f.journalName()}
		}
		if err != nil {
			return nil, nil, err
		}
		journal, err := openRegular(f.journal(), os.O_RDONLY)
		if ignoreMissing(err) != nil {
			return nil, nil, errors.Join(fmt.Errorf("reading %s: %w", f.journalName(), err), file.Close())
		}
		opened, err := file.Stat()
		if err == nil && opened.Size() == 0 && journal != nil { // an editor emptied it: the journal has the results
			err = errors.Join(&StrayJournalError{f.name, f.journalName()}, file.Close(), journal.Close())
			return nil, nil, err
		}
		if err == nil {
			var now fs.FileInfo
			if now, err = os.Stat(f.path); err == nil && os.SameFile(opened, now) {
				return file, journal, nil
			}
		}
		journal.Close()
		if err = errors.Join(ignoreMissing(err), file.Close()); err != nil {
			return nil, nil, err
		}
	}
	return nil, nil, fmt.Errorf("%s is replaced again and again", f.name)
}
