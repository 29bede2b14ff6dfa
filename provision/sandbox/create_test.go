package sandbox

import (
	"errors"
	"fmt"
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

func TestCreateAnswersWithTheUser(t *testing.T) {
	tenant := New(Options{})
	c := overSocket(t, tenant)
	before := time.Now().Add(-time.Millisecond)
	a := c.post("/api/v1/users", `{"subject":"corp\\jdoe","name":"Jo \"<Doe>\"","email":"jo@acme.example","status":"active","tenantId":"x","nonsense":{"a":[1]},"assignedRoles":[{"name":"Developer"},{"id":"r1"}]}`)
	if a.status != 201 {
		t.Fatalf("%d %s", a.status, a.text)
	}
	for name, pattern := range map[string]string{
		"id": `^[0-9a-f]{24}$`, "tenantId": `^\w{20,}$`, "subject": `^corp\\jdoe$`, "name": `^Jo "<Doe>"$`, "email": `^jo@acme\.example$`, "status": `^active$`,
		"createdAt": `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`, "created": `Z$`, "lastUpdatedAt": `Z$`,
	} {
		if value, _ := a.body[name].(string); !regexp.MustCompile(pattern).MatchString(value) {
			t.Errorf("%s is %q, want %s", name, value, pattern)
		}
	}
	id, _ := a.body["id"].(string)
	if got, want := a.at("links", "self", "href"), c.base+"/api/v1/users/"+id; got != want {
		t.Errorf("self is %v, want %s", got, want)
	}
	at, err := time.Parse(time.RFC3339, fmt.Sprint(a.body["createdAt"]))
	if err != nil || at.Before(before) || at.After(time.Now()) {
		t.Errorf("createdAt %v (%v)", at, err)
	}
	if got := fmt.Sprint(a.body["assignedRoles"]); got != "[map[name:Developer] map[id:r1]]" {
		t.Errorf("roles %s", got)
	}
	if date, err := http.ParseTime(a.header.Get("Date")); err != nil || time.Since(date) > 5*time.Second {
		t.Errorf("Date %q", a.header.Get("Date"))
	}
	if kind := a.header.Get("Content-Type"); kind != "application/json" {
		t.Errorf("Content-Type %q", kind)
	}
	users := tenant.Users()
	if len(users) != 1 || users[0].ID != id || users[0].Subject != `corp\jdoe` || !slices.Equal(users[0].Roles, []string{"Developer", "r1"}) {
		t.Errorf("on the tenant: %+v", users)
	}
}

func TestCreateRefusesWhatATenantRefuses(t *testing.T) {
	for _, test := range []struct {
		name, body string
		status     int
		code       string
		pointer    string
	}{
		{"no body", "", 400, "USERS-4", ""},
		{"no JSON", "{", 400, "USERS-4", ""},
		{"two objects", `{"subject":"a"}{"subject":"b"}`, 400, "USERS-4", ""},
		{"a list", `["a"]`, 400, "USERS-4", ""},
		{"null", `null`, 400, "USERS-4", ""},
		{"broken UTF-8", "{\"subject\":\"a\xff\"}", 400, "USERS-4", ""},
		{"no subject", `{"name":"A"}`, 400, "USERS-4", "/subject"},
		{"subject in another case", `{"Subject":"a"}`, 400, "USERS-4", "/subject"},
		{"empty subject", `{"subject":""}`, 400, "USERS-4", "/subject"},
		{"subject a number", `{"subject":7}`, 400, "USERS-4", "/subject"},
		{"name null", `{"subject":"a","name":null}`, 400, "USERS-4", "/name"},
		{"unknown status", `{"subject":"a","status":"disabled"}`, 400, "USERS-4", "/status"},
		{"invited without an address", `{"subject":"a","status":"invited"}`, 400, "USERS-4", "/email"},
		{"invited", `{"subject":"a","status":"invited","email":"a@b.example"}`, 201, "", ""},
		{"address with a name", `{"subject":"a","email":"A <a@b.example>"}`, 400, "USERS-4", "/email"},
		{"no address", `{"subject":"a","email":"nobody"}`, 400, "USERS-4", "/email"},
		{"empty address", `{"subject":"a","email":""}`, 400, "USERS-4", "/email"},
		{"address with an umlaut", `{"subject":"a","email":"jörg@bücher.example"}`, 201, "", ""},
		{"roles that are no list", `{"subject":"a","assignedRoles":{"name":"x"}}`, 400, "USERS-4", "/assignedRoles"},
		{"a role without a name", `{"subject":"a","assignedRoles":[{}]}`, 400, "USERS-4", "/assignedRoles"},
		{"a role that is text", `{"subject":"a","assignedRoles":["x"]}`, 400, "USERS-4", "/assignedRoles"},
		{"subject there", `{"subject":"there"}`, 409, "USERS-8", "/subject"},
		{"subject there in another case", `{"subject":"There"}`, 201, "", ""},
		{"500 kB", `{"subject":"` + strings.Repeat("x", maxBody-14) + `"}`, 201, "", ""},
		{"a byte over 500 kB", `{"subject":"` + strings.Repeat("x", maxBody-13) + `"}`, 413, "HTTP-413", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			tenant := New(Options{})
			tenant.Add(User{Subject: "there"})
			a := overSocket(t, tenant).post("/api/v1/users", test.body)
			source, _ := a.fault()["source"].(map[string]any)
			code, _ := a.fault()["code"].(string)
			pointer, _ := source["pointer"].(string)
			if a.status != test.status || code != test.code || pointer != test.pointer {
				t.Errorf("%d %q %q, want %d %q %q: %.200s", a.status, code, pointer, test.status, test.code, test.pointer, a.text)
			}
			if a.status != 201 && (a.fault()["title"] == nil || a.fault()["status"] != float64(a.status)) {
				t.Errorf("error body %s", a.text)
			}
			if n := len(tenant.Users()); (n == 2) != (test.status == 201) {
				t.Errorf("%d users", n)
			}
		})
	}
}

