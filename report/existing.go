package report

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/text"
)

// An ExistsError says that a result file exists, and that writes were sent for rows of it.
type ExistsError struct {
	Path       string
	Rows, Done int
	SameExport bool   // it is of this export, cell by cell
	SameAction bool   // and made with the same action
	Action     string // of the file
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

// checkExisting decides whether the file at the place of a new ledger may be replaced. Only a result file is,
// whatever the options say.
func (l *Ledger) checkExisting() error {
	old, err := load(l.files, csvfile.Options{})
	stray := errors.Is(err, ErrStrayJournal)
	unreadable, _ := errors.AsType[*csvfile.Error](err)
	switch {
	case errors.Is(err, fs.ErrNotExist), stray && l.options.Overwrite && old.info == nil:
	case unreadable != nil:
		return &NotResultsError{Path: l.Path, Why: unreadable.Message}
	case l.options.Overwrite && !stray && (old.File != nil || errors.Is(err, ErrOldResults)):
		l.notify("%s is replaced", l.Path)
	case err != nil: // a stray journal, too, where an editor emptied the file: nobody asked to lose it
		return err
	case WasSent(old.Rows):
		s, action := old.Summary(), old.Action.String()
		return &ExistsError{l.Path, s.Rows, s.Rows - s.NotDone, old.isOf(l.File), action == l.Action.String(), action}
	default:
		l.notify("%s is replaced: no row of it was ever sent", l.Path)
	}
	l.info = old.info
	return nil
}

// isOf reports whether a result file is of an export: the same header and the same rows, cell by cell.
func (r *Results) isOf(export *csvfile.File) bool {
	width := r.File.Block
	if !slices.Equal(r.File.Header.Cells[:width], export.Header.Cells) || len(r.Rows) != len(export.Records) {
		return false
	}
	cells := func(record csvfile.Record) string { // a spreadsheet may leave empty ones out at the end
		return strings.TrimRight(strings.Join(record.Cells[:min(width, len(record.Cells))], "\x00"), "\x00")
	}
	for i, row := range r.Rows {
		if row.Number > len(export.Records) || cells(r.File.Records[i]) != cells(export.Records[row.Number-1]) {
			return false
		}
	}
	return true
}

// CheckExport fails with ErrResultsGiven or ErrOldResults where a file is a result file, of this version or an earlier
// one's.
func CheckExport(file *csvfile.File) error {
	const old = "outcome,user_id,user_subject,message,error_code,http_status,trace_id,attempts,finished_at,tenant,row"
	switch {
	case file.Block >= 0:
		return fmt.Errorf("%s %w", file.Name, ErrResultsGiven)
	case strings.Contains(strings.Join(file.Header.Cells, ","), old):
		return fmt.Errorf("%s %w", file.Name, ErrOldResults)
	}
	return nil
}
