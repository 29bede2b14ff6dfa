package report

import (
	"errors"
	"os"
	"slices"

	"qlik-provision/provision"
	"qlik-provision/provision/roster"
)

// makeWay looks at what is at the place of a new ledger.
func (l *Ledger) makeWay(export *roster.File) error {
	p := l.place
	if !p.there() {
		if there(p.journal()) && !l.options.Overwrite {
			return &StrayJournalError{p.name, p.journalName()}
		}
		return nil
	}
	s, err := openSheet(p, roster.Options{Loose: true})
	if err != nil {
		var refused *roster.Error
		if errors.As(err, &refused) {
			return &NotResultsError{p.name, refused.Message}
		}
		return err
	}
	if !l.options.Overwrite {
		err = l.describe(s, export)
	}
	return both(err, s.close())
}

// describe is the *ExistsError for the result file in s.
func (l *Ledger) describe(s *sheet, export *roster.File) error {
	// It is not run, only counted, so what can be read of it will do.
	var t tally
	for e, err := range s.entries() {
		if err != nil {
			break
		}
		t.add(e)
	}
	done, err := t.done(s.entries())
	if err != nil {
		done = t.plain
	}
	same, differing, err := sameExport(s, export, l.options.hash)
	if err != nil {
		return err
	}
	return &ExistsError{l.place.name, t.rows, done, same, differing}
}

// sameExport reports whether a result file is of an export: the same header, as many rows, and the same cells in one of them at least, and in all but
// those that somebody may have mended, here or there; how many of those differ is said too.
func sameExport(s *sheet, export *roster.File, hash func(string) uint64) (same bool, differing int, err error) {
	if !slices.Equal(s.file.Header[:s.file.Block], export.Header) {
		return false, 0, nil
	}
	if hash == nil {
		hash = hashOf()
	}
	var sums []uint64
	for rec, err := range export.Records() {
		if err != nil {
			return false, 0, ignoreProblem(err)
		}
		sums = append(sums, cellsHash(hash, rec.Fields))
	}
	n := 0
	for r, err := range s.rows() {
		if err != nil || r.Number > len(sums) {
			return false, 0, ignoreProblem(err)
		}
		n++
		if cellsHash(hash, r.Fields[:s.file.Block]) == sums[r.Number-1] {
			continue
		}
		switch e := r.entry; {
		case e.Outcome == provision.Invalid, e.Outcome == provision.Failed, e.Outcome == provision.Pending && e.UserSubject == "":
			differing++
		default:
			return false, 0, nil
		}
	}
	if n != len(sums) || differing == n {
		return false, 0, nil
	}
	return true, differing, nil
}

// ignoreProblem is nil for what is wrong with the file, not with reading it.
func ignoreProblem(err error) error {
	var system *os.PathError
	if errors.As(err, &system) {
		return err
	}
	return nil
}

func cellsHash(hash func(string) uint64, cells []string) uint64 {
	var sum uint64
	for _, c := range cells {
		sum = sum*0x9e3779b97f4a7c15 + hash(c)
	}
	return sum
}
