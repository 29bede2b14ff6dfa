package report

import (
	"fmt"
	"hash/maphash"
	"slices"
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
