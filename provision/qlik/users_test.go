package qlik

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzQuote(f *testing.F) {
	for _, seed := range []string{`a`, `a" or subject co "e`, `\`, `\"`, "\u2028", "日本", "\x00\x1f\x7f", "<&>", "\xff"} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		// Whatever the values are, the filter is two terms: reading it as a grammar of JSON strings gives the values back.
		left := Or(SubjectIs(a), EmailIs(b))
		for _, term := range []struct{ before, value string }{{"subject eq ", a}, {" or email eq ", b}} {
			rest, ok := strings.CutPrefix(left, term.before)
			if !ok {
				t.Fatalf("%q does not go on with %q", left, term.before)
			}
			dec := json.NewDecoder(strings.NewReader(rest))
			var got string
			if err := dec.Decode(&got); err != nil {
				t.Fatalf("%q: %v", rest, err)
			}
			if want := strings.ToValidUTF8(term.value, "\uFFFD"); utf8.ValidString(term.value) && got != want {
				t.Errorf("%q became %q", term.value, got)
			}
			left = rest[dec.InputOffset():]
		}
		if left != "" {
			t.Errorf("%q is left over", left)
		}
	})
}

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
				func() (Found, error) { return c.ListUsers(t.Context(), SubjectIs("a")) },
				func() (Found, error) { return c.FilterUsers(t.Context(), SubjectIs("a")) },
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

func TestWhatACreateSends(t *testing.T) {
	for _, test := range []struct {
		user NewUser
		want string
	}{
		{NewUser{"emp-1", "Ada", "ada@example.com", "active"}, `{"subject":"emp-1","name":"Ada","email":"ada@example.com","status":"active"}`},
		{NewUser{Subject: "Emp-1", Status: "invited"}, `{"subject":"Emp-1","status":"invited"}`},
	} {
		s := &script{answer: func(int, *http.Request) (int, string) { return 201, `{"id":"u1","subject":"emp-1"}` }}
		c := s.client(t, Options{Credentials: Credentials{APIKey: "key-0123456789"}, UserAgent: "qlik-provision/1.2"})
		user, err := c.CreateUser(t.Context(), test.user)
		if err != nil || user.ID != "u1" || s.bodies[0] != test.want {
			t.Errorf("%v, %v, sent %s", user, err, s.bodies[0])
		}
		r := s.sent[0]
		for name, want := range map[string]string{"Authorization": "Bearer key-0123456789", "Content-Type": "application/json", "User-Agent": "qlik-provision/1.2"} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		if r.Method != http.MethodPost || r.URL.String() != "https://acme.eu.qlikcloud.com/api/v1/users" {
			t.Errorf("%s %s", r.Method, r.URL)
		}
	}
}

func TestACreateSucceedsOnlyWith201AnIDAndItsSubject(t *testing.T) {
	const composed, decomposed = "Zo\u00eb", "Zoe\u0308"
	for _, test := range []struct {
		status    int
		body      string
		succeeded bool
	}{
		{201, `{"id":"u1","subject":"zoe\u0308"}`, true},
		{201, `{"id":"u1","subject":"ZO\u00cb"}`, true},
		{201, `{"id":"u1","subject":"` + composed + `","name":7}`, true},
		{201, `{"id":"u1","subject":"Zoe"}`, false},
		{201, `{"id":"u1","subject":""}`, false},
		{201, `{"id":"u1","subject":["Zo\u00eb"]}`, false},
		{201, `{"id":"u1"}`, false},
		{201, `{"id":"","subject":"Zo\u00eb"}`, false},
		{201, `{"id":7,"subject":"Zo\u00eb"}`, false},
		{201, `{"subject":"Zo\u00eb"}`, false},
		{201, `{"id":"u1","subject":"Zo\u00eb"`, false},
		{201, ``, false},
		{201, `null`, false},
		{201, `{}`, false},
		{201, `[]`, false},
		{201, `"u1"`, false},
		{201, `<html>`, false},
		{200, `{"id":"u1","subject":"Zo\u00eb"}`, false},
		{200, `<html>`, false},
		{202, `{"id":"u1","subject":"Zo\u00eb"}`, false},
		{202, ``, false},
		{204, ``, false},
		{207, `{"id":"u1","subject":"Zo\u00eb"}`, false},
		{299, `{"id":"u1","subject":"Zo\u00eb"}`, false},
		{101, ``, false},
	} {
		for _, subject := range []string{composed, decomposed} {
			s := &script{answer: func(int, *http.Request) (int, string) { return test.status, test.body }}
			c := s.client(t, Options{Credentials: Credentials{APIKey: "key-0123456789"}})
			user, err := c.CreateUser(t.Context(), NewUser{Subject: subject})
			if test.succeeded {
				if err != nil || user.ID != "u1" {
					t.Errorf("%d %s for %q: %v, %v", test.status, test.body, subject, user, err)
				}
				continue
			}
			e, ok := errors.AsType[*Error](err)
			if !ok || !errors.Is(e, ErrGarbled) || e.Status != test.status || user != (User{}) {
				t.Errorf("%d %s for %q: %v, %v", test.status, test.body, subject, user, err)
			}
		}
	}
}
