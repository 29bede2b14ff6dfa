package sandbox

import (
	"cmp"
	"slices"
)

// Role is a role of the tenant.
type Role struct {
	ID    string
	Name  string // case-sensitive
	Type  string // default or custom
	Level string // user or admin
}

// listRoles is GET /api/v1/roles.
func (t *Tenant) listRoles(c *call) (reply, *refusal) {
	if t.options.RolesForbidden {
		return reply{}, forbidden("Only tenant administrators may read roles.")
	}
	return page(c, slices.Clone(t.roles), func(r Role) string { return fold(r.Name) + "\x00" + r.ID }, Role.show)
}

func (r Role) show() map[string]any {
	return map[string]any{"id": r.ID, "name": r.Name, "type": r.Type, "level": r.Level}
}

// showRoles returns the roles of a user as they are on the wire.
func (t *Tenant) showRoles(names []string) []map[string]any {
	shown := make([]map[string]any, len(names))
	for i, name := range names {
		r, _ := t.role(name, "")
		shown[i] = r.show()
		if t.options.UserRoles == RolesWithoutLevel {
			delete(shown[i], "level")
		}
	}
	return shown
}

// role returns the role with a name, an ID, or both; an empty one is not compared.
func (t *Tenant) role(name, id string) (Role, bool) {
	i := slices.IndexFunc(t.roles, func(r Role) bool {
		return (name == "" || r.Name == name) && (id == "" || r.ID == id)
	})
	if i < 0 {
		return Role{}, false
	}
	return t.roles[i], true
}

// addRole adds a role and fills in what is missing.
func (t *Tenant) addRole(r Role) {
	r.ID = cmp.Or(r.ID, randomHex(12))
	r.Type = cmp.Or(r.Type, "custom")
	r.Level = cmp.Or(r.Level, "user")
	t.roles = append(t.roles, r)
}

// defaultRoles returns the roles that a tenant comes with, as qlik.dev lists them ("Default roles").
func defaultRoles() []Role {
	var roles []Role
	for level, names := range map[string][]string{
		"admin": {"AnalyticsAdmin", "AuditAdmin", "DataAdmin", "TenantAdmin"},
		"user": {
			"AutomationCreator", "AutomlDeploymentContributor", "AutomlExperimentContributor",
			"CollaborationPlatformUser", "DataServicesContributor", "DataSpaceCreator", "Developer",
			"EmbeddedAnalyticsUser", "ManagedSpaceCreator", "PrivateAnalyticsContentCreator", "SharedSpaceCreator",
			"Steward",
		},
	} {
		for _, name := range names {
			roles = append(roles, Role{Name: name, Type: "default", Level: level})
		}
	}
	return roles
}
