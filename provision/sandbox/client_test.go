package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// client sends requests as the API notes describe them. It shares no type with the tenant.
type client struct {
	t      testing.TB
	http   *http.Client
	base   string
	bearer string
}

// answer is what a client received.
type answer struct {
	status int
	header http.Header
	text   string
	body   body
}

// body has the properties of all answers.
type body struct {
	wireUser
	Data  []wireUser
	Links struct {
		Self, Next *struct{ Href string }
	}
	Errors []struct {
		Code, Title, Detail string
		Status              any
	}
	TraceID     string `json:"traceId"`
	Error       string
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresAt   string `json:"expires_at"`
	ExpiresIn   int    `json:"expires_in"`
}

// wireUser is a user, or a role, as the notes describe them.
type wireUser struct {
	ID, TenantID, Subject, Name, Email, Status, CreatedAt string
	AssignedRoles                                         []wireRole
	Links                                                 struct{ Self struct{ Href string } }
	Type, Level                                           string
}

type wireRole struct{ ID, Name, Type, Level string }

// inProcess returns a client without a socket that has a token.
func inProcess(t testing.TB, tenant *Tenant) *client {
	c := &client{t: t, http: &http.Client{Transport: InProcess(tenant)}, base: "https://acme.eu.qlikcloud.com"}
	c.logIn(tenant)
	return c
}

// overSocket returns a client of a server on the loopback interface that has a token.
func overSocket(t testing.TB, tenant *Tenant) *client {
	server := httptest.NewServer(tenant)
	t.Cleanup(server.Close)
	c := &client{t: t, http: server.Client(), base: server.URL}
	c.logIn(tenant)
	return c
}

func (c *client) logIn(tenant *Tenant) {
	c.t.Helper()
	a := c.post("/oauth/token", tokenRequest(tenant, ""))
	if c.bearer = a.body.AccessToken; c.bearer == "" {
		c.t.Fatalf("no token: %d %s", a.status, a.text)
	}
}

func tokenRequest(tenant *Tenant, more string) string {
	return fmt.Sprintf(`{"client_id":%q,"client_secret":%q,"grant_type":"client_credentials"%s}`,
		tenant.Options().ClientID, tenant.Options().ClientSecret, more)
}

func (c *client) do(method, path, contentType, text string) answer {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, strings.NewReader(text))
	if err != nil {
		c.t.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	req.Header.Set("Authorization", "Bearer "+c.bearer)
	resp, err := c.http.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	received, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header, text: string(received)}
	if len(received) > 0 {
		if err := json.Unmarshal(received, &a.body); err != nil {
			c.t.Fatalf("%s: %v", received, err)
		}
	}
	if a.status >= 400 && a.body.Error == "" {
		if e := a.body.Errors; len(e) != 1 || e[0].Code == "" || e[0].Title == "" || len(a.body.TraceID) != 32 {
			c.t.Errorf("%s %s: the error is %s", method, path, received)
		}
	}
	return a
}

func (c *client) post(path, text string) answer {
	c.t.Helper()
	return c.do(http.MethodPost, path, "application/json", text)
}

func (c *client) get(path string) answer {
	c.t.Helper()
	return c.do(http.MethodGet, path, "", "")
}

func (c *client) patch(id, operations string) answer {
	c.t.Helper()
	return c.do(http.MethodPatch, "/api/v1/users/"+id, "application/json", operations)
}

func (c *client) delete(id string) answer {
	c.t.Helper()
	return c.do(http.MethodDelete, "/api/v1/users/"+id, "", "")
}

func (c *client) create(subject string) answer {
	c.t.Helper()
	return c.post("/api/v1/users", `{"subject":`+quote(subject)+`}`)
}

// find sends a filter and returns the subjects found, in order.
func (c *client) find(filter string) (subjects []string, a answer) {
	c.t.Helper()
	a = c.post("/api/v1/users/actions/filter?limit=100", `{"filter":`+quote(filter)+`}`)
	return a.subjects(), a
}

func (a answer) subjects() (all []string) {
	for _, u := range a.body.Data {
		all = append(all, u.Subject)
	}
	return all
}

// code is that of the first error, in Qlik's form.
func (a answer) code() string {
	if len(a.body.Errors) == 0 {
		return ""
	}
	return a.body.Errors[0].Code
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}
