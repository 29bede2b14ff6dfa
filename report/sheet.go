package report

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"runtime"
	"strings"

	"qlik-provision/provision/roster"
)

// A sheet is an export, or a result file with a journal laid over it: what a result file is written from.
type sheet struct {
	name   string
	file   *roster.File
	replay *replay     // of a result file, nil where there is none
	handle *os.File    // of a result file; nil for an export
	info   fs.FileInfo // of a result file, when it was opened
}

// openSheet opens the result file at p and the journal beside it. in.Block is set.
func openSheet(p place, in roster.Options) (*sheet, error) {
	s, err := openAlone(p, in)
	if err != nil {
		return nil, err
	}
	if s.replay, err = openReplay(p.journal(), p.journalName()); err != nil {
		return nil, both(err, s.close())
	}
	return s, nil
}

// openAlone opens the result file at p without its journal.
func openAlone(p place, in roster.Options) (*sheet, error) {
	handle, err := os.Open(p.path)
	if err != nil {
		return nil, err
	}
	s := &sheet{name: p.name, handle: handle}
	if err := s.read(in); err != nil {
		return nil, both(err, handle.Close())
	}
	return s, nil
}

func (s *sheet) read(in roster.Options) error {
	var err error
	if s.info, err = s.handle.Stat(); err != nil {
		return err
	}
	size := s.info.Size()
	in.Block = Columns()
	s.file, err = roster.Open(s.handle, size, s.name, in)
	if bad, ok := errors.AsType[*roster.Error](err); ok && !in.Loose {
		in.Loose = true
		if file, looseErr := roster.Open(s.handle, size, s.name, in); looseErr == nil {
			s.file = file // perhaps it has no subject because it is something else
			if file.Block >= 0 && in.Subject == "" {
				s.recall(bad)
			}
		}
	}
	if s.file != nil && s.file.Block < 0 {
		return &NotResultsError{s.name, "its header does not have our columns beside each other: " + strings.Join(Columns(), ",")}
	}
	return err
}

// recall finds in the subjects of the rows how they were made, which a refusal for the want of a flag can name.
func (s *sheet) recall(bad *roster.Error) {
	// Where the file cannot be read to its end, the refusal stands as it is.
	if flags, err := (&guard{sheet: s}).flags(); err == nil && flags != nil {
		bad.Flags = flags
	}
}

// private reports whether nobody but its owner may do anything with a result file: a spreadsheet may have given it to everybody.
func (s *sheet) private() bool { return runtime.GOOS == "windows" || s.info.Mode().Perm() == 0o600 }

func (s *sheet) close() error {
	if s.handle == nil {
		return nil
	}
	return both(s.replay.close(), s.handle.Close())
}

// A row is a record with what is said of it.
type row struct {
	*roster.Record
	index    int // among the records, from 0
	entry    Entry
	replayed bool   // the entry is the journal's
	counted  int    // lines of the journal that are this row's
	witness  string // the subject that its message in the file has kept, "" where it kept none
}

// rows yields the rows in the file's order; of a result file's entry only what glance reads is filled in, unless the journal
// has another. What makes the file doubtful is collected: it comes as an error, the last.
func (s *sheet) rows() iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		var doubts roster.Doubts
		index := 0
		for rec, err := range s.file.Records() {
			if err != nil {
				if doubts.Add(err) {
					continue
				}
				yield(row{}, err)
				return
			}
			r := row{Record: rec, index: index}
			index++
			if s.handle != nil {
				if err := s.lay(&r); err != nil {
					yield(row{}, err)
					return
				}
			}
			if !yield(r, nil) {
				return
			}
		}
		if err := doubts.Err(); err != nil {
			yield(row{}, err)
		}
	}
}

// entries yields what rows knows of the rows' entries.
func (s *sheet) entries() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for r, err := range s.rows() {
			r.entry.UserSubject = strings.TrimSpace(r.entry.UserSubject)
			if !yield(r.entry, err) {
				return
			}
		}
	}
}

// lay fills in what the result file and the journal say of a row.
func (s *sheet) lay(r *row) error {
	cells := s.block(r.Record)
	number, ok := rowNumber(cells[rowColumn])
	if !ok {
		return s.wrong(r.Line, fmt.Sprintf("%q is no row number", cells[rowColumn]))
	}
	state, ok := stateOf(cells[outcomeColumn])
	if !ok {
		return s.wrong(r.Line, fmt.Sprintf("%q is no outcome", cells[outcomeColumn]))
	}
	r.Number = number
	glance := Entry{Outcome: state, UserSubject: cells[subjectColumn], Tenant: strings.TrimSpace(cells[tenantColumn]), Row: number}
	_, r.witness = testimony(cells[messageColumn])
	var err error
	r.entry, r.replayed, r.counted, err = s.replay.of(glance)
	return err
}

// block is a record's cells of our columns.
func (s *sheet) block(rec *roster.Record) []string {
	return rec.Fields[s.file.Block : s.file.Block+columns]
}

// whole is a row's entry with all its columns.
func (s *sheet) whole(r row) Entry {
	if r.replayed {
		return r.entry
	}
	e, _ := entryFrom(s.block(r.Record)) // lay has looked at what can be wrong
	e.Tenant = r.entry.Tenant
	return e
}

func (s *sheet) wrong(line int, why string) error {
	return &NotResultsError{s.name, fmt.Sprintf("line %d: %s", line, why)}
}
