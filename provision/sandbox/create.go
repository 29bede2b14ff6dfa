package sandbox

import (
	"encoding/json"
	"net/http"
	"net/mail"
	"slices"
	"time"
	"unicode/utf8"
)

// create is POST /api/v1/users.
func (t *Tenant) create(c *call) (reply, *refusal) {
	u, ref := t.readUser(c.body)
	if ref != nil {
		return reply{}, ref
	}
	if t.users.conflicts(u) {
		return reply{}, &refusal{status: 409, code: "USERS-8", detail: "A user with this subject or email exists."}
	}
	u.CreatedAt = time.Now()
	r := t.users.add(u, u.CreatedAt.Add(t.options.Lag))
	t.stats.Created++
	return jsonReply(http.StatusCreated, t.show(c, r)), nil
}

// readUser checks what a create asks for. Not published: the default of the status, which is active here, and whether
// an empty email is none, which is an error here.
func (t *Tenant) readUser(body []byte) (u User, ref *refusal) {
	o, ok := readObject(body)
	if !ok {
		return u, invalid("The body must be a JSON object.")
	}
	for name, value := range map[string]*string{
		"subject": &u.Subject, "name": &u.Name, "email": &u.Email, "status": &u.Status,
	} {
		if *value, ok = o.text(name); !ok {
			return u, invalid(name + " must be a string.")
		}
	}
	if !o.has("status") {
		u.Status = "active"
	}
	mailbox, err := mail.ParseAddress(u.Email)
	switch {
	case u.Subject == "":
		return u, invalid("subject is required.")
	case u.Status != "active" && u.Status != "invited":
		return u, invalid("status must be active or invited.")
	case !o.has("email") && u.Status == "invited":
		return u, invalid("email is required for an invited user.")
	case o.has("email") && (err != nil || mailbox.Address != u.Email):
		return u, invalid("email must be an email address.")
	}
	if o.has("assignedRoles") {
		u.Roles, ref = t.readRoles(o["assignedRoles"])
	}
	return u, ref
}

// readRoles reads [{"name": "…"}] and returns the names, each once.
func (t *Tenant) readRoles(value any) (names []string, ref *refusal) {
	items, ok := value.([]any)
	if !ok {
		return nil, invalid("assignedRoles must be a list.")
	}
	for _, item := range items {
		name, ref := t.readRole(item)
		if ref != nil {
			return nil, ref
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, nil
}

// readRole reads {"name": "…"} and returns the name. Not published: that an unknown role is a 400.
func (t *Tenant) readRole(value any) (name string, ref *refusal) {
	o, _ := value.(map[string]any)
	name, ok := object(o).text("name")
	if _, found := t.role(name); !ok || !found {
		return "", invalid("There is no such role: " + name)
	}
	return name, nil
}

// object is a JSON object by its exact property names: encoding/json ignores their case in a struct, and a tenant does
// not.
type object map[string]any

func readObject(body []byte) (object, bool) {
	var o object
	return o, utf8.Valid(body) && json.Unmarshal(body, &o) == nil && o != nil
}

func (o object) has(name string) bool {
	_, ok := o[name]
	return ok
}

// text returns a property that is a string, "" where it is missing. It reports whether it is one of these.
func (o object) text(name string) (s string, ok bool) {
	s, ok = o[name].(string)
	return s, ok || !o.has(name)
}
