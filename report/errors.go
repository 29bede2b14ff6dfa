package report

import (
	"fmt"
	"strings"

	"qlik-provision/provision/text"
)

// Errors of this package, for errors.As. Their text names the file, rows and lines; what to type next is the
// caller's.
type (
	// ExistsError: a result file exists, and writes were sent for rows of it.
	ExistsError struct {
		Path       string
		Rows, Done int
		SameExport bool   // it is of this export, cell by cell
		SameAction bool   // and made with the same action
		Action     string // of the file
	}
	// NotResultsError: the file at Path is no result file, or no longer one that can be run.
	NotResultsError struct {
		Path, Why   string
		Correctable bool // it is a result file, and Why says what to correct
	}
	// OldResultsError: the file has another block of columns, an earlier version's.
	OldResultsError struct{ Path string }
	// ResultsGivenError: a result file was given where an export is expected.
	ResultsGivenError struct{ Path string }
	// StrayJournalError: a journal without its result file.
	StrayJournalError struct{ Path, Journal string }
	// LockedError: another run works on the result file.
	LockedError struct{ Path, Holder string }
	// TenantError: the file is of another tenant.
	TenantError struct{ Path, File, Run string }
	// SubjectsError: subjects of rows are no longer what they were.
	SubjectsError struct {
		Path string
		ChangedRows
		Damaged bool // as a spreadsheet does by itself, or by sorting some columns and not others
	}
	// ChangedError: the name or address of pending rows was changed in the file.
	ChangedError struct {
		Path string
		ChangedRows
	}
	// MergeError: the result file could not be replaced; the journal stays.
	MergeError struct {
		Path, Journal string
		Err           error
	}
	// InUseError: another program keeps the file open, so that it can be neither read nor replaced.
	InUseError struct {
		Path string
		Err  error
	}
	// ReadOnlyError: the file cannot be replaced, since it is marked as read-only.
	ReadOnlyError struct{ Path string }
	// FolderError: the folder of a file cannot be found.
	FolderError struct {
		Path string
		Err  error
	}
)

// ChangedRows are rows whose persons are no longer what they were: the first 20, and how many there are.
type ChangedRows struct {
	Rows  []ChangedRow
	Total int
}

// A ChangedRow is one of them. In a ChangedError, Was is empty: the file has a checksum of it alone.
type ChangedRow struct {
	Row, Line int
	Was, Is   string
}

func (c *ChangedRows) add(r *Row, was, is string) {
	if c.Total++; c.Total <= 20 {
		c.Rows = append(c.Rows, ChangedRow{r.Number, r.Line, text.Clip(was, maxShown), text.Clip(is, maxShown)})
	}
}

// list is a line for each row, and how many there are besides.
func (c *ChangedRows) list(describe func(ChangedRow) string) string {
	var b strings.Builder
	for _, r := range c.Rows {
		b.WriteString("\n  " + describe(r))
	}
	if more := c.Total - len(c.Rows); more > 0 {
		fmt.Fprintf(&b, "\n  and %s more", text.Grouped(more))
	}
	return b.String()
}

func (r ChangedRow) String() string {
	s := fmt.Sprintf("row %d (line %d)", r.Row, r.Line)
	if r.Was == r.Is {
		return fmt.Sprintf("%s: %q does not fit the row's check", s, r.Is)
	}
	return fmt.Sprintf("%s was %q, is now %q", s, r.Was, r.Is)
}

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

func (e *NotResultsError) Error() string { return e.Path + " is not a usable result file: " + e.Why }

func (e *OldResultsError) Error() string {
	return e.Path + " is a result file of an earlier version, with other columns"
}

func (e *ResultsGivenError) Error() string { return e.Path + " is a result file, not an export" }

func (e *StrayJournalError) Error() string {
	return fmt.Sprintf("%s exists, but %s, the result file it belongs to, does not", e.Journal, e.Path)
}

func (e *LockedError) Error() string {
	if e.Holder == "" {
		return fmt.Sprintf("another run is working on %s; it has not yet recorded who it is", e.Path)
	}
	return fmt.Sprintf("another run is working on %s: %s", e.Path, e.Holder)
}

func (e *TenantError) Error() string {
	return fmt.Sprintf("%s holds results of the tenant %s, but this run is for %s", e.Path, e.File, e.Run)
}

func (e *SubjectsError) Error() string {
	s := fmt.Sprintf("%s: the subject of %s is no longer what it was", e.Path, text.Plural(e.Total, "row", "rows"))
	if e.Damaged {
		s += "; a spreadsheet has probably changed or mis-sorted the file"
	}
	return s + ":" + e.list(ChangedRow.String)
}

func (e *ChangedError) Error() string {
	return fmt.Sprintf("%s: the name or email of %s was changed:%s", e.Path,
		text.Plural(e.Total, "pending row", "pending rows"), e.list(func(r ChangedRow) string {
			return fmt.Sprintf("row %d (line %d) is now %s", r.Row, r.Line, r.Is)
		}))
}

func (e *MergeError) Error() string {
	return fmt.Sprintf("%s could not be replaced: %v; the results are in %s", e.Path, e.Err, e.Journal)
}

// Unwrap is the operating system's error.
func (e *MergeError) Unwrap() error { return e.Err }

func (e *InUseError) Error() string {
	return fmt.Sprintf("%s is open in another program: %v", e.Path, e.Err)
}

// Unwrap is the operating system's error.
func (e *InUseError) Unwrap() error { return e.Err }

func (e *ReadOnlyError) Error() string {
	return e.Path + " cannot be replaced: it is marked as read-only"
}

func (e *FolderError) Error() string {
	return fmt.Sprintf("finding the folder of %s: %v", e.Path, e.Err)
}

// Unwrap is the operating system's error.
func (e *FolderError) Unwrap() error { return e.Err }
