package qlik

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestCreateSendsPersonAndRoles(t *testing.T) {
	for _, test := range []struct {
		user User
		want string
	}{
		{User{Subject: "emp-1", Name: "Ada", Email: "ada@example.com", Status: "active"},
			`{"subject":"emp-1","name":"Ada","email":"ada@example.com","status":"active"}`},
		{User{Subject: `corp\jdoe`, Status: "invited", Roles: []Role{}},
			`{"subject":"corp\\jdoe","status":"invited"}`},
		{User{Subject: "e", Status: "active", Roles: []Role{{Name: "Steward"}, {Name: `Data "Ops"`}}},
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
			"Accept": "application/json",
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
		{409, ``, ErrConflict}, {400, ``, ErrRefused}, {403, ``, ErrForbidden}, {503, ``, ErrNoAnswer},
	} {
		_, c := always(t, test.status, test.body)
		user, err := c.CreateUser(t.Context(), User{Subject: "Zoë-1"})
		if !errors.Is(err, test.err) || (err == nil) != (test.err == nil) || (err == nil) != (user.ID == "u1") {
			t.Errorf("%d %q: %v, %v, want %v", test.status, test.body, user, err, test.err)
		}
		if e, ok := errors.AsType[*Error](err); ok && e.Status != test.status {
			t.Errorf("%d %q: the error has status %d", test.status, test.body, e.Status)
		}
	}
}

func TestChangesAreOneJSONPatch(t *testing.T) {
	s, c := always(t, 204, "")
	changes := []Change{ReplaceName(`Ada "Countess"`), ReplaceStatus("active"), AddRole("Steward"), AddRole("Developer")}
	if err := c.ChangeUser(t.Context(), "u1", changes...); err != nil {
		t.Fatal(err)
	}
	const want = `[{"op":"replace","path":"/name","value":"Ada \"Countess\""},` +
		`{"op":"replace","path":"/status","value":"active"},` +
		`{"op":"add","path":"/assignedRoles/-","value":{"name":"Steward"}},` +
		`{"op":"add","path":"/assignedRoles/-","value":{"name":"Developer"}}]`
	if r := s.sent[0]; r.Method != http.MethodPatch || r.URL.Path != "/api/v1/users/u1" || s.bodies[0] != want {
		t.Errorf("%s %s %s", r.Method, r.URL, s.bodies[0])
	}
}

// userWrites are the requests that name a user by ID.
var userWrites = map[string]func(*Client, context.Context, string) error{
	http.MethodPatch: func(c *Client, ctx context.Context, id string) error {
		return c.ChangeUser(ctx, id, ReplaceStatus("disabled"))
	},
	http.MethodDelete: func(c *Client, ctx context.Context, id string) error { return c.DeleteUser(ctx, id) },
}

func TestChangeAndDeleteSucceedOnlyWith204(t *testing.T) {
	for method, write := range userWrites {
		for status, want := range map[int]error{
			204: nil, 200: ErrGarbled, 201: ErrGarbled, 202: ErrGarbled, 207: ErrGarbled, 101: ErrGarbled, 404: ErrNotFound,
			405: ErrNotTenant, 302: ErrNotTenant, 400: ErrRefused, 403: ErrForbidden, 409: ErrConflict, 429: ErrLimited,
			500: ErrNoAnswer,
		} {
			s, c := always(t, status, "")
			err := write(c, t.Context(), "u1")
			if !errors.Is(err, want) || (err == nil) != (want == nil) {
				t.Errorf("%s, %d: %v, want %v", method, status, err, want)
			}
			if s.sent[0].Method != method {
				t.Errorf("%s, want %s", s.sent[0].Method, method)
			}
		}
	}
}

func TestUserIDStaysOneSegmentOfThePath(t *testing.T) {
	for method, write := range userWrites {
		for id, want := range map[string]string{
			"65f0a1": "65f0a1", "a/b": "a%2Fb", "../roles": "..%2Froles", "a?x=1#y": "a%3Fx=1%23y", "%2e%2e": "%252e%252e",
			"a b\n": "a%20b%0A", "...": "...", "ü": "%C3%BC",
		} {
			s, c := always(t, 204, "")
			if err := write(c, t.Context(), id); err != nil {
				t.Fatalf("%q: %v", id, err)
			}
			if got := s.sent[0].URL.String(); got != "https://acme.eu.qlikcloud.com/api/v1/users/"+want {
				t.Errorf("%s %q: %s", method, id, got)
			}
		}
		for _, id := range []string{"", ".", ".."} {
			s, c := always(t, 204, "")
			if err := write(c, t.Context(), id); !errors.Is(err, ErrRefused) || len(s.sent) > 0 {
				t.Errorf("%s %q: %v, %d requests", method, id, err, len(s.sent))
			}
		}
	}
}

func TestUserFieldOfWrongTypeHidesNoOther(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 5e8, time.UTC)
	steward, hidden := Role{ID: "r1", Name: "Steward", Level: "user"}, Role{ID: "r1", Name: "Steward"}
	ada, dated := User{ID: "u1", Subject: "a"}, User{ID: "u1", Subject: "a", CreatedAt: "2026-03-01T12:00:00.5Z"}
	undated := User{ID: "u1", Subject: "a", CreatedAt: "yesterday"}
	with := func(role Role) User { return User{ID: "u1", Subject: "a", Roles: []Role{role}} }
	for body, want := range map[string]User{
		`"subject":"a","createdAt":"2026-03-01T12:00:00.5Z"`:                                dated,
		`"subject":"a","createdAt":"yesterday"`:                                             undated,
		`"subject":"a","createdAt":17,"name":{},"email":[1],"status":true`:                  ada,
		`"subject":7,"name":"Ada"`:                                                          {ID: "u1", Name: "Ada"},
		`"subject":"a","assignedRoles":[]`:                                                  ada,
		`"subject":"a","assignedRoles":[{"id":"r1","name":"Steward","level":"user","x":1}]`: with(steward),
		`"subject":"a","assignedRoles":[{"id":"r1","name":"Steward"}]`:                      with(hidden),
		`"subject":"a","assignedRoles":[{"id":"r1","name":"Steward","level":2}]`:            with(hidden),
		`"subject":"a","assignedRoles":["Steward"]`:                                         with(Role{}),
		`"subject":"a","assignedRoles":null`:                                                ada,
		`"subject":"a","assignedRoles":{"name":"Steward"}`:                                  ada,
	} {
		_, c := always(t, 200, `{"data":[{"id":"u1",`+body+`}]}`)
		found, err := c.ListUsers(t.Context(), UserFilter([]string{"u1"}, nil, nil), true)
		if err != nil || len(found) != 1 {
			t.Errorf("%s: %v, %v", body, found, err)
			continue
		}
		got := found[0]
		shown := strings.Contains(body, `"assignedRoles":[]`) || strings.Contains(body, `"level":"user"`)
		if got.RolesShown() != shown {
			t.Errorf("%s: roles are shown: %v", body, got.RolesShown())
		}
		var created time.Time
		if want.CreatedAt == dated.CreatedAt {
			created = at
		}
		if !got.Created().Equal(created) {
			t.Errorf("%s: created %v", body, got.Created())
		}
		if len(got.Roles) == 0 {
			got.Roles = nil
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", body, diff)
		}
	}
}

