//go:build unix

package report

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
)

// A recovery is what the next run made of a leftover.
type recovery struct {
	missing bool // there was no result file, and a new run was made
	err     error
	rows    []Row
	notices []string
}

// recoverFrom runs what a power cut left.
func recoverFrom(t *testing.T, left leftover) *recovery {
	folder := tempFolder(t)
	for name, text := range left {
		write(t, filepath.Join(folder, name), text)
	}
	path := filepath.Join(folder, "hr.results.csv")
	r := &recovery{}
	o := Options{Tenant: "sandbox", Notify: func(s string) {
		r.notices = append(r.notices, strings.TrimPrefix(s, folder+string(os.PathSeparator)))
	}}
	l, err := Open(path, csvfile.Options{}, o)
	if r.missing = errors.Is(err, fs.ErrNotExist); r.missing {
		l, err = Create(path, parseText(t, powerRows), theAction, o)
	}
	if err == nil {
		err = errors.Join(prepare(l), l.Close())
	}
	if err != nil {
		r.err = err
		return r
	}
	r.rows = l.Rows
	r.err = errors.Join(checkFolder(t, path), checkComplete(t, l), checkPending(l.Pending(), r.rows), checkUndo(t, path))
	return r
}

// checkFolder checks that the result file stands alone, and that a run without results changes nothing.
func checkFolder(t *testing.T, path string) error {
	once := read(t, path)
	if got := folder(t, path); len(got) != 1 {
		return fmt.Errorf("left %v", got)
	}
	mustClose(t, mustRetry(t, path))
	if read(t, path) != once {
		return fmt.Errorf("the second retry changes\n%s", once)
	}
	return nil
}

// checkComplete checks that every row of the export is in the file once.
func checkComplete(t *testing.T, l *Ledger) error {
	export := parseText(t, powerRows)
	if len(l.Rows) != len(export.Records) {
		return fmt.Errorf("%d rows", len(l.Rows))
	}
	for i, r := range l.Rows {
		cells := export.Records[i].Cells
		if r.Number != i+1 || !slices.Equal(r.Record.Cells[:len(cells)], cells) {
			return fmt.Errorf("row %d is %d: %q", i+1, r.Number, r.Record.Cells)
		}
	}
	return nil
}

// checkPending checks that the rows that are pending are run, and no others, and that those that may be created
// are looked up for that.
func checkPending(pending []provision.Row, rows []Row) error {
	for _, r := range rows {
		i := slices.IndexFunc(pending, func(p provision.Row) bool { return p.Number == r.Number })
		if runs := i >= 0; runs != (r.Entry.Outcome == provision.Pending) {
			return fmt.Errorf("row %d, %s, is run: %v", r.Number, r.Entry.Outcome, runs)
		}
		if r.Entry.Code == provision.CodeMaybeCreated && (pending[i].SentAt.IsZero() ||
			!pending[i].SentAt.Equal(r.Entry.FinishedAt.Time)) {
			return fmt.Errorf("row %d was sent at %v, not %v", r.Number, r.Entry.FinishedAt, pending[i].SentAt)
		}
	}
	return nil
}

// checkUndo checks that what the file created can be undone.
func checkUndo(t *testing.T, path string) error {
	l := undo(t, path)
	defer mustClose(t, l)
	pending := l.Pending()
	for _, r := range l.Rows {
		i := slices.IndexFunc(pending, func(p provision.Row) bool { return p.Number == r.Number })
		if r.Entry.MayHaveCreated() != (i >= 0) || r.Entry.Outcome == provision.Created && pending[i].UserID == "" {
			return fmt.Errorf("row %d, %s, cannot be undone", r.Number, r.Entry.Outcome)
		}
	}
	return nil
}

// checkNotices checks that what is damaged of a journal was counted.
func checkNotices(left leftover, r *recovery, d disk) error {
	const name = "hr.results.csv.journal"
	var want []string
	lines := slices.Collect(strings.Lines(left[name]))
	whole := 0
	for _, written := range d.files {
		n := 0
		for line := range strings.Lines(string(written.all())) {
			if n == len(lines) || lines[n] != line || !strings.HasSuffix(line, "\n") {
				break
			}
			n++
		}
		whole = max(whole, n)
	}
	if damaged := len(lines) - whole; damaged > 0 {
		all := max(whole-1, 0) + damaged // the first line is no result
		want = []string{fmt.Sprintf("%s: %d of %d results dropped: %d cut short or damaged, 0 of no row in this file", name,
			damaged, all, damaged)}
	}
	if !slices.Equal(r.notices, want) {
		return fmt.Errorf("notices %q, want %q", r.notices, want)
	}
	return nil
}
