package sandbox

import (
	"cmp"
	"fmt"
	"net/mail"
	"slices"
	"strings"
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
	var operations []operation
	if ref := c.read(&operations); ref != nil {
		return nil, ref
	}
	if len(operations) == 0 {
		return nil, invalid("There is no operation.")
	}
	r := t.find(c.id)
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
	t.find(c.id).Status = "deleted"
	t.stats.Deleted++
	return nil, nil
}

// record is a user as the tenant keeps it. ID, subject and email never change. The tenant's lock guards it.
type record struct {
	User
	keys    []string  // where the index has it, one for each of ID, subject and email that it has
	visible time.Time // when lists find the user
}

// indexKey is where the index has the users whose attribute, id, subject or email, equals a value but for case.
func indexKey(attribute, value string) string { return attribute + "=" + strings.ToLower(value) }

// add adds a user, which gets an ID if it has none.
func (t *Tenant) add(u User, visible time.Time) *record {
	if u.ID == "" {
		u.ID = fmt.Sprintf("%s%08x", t.id[:16], len(t.records))
	}
	r := &record{User: u, keys: []string{indexKey("id", u.ID), indexKey("subject", u.Subject)}, visible: visible}
	if u.Email != "" {
		r.keys = append(r.keys, indexKey("email", u.Email))
	}
	t.records = append(t.records, r)
	for _, key := range r.keys {
		t.index[key] = append(t.index[key], r)
	}
	return r
}

// find returns the user with an ID, or nil where there is none or it is deleted.
func (t *Tenant) find(id string) *record {
	for _, r := range t.index[indexKey("id", id)] {
		if r.ID == id && r.Status != "deleted" {
			return r
		}
	}
	return nil
}

// conflicts reports whether a user that is not deleted has the subject of u, or its email in whatever case.
func (t *Tenant) conflicts(u User) bool {
	exists := func(r *record) bool { return r.Status != "deleted" }
	sameSubject := func(r *record) bool { return exists(r) && (t.options.CaseInsensitive || r.Subject == u.Subject) }
	return slices.ContainsFunc(t.index[indexKey("subject", u.Subject)], sameSubject) ||
		slices.ContainsFunc(t.index[indexKey("email", u.Email)], exists) // has no users without an email
}

func (r *record) copy() User {
	u := r.User
	u.Roles = slices.Clone(u.Roles)
	return u
}

// role is a role of the tenant, as it is on the wire.
type role struct {
	ID    string `json:"id"`
	Name  string `json:"name"` // case-sensitive
	Type  string `json:"type"` // default or custom
	Level string `json:"level,omitempty"`
}

func newRole(name, kind, level string) role { return role{randomHex(12), name, kind, level} }

// defaultRoles returns the roles that a tenant comes with, as qlik.dev lists them ("Default roles").
func defaultRoles() map[string]role {
	roles := map[string]role{}
	for name := range strings.FieldsSeq(`AutomationCreator AutomlDeploymentContributor AutomlExperimentContributor
		CollaborationPlatformUser DataServicesContributor DataSpaceCreator Developer EmbeddedAnalyticsUser
		ManagedSpaceCreator PrivateAnalyticsContentCreator SharedSpaceCreator Steward`) {
		roles[name] = newRole(name, "default", "user")
	}
	for _, name := range []string{"AnalyticsAdmin", "AuditAdmin", "DataAdmin", "TenantAdmin"} {
		roles[name] = newRole(name, "default", "admin")
	}
	return roles
}

// listRoles is GET /api/v1/roles.
func (t *Tenant) listRoles(c *call) (any, *refusal) {
	if t.options.RolesForbidden {
		return nil, &refusal{status: 403, code: "ROLES-3", detail: "Only tenant administrators may read roles."}
	}
	found := map[string]role{}
	for name, r := range t.roles {
		found[orderKey(name, r.ID)] = r
	}
	return page(c, found, func(r role) any { return r })
}

// giveRole gives a user a role. Not published: that an unknown one is a 400.
func (t *Tenant) giveRole(u *User, name string) *refusal {
	if _, found := t.roles[name]; !found {
		return invalid("There is no such role: " + name)
	}
	if !slices.Contains(u.Roles, name) {
		u.Roles = append(u.Roles, name)
	}
	return nil
}

// showRoles returns the roles of a user as they are on the wire.
func (t *Tenant) showRoles(names []string) []role {
	shown := make([]role, len(names))
	for i, name := range names {
		shown[i] = t.roles[name]
		if t.options.LevelsHidden {
			shown[i].Level = ""
		}
	}
	return shown
}
