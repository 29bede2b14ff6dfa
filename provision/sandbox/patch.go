package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
)

// patch is PATCH /api/v1/users/{id}: all operations take effect, or none does.
func (t *Tenant) patch(c *call) (reply, *refusal) {
	r := t.users.find(c.id)
	if r == nil || r.Status == "deleted" {
		return reply{}, notFound("USERS-7", "There is no user with this ID.")
	}
	var operations []json.RawMessage
	if json.Unmarshal(c.body, &operations) != nil || len(operations) == 0 {
		return reply{}, invalid("", "The body must be a JSON Patch array with one operation or more.")
	}
	changed := r.copy()
	for i, raw := range operations {
		if ref := t.apply(&changed, raw, "/"+strconv.Itoa(i)); ref != nil {
			return reply{}, ref
		}
	}
	r.set(changed)
	t.stats.Changed++
	return reply{status: http.StatusNoContent}, nil
}

// apply applies one operation to a user. Not published: that /email cannot be replaced (it stands in an example, not in
// the list of paths), and that adding a role that the user has and removing one that it does not have succeed.
func (t *Tenant) apply(u *User, raw json.RawMessage, pointer string) *refusal {
	operation, ok := readObject(raw)
	op, isText := operation.text("op")
	path, isPathText := operation.text("path")
	if !ok || !isText || !isPathText {
		return invalid(pointer, "An operation needs op and path.")
	}
	at := pointer + "/value"
	value := operation["value"]
	if value == nil {
		return invalid(at, "An operation needs a value.")
	}
	switch op + " " + path {
	case "replace /name":
		name, ok := operation.text("value")
		if !ok {
			return invalid(at, "name must be a string.")
		}
		u.Name = name
	case "replace /status":
		status, _ := operation.text("value")
		if status != "active" && status != "disabled" {
			return invalid(at, "status must be active or disabled.")
		}
		u.Status = status
	case "replace /assignedRoles":
		roles, ref := t.readRoles(value, at)
		if ref != nil {
			return ref
		}
		u.Roles = roles
	case "add /assignedRoles/-", "remove-value /assignedRoles":
		role, ref := t.readRole(value, at)
		if ref != nil {
			return ref
		}
		u.Roles = slices.DeleteFunc(u.Roles, func(name string) bool { return name == role })
		if op == "add" {
			u.Roles = append(u.Roles, role)
		}
	default:
		return invalid(pointer, "There is no operation "+op+" for "+path+".")
	}
	return nil
}

// delete is DELETE /api/v1/users/{id}. Not published: what a deleted user still shows, which is everything here.
func (t *Tenant) delete(c *call) (reply, *refusal) {
	r := t.users.find(c.id)
	if r == nil || r.Status == "deleted" {
		return reply{}, notFound("USERS-7", "There is no user with this ID.")
	}
	r.Status = "deleted"
	t.stats.Deleted++
	return reply{status: http.StatusNoContent}, nil
}
