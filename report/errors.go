package report

// Errors of this package, for errors.As. Their text names the file, rows and lines; what to type next is the caller's.
type (
	// ExistsError: a result file is there, and rows of it were sent.
	ExistsError struct {
		Path       string
		Rows, Done int
		SameExport bool // it is of this export and this action
	}
	// NotResultsError: the file at Path is no result file, or no longer one that can be run.
	NotResultsError struct{ Path, Why string }
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
		Path    string
		Rows    []ChangedRow
		Total   int
		Damaged bool // as a spreadsheet does by itself
	}
	// ChangedError: the name or address of pending rows was changed in the file.
	ChangedError struct {
		Path  string
		Rows  []ChangedRow
		Total int
	}
	// MergeError: the result file could not be replaced; the journal stays.
	MergeError struct {
		Path, Journal string
		Err           error
	}
	// FolderError: the folder of a file cannot be found.
	FolderError struct {
		Path string
		Err  error
	}
)

// A ChangedRow is a row whose person is no longer what it was.
type ChangedRow struct {
	Row, Line int
	Was, Is   string
}

func (e *ExistsError) Error() string       { panic("not yet") }
func (e *NotResultsError) Error() string   { panic("not yet") }
func (e *OldResultsError) Error() string   { panic("not yet") }
func (e *ResultsGivenError) Error() string { panic("not yet") }
func (e *StrayJournalError) Error() string { panic("not yet") }
func (e *LockedError) Error() string       { panic("not yet") }
func (e *TenantError) Error() string       { panic("not yet") }
func (e *SubjectsError) Error() string     { panic("not yet") }
func (e *ChangedError) Error() string      { panic("not yet") }
func (e *MergeError) Error() string        { panic("not yet") }
func (e *MergeError) Unwrap() error        { return e.Err }
func (e *FolderError) Error() string       { panic("not yet") }
func (e *FolderError) Unwrap() error       { return e.Err }
