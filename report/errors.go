package report

import (
	"errors"
	"fmt"
	"strings"
)

// An ExistsError says that a result file is there already.
type ExistsError struct {
	Path       string
	Rows, Done int
	SameExport bool // it is of the export that was given
	Differing  int  // then: rows to be mended that have other cells there than in the export
}

func (e *ExistsError) Error() string {
	which := "another export"
	if e.SameExport {
		which = "this very export"
	}
	s := fmt.Sprintf("%s is there already: the results of %s, %d of %s done", e.Path, which, e.Done, rows(e.Rows))
	switch {
	case e.Differing == 1:
		s += "; 1 row to be mended differs from the export, and counts as it stands there"
	case e.Differing > 1:
		s += fmt.Sprintf("; %s to be mended differ from the export, and count as they stand there", rows(e.Differing))
	}
	return s
}

// A NotResultsError says that a file is no result file, or no longer one that can be relied on.
type NotResultsError struct{ Path, Why string }

func (e *NotResultsError) Error() string { return e.Path + " is no result file: " + e.Why }

// A ResultsGivenError says that the export that was given is a result file.
type ResultsGivenError struct{ Path string }

func (e *ResultsGivenError) Error() string { return e.Path + " is a result file, not an export" }

// A StrayJournalError says that a journal stands there without its result file.
type StrayJournalError struct{ Path, Journal string }

func (e *StrayJournalError) Error() string {
	return fmt.Sprintf("%s is there, but %s, to which its outcomes belong, is not", e.Journal, e.Path)
}

// A NoFolderError says that the folder of a file cannot be found.
type NoFolderError struct {
	Path string
	Err  error
}

func (e *NoFolderError) Error() string {
	return fmt.Sprintf("finding the folder of %s: %v", e.Path, e.Err)
}

// Unwrap is the operating system's error.
func (e *NoFolderError) Unwrap() error { return e.Err }

// A LockedError says that another run works on the result file.
type LockedError struct {
	Path   string
	Holder string // process, host and since when; empty where it has not said so yet
}

func (e *LockedError) Error() string {
	if e.Holder == "" {
		return fmt.Sprintf("another run works on %s; it has not said yet who it is", e.Path)
	}
	return fmt.Sprintf("another run works on %s: %s", e.Path, e.Holder)
}

// A TenantError says that the rows of a result file were provisioned on another tenant.
type TenantError struct{ Path, Ledger, Run string }

func (e *TenantError) Error() string {
	return fmt.Sprintf("%s holds results of the tenant %s, but this run is for %s", e.Path, e.Ledger, e.Run)
}

// A ChangedRow is a row whose subject is not the one it had.
type ChangedRow struct {
	Line, Row int
	Was, Is   string
}

func (r ChangedRow) String() string {
	return fmt.Sprintf("row %d (line %d): was %q, is %q", r.Row, r.Line, r.Was, r.Is)
}

// A SubjectsError says that rows which are done or under way would now be sent under other subjects.
type SubjectsError struct {
	Path    string
	Rows    []ChangedRow // the first 5
	Total   int
	Damaged bool     // the first differs as when a spreadsheet took a text for a number: 00123, 123
	Flags   []string // command-line arguments that explain all of them, not quoted for a shell; nil where none do
}

func (e *SubjectsError) Error() string {
	listed := make([]string, len(e.Rows))
	for i, r := range e.Rows {
		listed[i] = r.String()
	}
	s := fmt.Sprintf("%s: the subject of %s is no longer what it was: %s", e.Path, rows(e.Total), strings.Join(listed, "; "))
	if more := e.Total - len(e.Rows); more > 0 {
		s += fmt.Sprintf("; and %d more", more)
	}
	if e.Damaged {
		s += " (a spreadsheet that took them for numbers does this)"
	}
	return s
}

// A MergeError says that the outcomes of a run could not be brought into the result file. They are in the journal, from which the
// next run takes them.
type MergeError struct {
	Path, Journal string
	Err           error
}

func (e *MergeError) Error() string {
	return fmt.Sprintf("%s could not be replaced: %v; the outcomes are in %s", e.Path, e.Err, e.Journal)
}

// Unwrap is the operating system's error.
func (e *MergeError) Unwrap() error { return e.Err }

func rows(n int) string {
	if n == 1 {
		return "1 row"
	}
	return fmt.Sprintf("%d rows", n)
}

// both is err, and what went wrong beside it where something did.
func both(err, beside error) error {
	switch {
	case beside == nil:
		return err
	case err == nil:
		return beside
	}
	return errors.Join(err, beside)
}
