package sandbox

import (
	"slices"
	"strings"
)

// role is a role of the tenant, as it is on the wire.
type role struct {
	ID    string `json:"id"`
	Name  string `json:"name"` // case-sensitive
	Type  string `json:"type"` // default or custom
	Level string `json:"level,omitempty"`
}

// listRoles is GET /api/v1/roles.
func (t *Tenant) listRoles(c *call) (any, *refusal) {
	if t.options.RolesForbidden {
		return nil, &refusal{status: 403, code: "ROLES-3", detail: "Only tenant administrators may read roles."}
	}
	return page(c, slices.Clone(t.roles), func(r role) string { return orderKey(r.Name, r.ID) },
		func(r role) any { return r })
}

// giveRole gives a user a role. Not published: that an unknown one is a 400.
func (t *Tenant) giveRole(u *User, name string) *refusal {
	if _, found := t.role(name); !found {
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
		shown[i], _ = t.role(name)
		if t.options.LevelsHidden {
			shown[i].Level = ""
		}
	}
	return shown
}

// role returns the role with a name.
func (t *Tenant) role(name string) (r role, found bool) {
	i := slices.IndexFunc(t.roles, func(r role) bool { return r.Name == name })
	if i < 0 {
		return role{}, false
	}
	return t.roles[i], true
}

func (t *Tenant) addRole(name, kind, level string) {
	t.roles = append(t.roles, role{ID: randomHex(12), Name: name, Type: kind, Level: level})
}

// addDefaultRoles adds the roles that a tenant comes with, as qlik.dev lists them ("Default roles").
func (t *Tenant) addDefaultRoles() {
	for _, name := range []string{"AnalyticsAdmin", "AuditAdmin", "DataAdmin", "TenantAdmin"} {
		t.addRole(name, "default", "admin")
	}
	for name := range strings.FieldsSeq(`AutomationCreator AutomlDeploymentContributor AutomlExperimentContributor
		CollaborationPlatformUser DataServicesContributor DataSpaceCreator Developer EmbeddedAnalyticsUser
		ManagedSpaceCreator PrivateAnalyticsContentCreator SharedSpaceCreator Steward`) {
		t.addRole(name, "default", "user")
	}
}