func TestBodiesMustSayThatTheyAreJSON(t *testing.T) {
	c := overSocket(t, New(Options{}))
	for kind, want := range map[string]int{"": 400, "text/plain": 400, "application/jsonx": 400, "application/json; charset=utf-8": 201, "Application/JSON": 201} {
		if a := c.do(t.Context(), http.MethodPost, "/api/v1/users", kind, `{"subject":"`+kind+`."}`); a.status != want {
			t.Errorf("%q: %d, want %d: %s", kind, a.status, want, a.text)
		}
	}
}

func TestABodyThatBreaksOffIsNotTaken(t *testing.T) {
	tenant := New(Options{})
	server := httptest.NewServer(tenant)
	defer server.Close()
	for sent, announced := range map[string]int{"": 20, `{"subject":"a"}`: 20} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://acme.eu.qlikcloud.com/api/v1/users", io.NopCloser(strings.NewReader(sent)))
		if err != nil {
			t.Fatal(err)
		}
		req.ContentLength = int64(announced)
		if _, err := tenant.Transport().RoundTrip(req); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%q in process: %v", sent, err)
		}
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := fmt.Fprintf(conn, "POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", announced, sent); err != nil {
			t.Fatal(err)
		}
		if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if answer, err := io.ReadAll(conn); len(answer) > 0 {
			t.Errorf("%q over a socket: %q, %v", sent, answer, err)
		}
	}
	if s := tenant.Stats(); s.Requests > 0 || len(tenant.Users()) > 0 {
		t.Errorf("%+v", s)
	}
}

func TestSubjectsInAnotherCaseCollideWhereTheTenantSaysSo(t *testing.T) {
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

func TestChecksComeInAGatewaysOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := New(Options{Tier2: Budget{2, time.Minute}})
		c := inProcess(t, tenant)
		good := c.bearer
		huge := strings.Repeat("x", maxBody+1)
		c.bearer = "dead"
		for range 5 { // who is not let in costs nothing
			if a := c.post("/api/v1/users", huge); a.status != 401 {
				t.Fatalf("dead token before size: %d", a.status)
			}
		}
		c.bearer = good
		if a := c.post("/api/v1/users", huge); a.status != 413 {
			t.Fatalf("size: %d", a.status)
		}
		if a := c.create(""); a.status != 400 {
			t.Fatalf("subject: %d", a.status)
		}
		if a := c.post("/api/v1/users", huge); a.status != 429 || a.header.Get("Retry-After") != "60" {
			t.Fatalf("limit before size: %d", a.status)
		}
		if s := tenant.Stats(); s.Create != 8 || s.Unauthorized != 5 || s.Invalid != 2 || s.TooManyTier2 != 1 || s.Created != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestUnknownPathsAndMethodsAreRefused(t *testing.T) {
	c := overSocket(t, New(Options{}))
	for _, test := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/", 404, ""}, {"GET", "/api/v1/apps", 404, ""}, {"GET", "/api/v1/users/", 404, ""}, {"GET", "/api/v1/users/a/b", 404, ""},
		{"GET", "/api/v1/users/5f0000000000000000000000", 404, ""},
		{"PUT", "/api/v1/users", 405, "GET, POST"}, {"GET", "/oauth/token", 405, "POST"}, {"DELETE", "/api/v1/users/5f", 405, "GET"},
		{"GET", "/api/v1/users/actions/filter", 405, "POST"}, {"PATCH", "/api/v1/users/actions/count", 405, "POST"},
	} {
		a := c.do(t.Context(), test.method, test.path, "", "")
		if a.status != test.status || a.header.Get("Allow") != test.allow || a.fault()["code"] == nil {
			t.Errorf("%s %s: %d, Allow %q: %s", test.method, test.path, a.status, a.header.Get("Allow"), a.text)
		}
	}
}
