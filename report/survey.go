package report

import (
	"fmt"
	"hash/maphash"
	"iter"
	"os"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"qlik-provision/provision"
	"qlik-provision/provision/roster"
)

// A sheet is an export, or a result file with a journal laid over it: what a result file is written from.
type sheet struct {
	name   string
	file   *roster.File
	replay *replay  // of a result file, nil where there is none
	handle *os.File // of a result file; nil for an export
	size   int64    // of a result file
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
	info, err := s.handle.Stat()
	if err != nil {
		return err
	}
	s.size = info.Size()
	in.Block = Columns()
	s.file, err = roster.Open(s.handle, s.size, s.name, in)
	if err != nil && !in.Loose { // perhaps it has no subject because it is something else
		in.Loose = true
		if file, err := roster.Open(s.handle, s.size, s.name, in); err == nil && file.Block < 0 {
			s.file = file
		}
	}
	if s.file != nil && s.file.Block < 0 {
		return &NotResultsError{s.name, "its header does not have our columns beside each other: " + strings.Join(Columns(), ",")}
	}
	return err
}

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
	replayed bool // the entry is the journal's
	counted  int  // lines of the journal that are this row's
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
	var err error
	r.entry, r.replayed, r.counted, err = s.replay.of(glance)
	return err
}

// block is a record's cells of our columns.
func (s *sheet) block(rec *roster.Record) []string {
	return rec.Fields[s.file.Block : s.file.Block+columns]
}

// whole is a row's entry with all its columns.
func (s *sheet) whole(r row) (Entry, error) {
	if r.replayed {
		return r.entry, nil
	}
	e, err := decode(s.block(r.Record))
	if err != nil {
		return Entry{}, s.wrong(r.Line, err.Error())
	}
	e.Tenant = r.entry.Tenant
	return e, nil
}

func (s *sheet) wrong(line int, why string) error {
	return &NotResultsError{s.name, fmt.Sprintf("line %d: %s", line, why)}
}

// hashOf is how survey hashes where no test has another: seeded, so that no export can be made to collide.
func hashOf() func(string) uint64 {
	seed := maphash.MakeSeed()
	return func(s string) uint64 { return maphash.String(seed, s) }
}

// A mark of a row that a survey keeps.
const (
	sendable uint8 = 1 << iota // nothing is wrong with the row by itself
	finished                   // it is done
)

// A survey is what is kept of every row while a file is checked: some bytes a row. Subjects and addresses are compared by
// themselves; their hashes only say which need not be.
type survey struct {
	sheet     *sheet
	hash      func(string) uint64
	byAddress bool

	marks    []uint8
	subjects []uint64 // hashes by index, 0 for none
	emails   []uint64 // with byAddress

	persons   map[string]*claim // by subject, where there may be more than one
	addresses map[string]*claim // by address
}

// A claim is who claims a subject or an address: the row that counts, and the first row of somebody else.
type claim struct {
	first, other provision.Row // Number 0: none
	done         bool          // first is
}

// add takes a row in, which is not done and has nothing wrong with it by itself where sendable and finished are not set.
func (v *survey) add(r row, mark uint8) {
	v.marks = append(v.marks, mark)
	v.subjects = append(v.subjects, v.hashed(r.Subject))
	if v.byAddress {
		key := ""
		if r.Subject != "" {
			key = foldAddress(r.Email)
		}
		v.emails = append(v.emails, v.hashed(key))
	}
}

func (v *survey) hashed(s string) uint64 {
	if s == "" {
		return 0
	}
	return max(v.hash(s), 1)
}

// settle finds who claims what, once every row is in.
func (v *survey) settle() error {
	var err error
	if v.byAddress {
		v.addresses, err = v.claims(v.emails,
			func(r row) string { return foldAddress(r.Email) },
			func(row) bool { return true },
			func(first, r provision.Row) bool { return first.Subject != r.Subject })
		if err != nil {
			return err
		}
	}
	v.persons, err = v.claims(v.subjects,
		func(r row) string { return r.Subject },
		func(r row) bool {
			return v.marks[r.index]&finished != 0 || v.marks[r.index]&sendable != 0 && v.rivalAddress(r) == nil
		},
		func(first, r provision.Row) bool { return !provision.SamePerson(first, r) })
	return err
}

// claims reads the rows whose hash is not theirs alone again, twice: who counts, the first row by number that may, has to be
// known before others can be held against it.
func (v *survey) claims(hashes []uint64, key func(row) string, may func(row) bool, rival func(first, r provision.Row) bool) (map[string]*claim, error) {
	again := repeated(hashes)
	if len(again) == 0 {
		return nil, nil
	}
	found := make(map[string]*claim)
	err := v.each(func(r row) {
		if !again[hashes[r.index]] || !may(r) {
			return
		}
		c := found[key(r)]
		if c == nil {
			c = new(claim)
			found[strings.Clone(key(r))] = c
		}
		if c.first.Number == 0 || r.Number < c.first.Number {
			c.first, c.done = keep(r.Row), v.marks[r.index]&finished != 0
		}
	})
	if err != nil {
		return nil, err
	}
	err = v.each(func(r row) {
		if !again[hashes[r.index]] {
			return
		}
		c := found[key(r)]
		if c != nil && r.Number != c.first.Number && rival(c.first, r.Row) && (c.other.Number == 0 || r.Number < c.other.Number) {
			c.other = keep(r.Row)
		}
	})
	return found, err
}

// keep is a row that does not hold on to those around it.
func keep(r provision.Row) provision.Row {
	r.Subject, r.Name, r.Email = strings.Clone(r.Subject), strings.Clone(r.Name), strings.Clone(r.Email)
	return r
}

// each goes through the rows that were added, and fails where the file is no longer the one that they were read from.
func (v *survey) each(see func(row)) error {
	n := 0
	for r, err := range v.sheet.rows() {
		if err != nil {
			return err
		}
		if !v.same(r) {
			return v.moved()
		}
		see(r)
		n++
	}
	if n != len(v.subjects) {
		return v.moved()
	}
	return nil
}

// same reports whether a row is the one that was added.
func (v *survey) same(r row) bool {
	return r.index < len(v.subjects) && v.hashed(r.Subject) == v.subjects[r.index]
}

func (v *survey) moved() error {
	return fmt.Errorf("%s changed while it was being read", v.sheet.name)
}

// repeated is the set of the hashes that stand there more than once.
func repeated(hashes []uint64) map[uint64]bool {
	sorted := slices.Clone(hashes)
	slices.Sort(sorted)
	again := make(map[uint64]bool)
	for i := 1; i < len(sorted); i++ {
		if sorted[i] == sorted[i-1] && sorted[i] != 0 {
			again[sorted[i]] = true
		}
	}
	return again
}

// foldAddress is the same for two addresses that differ in case only, as strings.EqualFold has it.
func foldAddress(s string) string {
	ascii := true
	for i := 0; i < len(s); i++ {
		ascii = ascii && s[i] < utf8.RuneSelf
	}
	if ascii {
		return strings.ToLower(s)
	}
	return strings.Map(func(r rune) rune {
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		return unicode.ToLower(least)
	}, s)
}
