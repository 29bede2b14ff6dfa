package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// record is a user as the tenant keeps it. ID, subject and email never change. The tenant's lock guards it.
type record struct {
	User
	keys    []string  // where the index has it, one for each of ID, subject and email that it has
	visible time.Time // when lists find the user
}

// indexKey is where the index has the users whose attribute, id, subject or email, equals a value but for case.
func indexKey(attribute, value string) string { return attribute + "=" + strings.ToLower(value) }

// add adds a user, which gets an ID if it has none.
func (t *Tenant) add(u User, visible time.Time) *record {
	if u.ID == "" {
		u.ID = fmt.Sprintf("%s%08x", t.id[:16], len(t.records))
	}
	r := &record{User: u, keys: []string{indexKey("id", u.ID), indexKey("subject", u.Subject)}, visible: visible}
	if u.Email != "" {
		r.keys = append(r.keys, indexKey("email", u.Email))
	}
	t.records = append(t.records, r)
	for _, key := range r.keys {
		t.index[key] = append(t.index[key], r)
	}
	return r
}

// find returns the user with an ID, or nil where there is none.
func (t *Tenant) find(id string) *record {
	for _, r := range t.index[indexKey("id", id)] {
		if r.ID == id {
			return r
		}
	}
	return nil
}

// conflicts reports whether a user that is not deleted has the subject of u, or its email in whatever case.
func (t *Tenant) conflicts(u User) bool {
	sameSubject := func(r *record) bool {
		return r.Status != "deleted" && (t.options.CaseInsensitive || r.Subject == u.Subject)
	}
	sameEmail := func(r *record) bool { return r.Status != "deleted" && u.Email != "" }
	return slices.ContainsFunc(t.index[indexKey("subject", u.Subject)], sameSubject) ||
		slices.ContainsFunc(t.index[indexKey("email", u.Email)], sameEmail)
}

func (r *record) copy() User {
	u := r.User
	u.Roles = slices.Clone(u.Roles)
	return u
}
