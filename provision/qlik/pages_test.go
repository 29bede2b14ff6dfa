package qlik

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestListsAreReadToTheirEnd(t *testing.T) {
	for _, test := range []struct {
		name    string
		answers []string
		want    int
		err     error
	}{
		{"one page", []string{page("", "a", "b")}, 2, nil},
		{"three pages", []string{
			page("/api/v1/users?next=1", "a"), page("https://acme.eu.qlikcloud.com/api/v1/users?next=2", "b"), page("", "c"),
		}, 3, nil},
		{"no links", []string{`{"data":[{"id":"1","subject":"a"}]}`}, 1, nil},
		{"empty", []string{`{"data":[]}`}, 0, nil},
		{"link to another host", []string{page("https://evil.example.com/api/v1/users", "a"), page("", "b")}, 0, ErrGarbled},
		{"endless", []string{page("/api/v1/users?next=1", "a")}, 0, ErrGarbled},
		{"no list", []string{`{}`}, 0, ErrGarbled},
		{"null", []string{`null`}, 0, ErrGarbled},
		{"null list", []string{`{"data":null}`}, 0, ErrGarbled},
		{"another type", []string{`{"data":{"id":"1"}}`}, 0, ErrGarbled},
		{"trailing data", []string{`{"data":[]} {"data":[]}`}, 0, ErrGarbled},
		{"links of another type", []string{`{"data":[],"links":7}`}, 0, ErrGarbled},
		{"next of another type", []string{`{"data":[],"links":{"next":"/api/v1/users?next=1"}}`}, 0, ErrGarbled},
		{"log-in page", []string{`<html>Log in</html>`}, 0, ErrGarbled},
	} {
		s := &script{answer: func(n int, _ *http.Request) (int, string) {
			return 200, test.answers[min(n, len(test.answers)-1)]
		}}
		c := s.client(t, Options{Credentials: Credentials{APIKey: "key-0123456789"}})
		for kind, count := range map[string]func() (items, requests int, err error){
			"GET users": func() (int, int, error) {
				users, err := c.ListUsers(t.Context(), UserFilter([]string{"u1"}, nil, nil), false)
				return len(users), len(s.sent), err
			},
			"POST users": func() (int, int, error) {
				users, requests, err := c.FilterUsers(t.Context(), UserFilter([]string{"u1"}, nil, nil), true)
				return len(users), requests, err
			},
			"roles": func() (int, int, error) {
				roles, err := c.ListRoles(t.Context())
				return len(roles), len(s.sent), err
			},
		} {
			s.sent = nil
			items, requests, err := count()
			if items != test.want || !errors.Is(err, test.err) || (err == nil) != (test.err == nil) {
				t.Errorf("%s, %s: %d items, %v", test.name, kind, items, err)
			}
			if err == nil && requests != len(s.sent) || len(s.sent) > maxPages {
				t.Errorf("%s, %s: %d requests, reported as %d", test.name, kind, len(s.sent), requests)
			}
			for _, r := range s.sent {
				if r.URL.Host != "acme.eu.qlikcloud.com" {
					t.Errorf("%s, %s: %s was asked", test.name, kind, r.URL.Host)
				}
			}
		}
	}
}

func TestUserWithoutIDIsGarbled(t *testing.T) {
	for _, body := range []string{`{"data":[{"subject":"a"}]}`, `{"data":[{"id":7,"subject":"a"}]}`, `{"data":[null]}`} {
		_, c := always(t, 200, body)
		if found, err := c.ListUsers(t.Context(), UserFilter([]string{"u1"}, nil, nil), false); !errors.Is(err, ErrGarbled) {
			t.Errorf("%s: %v, %v", body, found, err)
		}
	}
}

func TestRolesAreRead(t *testing.T) {
	s, c := always(t, 200, `{"data":[{"id":"r1","name":"TenantAdmin","type":"default","level":"admin"},`+
		`{"id":"r2","name":"Mine","type":"custom"}]}`)
	roles, err := c.ListRoles(t.Context())
	want := []Role{{ID: "r1", Name: "TenantAdmin", Level: "admin"}, {ID: "r2", Name: "Mine"}}
	if diff := cmp.Diff(want, roles); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	const address = "https://acme.eu.qlikcloud.com/api/v1/roles?limit=100"
	if r := s.sent[0]; r.Method != http.MethodGet || r.URL.String() != address {
		t.Errorf("%s %s", r.Method, r.URL)
	}
	for status, want := range map[int]error{403: ErrForbidden, 404: ErrNotTenant, 429: ErrLimited} {
		_, c := always(t, status, "")
		if _, err := c.ListRoles(t.Context()); !errors.Is(err, want) {
			t.Errorf("%d: %v", status, err)
		}
	}
}
