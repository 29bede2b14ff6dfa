package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestAddFillsInWhatIsMissing(t *testing.T) {
	tenant := New(Options{})
	at := time.Date(2026, 3, 2, 1, 2, 3, 0, time.UTC)
	tenant.Add(User{Subject: "a"})
	tenant.Add(User{ID: "x1", Subject: "b", CreatedAt: at, Status: "provisioned", Roles: []string{"Steward"}})
	users := tenant.Users()
	if u := users[0]; len(u.ID) != 24 || u.Status != "active" || time.Since(u.CreatedAt) > time.Minute {
		t.Errorf("%+v", u)
	}
	u := users[1]
	if u.ID != "x1" || !u.CreatedAt.Equal(at) || u.Status != "provisioned" || !slices.Equal(u.Roles, []string{"Steward"}) {
		t.Errorf("%+v", u)
	}
	c := inProcess(t, tenant)
	a := c.get("/api/v1/users?filter=status+eq+%22provisioned%22")
	if a.body.Data[0].CreatedAt != "2026-03-02T01:02:03.000Z" {
		t.Errorf("%s", a.text)
	}
	users[1].Roles[0] = "changed"
	if u, _ := tenant.User("x1"); u.Roles[0] != "Steward" {
		t.Error("Users shares memory with the tenant")
	}
	if _, found := tenant.User("x2"); found {
		t.Error("there is no x2")
	}
}

func TestConcurrentClientsCreateEachSubjectOnce(t *testing.T) {
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

func TestLatencyHoldsAnswersBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := New(Options{Latency: time.Second, APIKey: "key"})
		send := func(subject string, timeout time.Duration) (int, error) {
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			defer cancel()
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://acme.example/api/v1/users",
				strings.NewReader(`{"subject":"`+subject+`"}`))
			if err != nil {
				t.Fatal(err)
			}
			req.Header = http.Header{"Authorization": {"Bearer key"}, "Content-Type": {jsonType}}
			resp, err := InProcess(tenant).RoundTrip(req)
			if err != nil {
				return 0, err
			}
			defer resp.Body.Close()
			if date := resp.Header.Get("Date"); date != time.Now().UTC().Format(http.TimeFormat) {
				t.Errorf("Date %s at %v", date, time.Now())
			}
			return resp.StatusCode, nil
		}
		for _, test := range []struct {
			subject string
			timeout time.Duration
			err     error
			took    time.Duration
			users   int
		}{
			{"a", time.Minute, nil, time.Second, 1},
			{"b", time.Millisecond, context.DeadlineExceeded, time.Millisecond, 2}, // has its effect all the same
			{"c", 0, context.DeadlineExceeded, 0, 2},
		} {
			began := time.Now()
			_, err := send(test.subject, test.timeout)
			if took := time.Since(began); !errors.Is(err, test.err) || took != test.took || len(tenant.Users()) != test.users {
				t.Errorf("%s: %v after %v, %d users", test.subject, err, took, len(tenant.Users()))
			}
		}
	})
}

func TestLinksOverTLS(t *testing.T) {
	server := httptest.NewTLSServer(New(Options{APIKey: "key"}))
	defer server.Close()
	c := &client{t: t, http: server.Client(), base: server.URL, bearer: "key"}
	if a := c.create("a"); !strings.HasPrefix(a.body.Links.Self.Href, server.URL+"/api/v1/users/") {
		t.Errorf("%s", a.text)
	}
}
