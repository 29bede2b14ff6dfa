package report

import (
	"fmt"
	"hash/maphash"
	"strings"
	"unicode"
	"unicode/utf8"

	"qlik-provision/provision"
)

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

	persons   *claims // to subjects
	addresses *claims // to addresses
}

func newSurvey(s *sheet, o *Options) *survey {
	v := &survey{sheet: s, hash: o.hash, byAddress: o.MatchEmail}
	if v.hash == nil {
		v.hash = hashOf()
	}
	return v
}

// contested reports whether a row may claim what another one does, once the survey is settled.
func (v *survey) contested() bool { return v.persons != nil || v.addresses != nil }

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
	v.addresses = newClaims(v.emails, func(r provision.Row) string { return foldAddress(r.Email) })
	always := func(row) bool { return true }
	err := v.claim(v.addresses, always, func(first, r provision.Row) bool { return first.Subject != r.Subject })
	if err != nil {
		return err
	}
	v.persons = newClaims(v.subjects, func(r provision.Row) string { return r.Subject })
	counts := func(r row) bool {
		mark := v.marks[r.index]
		return mark&finished != 0 || mark&sendable != 0 && v.rivalAddress(r).Number == 0
	}
	return v.claim(v.persons, counts, strangers)
}

func strangers(a, b provision.Row) bool { return !provision.SamePerson(a, b) }

// claim reads the rows whose hash is not theirs alone again, twice: who counts, the first row by number that may, has to be known
// before others can be held against it.
func (v *survey) claim(c *claims, may func(row) bool, rival func(first, r provision.Row) bool) error {
	if c == nil {
		return nil
	}
	err := v.each(func(r row) error {
		if c.shared(r.index) && may(r) {
			c.stake(r.index, r.Row, v.marks[r.index]&finished != 0)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return v.each(func(r row) error {
		if !c.shared(r.index) {
			return nil
		}
		at := c.find(r.index, r.Row)
		if at == nil || r.Number == int(at.first.number) || at.other.number != 0 && int(at.other.number) < r.Number {
			return nil
		}
		if rivalOf(r.Row, rival, at.first, at.named, at.addressed).Number != 0 {
			at.other = keep(r.Row)
		}
		return nil
	})
}

// each goes through the rows that were added, and fails where see does, or where the file is no longer the one that they were read from.
func (v *survey) each(see func(row) error) error {
	n := 0
	for r, err := range v.sheet.rows() {
		if err != nil {
			return err
		}
		if !v.same(r) {
			return v.unsteady()
		}
		if err := see(r); err != nil {
			return err
		}
		n++
	}
	if n != len(v.subjects) {
		return v.unsteady()
	}
	return nil
}

// same reports whether a row is the one that was added.
func (v *survey) same(r row) bool {
	return r.index < len(v.subjects) && v.hashed(r.Subject) == v.subjects[r.index]
}

func (v *survey) unsteady() error {
	return fmt.Errorf("%s changed while it was being read", v.sheet.name)
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
