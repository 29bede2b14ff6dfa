package sandbox

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const jsonType = "application/json"

func TestTokenRequest(t *testing.T) {
	o := Options{
		ClientID: "c1", ClientSecret: "s&1", Scopes: []string{"admin.users", "user_default"}, TokenLife: 90 * time.Minute,
	}
	request := func(id, secret, grant, scope string) string {
		return fmt.Sprintf(`{"client_id":%q,"client_secret":%q,"grant_type":%q%s}`, id, secret, grant, scope)
	}
	const grant, scopeX = "client_credentials", `,"scope":"x"`
	for _, test := range []struct {
		name        string
		contentType string
		text        string
		status      int
		error       string // of OAuth, or the code of Qlik's
	}{
		{"with a scope", jsonType, request("c1", "s&1", grant, `,"scope":"admin.users"`), 200, ""},
		{"without a scope", jsonType + "; charset=utf-8", request("c1", "s&1", grant, ""), 200, ""},
		{"scope refused", jsonType, request("c1", "s&1", grant, `,"scope":"admin.users x"`), 400, "invalid_scope"},
		{"wrong secret", jsonType, request("c1", "no", grant, ""), 401, "LOGIN-4"},
		{"wrong client", jsonType, request("c2", "s&1", grant, ""), 401, "LOGIN-4"},
		{"wrong client before the scope", jsonType, request("c2", "s&1", grant, scopeX), 401, "LOGIN-4"},
		{"another grant", jsonType, request("c1", "s&1", "password", ""), 400, "USERS-4"},
		{"no grant", jsonType, `{"client_id":"c1","client_secret":"s&1"}`, 400, "USERS-4"},
		{"no JSON", jsonType, `client_id=c1`, 400, "USERS-4"},
		{"a secret that is a number", jsonType, `{"client_id":"c1","client_secret":1}`, 400, "USERS-4"},
		{"too large", jsonType, "{}" + strings.Repeat(" ", maxBody), 413, "HTTP-413"},
		{"no content type", "", request("c1", "s&1", grant, ""), 400, "USERS-4"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := overSocket(t, New(o))
			c.bearer = ""
			a := c.do(http.MethodPost, "/oauth/token", test.contentType, test.text)
			if a.status != test.status || a.body.Error+a.code() != test.error {
				t.Fatalf("%d %s, want %d %q", a.status, a.text, test.status, test.error)
			}
			if test.status == 200 {
				checkToken(t, c, a)
			}
		})
	}
}

// checkToken checks an answer with a token of 90 minutes, and that the token is accepted.
func checkToken(t *testing.T, c *client, a answer) {
	t.Helper()
	expires, err := time.Parse(time.RFC3339, a.body.ExpiresAt)
	if left := time.Until(expires); err != nil || left < 89*time.Minute || left > 90*time.Minute {
		t.Errorf("expires_at %q: %v", a.body.ExpiresAt, err)
	}
	if a.body.TokenType != "bearer" || a.body.ExpiresIn != 5400 {
		t.Errorf("%s", a.text)
	}
	c.bearer = a.body.AccessToken
	if a := c.get("/api/v1/users"); a.status != 200 {
		t.Errorf("the token is not accepted: %d %s", a.status, a.text)
	}
}

func TestTokenExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := New(Options{TokenLife: time.Minute})
		c := inProcess(t, tenant)
		time.Sleep(time.Minute - 1)
		if a := c.get("/api/v1/users"); a.status != 200 {
			t.Fatalf("before its end: %d", a.status)
		}
		time.Sleep(time.Nanosecond)
		if a := c.get("/api/v1/users"); a.status != 401 {
			t.Fatalf("at its end: %d %s", a.status, a.text)
		}
		c.logIn(tenant)
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

func TestTokenLivesSixHours(t *testing.T) {
	tenant := New(Options{})
	if a := inProcess(t, tenant).post("/oauth/token", tokenRequest(tenant, "")); a.body.ExpiresIn != 21600 {
		t.Errorf("%s", a.text)
	}
}

func TestAuthorization(t *testing.T) {
	tenant := New(Options{APIKey: "key1", Scopes: []string{"user_default"}})
	c := inProcess(t, tenant)
	for _, test := range []struct {
		name, header string
		want         int
	}{
		{"a token without the scope", "Bearer " + c.bearer, 403},
		{"an API key", "Bearer key1", 200},
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
	tenant.Add(User{ID: "5f", Subject: "a"})
	for name, a := range map[string]answer{
		"create": c.create("b"), "patch": c.patch("5f", `[{"op":"replace","path":"/name","value":"B"}]`),
		"delete": c.delete("5f"), "roles": c.get("/api/v1/roles"),
		"filter": c.post("/api/v1/users/actions/filter", `{"filter":"id eq \"1\""}`),
	} {
		if a.status != 403 {
			t.Errorf("%s without the scope: %d", name, a.status)
		}
	}
	if s := tenant.Stats(); s.Created+s.Changed+s.Deleted != 0 {
		t.Errorf("%+v", s)
	}
}
