package sandbox

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const (
	jsonKind = "application/json"
	formKind = "application/x-www-form-urlencoded"
)

func TestTokenRequestIsAnswered(t *testing.T) {
	o := Options{ClientID: "c1", ClientSecret: "s&1", Scopes: []string{"admin.users", "user_default"}, TokenLife: 90 * time.Minute}
	for _, test := range []struct {
		name, kind, body string
		status           int
		path             []string // of the value wanted
		want             any
	}{
		{"JSON", jsonKind, `{"client_id":"c1","client_secret":"s&1","grant_type":"client_credentials","scope":"admin.users"}`, 200, []string{"scope"}, "admin.users"},
		{"JSON with a charset", jsonKind + "; charset=utf-8", `{"client_id":"c1","client_secret":"s&1","grant_type":"client_credentials"}`, 200, []string{"token_type"}, "bearer"},
		{"form", formKind, url.Values{"client_id": {"c1"}, "client_secret": {"s&1"}, "grant_type": {"client_credentials"}}.Encode(), 200, []string{"expires_in"}, 5400.0},
		{"no scope asked for gives all", jsonKind, `{"client_id":"c1","client_secret":"s&1","grant_type":"client_credentials"}`, 200, []string{"scope"}, "admin.users user_default"},
		{"another scope", jsonKind, `{"client_id":"c1","client_secret":"s&1","grant_type":"client_credentials","scope":"admin.users apps"}`, 400, []string{"error"}, "invalid_scope"},
		{"wrong secret", jsonKind, `{"client_id":"c1","client_secret":"no","grant_type":"client_credentials"}`, 401, []string{"errors", "status"}, "401"},
		{"wrong client", jsonKind, `{"client_id":"c2","client_secret":"s&1","grant_type":"client_credentials"}`, 401, []string{"errors", "title"}, "Invalid client"},
		{"another grant", jsonKind, `{"client_id":"c1","client_secret":"s&1","grant_type":"password"}`, 400, []string{"error"}, "unsupported_grant_type"},
		{"no grant", jsonKind, `{"client_id":"c1","client_secret":"s&1"}`, 400, []string{"error"}, "invalid_request"},
		{"no JSON", jsonKind, `client_id=c1`, 400, []string{"error"}, "invalid_request"},
		{"too long", jsonKind, strings.Repeat(" ", maxBody+1), 400, []string{"error_description"}, "the body is larger than 500 kB"},
		{"no content type", "", `{"client_id":"c1","client_secret":"s&1","grant_type":"client_credentials"}`, 400, []string{"error"}, "invalid_request"},
		{"property in another case", jsonKind, `{"client_id":"c1","Client_Secret":"s&1","grant_type":"client_credentials"}`, 401, []string{"errors", "code"}, "OAUTH-1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := overSocket(t, New(o))
			c.bearer = ""
			a := c.do(t.Context(), http.MethodPost, "/oauth/token", test.kind, test.body)
			got := a.at(test.path...)
			if test.path[0] == "errors" {
				got = a.fault()[test.path[1]]
				if trace, _ := a.body["traceId"].(string); len(trace) != 32 {
					t.Errorf("traceId %q", trace)
				}
			}
			if a.status != test.status || got != test.want {
				t.Errorf("%d, %v = %v; want %d, %v: %s", a.status, test.path, got, test.status, test.want, a.text)
			}
			if a.status == 200 {
				c.bearer, _ = a.body["access_token"].(string)
				if a := c.get("/api/v1/users"); a.status != 200 {
					t.Errorf("the token opens nothing: %d %s", a.status, a.text)
				}
			}
		})
	}
}

func TestTokenDiesWhenItsTimeOrItsUsesAreUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := New(Options{TokenLife: time.Minute})
		c := inProcess(t, tenant)
		time.Sleep(time.Minute - 1)
		if a := c.get("/api/v1/users"); a.status != 200 {
			t.Fatalf("before its end: %d", a.status)
		}
		time.Sleep(time.Nanosecond)
		if a := c.get("/api/v1/users"); a.status != 401 || a.fault()["code"] == nil || a.fault()["title"] == nil {
			t.Fatalf("at its end: %d %s", a.status, a.text)
		}
		c.login(tenant)
		if a := c.get("/api/v1/users"); a.status != 200 {
			t.Fatalf("a new one: %d", a.status)
		}
	})
	c := inProcess(t, New(Options{TokenUses: 2}))
	for i, want := range []int{200, 200, 401, 401} {
		if a := c.get("/api/v1/users"); a.status != want {
			t.Errorf("use %d: %d, want %d", i, a.status, want)
		}
	}
}

func TestBearerDecides(t *testing.T) {
	tenant := New(Options{APIKey: "key1", Scopes: []string{"user_default"}})
	c := inProcess(t, tenant)
	token := c.bearer
	for _, test := range []struct {
		name, header string
		want         int
	}{
		{"a token without the scope", "Bearer " + token, 403},
		{"an API key", "Bearer key1", 200},
		{"the scheme in another case", "bearer key1", 200},
		{"part of the key", "Bearer key", 401},
		{"no header", "", 401},
		{"another scheme", "Basic key1", 401},
		{"no scheme", "key1", 401},
		{"an empty token", "Bearer ", 401},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.base+"/api/v1/users", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", test.header)
		resp, err := c.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != test.want {
			t.Errorf("%s: %d, want %d", test.name, resp.StatusCode, test.want)
		}
	}
	for _, path := range []string{"/api/v1/users", "/api/v1/users/actions/filter", "/api/v1/users/actions/count"} {
		if a := c.post(path, `{"subject":"a","filter":"id eq \"1\""}`); a.status != 403 {
			t.Errorf("POST %s without the scope: %d", path, a.status)
		}
	}
	if a := c.get("/api/v1/users/1"); a.status != 403 {
		t.Errorf("GET by id without the scope: %d", a.status)
	}
	if n := len(tenant.Users()); n != 0 {
		t.Errorf("%d users without the scope", n)
	}
}

func TestTokenEndpointHasALimitOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := New(Options{Token: Budget{1, 10 * time.Second}})
		c := inProcess(t, tenant)
		body := `{"client_id":"` + tenant.ClientID() + `","client_secret":"` + tenant.ClientSecret() + `","grant_type":"client_credentials"}`
		if a := c.post("/oauth/token", body); a.status != 429 || a.header.Get("Retry-After") != "10" {
			t.Errorf("second token: %d, Retry-After %q", a.status, a.header.Get("Retry-After"))
		}
		if a := c.create("a"); a.status != 201 {
			t.Errorf("another tier: %d", a.status)
		}
		time.Sleep(10 * time.Second)
		if a := c.post("/oauth/token", body); a.status != 200 {
			t.Errorf("after the wait: %d", a.status)
		}
		if s := tenant.Stats(); s.Token != 3 || s.Tokens != 2 || s.TooMany != 1 || s.TooManyToken != 1 || s.TooManyTier2 != 0 {
			t.Errorf("%+v", s)
		}
	})
}
