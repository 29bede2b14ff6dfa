package sandbox

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func populated(n int) *Tenant {
	tenant := New(Options{})
	for i := range n {
		tenant.Add(User{Subject: fmt.Sprintf("s%03d", i), Name: fmt.Sprintf("Name %03d", (i*7)%n), Email: fmt.Sprintf("s%03d@acme.example", i)})
	}
	return tenant
}

// follow reads all pages from path on, by links.next, and then all the way back by links.prev.
func follow(t *testing.T, c *client, read func(path string) answer, path string) (pages [][]string, back [][]string) {
	t.Helper()
	var last answer
	for {
		a := read(path)
		if a.status != 200 {
			t.Fatalf("%s: %d %s", path, a.status, a.text)
		}
		pages = append(pages, a.subjects())
		last = a
		next, ok := a.at("links", "next", "href").(string)
		if !ok {
			break
		}
		if path, ok = strings.CutPrefix(next, c.base); !ok {
			t.Fatalf("next is %s, not absolute", next)
		}
	}
	for {
		prev, ok := last.at("links", "prev", "href").(string)
		if !ok {
			return pages, back
		}
		last = read(strings.TrimPrefix(prev, c.base))
		back = append(back, last.subjects())
	}
}

func TestPagesGiveEverybodyOnceInBothDirections(t *testing.T) {
	for _, n := range []int{0, 1, 20, 21, 99, 100, 101, 205} {
		tenant := populated(n)
		c := overSocket(t, tenant)
		var want []string
		for _, u := range tenant.Users() {
			want = append(want, u.Subject)
		}
		filter := `{"filter":"subject sw \"S\" and not (subject eq \"nobody\")"}`
		for _, test := range []struct {
			path  string
			limit int
			read  func(string) answer
		}{
			{"/api/v1/users", 20, c.get},
			{"/api/v1/users?limit=100", 100, c.get},
			{"/api/v1/users?limit=7&sort=createdAt", 7, c.get},
			{"/api/v1/users?limit=33&filter=" + url.QueryEscape(`email ew "@ACME.example"`), 33, c.get},
			{"/api/v1/users/actions/filter?limit=100", 100, func(path string) answer { return c.post(path, filter) }},
			{"/api/v1/users/actions/filter", 20, func(path string) answer { return c.post(path, filter) }},
		} {
			pages, back := follow(t, c, test.read, test.path)
			if got := slices.Concat(pages...); !slices.Equal(got, want) {
				t.Errorf("%d users, %s: %v", n, test.path, got)
			}
			for i, page := range pages {
				if i < len(pages)-1 && len(page) != test.limit {
					t.Errorf("%d users, %s: page %d has %d", n, test.path, i, len(page))
				}
			}
			slices.Reverse(back)
			if got := slices.Concat(back...); !slices.Equal(got, slices.Concat(pages[:len(pages)-1]...)) {
				t.Errorf("%d users, %s: the way back gives %v", n, test.path, got)
			}
		}
	}
}

func TestALinkHasTheHostThatWasAsked(t *testing.T) {
	tenant := New(Options{APIKey: "key"})
	for _, host := range []string{"", "elsewhere.example.com"} {
		at := url.URL{Scheme: "https", Host: "acme.eu.qlikcloud.com", Path: "/api/v1/users"}
		req := (&http.Request{Method: http.MethodGet, URL: &at, Host: host, Header: http.Header{"Authorization": {"Bearer key"}}}).WithContext(t.Context())
		resp, err := tenant.Transport().RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Links struct{ Self struct{ Href string } }
		}
		if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if want := "https://" + cmp.Or(host, at.Host) + at.Path; got.Links.Self.Href != want {
			t.Errorf("%q, want %q", got.Links.Self.Href, want)
		}
	}
}

func TestUsersAddedWhileSomebodyPagesShiftNothing(t *testing.T) {
	tenant := populated(25)
	c := inProcess(t, tenant)
	first := c.get("/api/v1/users?limit=20")
	tenant.Add(User{Subject: "late"})
	next, _ := first.at("links", "next", "href").(string)
	second := c.get(strings.TrimPrefix(next, c.base))
	if got := second.subjects(); len(got) != 6 || got[0] != "s020" || got[5] != "late" {
		t.Errorf("second page: %v", got)
	}
}

func TestListSorts(t *testing.T) {
	tenant := New(Options{})
	now := time.Now()
	for i, name := range []string{"b", "A", "a", "C"} {
		tenant.Add(User{Subject: fmt.Sprint(i), Name: name, CreatedAt: now.Add(-time.Duration(i) * time.Hour)})
	}
	c := inProcess(t, tenant)
	for sort, want := range map[string]string{"name": "1203", "%2Bname": "1203", "+name": "1203", "-name": "3012", "createdAt": "3210", "-createdAt": "0123"} {
		for _, limit := range []string{"100", "1", "3"} {
			pages, _ := follow(t, c, c.get, "/api/v1/users?limit="+limit+"&sort="+sort)
			if got := strings.Join(slices.Concat(pages...), ""); got != want {
				t.Errorf("%s by %s: %s, want %s", sort, limit, got, want)
			}
		}
	}
}

