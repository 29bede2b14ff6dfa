package report

import (
	"errors"
	"slices"
	"strings"

	"qlik-provision/provision/csvfile"
)

// examineExisting decides whether the file at the place of a new ledger may be replaced. Only a result file
// is, whatever the options say.
func (l *Ledger) examineExisting() error {
	f := l.files
	if !exists(f.path) {
		if exists(f.journal()) && !l.options.Overwrite {
			return &StrayJournalError{f.name, f.journalName()}
		}
		return nil
	}
	c, err := load(f, csvfile.Options{})
	var unreadable *csvfile.Error
	var old *OldResultsError
	switch {
	case errors.As(err, &unreadable):
		return &NotResultsError{f.name, unreadable.Message}
	case l.options.Overwrite && (c.File != nil || errors.As(err, &old)):
		l.replaces = f.name + " is replaced"
	case err != nil:
		return err
	case wasSent(c.Rows):
		s := c.Summary()
		return &ExistsError{f.name, s.Rows, s.Done, isOf(c, l.export), c.actionText == l.actionText, c.actionText}
	default:
		l.replaces = f.name + " is replaced: no row of it was ever sent"
	}
	l.found = c.info
	return nil
}

// isOf reports whether a result file is of an export: the same header and the same rows, cell by cell.
func isOf(c *contents, export *csvfile.File) bool {
	width := c.File.Block
	if !slices.Equal(c.File.Header.Cells[:width], export.Header.Cells) || len(c.Rows) != len(export.Records) {
		return false
	}
	cell := func(r *csvfile.Record, i int) string {
		if i < len(r.Cells) {
			return strings.TrimSpace(r.Cells[i])
		}
		return ""
	}
	for _, r := range c.Rows {
		if r.Number > len(export.Records) {
			return false
		}
		for i := range width {
			if cell(r.Record, i) != cell(&export.Records[r.Number-1], i) {
				return false
			}
		}
	}
	return true
}
