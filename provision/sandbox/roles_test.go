package sandbox

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func unmarshal(t *testing.T, text string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

func TestRoles(t *testing.T) {
	tenant := New(Options{})
	tenant.Add(User{Subject: "a", Roles: []string{"HR", "Steward"}})
	c := overSocket(t, tenant)
	a := c.get("/api/v1/roles?limit=100")
	count := map[string]int{}
	var admins, names []string
	for _, r := range a.body.Data {
		count[r.Type]++
		names = append(names, r.Name)
		if r.Level == "admin" {
			admins = append(admins, r.Name)
		} else if r.Level != "user" || r.ID == "" {
			t.Errorf("%+v", r)
		}
	}
	if a.status != 200 || count["default"] != 16 || count["custom"] != 1 || !slices.Contains(names, "Steward") {
		t.Errorf("%d %s", a.status, a.text)
	}
	if got := strings.Join(admins, " "); got != "AnalyticsAdmin AuditAdmin DataAdmin TenantAdmin" {
		t.Errorf("level admin: %s", got)
	}
	if s := tenant.Stats(); s.Roles != 1 {
		t.Errorf("%+v", s)
	}
}

func TestRolesArePaged(t *testing.T) {
	tenant := New(Options{})
	for i := range 100 {
		tenant.Add(User{Subject: fmt.Sprint(i), Roles: []string{fmt.Sprint("Custom", i)}})
	}
	c := inProcess(t, tenant)
	seen := make(map[string]bool)
	next := c.base + "/api/v1/roles?limit=50"
	for range 3 {
		a := c.get(strings.TrimPrefix(next, c.base))
		for _, r := range a.body.Data {
			seen[r.Name] = true
		}
		if a.body.Links.Next == nil {
			break
		}
		next = a.body.Links.Next.Href
	}
	if len(seen) != 116 {
		t.Errorf("%d roles", len(seen))
	}
	if a := c.get("/api/v1/roles"); len(a.body.Data) != 20 {
		t.Errorf("%d roles without a limit", len(a.body.Data))
	}
}

func TestRolesForbidden(t *testing.T) {
	c := inProcess(t, New(Options{RolesForbidden: true}))
	if a := c.get("/api/v1/roles"); a.status != 403 {
		t.Errorf("%d", a.status)
	}
	if a := c.post("/api/v1/users", `{"subject":"a","assignedRoles":[{"name":"Steward"}]}`); a.status != 201 {
		t.Errorf("create with a role: %d", a.status)
	}
}

func TestUsersShowTheirRolesByOption(t *testing.T) {
	for _, test := range []struct {
		o    Options
		want string
	}{
		{Options{}, "[{ TenantAdmin default admin} { HR custom user}]"},
		{Options{LevelsHidden: true}, "[{ TenantAdmin default } { HR custom }]"},
		{Options{RolesHidden: true}, "[]"},
	} {
		tenant := New(test.o)
		tenant.Add(User{Subject: "a", Roles: []string{"TenantAdmin", "HR"}})
		c := inProcess(t, tenant)
		for _, a := range []answer{c.get("/api/v1/users?fields=assignedRoles"), c.get("/api/v1/users")} {
			roles := a.body.Data[0].AssignedRoles
			for i := range roles {
				roles[i].ID = ""
			}
			shown := strings.Contains(a.text, `"assignedRoles":`)
			if got := fmt.Sprint(roles); got != test.want || shown == test.o.RolesHidden {
				t.Errorf("%s, want %s", a.text, test.want)
			}
		}
	}
}
