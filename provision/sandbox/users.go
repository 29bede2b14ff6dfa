package sandbox

import (
	"encoding/json"
	"net/mail"
	"slices"
	"time"
)

// create is POST /api/v1/users.
func (t *Tenant) create(c *call) (any, *refusal) {
	u, ref := t.readUser(c.object())
	if ref != nil {
		return nil, ref
	}
	if t.conflicts(u) {
		return nil, &refusal{status: 409, code: "USERS-8", detail: "A user with this subject or email exists."}
	}
	u.CreatedAt = time.Now()
	t.stats.Created++
	return t.show(c, t.add(u, u.CreatedAt.Add(t.options.Lag))), nil
}

// readUser checks what a create asks for. Not published: the default of the status, which is active here, and whether
// an empty email is none, which is an error here.
func (t *Tenant) readUser(o object) (u User, ref *refusal) {
	if o == nil {
		return u, invalid("The body must be a JSON object.")
	}
	ref = o.read(map[string]*string{"subject": &u.Subject, "name": &u.Name, "email": &u.Email, "status": &u.Status})
	if ref != nil {
		return u, ref
	}
	if _, given := o["status"]; !given {
		u.Status = "active"
	}
	_, hasEmail := o["email"]
	mailbox, err := mail.ParseAddress(u.Email)
	switch {
	case u.Subject == "":
		return u, invalid("subject is required.")
	case u.Status != "active" && u.Status != "invited":
		return u, invalid("status must be active or invited.")
	case !hasEmail && u.Status == "invited":
		return u, invalid("email is required for an invited user.")
	case hasEmail && (err != nil || mailbox.Address != u.Email):
		return u, invalid("email must be an email address.")
	}
	if roles, given := o["assignedRoles"]; given {
		u.Roles, ref = t.readRoles(roles)
	}
	return u, ref
}

// patch is PATCH /api/v1/users/{id}: all operations take effect, or none does.
func (t *Tenant) patch(c *call) (any, *refusal) {
	r, ref := t.existing(c.id)
	if ref != nil {
		return nil, ref
	}
	var operations []object
	if json.Unmarshal(c.body, &operations) != nil || len(operations) == 0 {
		return nil, invalid("The body must be a JSON Patch array with one operation or more.")
	}
	changed := r.copy()
	for _, operation := range operations {
		if ref := t.apply(&changed, operation); ref != nil {
			return nil, ref
		}
	}
	r.User = changed
	t.stats.Changed++
	return nil, nil
}

// apply applies one of the operations that the tool sends. A tenant has more of them, for roles and groups. Not
// published: that /email cannot be replaced (it stands in an example, not in the list of paths), and that adding a role
// that the user has succeeds.
func (t *Tenant) apply(u *User, operation object) *refusal {
	var op, path string
	if ref := operation.read(map[string]*string{"op": &op, "path": &path}); ref != nil {
		return ref
	}
	value, isText := operation["value"].(string)
	switch op + " " + path {
	case "replace /name":
		if !isText {
			return invalid("name must be a string.")
		}
		u.Name = value
	case "replace /status":
		if value != "active" && value != "disabled" {
			return invalid("status must be active or disabled.")
		}
		u.Status = value
	case "add /assignedRoles/-":
		roles, ref := t.readRoles([]any{operation["value"]})
		if ref != nil {
			return ref
		}
		if !slices.Contains(u.Roles, roles[0]) {
			u.Roles = append(u.Roles, roles[0])
		}
	default:
		return invalid("There is no operation " + op + " for " + path + ".")
	}
	return nil
}

// delete is DELETE /api/v1/users/{id}. Not published: what a deleted user still shows, which is everything here.
func (t *Tenant) delete(c *call) (any, *refusal) {
	r, ref := t.existing(c.id)
	if ref == nil {
		r.Status = "deleted"
		t.stats.Deleted++
	}
	return nil, ref
}

// existing returns the user with an ID, unless it is deleted.
func (t *Tenant) existing(id string) (*record, *refusal) {
	r := t.find(id)
	if r == nil || r.Status == "deleted" {
		return nil, &refusal{status: 404, code: "USERS-7", detail: "There is no user with this ID."}
	}
	return r, nil
}
