package provision

import (
	"cmp"
	"fmt"
	"net/http"
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
		res = r.acceptedResult(sent)
		if res.Message == "" { // it was sent by an earlier run
			res.Message = string(res.Outcome) + ", though the answer was lost"
		}
	case sent.kind == deleteWrite && w == nil && res.Outcome == "": // the user is gone
		res = r.acceptedResult(sent)
	}
	return w, res
}

// decideByUsers is decide without what is known of an unconfirmed change or delete.
func (r *Run) decideByUsers(j *job, d directory) (*write, Result) {
	row := j.row
	if row.UserID != "" {
		return deleteFor(row, d)
	}
	invalid := r.checkRoles(row)
	isInvalid := invalid.Outcome != ""
	if isInvalid && !row.LookupOnly && row.SentAt.IsZero() {
		return nil, invalid
	}
	// A conflict after a lost answer means the user that was created, unless that one is not found for long enough.
	explains := j.inConflict() && (!j.unconfirmed || j.lookedLongEnough(time.Now()))
	m := d.match(row.Person, explains)
	switch none := m.kind == noMatch; {
	case none && r.options.Task == Disable:
		return nil, foundResult(Unchanged, CodeNotFound, qlik.User{}, "no such user on the tenant")
	case none && (r.options.Task == Delete || row.LookupOnly):
		return nil, Result{}
	case none && isInvalid:
		return nil, invalid
	case none:
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
	case r.options.Task == Disable:
		return r.disableFor(row, m)
	}
	w, res := r.changeFor(row, m)
	switch {
	case w == nil, row.LookupOnly, !m.sure:
		return nil, res
	case r.guardsAdmins() && hasAdminRole(m.user):
		return nil, adminResult(row, m)
	case j.begun && r.hidesRoles(m.user): // before the first write, checkRolesShown ends the run
		return nil, res
	}
	return w, Result{}
}

// createFor is what is sent to create the user of a row's person.
func (r *Run) createFor(row Row) qlik.NewUser {
	p := row.Person
	return qlik.NewUser{Subject: p.Subject, Name: p.Name, Email: p.Email, Status: r.options.Status, Roles: r.rolesOf(row)}
}

// deleteFor is the delete of the user that a run of this file created, where the user still has the row's subject.
func deleteFor(row Row, d directory) (*write, Result) {
	u, found := d.ids[row.UserID]
	switch {
	case !found:
		return nil, Result{}
	case SubjectKey(u.Subject) != SubjectKey(row.Person.Subject):
		return nil, foundResult(Created, CodeNotCreatedHere, u, "not deleted: its subject is now "+u.Subject)
	}
	return &write{kind: deleteWrite, user: &u}, Result{}
}

// disableFor is the change that disables the user of a row's person, or the result where there is none.
func (r *Run) disableFor(row Row, m match) (*write, Result) {
	const unsure = "the names are too different to disable the user"
	said := foundAs(row, m)
	switch {
	case hasStatus(m.user, "disabled"):
		return nil, foundResult(Unchanged, "", m.user, strings.Join(append(said, "already disabled"), "; "))
	case !m.sure && m.kind == subjectMatch:
		return nil, conflictResult(row, m, CodeSubjectConflict, unsure)
	case !m.sure:
		return nil, conflictResult(row, m, CodeEmailConflict, unsure)
	case r.guardsAdmins() && hasAdminRole(m.user):
		return nil, adminResult(row, m)
	}
	changes := []qlik.Change{qlik.ReplaceStatus("disabled")}
	return &write{kind: changeWrite, user: &m.user, changes: changes, message: strings.Join(said, "; ")}, Result{}
}

// changeFor is the change that Options.Update asks for, nil for none, and the result of a row whose user stays as it
// is.
func (r *Run) changeFor(row Row, m match) (*write, Result) {
	p, u, update := row.Person, m.user, r.options.Update
	w := &write{kind: changeWrite, user: &u}
	var differs, left []string // how the user differs from its row, now and after the changes
	differ := func(message string, update bool, changed string, changes ...qlik.Change) {
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
	for _, said := range foundAs(row, m) {
		differ(said, false, "")
	}
	if isDifferent(p.Name, u.Name) {
		changed := fmt.Sprintf("name changed from %q", u.Name)
		differ(fieldDiffers("name", u.Name), update.Name, changed, qlik.ReplaceName(p.Name))
	}
	if isDifferent(p.Email, u.Email) {
		differ(fieldDiffers("email", u.Email), false, "")
	}
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
	res := foundResult(Exists, code, u, strings.Join(differs, "; "))
	if len(w.changes) == 0 {
		return nil, res
	}
	w.message = strings.Join(left, "; ")
	return w, res
}

// isDifferent reports whether a file's value is not the tenant's. An empty one says nothing.
func isDifferent(file, tenant string) bool {
	return strings.TrimSpace(file) != "" && Fold(file) != Fold(tenant)
}

func fieldDiffers(field, tenant string) string {
	if tenant == "" {
		return "no " + field + " on the tenant"
	}
	return fmt.Sprintf("%s differs: %q on the tenant", field, tenant)
}

// foundAs names the user's subject where it is not the row's, and another user that has the row's address.
func foundAs(row Row, m match) (said []string) {
	if m.user.Subject != row.Person.Subject {
		as := "exists as " + m.user.Subject
		if created := m.user.Created(); !created.IsZero() {
			as += ", created " + created.UTC().Format(time.DateOnly)
		}
		said = append(said, as)
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
	message := fmt.Sprintf("%s: %s on the tenant, %s in the file", what, describeUser(m.user), describePerson(row.Person))
	if m.other.ID != "" {
		message += "; the address belongs to another user: " + describeUser(m.other)
	}
	return foundResult(Failed, code, m.user, message)
}

func adminResult(row Row, m match) Result {
	return conflictResult(row, m, CodeAdminRole, "the user has an admin role")
}

func describeUser(u qlik.User) string {
	text := fmt.Sprintf("%s (%s)", describePerson(Person{Name: u.Name, Email: u.Email}), u.Subject)
	if hasStatus(u, "disabled") {
		text += ", disabled"
	}
	return text
}

func describePerson(p Person) string {
	if p.Email != "" {
		p.Email = "<" + p.Email + ">"
	}
	return cmp.Or(strings.TrimSpace(p.Name+" "+p.Email), "without name and address")
}
