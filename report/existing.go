package report

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
)

// examineExisting decides whether the file at the place of a new ledger may be replaced.
func (l *Ledger) examineExisting() error {
	f := l.files
	if !exists(f.path) {
		if exists(f.journal()) && !l.options.Overwrite {
			return &StrayJournalError{f.name, f.journalName()}
		}
		if exists(f.journal()) {
			l.replaces = f.journalName() + " is replaced"
		}
		return nil
	}
	if l.options.Overwrite {
		return l.examineHeader()
	}
	c, err := load(f, csvfile.Options{})
	if err != nil {
		return notResults(f.name, err)
	}
	if wasSent(c.rows) {
		s := summarize(c.rows)
		return &ExistsError{f.name, s.Rows, s.Done, c.actionText == l.actionText && isOf(c, l.export)}
	}
	l.found = c.info
	l.replaces = fmt.Sprintf("%s is replaced: no row of it was ever sent", f.name)
	return nil
}

// examineHeader lets a result file be replaced whatever its rows are, but nothing else.
func (l *Ledger) examineHeader() error {
	file, err := os.Open(l.files.path)
	if err != nil {
		return err
	}
	defer file.Close()
	if l.found, err = file.Stat(); err != nil {
		return err
	}
	var old *OldResultsError
	if _, err = parse(file, l.files.name, csvfile.Options{}); err != nil && !errors.As(err, &old) {
		return notResults(l.files.name, err)
	}
	l.replaces = l.files.name + " is replaced"
	return nil
}

// notResults is what a file that cannot be read as CSV means for whoever wanted a result file there.
func notResults(name string, err error) error {
	var unreadable *csvfile.Error
	if errors.As(err, &unreadable) {
		return &NotResultsError{name, unreadable.Message}
	}
	return err
}

// isOf reports whether a result file is of an export: the same header, as many rows, and the same cells in at least one of
// them, and in all but those that may have been corrected since.
func isOf(c *contents, export *csvfile.File) bool {
	if !slices.Equal(c.file.Header.Cells[:c.file.Block], export.Header.Cells) || len(c.rows) != len(export.Records) {
		return false
	}
	same := 0
	for _, r := range c.rows {
		if r.Number > len(export.Records) {
			return false
		}
		if sameCells(r.Record.Cells, export.Records[r.Number-1].Cells, c.file.Block) {
			same++
		} else if o := r.Entry.Outcome; o != provision.Invalid && o != provision.Failed {
			return false
		}
	}
	return same > 0
}

// sameCells compares the first n cells of two records; what a record lacks is empty.
func sameCells(a, b []string, n int) bool {
	cell := func(cells []string, i int) string {
		if i < len(cells) {
			return strings.TrimSpace(cells[i])
		}
		return ""
	}
	for i := range n {
		if cell(a, i) != cell(b, i) {
			return false
		}
	}
	return true
}
