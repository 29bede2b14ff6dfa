package sandbox

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"time"
	"unicode"
	"unicode/utf8"
)

// record is a user as the tenant keeps them. It never changes once it is in the directory, so it is read without the lock.
type record struct {
	User
	roles        []role
	seq          int           // place in the order of creation
	visible      time.Duration // when lookups find the user, since the tenant was made
	fold, foldAt string        // folded subject and address
}

type role struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

// directory is everybody on the tenant, and the indexes. The tenant's lock guards it; records only ever grows at its end, so a copy
// of the slice is a snapshot.
type directory struct {
	records   []*record
	bySubject map[string][]*record // folded
	byEmail   map[string][]*record // folded
	byID      map[string]*record   // folded
	caseless  bool
	serial    uint64
	process   uint32
}

func newDirectory(caseless bool) directory {
	return directory{
		bySubject: make(map[string][]*record),
		byEmail:   make(map[string][]*record),
		byID:      make(map[string]*record),
		caseless:  caseless,
		serial:    rand.Uint64(),
		process:   rand.Uint32(),
	}
}

// newID makes 24 hexadecimal digits that no user has: seconds, a number for the tenant, and a counter.
func (d *directory) newID(at time.Time) string {
	d.serial++
	var b [12]byte
	binary.BigEndian.PutUint32(b[0:], uint32(at.Unix()))
	binary.BigEndian.PutUint32(b[4:], d.process)
	binary.BigEndian.PutUint32(b[8:], uint32(d.serial))
	return hex.EncodeToString(b[:])
}

// taken reports whether a user with this subject is there.
func (d *directory) taken(subject string) bool {
	same := d.bySubject[fold(subject)]
	if d.caseless {
		return len(same) > 0
	}
	for _, r := range same {
		if r.Subject == subject {
			return true
		}
	}
	return false
}

func (d *directory) add(r *record) {
	r.seq = len(d.records)
	r.fold = fold(r.Subject)
	d.records = append(d.records, r)
	d.bySubject[r.fold] = append(d.bySubject[r.fold], r)
	if r.Email != "" {
		r.foldAt = fold(r.Email)
		d.byEmail[r.foldAt] = append(d.byEmail[r.foldAt], r)
	}
	d.byID[fold(r.ID)] = r
}

// fold maps strings that strings.EqualFold calls equal to one string: each rune to the smallest of those it folds with.
func fold(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= utf8.RuneSelf || 'a' <= c && c <= 'z' {
			return foldFrom(s, i)
		}
	}
	return s
}

func foldFrom(s string, i int) string {
	b := make([]byte, i, len(s)+utf8.UTFMax)
	copy(b, s)
	for _, r := range s[i:] {
		switch {
		case 'a' <= r && r <= 'z':
			r -= 'a' - 'A'
		case r >= utf8.RuneSelf:
			for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
				if next < r {
					r = next
					break
				}
			}
		}
		b = utf8.AppendRune(b, r)
	}
	return string(b)
}