func TestLookupsAskForRolesOnlyWhereWanted(t *testing.T) {
	const fields = "id,subject,name,email,status,createdAt"
	filter := UserFilter(nil, []string{"a&b=c"}, nil)
	for _, withRoles := range []bool{false, true} {
		s, c := always(t, 200, `{"data":[]}`)
		if _, err := c.ListUsers(t.Context(), filter, withRoles); err != nil {
			t.Fatal(err)
		}
		if _, _, err := c.FilterUsers(t.Context(), filter, withRoles); err != nil {
			t.Fatal(err)
		}
		want := fields
		if withRoles {
			want += ",assignedRoles"
		}
		for _, r := range s.sent {
			if q := r.URL.Query(); q.Get("fields") != want || q.Get("limit") != "100" {
				t.Errorf("%s %s", r.Method, r.URL)
			}
		}
		list, post := s.sent[0], s.sent[1]
		if list.Method != http.MethodGet || list.URL.Path != "/api/v1/users" || list.URL.Query().Get("filter") != filter {
			t.Errorf("%s %s", list.Method, list.URL)
		}
		if post.Method != http.MethodPost || post.URL.Path != "/api/v1/users/actions/filter" {
			t.Errorf("%s %s", post.Method, post.URL)
		}
	}
}

func TestFetchDateIsOneRequest(t *testing.T) {
	date := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for status, want := range map[int]error{200: nil, 403: ErrForbidden, 404: ErrNotTenant} {
		s, c := always(t, status, `{"data":[{"id":"u1"}]}`)
		s.header = http.Header{"Date": {date.Format(http.TimeFormat)}}
		if err := c.FetchDate(t.Context()); !errors.Is(err, want) || !c.LastDate().Equal(date) {
			t.Errorf("%d: %v, %v", status, c.LastDate(), err)
		}
		r := s.sent[0]
		if len(s.sent) != 1 || r.Method != http.MethodGet || r.URL.Path != "/api/v1/users" ||
			r.URL.Query().Get("limit") != "1" {
			t.Errorf("%d requests, the first %s %s", len(s.sent), r.Method, r.URL)
		}
	}
}

// page is a page of users or roles. Every item has what both need.
func page(next string, names ...string) string {
	var data []string
	for _, s := range names {
		data = append(data, fmt.Sprintf(`{"id":"id-%s","subject":%q,"name":%[2]q,"level":"user","unknown":{"a":[1]}}`, s, s))
	}
	const links = `"links":{"self":{"href":"x"},"next":{"href":%q}},"more":true`
	return `{"data":[` + strings.Join(data, ",") + "]," + fmt.Sprintf(links, next) + "}"
}
