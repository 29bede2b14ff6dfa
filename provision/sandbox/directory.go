package sandbox

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// directory holds the users of a tenant, indexed by what identifies them. The tenant's lock guards it.
type directory struct {
	records         []*record            // in the order of creation, the deleted ones included
	byID            map[string]*record   // by folded ID
	bySubject       map[string][]*record // by folded subject
	byEmail         map[string][]*record // by folded email, those without one left out
	caseInsensitive bool                 // subjects

	serial, process uint32 // parts of IDs
}

// record is a user in the directory. ID, subject and email never change.
type record struct {
	User
	foldedSubject, foldedEmail, foldedName string

	key     string        // the place of the user in lists, which are ordered by name
	visible time.Duration // when lists find the user, by the clock of the tenant
}

func newDirectory(caseInsensitive bool) directory {
	return directory{
		byID:            make(map[string]*record),
		bySubject:       make(map[string][]*record),
		byEmail:         make(map[string][]*record),
		caseInsensitive: caseInsensitive,
		process:         rand.Uint32(),
	}
}

// add adds a user, which gets an ID if it has none.
func (d *directory) add(u User, visible time.Duration) *record {
	if u.ID == "" {
		u.ID = d.newID(u.CreatedAt)
	}
	r := &record{foldedSubject: fold(u.Subject), foldedEmail: fold(u.Email), visible: visible}
	r.set(u)
	d.records = append(d.records, r)
	d.byID[fold(r.ID)] = r
	d.bySubject[r.foldedSubject] = append(d.bySubject[r.foldedSubject], r)
	if r.Email != "" {
		d.byEmail[r.foldedEmail] = append(d.byEmail[r.foldedEmail], r)
	}
	return r
}

// newID returns 24 hexadecimal digits: seconds, a number for the tenant, a counter.
func (d *directory) newID(at time.Time) string {
	d.serial++
	b := binary.BigEndian.AppendUint32(nil, uint32(at.Unix()))
	b = binary.BigEndian.AppendUint32(b, d.process)
	return hex.EncodeToString(binary.BigEndian.AppendUint32(b, d.serial))
}

// find returns the user with an ID, or nil where there is none.
func (d *directory) find(id string) *record {
	if r := d.byID[fold(id)]; r != nil && r.ID == id {
		return r
	}
	return nil
}

// conflicts reports whether a user that is not deleted has the subject of u, or its email in whatever case.
func (d *directory) conflicts(u User) bool {
	return slices.ContainsFunc(d.bySubject[fold(u.Subject)], func(r *record) bool {
		return r.Status != "deleted" && (d.caseInsensitive || r.Subject == u.Subject)
	}) || u.Email != "" && slices.ContainsFunc(d.byEmail[fold(u.Email)], func(r *record) bool {
		return r.Status != "deleted"
	})
}

// set changes the name, the status and the roles of a user to those of u.
func (r *record) set(u User) {
	r.User, r.foldedName = u, fold(u.Name)
	r.key = r.foldedName + "\x00" + r.ID
}

func (r *record) copy() User {
	u := r.User
	u.Roles = slices.Clone(u.Roles)
	return u
}

// fold returns the same string for all strings that strings.EqualFold calls equal.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		case r < utf8.RuneSelf:
			return r
		}
		smallest := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			smallest = min(smallest, next)
		}
		return smallest
	}, s)
}
