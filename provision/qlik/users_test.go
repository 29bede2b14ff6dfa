package qlik

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestPagesAreFollowed(t *testing.T) {
	page := func(next string, subjects ...string) string {
		var data []string
		for _, s := range subjects {
			data = append(data, fmt.Sprintf(`{"id":"id-%s","subject":%q,"createdAt":"2026-03-01T12:00:00.5Z","unknown":{"a":[1]}}`, s, s))
		}
		return fmt.Sprintf(`{"data":[%s],"links":{"self":{"href":"x"},"next":{"href":%q}},"more":true}`, strings.Join(data, ","), next)
	}
	for _, test := range []struct {
		name    string
		answers []string
		found   int
		err     error
	}{
		{"one", []string{page("", "a", "b")}, 2, nil},
		{"three", []string{page("/api/v1/users?next=1", "a"), page("https://acme.eu.qlikcloud.com/api/v1/users?next=2", "b"), page("", "c")}, 3, nil},
		{"no links", []string{`{"data":[{"id":"1","subject":"a"}]}`}, 1, nil},
		{"nobody", []string{`{"data":[]}`}, 0, nil},
		{"another host", []string{page("https://evil.example.com/api/v1/users", "a"), page("", "b")}, 0, ErrGarbled},
		{"without an end", []string{page("/api/v1/users?next=1", "a")}, 0, ErrGarbled},
		{"a list of nothing", []string{`{}`}, 0, ErrGarbled},
		{"null", []string{`null`}, 0, ErrGarbled},
		{"users that are none", []string{`{"data":null}`}, 0, ErrGarbled},
		{"another type", []string{`{"data":{"id":"1"}}`}, 0, ErrGarbled},
		{"more behind it", []string{`{"data":[]} {"data":[]}`}, 0, ErrGarbled},
		{"a time that is none", []string{`{"data":[{"id":"1","subject":"a","createdAt":"yesterday"}]}`}, 1, nil},
		{"a time that is a number", []string{`{"data":[{"id":"1","subject":"a","createdAt":17}]}`}, 1, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &script{answer: func(n int, r *http.Request) (int, string) { return 200, test.answers[min(n, len(test.answers)-1)] }}
			c := s.client(t, Options{Credentials: Credentials{APIKey: "key-0123456789"}})
			for _, find := range []func() (Found, error){
				func() (Found, error) { return c.ListUsers(t.Context(), PeopleFilter([]string{"a"}, nil), false) },
				func() (Found, error) { return c.FilterUsers(t.Context(), PeopleFilter([]string{"a"}, nil), false) },
			} {
				s.sent = nil
				found, err := find()
				if len(found.Users) != test.found || !errors.Is(err, test.err) || (err != nil) != (test.err != nil) {
					t.Errorf("%d users, %v", len(found.Users), err)
				}
				if test.err == nil && found.Requests != len(s.sent) || len(s.sent) > maxPages {
					t.Errorf("%d requests, said to be %d", len(s.sent), found.Requests)
				}
				for _, r := range s.sent {
					if r.URL.Host != "acme.eu.qlikcloud.com" {
						t.Errorf("%s was asked", r.URL.Host)
					}
				}
			}
		})
	}
}

func TestCreateSendsThePersonAndRoles(t *testing.T) {
	for _, test := range []struct {
		user NewUser
		want string
	}{
		{NewUser{Subject: "emp-1", Name: "Ada", Email: "ada@example.com", Status: "active"},
			`{"subject":"emp-1","name":"Ada","email":"ada@example.com","status":"active"}`},
		{NewUser{Subject: `corp\jdoe`, Status: "invited", Roles: []string{}}, `{"subject":"corp\\jdoe","status":"invited"}`},
		{NewUser{Subject: "e", Status: "active", Roles: []string{"Steward", `Data "Ops"`}},
			`{"subject":"e","status":"active","assignedRoles":[{"name":"Steward"},{"name":"Data \"Ops\""}]}`},
	} {
		s := &script{answer: func(int, *http.Request) (int, string) {
			return 201, `{"id":"u1","subject":` + quote(test.user.Subject) + `}`
		}}
		c := s.client(t, Options{Credentials: Credentials{APIKey: "key-0123456789"}, UserAgent: "qlik-provision/1.2"})
		user, err := c.CreateUser(t.Context(), test.user)
		if err != nil || user.ID != "u1" || user.Subject != test.user.Subject || s.bodies[0] != test.want {
			t.Errorf("%v, %v, sent %s", user, err, s.bodies[0])
		}
		r := s.sent[0]
		for name, want := range map[string]string{
			"Authorization": "Bearer key-0123456789", "Content-Type": "application/json", "User-Agent": "qlik-provision/1.2",
		} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		if r.Method != http.MethodPost || r.URL.String() != "https://acme.eu.qlikcloud.com/api/v1/users" {
			t.Errorf("%s %s", r.Method, r.URL)
		}
	}
}

func TestCreateSucceedsOnlyWith201AndIDAndSubject(t *testing.T) {
	const sent = "Zoë-1"
	for _, test := range []struct {
		status int
		body   string
		err    error
	}{
		{201, `{"id":"u1","subject":"Zoë-1"}`, nil},
		{201, `{"id":"u1","subject":"ZOË-1","name":7,"status":[]}`, nil},
		{201, `{"id":"u1","subject":"zoe\u0308-1"}`, nil},
		{201, `{"id":"u1","subject":"Zoe-1"}`, ErrGarbled},
		{201, `{"id":"u1","subject":"Zoë-1 "}`, ErrGarbled},
		{201, `{"id":"u1"}`, ErrGarbled},
		{201, `{"id":"u1","subject":7}`, ErrGarbled},
		{201, `{"subject":"Zoë-1"}`, ErrGarbled},
		{201, `{"id":"","subject":"Zoë-1"}`, ErrGarbled},
		{201, `{"id":7,"subject":"Zoë-1"}`, ErrGarbled},
		{201, `{"id":"u1","subject":"Zoë-1"`, ErrGarbled},
		{201, ``, ErrGarbled}, {201, `null`, ErrGarbled}, {201, `{}`, ErrGarbled}, {201, `[]`, ErrGarbled},
		{201, `"u1"`, ErrGarbled}, {201, `<html>`, ErrGarbled},
		{200, `{"id":"u1","subject":"Zoë-1"}`, ErrGarbled},
		{202, `{"id":"u1","subject":"Zoë-1"}`, ErrGarbled},
		{204, ``, ErrGarbled},
		{207, `{"id":"u1","subject":"Zoë-1"}`, ErrGarbled},
		{101, ``, ErrGarbled}, {102, ``, ErrGarbled}, {199, ``, ErrGarbled},
		{200, `<html>Log in</html>`, ErrGarbled},
		{302, ``, ErrNotTenant}, {404, ``, ErrNotTenant}, {405, ``, ErrNotTenant},
	} {
		s := &script{answer: func(int, *http.Request) (int, string) { return test.status, test.body }}
		c := s.client(t, Options{Credentials: Credentials{APIKey: "key-0123456789"}})
		_, err := c.CreateUser(t.Context(), NewUser{Subject: sent})
		if !errors.Is(err, test.err) || (err == nil) != (test.err == nil) {
			t.Errorf("%d %q: %v, want %v", test.status, test.body, err, test.err)
		}
		if e, ok := errors.AsType[*Error](err); ok && e.Status != test.status {
			t.Errorf("%d %q: the error has status %d", test.status, test.body, e.Status)
		}
	}
}
