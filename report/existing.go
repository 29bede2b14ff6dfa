package report

import (
	"errors"
	"io/fs"
	"slices"
	"strings"

	"qlik-provision/provision/csvfile"
)

// examineExisting decides whether the file at the place of a new ledger may be replaced. Only a result file
// is, whatever the options say.
func (l *Ledger) examineExisting() error {
	f := l.files
	r, err := load(f, csvfile.Options{})
	unreadable, _ := errors.AsType[*csvfile.Error](err)
	switch {
	case errors.Is(err, fs.ErrNotExist), l.options.Overwrite && errors.Is(err, ErrStrayJournal):
		return nil
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
	l.found = r.info
	return nil
}

// isOf reports whether a result file is of an export: the same header and the same rows, cell by cell.
func (r *Results) isOf(export *csvfile.File) bool {
	header := r.File.Header.Cells[:r.File.Block]
	if !slices.Equal(header, export.Header.Cells) || len(r.Rows) != len(export.Records) {
		return false
	}
	cell := func(record csvfile.Record, i int) string {
		if i < len(record.Cells) {
			return strings.TrimSpace(record.Cells[i])
		}
		return ""
	}
	for i, row := range r.Rows {
		if row.Number > len(export.Records) {
			return false
		}
		for column := range header {
			if cell(r.File.Records[i], column) != cell(export.Records[row.Number-1], column) {
				return false
			}
		}
	}
	return true
}
