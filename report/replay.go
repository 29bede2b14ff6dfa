package report

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"qlik-provision/provision"
)

// A replay is what could be read of a journal. The zero replay is that of a missing one.
type replay struct {
	holder  string  // whose run: process, host and since when
	entries []Entry // as they came
	damaged int     // lines from the first on that is not whole
}

// readJournal reads a journal to its first line that is not whole: what was to follow it is unknown. An
// earlier version's is an *OldResultsError.
func readJournal(in io.Reader, name string) (replay, error) {
	b, err := io.ReadAll(in)
	if err != nil {
		return replay{}, fmt.Errorf("reading %s: %w", name, err)
	}
	var j replay
	var cells [][]string
	first := true
	for line := range bytes.Lines(b) {
		if j.damaged > 0 {
			j.damaged++
			continue
		}
		row, ok := parseLine(line)
		switch {
		case ok && first && row[0] == oldJournalMagic:
			return replay{}, &OldResultsError{name}
		case ok && first:
			j.holder, ok = holderOf(row)
		case ok && len(row) == blockSize:
			cells = append(cells, row)
		case ok:
			cells = append(cells, make([]string, blockSize)) // of no row
		}
		if !ok {
			j.damaged = 1
		}
		first = false
	}
	j.entries, err = decodeEntries(cells)
	return j, err
}

// holderOf reads a journal's first line.
func holderOf(cells []string) (string, bool) {
	if len(cells) != 4 || cells[0] != journalMagic {
		return "", false
	}
	return fmt.Sprintf("process %s on %s, since %s", cells[1], cells[2], cells[3]), true
}

// readHolder reads whose journal stands at path; empty where that cannot be read.
func readHolder(path string) string {
	file, err := openRegular(path, os.O_RDONLY)
	if err != nil {
		return ""
	}
	defer file.Close()
	j, err := readJournal(io.LimitReader(file, 4<<10), path) // the first line is far shorter
	if err != nil {
		return ""
	}
	return j.holder
}

// mergeInto merges the journal's results into the rows, and returns how many of them there were. A result
// belongs to a row where number and check are the row's, and tenant, too.
func (j replay) mergeInto(r *Results) (merged int) {
	for _, e := range j.entries {
		i, found := r.index[int(e.Row)]
		if !found || !slices.Contains(provision.Outcomes(), e.Outcome) || e.Outcome == provision.Duplicate {
			continue
		}
		was := &r.Rows[i].Entry
		if e.Check == "" || e.Check != was.Check || was.Tenant != "" && !strings.EqualFold(e.Tenant, was.Tenant) {
			continue
		}
		merged++
		if !was.Outcome.Done() || isUndone(*was, e) {
			*was = e
		}
	}
	return merged
}

// isUndone reports whether e is the result of undoing a row that was created.
func isUndone(was, e Entry) bool {
	return was.Outcome == provision.Created && (e.Outcome == provision.Deleted ||
		e.Code == provision.CodeNotCreatedHere)
}

// dropped says how much of the journal does not count; empty where all of it does.
func (j replay) dropped(name string, merged int) string {
	var why []string
	if j.damaged > 0 {
		why = append(why, fmt.Sprintf("%d cut short or damaged", j.damaged))
	}
	if strange := len(j.entries) - merged; strange > 0 {
		why = append(why, fmt.Sprintf("%d of no row in this file", strange))
	}
	if why == nil {
		return ""
	}
	return fmt.Sprintf("%s: %d of %d results dropped: %s", name, len(j.entries)-merged+j.damaged,
		len(j.entries)+j.damaged, strings.Join(why, ", "))
}
