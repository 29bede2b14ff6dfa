package provision

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"qlik-provision/provision/qlik"
)

// decide says what a lookup means for a row: a write that is needed, or the result that finishes it. It returns neither
// where there is nothing to say: a row that is only looked up has no user, or the user to delete was not found.
func (r *Run) decide(j *job, d directory) (*write, Result) {
	w, res := r.decideByUsers(j, d)
	sent := j.write
	if sent == nil || !j.unconfirmed {
		return w, res
	}
	switch change := sent.kind == changeWrite; {
	case change && w != nil && w.kind == changeWrite && w.user.ID == sent.user.ID && sent.message != "":
		w.message = sent.message // what was asked for at first, of which a part may hold already
	case change && res.Outcome.Done() && res.UserID == sent.user.ID: // what was asked for holds
		done := r.accepted(sent)
		if done.Message == "" { // it was sent by an earlier run
			done.Message = string(done.Outcome) + ", though the answer was lost"
		}
		res = done
	case sent.kind == deleteWrite && w == nil && res.Outcome == "": // the user is gone
		res = r.accepted(sent)
	}
	return w, res
}

// decideByUsers is decide without what is known of an unconfirmed change or delete.
func (r *Run) decideByUsers(j *job, d directory) (*write, Result) {
	row := j.row
	if row.UserID != "" {
		return r.deleteFor(row, d)
	}
	invalid, isInvalid := r.checkRole(row)
	if isInvalid && !row.LookupOnly && row.SentAt.IsZero() {
		return nil, invalid
	}
	// A conflict after a lost answer means the user that was created, unless that one is not found for long enough.
	explains := j.inConflict() && (!j.unconfirmed || j.lookedLongEnough(time.Now()))
	m := d.match(row.Person, explains)
	switch {
	case m.kind == noMatch && r.options.Task == Disable:
		return nil, foundResult(Unchanged, CodeNotFound, qlik.User{}, "no such user on the tenant")
	case m.kind == noMatch && (r.options.Task == Delete || row.LookupOnly):
		return nil, Result{}
	case m.kind == noMatch && isInvalid:
		return nil, invalid
	case m.kind == noMatch:
		return &write{kind: createWrite}, Result{}
	case m.kind == subjectConflict:
		return nil, conflictResult(row, m, CodeSubjectConflict, "the subject belongs to another person")
	case m.kind == emailConflict:
		return nil, conflictResult(row, m, CodeEmailConflict, "the address belongs to another person")
	case m.kind == subjectMatch && r.createdByUs(j, m.user):
		if r.options.Task == Delete {
			return &write{kind: deleteWrite, user: &m.user}, Result{}
		}
		return nil, foundResult(Created, "", m.user, lostAnswer)
	}
	res := r.existing(row, m)
	w := r.changeFor(row, m)
	switch {
	case row.LookupOnly, w == nil:
		return nil, res
	case !m.sure && r.options.Task == Disable:
		code := CodeEmailConflict
		if m.kind == subjectMatch {
			code = CodeSubjectConflict
		}
		return nil, conflictResult(row, m, code, "the names are too different to disable the user")
	case !m.sure:
		return nil, res
	case r.guardsAdmins() && hasAdminRole(m.user):
		return nil, conflictResult(row, m, CodeAdminRole, "the user has an admin role")
	}
	return w, Result{}
}

// createFor is what is sent to create the user of a row's person.
func (r *Run) createFor(row Row) qlik.NewUser {
	p := row.Person
	return qlik.NewUser{Subject: p.Subject, Name: p.Name, Email: p.Email, Status: r.options.Status, Roles: r.rolesOf(row)}
}

// changeFor is the change that the user of a row's person needs, nil for none.
func (r *Run) changeFor(row Row, m match) *write {
	u := m.user
	w := &write{kind: changeWrite, user: &u}
	if r.options.Task == Disable {
		if hasStatus(u, "disabled") {
			return nil
		}
		w.changes = []qlik.Change{qlik.ReplaceStatus("disabled")}
		w.message = strings.Join(foundAs(row, m), "; ")
		return w
	}
	var done []string
	if r.options.Update.Name && differs(row.Person.Name, u.Name) {
		w.changes = append(w.changes, qlik.ReplaceName(row.Person.Name))
		done = append(done, fmt.Sprintf("name changed from %q", u.Name))
		m.user.Name = row.Person.Name
	}
	if missing := r.missingRoles(row, u); r.options.Update.Roles && len(missing) > 0 {
		for _, role := range missing {
			w.changes = append(w.changes, qlik.AddRole(role))
			m.user.Roles = append(slices.Clone(m.user.Roles), qlik.Role{Name: role})
		}
		done = append(done, "roles added: "+strings.Join(missing, ", "))
	}
	if r.options.Update.Status && hasStatus(u, "disabled") {
		w.changes = append(w.changes, qlik.ReplaceStatus("active"))
		done = append(done, "enabled")
		m.user.Status = "active"
	}
	if len(w.changes) == 0 {
		return nil
	}
	w.message = strings.Join(append(done, r.differences(row, m)...), "; ")
	return w
}

