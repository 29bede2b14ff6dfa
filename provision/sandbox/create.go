package sandbox

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/mail"
	"time"
	"unicode/utf8"
)

// object is a JSON object by its exact property names: encoding/json takes names in any case, and a tenant does not.
type object map[string]json.RawMessage

// text is a property that must be a string where it is there.
func (o object) text(name string) (s string, there, ok bool) {
	raw, there := o[name]
	if !there {
		return "", false, true
	}
	if len(raw) < 2 || raw[0] != '"' {
		return "", true, false
	}
	if bytes.IndexByte(raw, '\\') < 0 { // raw is valid JSON
		return string(raw[1 : len(raw)-1]), true, true
	}
	return s, true, json.Unmarshal(raw, &s) == nil
}

func readObject(body []byte) (object, bool) {
	var o object
	return o, utf8.Valid(body) && json.Unmarshal(body, &o) == nil && o != nil
}

// serveCreate is POST /api/v1/users.
func (t *Tenant) serveCreate(c *call, scoped bool) reply {
	o, ok := readObject(c.body)
	if !ok {
		return t.invalid("", "The body is no JSON object.")
	}
	if !scoped {
		return t.forbidden()
	}
	r, pointer, detail := readUser(o)
	if detail != "" {
		return t.invalid(pointer, detail)
	}
	if !t.create(r) {
		return t.refuse(http.StatusConflict, apiError{Code: "USERS-8", Title: "Conflict", Detail: "A user with this subject exists already.",
			Source: &errorSource{Pointer: "/subject"}})
	}
	return answerJSON(http.StatusCreated, newWireUser(c, r))
}

// create puts the user there, unless the subject is taken.
func (t *Tenant) create(r *record) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.dir.taken(r.Subject) {
		return false
	}
	r.CreatedAt = time.Now()
	r.TenantID = t.tenantID
	r.ID = t.dir.newID(r.CreatedAt)
	if t.o.Lag > 0 {
		r.visible = t.elapsed() + t.o.Lag
	}
	t.dir.add(r)
	t.stats.Created++
	return true
}

// readUser checks what a create asks for; detail says what is wrong with the property at pointer. An empty name, address or status
// counts as given, and an empty address is none: the reference leaves that open. Without a status a user is active.
func readUser(o object) (r *record, pointer, detail string) {
	r = &record{}
	fields := []struct {
		name  string
		value *string
	}{{"subject", &r.Subject}, {"name", &r.Name}, {"email", &r.Email}, {"status", &r.Status}}
	for _, f := range fields {
		var ok bool
		if *f.value, _, ok = o.text(f.name); !ok {
			return nil, "/" + f.name, f.name + " must be a string."
		}
	}
	_, addressed := o["email"]
	if _, there := o["status"]; !there {
		r.Status = "active"
	}
	switch {
	case r.Subject == "":
		return nil, "/subject", "subject is required."
	case r.Status != "active" && r.Status != "invited":
		return nil, "/status", "status must be active or invited."
	case !addressed && r.Status == "invited":
		return nil, "/email", "email is required for an invited user."
	case addressed && !isAddress(r.Email):
		return nil, "/email", "email must be an email address."
	}
	if raw, there := o["assignedRoles"]; there {
		if r.roles, r.Roles, detail = readRoles(raw); detail != "" {
			return nil, "/assignedRoles", detail
		}
	}
	return r, "", ""
}

func isAddress(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s
}

// readRoles takes [{"name": "…"}] or [{"id": "…"}].
func readRoles(raw json.RawMessage) (roles []role, names []string, detail string) {
	var items []object
	if json.Unmarshal(raw, &items) != nil || items == nil {
		return nil, nil, "assignedRoles must be a list of objects."
	}
	for _, item := range items {
		name, named, nameOK := item.text("name")
		id, numbered, idOK := item.text("id")
		if !nameOK || !idOK || name == "" && id == "" || !named && !numbered {
			return nil, nil, "A role needs a name or an id."
		}
		roles = append(roles, role{ID: id, Name: name})
		if name == "" {
			name = id
		}
		names = append(names, name)
	}
	return roles, names, ""
}
