package sandbox

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestCreateAnswersWithUser(t *testing.T) {
	tenant := New(Options{})
	c := overSocket(t, tenant)
	before := time.Now().Add(-time.Millisecond)
	a := c.post("/api/v1/users", `{"subject":"corp\\jdoe","name":"Jo \"<Doe>\"","email":"jo@acme.example",
		"status":"active","tenantId":"x","nonsense":{"a":[1]},"assignedRoles":[{"name":"Developer"},{"name":"DataAdmin"}]}`)
	u := a.body.wireUser
	if a.status != 201 || u.Subject != `corp\jdoe` || u.Name != `Jo "<Doe>"` || u.Email != "jo@acme.example" ||
		u.Status != "active" || len(u.TenantID) < 20 || !regexp.MustCompile(`^[0-9a-f]{24}$`).MatchString(u.ID) {
		t.Fatalf("%d %s", a.status, a.text)
	}
	if want := c.base + "/api/v1/users/" + u.ID; a.body.Links.Self.Href != want {
		t.Errorf("self is %s, want %s", a.body.Links.Self.Href, want)
	}
	at, err := time.Parse("2006-01-02T15:04:05.000Z", u.CreatedAt)
	if err != nil || at.Before(before) || at.After(time.Now()) {
		t.Errorf("createdAt %s (%v)", u.CreatedAt, err)
	}
	for i, want := range []wireRole{{"", "Developer", "default", "user"}, {"", "DataAdmin", "default", "admin"}} {
		got := u.AssignedRoles[i]
		if want.ID = got.ID; got != want || got.ID == "" {
			t.Errorf("role %+v, want %+v", got, want)
		}
	}
	if date, err := http.ParseTime(a.header.Get("Date")); err != nil || time.Since(date) > 5*time.Second {
		t.Errorf("Date %q", a.header.Get("Date"))
	}
	if contentType := a.header.Get("Content-Type"); contentType != jsonType {
		t.Errorf("Content-Type %q", contentType)
	}
	users := tenant.Users()
	if len(users) != 1 || users[0].ID != u.ID || !slices.Equal(users[0].Roles, []string{"Developer", "DataAdmin"}) {
		t.Errorf("on the tenant: %+v", users)
	}
}

func TestCreateRefuses(t *testing.T) {
	for _, test := range []struct {
		name, text string
		status     int
		code       string
	}{
		{"no body", "", 400, "USERS-4"},
		{"no JSON", "{", 400, "USERS-4"},
		{"two objects", `{"subject":"a"}{"subject":"b"}`, 400, "USERS-4"},
		{"a list", `["a"]`, 400, "USERS-4"},
		{"null", `null`, 400, "USERS-4"},
		{"no subject", `{"name":"A"}`, 400, "USERS-4"},
		{"empty subject", `{"subject":""}`, 400, "USERS-4"},
		{"subject a number", `{"subject":7}`, 400, "USERS-4"},
		{"status disabled", `{"subject":"a","status":"disabled"}`, 400, "USERS-4"},
		{"invited without an address", `{"subject":"a","status":"invited"}`, 400, "USERS-4"},
		{"invited", `{"subject":"a","status":"invited","email":"a@b.example"}`, 201, ""},
		{"address with a name", `{"subject":"a","email":"A <a@b.example>"}`, 400, "USERS-4"},
		{"no address", `{"subject":"a","email":"nobody"}`, 400, "USERS-4"},
		{"empty address", `{"subject":"a","email":""}`, 400, "USERS-4"},
		{"address with an umlaut", `{"subject":"a","email":"jörg@bücher.example"}`, 201, ""},
		{"roles that are no list", `{"subject":"a","assignedRoles":{"name":"x"}}`, 400, "USERS-4"},
		{"a role without a name", `{"subject":"a","assignedRoles":[{}]}`, 400, "USERS-4"},
		{"a role that is text", `{"subject":"a","assignedRoles":["x"]}`, 400, "USERS-4"},
		{"unknown role", `{"subject":"a","assignedRoles":[{"name":"x"}]}`, 400, "USERS-4"},
		{"role in another case", `{"subject":"a","assignedRoles":[{"name":"steward"}]}`, 400, "USERS-4"},
		{"no roles", `{"subject":"a","assignedRoles":[]}`, 201, ""},
		{"subject of a user", `{"subject":"old"}`, 409, "USERS-8"},
		{"subject in another case", `{"subject":"Old"}`, 201, ""},
		{"address of a user", `{"subject":"a","email":"old@acme.example"}`, 409, "USERS-8"},
		{"address in another case", `{"subject":"a","email":"OLD@Acme.example"}`, 409, "USERS-8"},
		{"500 kB", `{"subject":"` + strings.Repeat("x", maxBody-14) + `"}`, 201, ""},
		{"a byte over 500 kB", `{"subject":"` + strings.Repeat("x", maxBody-13) + `"}`, 413, "HTTP-413"},
	} {
		t.Run(test.name, func(t *testing.T) {
			tenant := New(Options{})
			tenant.Add(User{Subject: "old", Email: "Old@acme.example"})
			a := overSocket(t, tenant).post("/api/v1/users", test.text)
			if a.status != test.status || a.code() != test.code {
				t.Errorf("%d %.200s, want %d %s", a.status, a.text, test.status, test.code)
			}
			if a.status != 201 && a.body.Errors[0].Status != float64(a.status) {
				t.Errorf("status %v", a.body.Errors[0].Status)
			}
			if n := len(tenant.Users()); (n == 2) != (test.status == 201) {
				t.Errorf("%d users", n)
			}
		})
	}
}

