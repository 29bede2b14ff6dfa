package provision

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"qlik-provision/provision/qlik"
)

// decide says what a lookup means for a row: a write that is needed, or the result that finishes it. It returns neither
// where there is nothing to say: a row that is only looked up has no user, or the user to delete was not found.
func (r *Run) decide(j *job, d directory) (*write, Result) {
	row, task := j.row, r.options.Task
	if task == Delete && row.UserID != "" {
		return deleteFor(j, d)
	}
	// A conflict after a lost answer means the user that was created, unless that one is not found for long enough.
	explains := errors.Is(j.refusal, qlik.ErrConflict) && (!j.unconfirmed || j.lookedLongEnough(time.Now()))
	m := d.match(row.Person, explains)
	none, isOurs := m.kind == noMatch, m.kind == subjectMatch && r.createdByUs(j, m.user)
	switch invalid := r.checkRoles(row); {
	case none && task == Disable:
		return nil, foundResult(Unchanged, CodeNotFound, qlik.User{}, "no such user on the tenant")
	case none && (task == Delete || row.LookupOnly):
		return nil, Result{}
	case isOurs && task == Delete:
		return &write{kind: deleteWrite, user: &m.user}, Result{}
	case isOurs:
		return nil, foundResult(Created, "", m.user, lostAnswer)
	case invalid.Outcome != "" && !row.LookupOnly:
		return nil, invalid
	case none:
		return &write{kind: createWrite}, Result{}
	case m.kind == subjectConflict:
		return nil, conflictResult(row, m, CodeSubjectConflict, "the subject belongs to another person")
	case m.kind == emailConflict:
		return nil, conflictResult(row, m, CodeEmailConflict, "the address belongs to another person")
	}
	return r.changeFor(j, m)
}

// createFor is what is sent to create the user of a row's person.
func (r *Run) createFor(row Row) qlik.User {
	p := row.Person
	u := qlik.User{Subject: p.Subject, Name: p.Name, Email: p.Email, Status: r.options.Status}
	for _, name := range r.rolesOf(row) {
		u.Roles = append(u.Roles, qlik.Role{Name: name})
	}
	return u
}

// deleteFor is the delete of the user that a run of this file created, where the user still has the row's subject.
func deleteFor(j *job, d directory) (*write, Result) {
	u, found := d.ids[j.row.UserID]
	switch {
	case found && SubjectKey(u.Subject) != SubjectKey(j.row.Person.Subject):
		return nil, foundResult(Created, CodeNotCreatedHere, u, "not deleted: its subject is now "+u.Subject)
	case found:
		return &write{kind: deleteWrite, user: &u}, Result{}
	case j.unconfirmed, j.lookedLongEnough(time.Now()): // a delete whose answer was lost, or another program's
		return nil, foundResult(Deleted, "", qlik.User{ID: j.row.UserID}, "")
	}
	return nil, Result{}
}

// changeFor is the change that a Disable or Options.Update asks for, or the result of a row whose user stays as it is.
func (r *Run) changeFor(j *job, m match) (*write, Result) {
	disables := r.options.Task == Disable
	w, res := r.updateFor(j.row, m)
	if disables {
		w, res = disableFor(j.row, m)
	}
	sent := j.write
	wasSent := j.unconfirmed && sent.kind == changeWrite && sent.user.ID == m.user.ID
	switch {
	case w == nil && wasSent: // what was asked for holds
		res = r.acceptedResult(sent)
		res.Message = cmp.Or(res.Message, string(res.Outcome)+", though the answer was lost")
		return nil, res
	case w == nil, j.row.LookupOnly, !m.sure && !disables:
		return nil, res
	case !m.sure:
		code := map[matchKind]string{subjectMatch: CodeSubjectConflict, emailMatch: CodeEmailConflict}[m.kind]
		return nil, conflictResult(j.row, m, code, "the names are too different to disable the user")
	case r.guardsAdmins && hasAdminRole(m.user):
		return nil, conflictResult(j.row, m, CodeAdminRole, "the user has an admin role")
	case j.begun && r.hidesRoles(m.user): // before the first write, checkRolesShown ends the run
		return nil, res
	case wasSent: // a part of it may hold already
		w.message = cmp.Or(sent.message, w.message)
	}
	return w, Result{}
}

