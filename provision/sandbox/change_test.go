package sandbox

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestPatch(t *testing.T) {
	before := User{ID: "5f", Subject: "a", Name: "Ann", Email: "ann@acme.example", Roles: []string{"Steward", "Developer"}}
	for _, test := range []struct {
		name, operations string
		status           int
		want             User // name, status and roles
	}{
		{"name", `[{"op":"replace","path":"/name","value":"Anna"}]`, 204,
			User{Name: "Anna", Status: "active", Roles: before.Roles}},
		{"status", `[{"op":"replace","path":"/status","value":"disabled"}]`, 204,
			User{Name: "Ann", Status: "disabled", Roles: before.Roles}},
		{"role added", `[{"op":"add","path":"/assignedRoles/-","value":{"name":"DataAdmin"}}]`, 204,
			User{Name: "Ann", Status: "active", Roles: []string{"Steward", "Developer", "DataAdmin"}}},
		{"role the user has", `[{"op":"add","path":"/assignedRoles/-","value":{"name":"Steward"}}]`, 204,
			User{Name: "Ann", Status: "active", Roles: before.Roles}},
		{"several operations", `[{"op":"replace","path":"/name","value":""},
			{"op":"replace","path":"/status","value":"disabled"},
			{"op":"add","path":"/assignedRoles/-","value":{"name":"DataAdmin"}}]`, 204,
			User{Status: "disabled", Roles: []string{"Steward", "Developer", "DataAdmin"}}},
		{"none takes effect where one is wrong", `[{"op":"replace","path":"/name","value":"X"},
			{"op":"add","path":"/assignedRoles/-","value":{"name":"nonsense"}}]`, 400, User{}},
		{"subject", `[{"op":"replace","path":"/subject","value":"b"}]`, 400, User{}},
		{"email", `[{"op":"replace","path":"/email","value":"b@acme.example"}]`, 400, User{}},
		{"status invited", `[{"op":"replace","path":"/status","value":"invited"}]`, 400, User{}},
		{"name a number", `[{"op":"replace","path":"/name","value":1}]`, 400, User{}},
		{"no value", `[{"op":"replace","path":"/name"}]`, 400, User{}},
		{"another operation", `[{"op":"remove","path":"/name","value":"Ann"}]`, 400, User{}},
		{"an operation that is no object", `["replace"]`, 400, User{}},
		{"an object", `{"op":"replace","path":"/name","value":"X"}`, 400, User{}},
		{"no operations", `[]`, 400, User{}},
		{"no body", ``, 400, User{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			tenant := New(Options{})
			tenant.Add(before)
			a := overSocket(t, tenant).patch("5f", test.operations)
			if a.status != test.status || test.status == 204 && (a.text != "" || a.header.Get("Content-Type") != "") {
				t.Fatalf("%d %s %v, want %d", a.status, a.text, a.header, test.status)
			}
			want, changed := test.want, 1
			if test.status != 204 {
				want, changed = User{Name: "Ann", Status: "active", Roles: before.Roles}, 0
			}
			u := tenant.Users()[0]
			if u.Name != want.Name || u.Status != want.Status || !slices.Equal(u.Roles, want.Roles) || u.Subject != "a" {
				t.Errorf("the user is %+v, want %+v", u, want)
			}
			if s := tenant.Stats(); s.Patch != 1 || s.Changed != changed || s.Writes != 1 {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestDeletedUserDoesNotExist(t *testing.T) {
	tenant := New(Options{})
	tenant.Add(User{ID: "5f", Subject: "a", Email: "a@acme.example"})
	c := overSocket(t, tenant)
	rename := `[{"op":"replace","path":"/name","value":"B"}]`
	if a := c.delete("5F"); a.status != 404 {
		t.Errorf("another ID: %d", a.status)
	}
	if a := c.delete("5f"); a.status != 204 || a.text != "" {
		t.Errorf("%d %s", a.status, a.text)
	}
	for name, a := range map[string]answer{"delete": c.delete("5f"), "patch": c.patch("5f", rename)} {
		if a.status != 404 || a.code() != "USERS-7" {
			t.Errorf("%s of a deleted user: %d %s", name, a.status, a.text)
		}
	}
	if n := len(tenant.Users()); n != 0 {
		t.Errorf("%d users", n)
	}
	if u, found := tenant.User("5f"); found {
		t.Errorf("%+v, %v", u, found)
	}
	if a := c.post("/api/v1/users", `{"subject":"a","email":"A@acme.example"}`); a.status != 201 || a.body.ID == "5f" {
		t.Errorf("created again: %d %s", a.status, a.text)
	}
	if s := tenant.Stats(); s.Delete != 3 || s.Deleted != 1 || s.Writes != 5 {
		t.Errorf("%+v", s)
	}
}

func TestWritesShareTier2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := New(Options{Tier2: Budget{3, time.Minute}})
		c := inProcess(t, tenant)
		id := c.create("a").body.ID
		if a := c.patch(id, `[{"op":"replace","path":"/name","value":"A"}]`); a.status != 204 {
			t.Errorf("patch: %d", a.status)
		}
		if a := c.delete("5f"); a.status != 404 {
			t.Errorf("delete: %d", a.status)
		}
		for name, a := range map[string]answer{"create": c.create("b"), "patch": c.patch(id, "[]"), "delete": c.delete(id)} {
			if a.status != 429 || a.header.Get("Retry-After") != "60" {
				t.Errorf("%s over the limit: %d, Retry-After %q", name, a.status, a.header.Get("Retry-After"))
			}
		}
	})
}
