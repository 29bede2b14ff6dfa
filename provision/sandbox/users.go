package sandbox

import (
	"cmp"
	"net/mail"
	"time"
)

// create is POST /api/v1/users. Not published: the default of the status, which is active here, and whether an empty
// email is none, which is an error here.
func (t *Tenant) create(c *call) (any, *refusal) {
	var in struct {
		Subject, Name, Status string
		Email                 *string
		AssignedRoles         []struct{ Name string }
	}
	if ref := c.read(&in); ref != nil {
		return nil, ref
	}
	u := User{Subject: in.Subject, Name: in.Name, Status: cmp.Or(in.Status, "active"), CreatedAt: time.Now()}
	switch {
	case u.Subject == "":
		return nil, invalid("subject is required.")
	case u.Status != "active" && u.Status != "invited":
		return nil, invalid("status must be active or invited.")
	case in.Email == nil && u.Status == "invited":
		return nil, invalid("email is required for an invited user.")
	}
	if in.Email != nil {
		u.Email = *in.Email
		if mailbox, err := mail.ParseAddress(u.Email); err != nil || mailbox.Address != u.Email {
			return nil, invalid("email must be an email address.")
		}
	}
	for _, role := range in.AssignedRoles {
		if ref := t.giveRole(&u, role.Name); ref != nil {
			return nil, ref
		}
	}
	if t.conflicts(u) {
		return nil, &refusal{status: 409, code: "USERS-8", detail: "A user with this subject or email exists."}
	}
	t.stats.Created++
	return t.show(c, t.add(u, u.CreatedAt.Add(t.options.Lag))), nil
}

// patch is PATCH /api/v1/users/{id}: all operations take effect, or none does.
func (t *Tenant) patch(c *call) (any, *refusal) {
	r, ref := t.existing(c.id)
	if ref != nil {
		return nil, ref
	}
	var operations []operation
	if ref := c.read(&operations); ref != nil {
		return nil, ref
	}
	if len(operations) == 0 {
		return nil, invalid("There is no operation.")
	}
	changed := r.copy()
	for _, o := range operations {
		if ref := t.apply(o, &changed); ref != nil {
			return nil, ref
		}
	}
	r.User = changed
	t.stats.Changed++
	return nil, nil
}

// operation is one operation of a JSON Patch.
type operation struct {
	Op, Path string
	Value    any
}

// apply applies one of the operations that the tool sends. A tenant has more of them, for roles and groups. Not
// published: that /email cannot be replaced (it stands in an example, not in the list of paths), and that adding a role
// that the user has succeeds.
func (t *Tenant) apply(o operation, u *User) *refusal {
	text, isText := o.Value.(string)
	switch o.Op + " " + o.Path {
	case "replace /name":
		if !isText {
			return invalid("name must be a string.")
		}
		u.Name = text
	case "replace /status":
		if text != "active" && text != "disabled" {
			return invalid("status must be active or disabled.")
		}
		u.Status = text
	case "add /assignedRoles/-":
		role, _ := o.Value.(map[string]any)
		name, _ := role["name"].(string)
		return t.giveRole(u, name)
	default:
		return invalid("There is no operation " + o.Op + " for " + o.Path + ".")
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
