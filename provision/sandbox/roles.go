package sandbox

import "slices"

// role is a role of the tenant.
type role struct {
	id    string
	name  string // case-sensitive
	kind  string // default or custom
	level string // user or admin
}

// listRoles is GET /api/v1/roles.
func (t *Tenant) listRoles(c *call) (reply, *refusal) {
	if t.options.RolesForbidden {
		return reply{}, &refusal{status: 403, code: "ROLES-3", detail: "Only tenant administrators may read roles."}
	}
	var items []item
	for _, r := range t.roles {
		items = append(items, item{key: fold(r.name) + "\x00" + r.id, show: r.show})
	}
	return page(c, items)
}

func (r role) show() map[string]any {
	return map[string]any{"id": r.id, "name": r.name, "type": r.kind, "level": r.level}
}

// showRoles returns the roles of a user as they are on the wire.
func (t *Tenant) showRoles(names []string) []map[string]any {
	shown := make([]map[string]any, len(names))
	for i, name := range names {
		r, _ := t.role(name)
		shown[i] = r.show()
		if t.options.UserRoles == RolesWithoutLevel {
			delete(shown[i], "level")
		}
	}
	return shown
}

// role returns the role with a name.
func (t *Tenant) role(name string) (r role, found bool) {
	i := slices.IndexFunc(t.roles, func(r role) bool { return r.name == name })
	if i < 0 {
		return role{}, false
	}
	return t.roles[i], true
}

func (t *Tenant) addRole(name, kind, level string) {
	t.roles = append(t.roles, role{id: randomHex(12), name: name, kind: kind, level: level})
}

// addDefaultRoles adds the roles that a tenant comes with, as qlik.dev lists them ("Default roles").
func (t *Tenant) addDefaultRoles() {
	for _, name := range []string{"AnalyticsAdmin", "AuditAdmin", "DataAdmin", "TenantAdmin"} {
		t.addRole(name, "default", "admin")
	}
	for _, name := range []string{
		"AutomationCreator", "AutomlDeploymentContributor", "AutomlExperimentContributor",
		"CollaborationPlatformUser", "DataServicesContributor", "DataSpaceCreator", "Developer",
		"EmbeddedAnalyticsUser", "ManagedSpaceCreator", "PrivateAnalyticsContentCreator", "SharedSpaceCreator",
		"Steward",
	} {
		t.addRole(name, "default", "user")
	}
}
