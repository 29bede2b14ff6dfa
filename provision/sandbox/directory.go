package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/cases"
)

// directory holds the users of a tenant. The tenant's lock guards it.
type directory struct {
	records         []*record            // in the order of creation, the deleted ones included
	index           map[string][]*record // by indexKey of ID, subject and email
	caseInsensitive bool                 // subjects
	idPrefix        string
}

// record is a user in the directory. ID, subject and email never change.
type record struct {
	User
	foldedID, foldedSubject, foldedEmail string

	visible time.Time // when lists find the user
}

// indexKey is where the index has the users whose attribute, id, subject or email, has a folded value.
func indexKey(attribute, folded string) string { return attribute + "=" + folded }

// add adds a user, which gets an ID if it has none.
func (d *directory) add(u User, visible time.Time) *record {
	if u.ID == "" {
		u.ID = fmt.Sprintf("%s%08x", d.idPrefix, len(d.records)) // 24 hexadecimal digits
	}
	r := &record{
		User: u, foldedID: fold(u.ID), foldedSubject: fold(u.Subject), foldedEmail: fold(u.Email), visible: visible,
	}
	d.records = append(d.records, r)
	for _, key := range []string{
		indexKey("id", r.foldedID), indexKey("subject", r.foldedSubject), indexKey("email", r.foldedEmail),
	} {
		d.index[key] = append(d.index[key], r)
	}
	return r
}

// find returns the user with an ID, or nil where there is none.
func (d *directory) find(id string) *record {
	for _, r := range d.index[indexKey("id", fold(id))] {
		if r.ID == id {
			return r
		}
	}
	return nil
}

// conflicts reports whether a user that is not deleted has the subject of u, or its email in whatever case.
func (d *directory) conflicts(u User) bool {
	for _, r := range d.index[indexKey("subject", fold(u.Subject))] {
		if r.Status != "deleted" && (d.caseInsensitive || r.Subject == u.Subject) {
			return true
		}
	}
	return u.Email != "" && slices.ContainsFunc(d.index[indexKey("email", fold(u.Email))], func(r *record) bool {
		return r.Status != "deleted"
	})
}

func (r *record) copy() User {
	u := r.User
	u.Roles = slices.Clone(u.Roles)
	return u
}

// fold returns the same string for strings that differ in case only.
func fold(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0 {
		return strings.ToLower(s)
	}
	return cases.Fold().String(s)
}
