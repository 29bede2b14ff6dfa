// Package report keeps the result file of a run: every row of the export with its outcome. The file is the ledger that a
// run works on; it is complete before the first request, and can be run again.
package report

import (
	"time"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/roster"
)

// Options of a ledger.
type Options struct {
	Tenant    string       // host with port, "sandbox", or "" for a plan that contacts nobody
	Overwrite bool         // Create replaces an existing result file, whatever it holds
	Notify    func(string) // takes one line that is worth knowing; nil: none is given

	// AcceptChanges lets Prepare go on where the name or address of a pending row was changed in the file; without it
	// that is a *ChangedError, and nothing has been written.
	AcceptChanges bool
}

// A Ledger is a result file that a run works on: locked, with every row in memory, and a journal beside it that takes the
// results. It is safe for concurrent use, but for Close, which is the last call.
type Ledger struct {
	options Options
}

// Create locks the place of a new result file. Where a result file is there: one of which no row was ever sent is replaced
// by Prepare (and that is notified), as any is with Options.Overwrite; else it is an *ExistsError, which says how much of it is done.
// export and action tell whether the file is of this export. Nothing is written yet. Name limits and permissions of every file that
// the run needs are tried.
func Create(path string, export *csvfile.File, action Action, o Options) (*Ledger, error) {
	panic("not yet")
}

// Open locks the result file at path and reads it with the journal beside it.
func Open(path string, read csvfile.Options, o Options) (*Ledger, error) { panic("not yet") }

// File is the export's records: of Open, the result file's.
func (l *Ledger) File() *csvfile.File { panic("not yet") }

// Action is what the file's rows are for.
func (l *Ledger) Action() Action { panic("not yet") }

// Prepare checks the rows against the file (guards), against each other (conflicts), writes the result file with every row
// in it, and starts the journal. people has one row for each record of the file. It may be called again after a *ChangedError.
func (l *Ledger) Prepare(people *roster.Roster) error { panic("not yet") }

// PrepareUndo is Prepare for a run that deletes: it derives and changes nothing, and starts the journal.
func (l *Ledger) PrepareUndo() error { panic("not yet") }

// Pending lists the rows that a run works on: never-tried rows first, each in the file's order; after PrepareUndo those that this
// file created, or may have created.
func (l *Ledger) Pending() []provision.Row { panic("not yet") }

// Record takes a result into memory and the journal, and returns when the operating system has it.
func (l *Ledger) Record(r provision.Result) error { panic("not yet") }

// Summary counts the rows as they are now, and those of this run alone.
func (l *Ledger) Summary() *Summary { panic("not yet") }

// Rows are the rows as they are now: a copy.
func (l *Ledger) Rows() []Row { panic("not yet") }

// Close writes the result file, removes the journal and releases the lock. Where the file cannot be replaced it fails
// with *MergeError, and the journal stays. A ledger that was not prepared leaves everything as it was.
func (l *Ledger) Close() error { panic("not yet") }

// A Row is a row of a result file.
type Row struct {
	roster.Row
	Number int
	Line   int // of the result file as it stands on the disk
	Entry  Entry
}

// An Entry is what the result file says of a row: our thirteen columns, in their order.
type Entry struct {
	Action      string            `csv:"action"`
	Outcome     provision.Outcome `csv:"outcome"`
	Code        string            `csv:"code"`
	Message     string            `csv:"message"`
	UserID      string            `csv:"user_id"`
	UserSubject string            `csv:"user_subject"`
	HTTPStatus  int               `csv:"http_status"`
	TraceID     string            `csv:"trace_id"`
	Attempts    int               `csv:"attempts"`
	FinishedAt  time.Time         `csv:"finished_at"`
	Tenant      string            `csv:"tenant"`
	Check       string            `csv:"check"`
	Row         int               `csv:"row"`
}

// Columns are the names of our columns in their order.
func Columns() []string { panic("not yet") }

// Results is a result file that was read, with the journal beside it merged in memory; it is not locked, and a run may be on.
type Results struct {
	Path     string
	File     *csvfile.File
	Action   Action
	Rows     []Row
	Running  bool   // a run holds the lock, or may
	Holder   string // whose run: process, host and since when
	Unmerged bool   // the journal has results that are not in the file yet
	Warnings []string
}

// Read reads the result file at path: for report, verify and plan. Persons are derived from the file's action where that can be read.
func Read(path string, read csvfile.Options) (*Results, error) { panic("not yet") }

// Summary counts the rows.
func (r *Results) Summary() *Summary { panic("not yet") }

// A Summary counts the rows of a result file.
type Summary struct {
	Rows   int
	Counts map[provision.Outcome]int // every outcome, those of no row too
	Run    map[provision.Outcome]int // of rows that this run settled; nil for a file that was only read
	Codes  map[string]int
	Done   int // rows that are done; duplicates of such rows too
	// NotDone rows are those that Done does not count.
	NotDone int
	Causes  []Cause // why rows are not done, the most frequent first
	Further int     // rows whose cause is none of Causes
	Tenant  string  // of the first row that has one
	First   time.Time
	Last    time.Time
}

// A Cause is what several rows that are not done have in common.
type Cause struct {
	Outcome provision.Outcome
	Code    string
	Message string // of the first of them; others may name other values
	Count   int
	Rows    []int // the first 5 row numbers
	Lines   []int // and their lines
}
