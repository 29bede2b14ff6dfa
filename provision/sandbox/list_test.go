package sandbox

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// populated returns a tenant with n users whose names are in another order than they were created.
func populated(n int) *Tenant {
	tenant := New(Options{})
	for i := range n {
		tenant.Add(User{
			Subject: fmt.Sprintf("s%03d", i), Name: fmt.Sprintf("Name %03d", n-i), Email: fmt.Sprintf("s%03d@acme.example", i),
		})
	}
	return tenant
}

// follow reads all pages from a path on, by links.next.
func follow(c *client, read func(path string) answer, path string) (pages [][]string) {
	c.t.Helper()
	for {
		a := read(path)
		if a.status != 200 {
			c.t.Fatalf("%s: %d %s", path, a.status, a.text)
		}
		pages = append(pages, a.subjects())
		if a.body.Links.Next == nil {
			return pages
		}
		var ok bool
		if path, ok = strings.CutPrefix(a.body.Links.Next.Href, c.base); !ok {
			c.t.Fatalf("next is %s, not absolute", a.body.Links.Next.Href)
		}
	}
}

func TestPagesHaveEveryUserOnceByName(t *testing.T) {
	for _, n := range []int{0, 1, 20, 21, 99, 100, 101, 205} {
		tenant := populated(n)
		c := overSocket(t, tenant)
		var want []string
		for _, u := range tenant.Users() {
			want = append(want, u.Subject)
		}
		slices.Reverse(want)
		filter := func(path string) answer { return c.post(path, `{"filter":"status eq \"active\""}`) }
		for _, test := range []struct {
			path  string
			limit int
			read  func(string) answer
		}{
			{"/api/v1/users", 20, c.get},
			{"/api/v1/users?limit=100", 100, c.get},
			{"/api/v1/users?limit=33&filter=" + url.QueryEscape(`status eq "ACTIVE"`), 33, c.get},
			{"/api/v1/users/actions/filter?limit=100", 100, filter},
			{"/api/v1/users/actions/filter?limit=7&fields=subject", 7, filter},
			{"/api/v1/users/actions/filter", 20, filter},
		} {
			pages := follow(c, test.read, test.path)
			if got := slices.Concat(pages...); !slices.Equal(got, want) {
				t.Errorf("%d users, %s: %v", n, test.path, got)
			}
			for i, page := range pages[:len(pages)-1] {
				if len(page) != test.limit {
					t.Errorf("%d users, %s: page %d has %d", n, test.path, i, len(page))
				}
			}
		}
	}
}

func TestPagesIgnoreChangesInBetween(t *testing.T) {
	tenant := populated(25)
	c := inProcess(t, tenant)
	first := c.get("/api/v1/users?limit=20")
	last := first.body.Data[19]
	tenant.Add(User{Subject: "before", Name: "A"})
	tenant.Add(User{Subject: "after", Name: "Z"})
	c.delete(last.ID)
	second := c.get(strings.TrimPrefix(first.body.Links.Next.Href, c.base))
	if got := strings.Join(second.subjects(), " "); got != "s004 s003 s002 s001 s000 after" {
		t.Errorf("second page: %v", got)
	}
}

func TestOrderByNameIgnoresCase(t *testing.T) {
	tenant := New(Options{})
	for i, name := range []string{"b", "", "A", "a", "C"} {
		tenant.Add(User{Subject: fmt.Sprint(i), Name: name})
	}
	if got := strings.Join(inProcess(t, tenant).get("/api/v1/users").subjects(), ""); got != "12304" {
		t.Errorf("order %s", got)
	}
}

func TestListParameters(t *testing.T) {
	c := inProcess(t, populated(3))
	next, err := url.Parse(c.get("/api/v1/users?limit=1").body.Links.Next.Href)
	if err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]int{
		"limit=0": 400, "limit=101": 400, "limit=x": 400, "limit=1": 200, "limit=100": 200, "unknown=1": 200,
		"next=" + url.QueryEscape(next.Query().Get("next")): 200,
		"filter=": 400, "filter=subject": 400, "filter=subject+eq+%22a%22": 200,
	} {
		a := c.get("/api/v1/users?" + query)
		if a.status != want {
			t.Errorf("%s: %d, want %d: %s", query, a.status, want, a.text)
		}
	}
	for text, want := range map[string]int{
		"": 400, "{}": 400, `{"filter":1}`: 400, `{"filter":""}`: 400, `{"filter":"id pr"}`: 400, `x`: 400,
		`{"filter":null}`: 400, `{"filter":"id eq \"1\"","x":1}`: 200,
	} {
		if a := c.post("/api/v1/users/actions/filter", text); a.status != want {
			t.Errorf("filter %s: %d, want %d: %s", text, a.status, want, a.text)
		}
	}
}

func TestFields(t *testing.T) {
	tenant := New(Options{})
	tenant.Add(User{Subject: "a", Name: "Ann", Email: "a@acme.example", Roles: []string{"TenantAdmin"}})
	c := inProcess(t, tenant)
	for query, want := range map[string]string{
		"":                                  "assignedRoles createdAt email id links name status subject tenantId",
		"?fields=id,subject,email,nonsense": "email id subject",
		"?fields=assignedRoles,createdAt":   "assignedRoles createdAt",
		"?fields=":                          "",
	} {
		a := c.post("/api/v1/users/actions/filter"+query, `{"filter":"subject eq \"a\""}`)
		var got struct{ Data []map[string]any }
		unmarshal(t, a.text, &got)
		var names []string
		for name := range got.Data[0] {
			names = append(names, name)
		}
		slices.Sort(names)
		if strings.Join(names, " ") != want {
			t.Errorf("%s: %s, want %s", query, names, want)
		}
	}
}

func TestListsLagBehindCreates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := New(Options{Lag: 2 * time.Second})
		tenant.Add(User{Subject: "old", Name: "A"})
		c := inProcess(t, tenant)
		id := c.create("new").body.ID
		find := func() string {
			byFilter, _ := c.find(`subject eq "new" or subject eq "old"`)
			if list := c.get("/api/v1/users").subjects(); !slices.Equal(list, byFilter) {
				t.Errorf("the list has %v, the filter %v", list, byFilter)
			}
			return strings.Join(byFilter, " ")
		}
		time.Sleep(2*time.Second - 1)
		if got := find(); got != "old" {
			t.Errorf("within the lag: %v", got)
		}
		if a := c.create("new"); a.status != 409 {
			t.Errorf("create within the lag: %d", a.status)
		}
		if a := c.patch(id, `[{"op":"replace","path":"/name","value":"B"}]`); a.status != 204 {
			t.Errorf("patch within the lag: %d", a.status)
		}
		time.Sleep(time.Nanosecond)
		if got := find(); got != "old new" {
			t.Errorf("after the lag: %v", got)
		}
		if a := c.delete(id); a.status != 204 || find() != "old" {
			t.Errorf("deleted: %d, %s", a.status, find())
		}
	})
}
