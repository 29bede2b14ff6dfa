package report

import (
	"fmt"
	"iter"
	"os"
	"strings"

	"qlik-provision/provision/roster"
)

// Results are a result file that is looked at, by nobody's leave: it is not locked, and a run may be on.
type Results struct {
	Path     string
	Running  bool   // a run is on; or perhaps, where its lock may not be looked at
	Holder   string // whose run: process, host and since when
	Unmerged bool   // the journal has outcomes that are not in the file yet

	place place
}

// A ResultRow is a row of a result file. Its strings stay valid, but hold on to those of a few hundred rows.
type ResultRow struct {
	Entry
	Line        int    // of the file, from 1
	Name, Email string // from the export's columns, where their headers say which they are
}

// Read looks at the result file at path and the journal beside it. It fails with *NotResultsError, *StrayJournalError, a
// *roster.Error where the file cannot be read, or the system's error.
func Read(path string) (*Results, error) {
	r, s, err := look(path)
	if err != nil {
		return nil, err
	}
	return r, s.close()
}

// look is Read, with what it read still open.
func look(path string) (*Results, *sheet, error) {
	p, err := findPlace(path)
	if err != nil {
		return nil, nil, err
	}
	if !p.there() && there(p.journal()) {
		return nil, nil, &StrayJournalError{p.name, p.journalName()}
	}
	r := &Results{Path: path, place: p}
	s, err := r.open()
	if err != nil {
		return nil, nil, err
	}
	r.Unmerged = s.replay.size() > 0
	if held, known := p.held(); held || !known {
		r.Holder = holder(p.journal())
		r.Running = held || r.Holder != ""
	}
	return r, s, nil
}

// open opens file and journal so that they belong together: a run that ends meanwhile replaces the one and removes the other.
func (r *Results) open() (*sheet, error) {
	for range 100 {
		s, err := openSheet(r.place, roster.Options{Loose: true})
		if err != nil {
			return nil, err
		}
		now, err := os.Stat(r.place.path)
		if err == nil && os.SameFile(s.info, now) {
			return s, nil
		}
		if err = both(err, s.close()); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%s is replaced again and again", r.Path)
}

// Rows yields the rows in the file's order, as they are when it is called; it may be ranged over again.
func (r *Results) Rows() iter.Seq2[ResultRow, error] {
	return func(yield func(ResultRow, error) bool) {
		s, err := r.open()
		if err != nil {
			yield(ResultRow{}, err)
			return
		}
		defer s.close()
		s.results()(yield)
	}
}

// results yields a result file's rows, for people.
func (s *sheet) results() iter.Seq2[ResultRow, error] {
	return func(yield func(ResultRow, error) bool) {
		for row, err := range s.rows() {
			var out ResultRow
			if err == nil {
				out = ResultRow{Line: row.Line, Name: row.Name, Email: row.Email}
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