func TestConflictsByStatus(t *testing.T) {
	for status, want := range map[string]int{
		"active": 409, "invited": 409, "provisioned": 409, "disabled": 409, "deleted": 201,
	} {
		tenant := New(Options{})
		tenant.Add(User{Subject: "old", Email: "old@acme.example", Status: status})
		c := inProcess(t, tenant)
		if a := c.post("/api/v1/users", `{"subject":"new","email":"OLD@acme.example"}`); a.status != want {
			t.Errorf("address of a user that is %s: %d, want %d", status, a.status, want)
		}
		if a := c.create("old"); a.status != want {
			t.Errorf("subject of a user that is %s: %d, want %d", status, a.status, want)
		}
	}
}

func TestSubjectsIgnoreCaseByOption(t *testing.T) {
	c := inProcess(t, New(Options{CaseInsensitive: true}))
	for i, test := range []struct {
		subject string
		want    int
	}{{"Straße", 201}, {"STRAßE", 409}, {"kim", 201}, {"\u212aIM", 409}, {"kım", 201}} {
		if a := c.create(test.subject); a.status != test.want {
			t.Errorf("%d %q: %d, want %d", i, test.subject, a.status, test.want)
		}
	}
}

func TestContentTypeMustBeJSON(t *testing.T) {
	c := overSocket(t, New(Options{}))
	for contentType, want := range map[string]int{
		"": 400, "text/plain": 400, "application/jsonx": 400, "application/json; charset=utf-8": 201, "Application/JSON": 201,
	} {
		a := c.do(http.MethodPost, "/api/v1/users", contentType, `{"subject":"`+contentType+`."}`)
		if a.status != want {
			t.Errorf("%q: %d, want %d: %s", contentType, a.status, want, a.text)
		}
	}
}

func TestTruncatedRequestHasNoEffect(t *testing.T) {
	tenant := New(Options{})
	server := httptest.NewServer(tenant)
	defer server.Close()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const request = "POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n" + `{"subject":"a"}`
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if received, err := io.ReadAll(conn); len(received) > 0 {
		t.Errorf("%q, %v", received, err)
	}
	if s := tenant.Stats(); s.Requests > 0 || len(tenant.Users()) > 0 {
		t.Errorf("%+v", s)
	}
}

func TestOrderOfChecks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := New(Options{Tier2: Budget{2, time.Minute}})
		c := inProcess(t, tenant)
		token := c.bearer
		huge := strings.Repeat("x", maxBody+1)
		c.bearer = "unknown"
		for range 5 { // uses up no budget
			if a := c.post("/api/v1/users", huge); a.status != 401 {
				t.Fatalf("token before size: %d", a.status)
			}
		}
		c.bearer = token
		if a := c.post("/api/v1/users", huge); a.status != 413 {
			t.Fatalf("size: %d", a.status)
		}
		if a := c.create(""); a.status != 400 {
			t.Fatalf("subject: %d", a.status)
		}
		if a := c.post("/api/v1/users", huge); a.status != 429 || a.header.Get("Retry-After") != "60" {
			t.Fatalf("limit before size: %d", a.status)
		}
		s := tenant.Stats()
		if s.Create != 8 || s.Unauthorized != 5 || s.TooMany != 1 || s.Created != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestUnknownPathOrMethod(t *testing.T) {
	tenant := New(Options{})
	tenant.Add(User{ID: "5f", Subject: "a"})
	c := overSocket(t, tenant)
	for _, request := range []string{
		"GET /api/v1/apps", "GET /api/v1/users/", "DELETE /api/v1/users/5f/x", "PUT /api/v1/users/5f",
		"GET /oauth/token", "POST /api/v1/roles", "GET /api/v1/users/5f", "POST /api/v1/users/actions/count",
	} {
		method, path, _ := strings.Cut(request, " ")
		if a := c.do(method, path, "", ""); a.status != 404 {
			t.Errorf("%s: %d", request, a.status)
		}
	}
}
