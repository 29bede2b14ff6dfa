package sandbox

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestSomebodyElseSpendsNoMoreThanIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := New(Options{Tier2: Budget{5, time.Minute}})
		c := inProcess(t, tenant)
		c.create("a")
		time.Sleep(10 * time.Second)
		if n := tenant.SpendTier2(3); n != 3 {
			t.Errorf("spent %d of 3", n)
		}
		if n := tenant.SpendTier2(3); n != 1 {
			t.Errorf("spent %d of the 1 left", n)
		}
		if a := c.create("b"); a.status != 429 || a.header.Get("Retry-After") != "50" {
			t.Errorf("%d, Retry-After %q", a.status, a.header.Get("Retry-After"))
		}
		time.Sleep(50 * time.Second)
		if a := c.create("b"); a.status != 201 {
			t.Errorf("when the first has left: %d", a.status)
		}
		if a := c.create("c"); a.status != 429 || a.header.Get("Retry-After") != "10" {
			t.Errorf("theirs are there yet: %d, Retry-After %q", a.status, a.header.Get("Retry-After"))
		}
		if n := tenant.SpendTier2(1); n != 0 {
			t.Errorf("spent %d in a block", n)
		}
		if tenant := New(Options{Limit: LimitOff}); tenant.SpendTier2(7) != 7 {
			t.Error("without a limit there is always something left")
		}
	})
}

func TestTiersDoNotSpendEachOthersBudgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := New(Options{Tier1: Budget{2, time.Minute}, Tier2: Budget{1, time.Minute}, Filter: Budget{1, time.Minute}})
		c := inProcess(t, tenant)
		steps := map[string]func() answer{
			"create": func() answer { return c.create("a") },
			"filter": func() answer { _, a := c.find(`id eq "1"`); return a },
			"list":   func() answer { return c.get("/api/v1/users") },
			"get":    func() answer { return c.get("/api/v1/users/1") },
			"count":  func() answer { return c.post("/api/v1/users/actions/count", "") },
		}
		for _, step := range []struct {
			name string
			want int
		}{{"create", 201}, {"create", 429}, {"filter", 200}, {"filter", 429}, {"count", 200}, {"get", 404}, {"list", 429}, {"count", 429}, {"get", 429}} {
			if a := steps[step.name](); a.status != step.want {
				t.Errorf("%s: %d, want %d", step.name, a.status, step.want)
			}
		}
		want := Stats{Requests: 10, Token: 1, Create: 2, List: 1, Get: 2, Filter: 2, Count: 2, Created: 1, TooMany: 5, TooManyTier1: 3, TooManyTier2: 1, TooManyFilter: 1, Tokens: 1}
		if got := tenant.Stats(); got != want {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	})
}

func TestAddFillsInWhatIsMissing(t *testing.T) {
	tenant := New(Options{})
	at := time.Date(2026, 3, 2, 1, 2, 3, 0, time.UTC)
	tenant.Add(User{Subject: "a"})
	tenant.Add(User{ID: "x1", Subject: "b", CreatedAt: at, Status: "disabled", Roles: []string{"Steward"}})
	users := tenant.Users()
	if u := users[0]; len(u.ID) != 24 || u.TenantID == "" || u.Status != "active" || time.Since(u.CreatedAt) > time.Minute {
		t.Errorf("%+v", u)
	}
	if u := users[1]; u.ID != "x1" || !u.CreatedAt.Equal(at) || u.Status != "disabled" || !slices.Equal(u.Roles, []string{"Steward"}) {
		t.Errorf("%+v", u)
	}
	c := inProcess(t, tenant)
	if a := c.get("/api/v1/users/x1"); a.body["createdAt"] != "2026-03-02T01:02:03.000Z" {
		t.Errorf("%s", a.text)
	}
	users[1].Roles[0] = "changed"
	if tenant.Users()[1].Roles[0] != "Steward" {
		t.Error("Users gives away what is on the tenant")
	}
}

func TestParseLimitKnowsTheFour(t *testing.T) {
	for _, l := range []Limit{LimitRolling, LimitFixed, LimitBucket, LimitOff} {
		if got, err := ParseLimit(string(l)); got != l || err != nil {
			t.Errorf("%s: %q, %v", l, got, err)
		}
	}
	for _, s := range []string{"", "Rolling", "none"} {
		if _, err := ParseLimit(s); err == nil || err.Error() != fmt.Sprintf("unknown limit %q: use rolling, fixed, bucket or off", s) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestManyClientsAtOnceCreateEachSubjectOnce(t *testing.T) {
	tenant := New(Options{Tier2: Budget{900, time.Hour}})
	c := inProcess(t, tenant)
	counts := make([]map[int]int, 8)
	var wg sync.WaitGroup
	for w := range counts {
		counts[w] = make(map[int]int)
		wg.Go(func() {
			for i := range 125 {
				counts[w][c.create(fmt.Sprint("s", (i+w*31)%250)).status]++
				c.get("/api/v1/users")
				tenant.Users()
			}
		})
	}
	wg.Wait()
	total := make(map[int]int)
	for _, m := range counts {
		for status, n := range m {
			total[status] += n
		}
	}
	if total[201] != len(tenant.Users()) || total[201]+total[409] != 900 || total[429] != 100 {
		t.Errorf("%v, %d users", total, len(tenant.Users()))
	}
	seen := make(map[string]bool)
	for _, u := range tenant.Users() {
		if seen[u.Subject] || seen[u.ID] {
			t.Errorf("%s twice", u.Subject)
		}
		seen[u.Subject], seen[u.ID] = true, true
	}
}
