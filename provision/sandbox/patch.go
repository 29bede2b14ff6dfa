package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
)

// patch is PATCH /api/v1/users/{id}: all operations take effect, or none does.
func (t *Tenant) patch(c *call) (reply, *refusal) {
	r, ref := t.existing(c.id)
	if ref != nil {
		return reply{}, ref
	}
	var operations []object
	if json.Unmarshal(c.body, &operations) != nil || len(operations) == 0 {
		return reply{}, invalid("The body must be a JSON Patch array with one operation or more.")
	}
	changed := r.copy()
	for _, operation := range operations {
		if ref := t.apply(&changed, operation); ref != nil {
			return reply{}, ref
		}
	}
	r.User = changed
	t.stats.Changed++
	return reply{status: http.StatusNoContent}, nil
}

// apply applies one of the operations that the tool sends. A tenant has more of them, for roles and groups. Not
// published: that /email cannot be replaced (it stands in an example, not in the list of paths), and that adding a role
// that the user has succeeds.
func (t *Tenant) apply(u *User, operation object) *refusal {
	op, _ := operation.text("op")
	path, _ := operation.text("path")
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
		role, ref := t.readRole(operation["value"])
		if ref != nil {
			return ref
		}
		if !slices.Contains(u.Roles, role) {
			u.Roles = append(u.Roles, role)
		}
	default:
		return invalid("There is no operation " + op + " for " + path + ".")
	}
	return nil
}

// delete is DELETE /api/v1/users/{id}. Not published: what a deleted user still shows, which is everything here.
func (t *Tenant) delete(c *call) (reply, *refusal) {
	r, ref := t.existing(c.id)
	if ref != nil {
		return reply{}, ref
	}
	r.Status = "deleted"
	t.stats.Deleted++
	return reply{status: http.StatusNoContent}, nil
}

// existing returns the user with an ID, unless it is deleted.
func (t *Tenant) existing(id string) (*record, *refusal) {
	r := t.users.find(id)
	if r == nil || r.Status == "deleted" {
		return nil, &refusal{status: 404, code: "USERS-7", detail: "There is no user with this ID."}
	}
	return r, nil
}