// deleteFor is the delete of the user that a run of this file created, where the user still has the row's subject.
func (r *Run) deleteFor(row Row, d directory) (*write, Result) {
	u, found := d.ids[row.UserID]
	switch {
	case !found:
		return nil, Result{}
	case SubjectKey(u.Subject) != SubjectKey(row.Person.Subject):
		return nil, foundResult(Created, CodeNotCreatedHere, u, "not deleted: its subject is now "+u.Subject)
	}
	return &write{kind: deleteWrite, user: &u}, Result{}
}

// existing is the result of a row whose person has a user that needs no change.
func (r *Run) existing(row Row, m match) Result {
	if r.options.Task == Disable {
		return foundResult(Unchanged, "", m.user, strings.Join(append(foundAs(row, m), "already disabled"), "; "))
	}
	parts := r.differences(row, m)
	code := ""
	switch {
	case hasStatus(m.user, "disabled"):
		code = CodeDisabled
	case m.kind == emailMatch:
		code = CodeEmailMatch
	case len(parts) > 0:
		code = CodeDiffers
	}
	return foundResult(Exists, code, m.user, strings.Join(parts, "; "))
}

func foundResult(outcome Outcome, code string, u qlik.User, message string) Result {
	return Result{Outcome: outcome, Code: code, UserID: u.ID, Message: message, HTTPStatus: http.StatusOK}
}

// conflictResult is the result of a row whose user must not be written to; it names both sides.
func conflictResult(row Row, m match, code, what string) Result {
	message := fmt.Sprintf("%s: %s on the tenant, %s in the file", what, describeUser(m.user), describePerson(row.Person))
	if m.other.ID != "" {
		message += "; the address belongs to another user: " + describeUser(m.other)
	}
	return foundResult(Failed, code, m.user, message)
}

func describeUser(u qlik.User) string {
	text := fmt.Sprintf("%s (%s)", describePerson(Person{Name: u.Name, Email: u.Email}), u.Subject)
	if hasStatus(u, "disabled") {
		text += ", disabled"
	}
	return text
}

func describePerson(p Person) string {
	switch {
	case p.Name == "" && p.Email == "":
		return "without name and address"
	case p.Email == "":
		return p.Name
	case p.Name == "":
		return p.Email
	}
	return p.Name + " <" + p.Email + ">"
}

// differences says how a user differs from its row: a disabled user first.
func (r *Run) differences(row Row, m match) []string {
	p, u := row.Person, m.user
	var parts []string
	if hasStatus(u, "disabled") {
		parts = append(parts, "disabled on the tenant")
	}
	parts = append(parts, foundAs(row, m)...)
	for _, field := range []struct{ name, file, tenant string }{{"name", p.Name, u.Name}, {"email", p.Email, u.Email}} {
		switch {
		case !differs(field.file, field.tenant):
		case field.tenant == "":
			parts = append(parts, "no "+field.name+" on the tenant")
		default:
			parts = append(parts, fmt.Sprintf("%s differs: %q on the tenant", field.name, field.tenant))
		}
	}
	if u.Status != "" && !hasStatus(u, r.options.Status) && !hasStatus(u, "disabled") {
		parts = append(parts, "status on the tenant: "+u.Status)
	}
	if missing := r.missingRoles(row, u); len(missing) > 0 {
		parts = append(parts, "roles missing: "+strings.Join(missing, ", "))
	}
	return parts
}

// differs reports whether a file's value is not the tenant's. An empty one says nothing.
func differs(file, tenant string) bool {
	return strings.TrimSpace(file) != "" && Fold(file) != Fold(tenant)
}

// foundAs names the user's subject where it is not the row's, and another user that has the row's address.
func foundAs(row Row, m match) (parts []string) {
	if m.user.Subject != row.Person.Subject {
		as := "exists as " + m.user.Subject
		if !m.user.CreatedAt.IsZero() {
			as += ", created " + m.user.CreatedAt.UTC().Format(time.DateOnly)
		}
		parts = append(parts, as)
	}
	if m.other.ID != "" {
		parts = append(parts, "the address belongs to another user: "+describeUser(m.other))
	}
	return parts
}
