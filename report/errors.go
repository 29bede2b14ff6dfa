package report

import (
	"errors"
	"fmt"
	"strings"

	"qlik-provision/provision/text"
)

// Errors of this package, for errors.Is. What wraps them names the file; what to type next is the caller's.
var (
	ErrResultsGiven = errors.New("is a result file, not an export")
	ErrOldResults   = errors.New("is a result file of an earlier version, with other columns")
	ErrDanglingLink = errors.New("is a symbolic link to a file that does not exist")
	ErrStrayJournal = errors.New("belongs to a result file that does not exist or is empty")
	ErrNotRegular   = errors.New("not a regular file")
	ErrLocked       = errors.New("another run is working on")
	ErrInUse        = errors.New("cannot be replaced: it is open in another program, or marked as read-only")
	ErrNotReplaced  = errors.New("could not be replaced") // the journal stays
)

// Errors of this package, for errors.As. Their text names the file, rows and lines.
type (
	// NotResultsError: the file at Path is no result file, or no longer one that can be run.
	NotResultsError struct {
		Path, Why   string
		Correctable bool // it is a result file, and Why says what to correct
	}
	// TenantError: the file is of another tenant.
	TenantError struct{ Path, File, Run string }
	// ChangedError: persons of rows are no longer what the file says they were.
	ChangedError struct {
		Path string
		Kind ChangeKind
		Rows []string // what changed in each
	}
	// ExistsError: a result file exists, and writes were sent for rows of it.
	ExistsError struct {
		Path       string
		Rows, Done int
		SameExport bool   // it is of this export, cell by cell
		SameAction bool   // and made with the same action
		Action     string // of the file
	}
	// FolderError: the folder of a file cannot be found.
	FolderError struct {
		Path string
		Err  error
	}
)

// A ChangeKind is what changed in the rows of a ChangedError.
type ChangeKind string

const (
	// PersonChanged: the name or email of pending rows. Ledger.Prepare may accept that.
	PersonChanged ChangeKind = "the name or email of %s was changed"
	// SubjectChanged: the subject of rows that are done or pending.
	SubjectChanged ChangeKind = "the subject of %s is no longer what it was"
	// SubjectDamaged: a subject, as a spreadsheet does it by itself, or by sorting some columns and not others.
	SubjectDamaged = SubjectChanged + "; a spreadsheet has probably changed or mis-sorted the file"
	// subjectCorrected: the subject of other rows. That is no error.
	subjectCorrected ChangeKind = "the subject of %s was corrected"
)

func (e *ExistsError) Error() string {
	of := "another export, or of this one before it was changed"
	switch {
	case e.SameExport && e.SameAction:
		of = "this export"
	case e.SameExport:
		of = "this export, made with another command (" + e.Action + ")"
	}
	return fmt.Sprintf("%s already exists: results of %s, %s of %s done", e.Path, of, text.Grouped(e.Done),
		text.Plural(e.Rows, "row", "rows"))
}

// Error lists the first 20 rows, one a line.
func (e *ChangedError) Error() string {
	const most = 20
	what := fmt.Sprintf(string(e.Kind), text.Plural(len(e.Rows), "row", "rows"))
	lines := e.Path + ": " + what + ":\n  " + strings.Join(e.Rows[:min(len(e.Rows), most)], "\n  ")
	if more := len(e.Rows) - most; more > 0 {
		lines += "\n  and " + text.Grouped(more) + " more"
	}
	return lines
}

func (e *NotResultsError) Error() string { return e.Path + " is not a usable result file: " + e.Why }

func (e *TenantError) Error() string {
	return fmt.Sprintf("%s holds results of the tenant %s, but this run is for %s", e.Path, e.File, e.Run)
}

func (e *FolderError) Error() string {
	return fmt.Sprintf("finding the folder of %s: %v", e.Path, e.Err)
}

// Unwrap is the operating system's error.
func (e *FolderError) Unwrap() error { return e.Err }