// disableFor is the change that disables the user of a row's person, or the result where there is none.
func disableFor(row Row, m match) (*write, Result) {
	said := foundAs(row, m)
	if hasStatus(m.user, "disabled") {
		return nil, foundResult(Unchanged, "", m.user, strings.Join(append(said, "already disabled"), "; "))
	}
	changes := []qlik.Change{qlik.ReplaceStatus("disabled")}
	return &write{kind: changeWrite, user: &m.user, changes: changes, message: strings.Join(said, "; ")}, Result{}
}

// updateFor is the change that Options.Update asks for, nil for none, and the result where the user stays as it is.
func (r *Run) updateFor(row Row, m match) (*write, Result) {
	p, u, update := row.Person, m.user, r.options.Update
	w := &write{kind: changeWrite, user: &u}
	var differs, left []string // how the user differs from its row, now and after the changes
	differ := func(message string, update bool, changed string, changes ...qlik.Change) {
		if message == "" {
			return
		}
		differs = append(differs, message)
		if update {
			message = changed
			w.changes = append(w.changes, changes...)
		}
		left = append(left, message)
	}
	if hasStatus(u, "disabled") {
		differ("disabled on the tenant", update.Status, "enabled", qlik.ReplaceStatus("active"))
	}
	differ(strings.Join(foundAs(row, m), "; "), false, "")
	differ(difference("name", p.Name, u.Name), update.Name, fmt.Sprintf("name changed from %q", u.Name),
		qlik.ReplaceName(p.Name))
	differ(difference("email", p.Email, u.Email), false, "")
	if u.Status != "" && !hasStatus(u, r.options.Status) && !hasStatus(u, "disabled") {
		differ("status on the tenant: "+u.Status, false, "")
	}
	if missing := r.missingRoles(row, u); len(missing) > 0 {
		var changes []qlik.Change
		for _, role := range missing {
			changes = append(changes, qlik.AddRole(role))
		}
		names := strings.Join(missing, ", ")
		differ("roles missing: "+names, update.Roles, "roles added: "+names, changes...)
	}
	code := ""
	switch {
	case hasStatus(u, "disabled"):
		code = CodeDisabled
	case m.kind == emailMatch:
		code = CodeEmailMatch
	case len(differs) > 0:
		code = CodeDiffers
	}
	w.message = strings.Join(left, "; ")
	if len(w.changes) == 0 {
		w = nil
	}
	return w, foundResult(Exists, code, u, strings.Join(differs, "; "))
}

// difference says how a field on the tenant differs from the file's; "" where it does not, or the file says nothing.
func difference(field, file, tenant string) string {
	switch {
	case strings.TrimSpace(file) == "", Fold(file) == Fold(tenant):
		return ""
	case tenant == "":
		return "no " + field + " on the tenant"
	}
	return fmt.Sprintf("%s differs: %q on the tenant", field, tenant)
}

// foundAs names the user's subject where it is not the row's, and another user that has the row's address.
func foundAs(row Row, m match) (said []string) {
	if m.user.Subject != row.Person.Subject {
		said = append(said, "exists as "+m.user.Subject)
	}
	if m.other.ID != "" {
		said = append(said, "the address belongs to another user: "+describeUser(m.other))
	}
	return said
}

func foundResult(outcome Outcome, code string, u qlik.User, message string) Result {
	return Result{Outcome: outcome, Code: code, UserID: u.ID, Message: message, HTTPStatus: http.StatusOK}
}

// conflictResult is the result of a row whose user must not be written to; it names both sides.
func conflictResult(row Row, m match, code, what string) Result {
	message := fmt.Sprintf("%s: %s on the tenant, %s in the file", what, describeUser(m.user), row.Person.Describe())
	if m.other.ID != "" {
		message += "; the address belongs to another user: " + describeUser(m.other)
	}
	return foundResult(Failed, code, m.user, message)
}

func describeUser(u qlik.User) string {
	text := fmt.Sprintf("%s (%s)", Person{Name: u.Name, Email: u.Email}.Describe(), u.Subject)
	if hasStatus(u, "disabled") {
		text += ", disabled"
	}
	return text
}