func TestListParametersAreChecked(t *testing.T) {
	c := inProcess(t, populated(3))
	for query, want := range map[string]int{
		"limit=0": 400, "limit=101": 400, "limit=x": 400, "limit=": 400, "limit=1": 200, "limit=100": 200, "unknown=1": 200,
		"sort=id": 400, "next=x": 400, "prev=AAAA": 400, "next=AAAAAAAAAAAAAAAA": 400, "next=" + writeCursor(1): 200, "next=" + writeCursor(1) + "&prev=" + writeCursor(2): 400,
		"filter=": 400, "filter=subject": 400, "filter=subject+eq+%22a%22": 200,
	} {
		if a := c.get("/api/v1/users?" + query); a.status != want {
			t.Errorf("%s: %d, want %d: %s", query, a.status, want, a.text)
		}
	}
	a := c.get("/api/v1/users?limit=101")
	if source, _ := a.fault()["source"].(map[string]any); source["parameter"] != "limit" {
		t.Errorf("source %v", source)
	}
	for body, want := range map[string]int{"": 400, "{}": 400, `{"filter":1}`: 400, `{"filter":""}`: 400, `{"filter":"id pr"}`: 400, `x`: 400, `{"filter":"id eq \"1\"","x":1}`: 200} {
		if a := c.post("/api/v1/users/actions/filter", body); a.status != want {
			t.Errorf("filter %s: %d, want %d: %s", body, a.status, want, a.text)
		}
	}
}

func TestListGivesTheFieldsAskedFor(t *testing.T) {
	c := inProcess(t, populated(1))
	a := c.get("/api/v1/users?fields=id,subject,email,createdAt")
	data, _ := a.body["data"].([]any)
	user, _ := data[0].(map[string]any)
	var names []string
	for name := range user {
		names = append(names, name)
	}
	slices.Sort(names)
	if got := strings.Join(names, " "); got != "createdAt email id subject" {
		t.Errorf("fields: %s", got)
	}
}

func TestGetAndCountFind(t *testing.T) {
	tenant := populated(45)
	c := overSocket(t, tenant)
	id := tenant.Users()[7].ID
	if a := c.get("/api/v1/users/" + id); a.status != 200 || a.body["subject"] != "s007" || a.body["name"] != "Name 004" {
		t.Errorf("get: %d %s", a.status, a.text)
	}
	if a := c.get("/api/v1/users/" + strings.ToUpper(id[:12]) + "x"); a.status != 404 || a.fault()["code"] != "USERS-7" {
		t.Errorf("get nobody: %d %s", a.status, a.text)
	}
	tenant.Add(User{ID: "abc", Subject: "odd"})
	if a, b := c.get("/api/v1/users/abc"), c.get("/api/v1/users/ABC"); a.status != 200 || b.status != 404 {
		t.Errorf("get abc: %d, get ABC: %d", a.status, b.status)
	}
	for body, want := range map[string]float64{"": 46, "{}": 46, `{"filter":"subject eq \"S001\" or email eq \"s002@acme.example\" or subject eq \"x\""}`: 2, `{"filter":"name co \"NAME 01\""}`: 10} {
		if a := c.post("/api/v1/users/actions/count", body); a.status != 200 || a.body["total"] != want {
			t.Errorf("count %s: %d %s, want %v", body, a.status, a.text, want)
		}
	}
}

func TestLookupsLagBehindCreates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := New(Options{Lag: 2 * time.Second})
		tenant.Add(User{Subject: "old"})
		c := inProcess(t, tenant)
		id, _ := c.create("new").body["id"].(string)
		seen := func() []string {
			byFilter, _ := c.find(`subject eq "new" or subject eq "old"`)
			if list := c.get("/api/v1/users").subjects(); !slices.Equal(list, byFilter) {
				t.Errorf("the list has %v, the filter %v", list, byFilter)
			}
			if total := c.post("/api/v1/users/actions/count", "").body["total"]; total != float64(len(byFilter)) {
				t.Errorf("the count has %v, the filter %v", total, byFilter)
			}
			return byFilter
		}
		time.Sleep(2*time.Second - 1)
		if got := seen(); !slices.Equal(got, []string{"old"}) {
			t.Errorf("within the lag: %v", got)
		}
		if a := c.create("new"); a.status != 409 {
			t.Errorf("create within the lag: %d", a.status)
		}
		if a := c.get("/api/v1/users/" + id); a.status != 200 {
			t.Errorf("get within the lag: %d", a.status)
		}
		time.Sleep(time.Nanosecond)
		if got := seen(); !slices.Equal(got, []string{"old", "new"}) {
			t.Errorf("after the lag: %v", got)
		}
	})
}
