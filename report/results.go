package report

import (
	"fmt"
	"iter"
	"os"
	"strings"

	"qlik-provision/provision/roster"
)

// looked is a result file that is looked at, by nobody's leave: it is not locked, and a run may be on.
type looked struct {
	*sheet
	running  bool   // a run is on; or perhaps, where its lock may not be looked at
	holder   string // whose run: process, host and since when
	unmerged bool   // the journal has outcomes that are not in the file yet
}

// A resultRow is a row of a result file. Its strings stay valid, but hold on to those of a few hundred rows.
type resultRow struct {
	Entry
	Line        int    // of the file, from 1
	Name, Email string // from the export's columns, where their headers say which they are
}

// look opens the result file at path and the journal beside it. It fails with *NotResultsError, *StrayJournalError, a *roster.Error where the file
// cannot be read, or the system's error.
func look(path string) (*looked, error) {
	p, err := findPlace(path)
	if err != nil {
		return nil, err
	}
	if !p.there() && there(p.journal()) {
		return nil, &StrayJournalError{p.name, p.journalName()}
	}
	s, err := openTogether(p)
	if err != nil {
		return nil, err
	}
	l := &looked{sheet: s, unmerged: s.replay.size() > 0}
	if held, known := p.held(); held || !known {
		l.holder = holder(p.journal())
		l.running = held || l.holder != ""
	}
	return l, nil
}

// openTogether opens file and journal so that they belong together: a run that ends meanwhile replaces the one and removes the other.
func openTogether(p place) (*sheet, error) {
	for range 100 {
		s, err := openSheet(p, roster.Options{Loose: true})
		if err != nil {
			return nil, err
		}
		now, err := os.Stat(p.path)
		if err == nil && os.SameFile(s.info, now) {
			return s, nil
		}
		if err = both(err, s.close()); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%s is replaced again and again", p.name)
}

// results yields a result file's rows, for people.
func (s *sheet) results() iter.Seq2[resultRow, error] {
	return func(yield func(resultRow, error) bool) {
		for row, err := range s.rows() {
			var out resultRow
			if err == nil {
				out = resultRow{Line: row.Line, Name: row.Name, Email: row.Email}
				out.Entry = s.whole(row)
				out.UserSubject = strings.TrimSpace(out.UserSubject)
				out.Message, _ = testimony(out.Message)
			}
			if !yield(out, err) || err != nil {
				return
			}
		}
	}
}
