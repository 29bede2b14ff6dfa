package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// client speaks to a tenant as the API notes say, with maps for bodies: nothing of it is shared with the tenant.
type client struct {
	t      testing.TB
	http   *http.Client
	base   string
	bearer string
}

// answer is what a client saw.
type answer struct {
	status int
	header http.Header
	text   string
	body   map[string]any // nil: no JSON object
	err    error          // while sending, or reading the body
}

// inProcess is a client without a socket, with a token.
func inProcess(t testing.TB, tenant *Tenant) *client {
	c := &client{t: t, http: &http.Client{Transport: tenant.Transport(), CheckRedirect: noRedirect}, base: "https://acme.eu.qlikcloud.com"}
	c.login(tenant)
	return c
}

// overSocket is a client of a server on the loopback, with a token.
func overSocket(t testing.TB, tenant *Tenant) *client {
	server := httptest.NewServer(tenant)
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
	})
	c := &client{t: t, http: &http.Client{Transport: transport, CheckRedirect: noRedirect}, base: server.URL}
	c.login(tenant)
	return c
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func (c *client) login(tenant *Tenant) {
	c.t.Helper()
	a := c.post("/oauth/token", fmt.Sprintf(`{"client_id":%q,"client_secret":%q,"grant_type":"client_credentials"}`, tenant.ClientID(), tenant.ClientSecret()))
	token, ok := a.body["access_token"].(string)
	if !ok {
		c.t.Fatalf("no token: %d %s %v", a.status, a.text, a.err)
	}
	c.bearer = token
}

func (c *client) do(ctx context.Context, method, path, kind, body string) answer {
	c.t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if body == "" {
		req.Body = http.NoBody
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if c.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+c.bearer)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{err: err}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 8<<20))
	a := answer{status: resp.StatusCode, header: resp.Header, text: string(text), err: err}
	if json.NewDecoder(bytes.NewReader(text)).Decode(&a.body) != nil {
		a.body = nil
	}
	return a
}

func (c *client) post(path, body string) answer {
	c.t.Helper()
	return c.do(c.t.Context(), http.MethodPost, path, "application/json", body)
}

func (c *client) get(path string) answer {
	c.t.Helper()
	return c.do(c.t.Context(), http.MethodGet, path, "", "")
}

func (c *client) create(subject string) answer {
	c.t.Helper()
	body, err := json.Marshal(map[string]string{"subject": subject})
	if err != nil {
		c.t.Fatal(err)
	}
	return c.post("/api/v1/users", string(body))
}

// find sends a filter and returns the subjects found, in order.
func (c *client) find(filter string) (subjects []string, a answer) {
	c.t.Helper()
	body, err := json.Marshal(map[string]string{"filter": filter})
	if err != nil {
		c.t.Fatal(err)
	}
	a = c.post("/api/v1/users/actions/filter?limit=100", string(body))
	return a.subjects(), a
}

// subjects are those in a list answer.
func (a answer) subjects() []string {
	data, _ := a.body["data"].([]any)
	var all []string
	for _, u := range data {
		user, _ := u.(map[string]any)
		subject, _ := user["subject"].(string)
		all = append(all, subject)
	}
	return all
}

// fault is the first error of an error body.
func (a answer) fault() map[string]any {
	errs, _ := a.body["errors"].([]any)
	if len(errs) == 0 {
		return nil
	}
	first, _ := errs[0].(map[string]any)
	return first
}

// at walks into nested objects.
func (a answer) at(path ...string) any {
	var v any = a.body
	for _, name := range path {
		o, _ := v.(map[string]any)
		v = o[name]
	}
	return v
}
