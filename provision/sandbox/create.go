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
		return reply{}, conflict()
	}
	u.CreatedAt = time.Now()
	r := t.users.add(u, t.elapsed()+t.options.Lag)
	t.stats.Created++
	return jsonReply(http.StatusCreated, t.show(c, r)), nil
}

// readUser checks what a create asks for. Not published: the default of the status, which is active here, and whether
// an empty email is none, which is an error here.
func (t *Tenant) readUser(body []byte) (u User, ref *refusal) {
	o, ok := readObject(body)
	if !ok {
		return u, invalid("", "The body must be a JSON object.")
	}
	for name, value := range map[string]*string{
		"subject": &u.Subject, "name": &u.Name, "email": &u.Email, "status": &u.Status,
	} {
		if *value, ok = o.text(name); !ok {
			return u, invalid("/"+name, name+" must be a string.")
		}
	}
	if o["status"] == nil {
		u.Status = "active"
	}
	address, err := mail.ParseAddress(u.Email)
	switch {
	case u.Subject == "":
		return u, invalid("/subject", "subject is required.")
	case u.Status != "active" && u.Status != "invited":
		return u, invalid("/status", "status must be active or invited.")
	case o["email"] == nil && u.Status == "invited":
		return u, invalid("/email", "email is required for an invited user.")
	case o["email"] != nil && (err != nil || address.Address != u.Email):
		return u, invalid("/email", "email must be an email address.")
	}
	if raw := o["assignedRoles"]; raw != nil {
		u.Roles, ref = t.readRoles(raw, "/assignedRoles")
	}
	return u, ref
}

// readRoles reads [{"name": "…"}] or [{"id": "…"}] and returns the names, each once. Not published: that an unknown
// role is a 400.
func (t *Tenant) readRoles(raw json.RawMessage, pointer string) (names []string, ref *refusal) {
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil || items == nil {
		return nil, invalid(pointer, "The roles must be a list.")
	}
	names = []string{}
	for _, item := range items {
		name, ref := t.readRole(item, pointer)
		if ref != nil {
			return nil, ref
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, nil
}

// readRole reads {"name": "…"} or {"id": "…"} and returns the name.
func (t *Tenant) readRole(raw json.RawMessage, pointer string) (name string, ref *refusal) {
	o, ok := readObject(raw)
	name, isText := o.text("name")
	id, isIDText := o.text("id")
	if !ok || !isText || !isIDText || name == "" && id == "" {
		return "", invalid(pointer, "A role needs a name or an id.")
	}
	r, found := t.role(name, id)
	if !found {
		return "", invalid(pointer, "There is no such role: "+name+id)
	}
	return r.Name, nil
}

// object is a JSON object by its exact property names: encoding/json ignores their case, and a tenant does not.
type object map[string]json.RawMessage

func readObject(body []byte) (object, bool) {
	var o object
	return o, utf8.Valid(body) && json.Unmarshal(body, &o) == nil && o != nil
}

// text returns a property that is a string, "" where it is missing. It reports whether it is one of these.
func (o object) text(name string) (s string, ok bool) {
	raw := o[name]
	if raw == nil {
		return "", true
	}
	return s, raw[0] == '"' && json.Unmarshal(raw, &s) == nil
}
