package sandbox

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

func TestEveryEndpointCanFail(t *testing.T) {
	faults := map[FaultKind]string{FaultStatus: "502", FaultReset: "reset", FaultCut: "%s cut", FaultGarbage: "%s no JSON", FaultTokenDies: "401"}
	for _, test := range []struct {
		on     Endpoint
		status string // without the fault
		send   func(*client, *Tenant) answer
	}{
		{EndpointToken, "200", func(c *client, tenant *Tenant) answer {
			return c.post("/oauth/token", fmt.Sprintf(`{"client_id":%q,"client_secret":%q,"grant_type":"client_credentials"}`, tenant.ClientID(), tenant.ClientSecret()))
		}},
		{EndpointCreate, "201", func(c *client, _ *Tenant) answer { return c.create("new") }},
		{EndpointList, "200", func(c *client, _ *Tenant) answer { return c.get("/api/v1/users?filter=subject+eq+%22there%22") }},
		{EndpointGet, "200", func(c *client, tenant *Tenant) answer { return c.get("/api/v1/users/" + tenant.Users()[0].ID) }},
		{EndpointFilter, "200", func(c *client, _ *Tenant) answer { _, a := c.find(`subject eq "there"`); return a }},
		{EndpointCount, "200", func(c *client, _ *Tenant) answer {
			return c.post("/api/v1/users/actions/count", `{"filter":"subject eq \"there\""}`)
		}},
	} {
		for kind, want := range faults {
			for _, after := range []bool{false, true} {
				for name, dial := range map[string]func(testing.TB, *Tenant) *client{"socket": overSocket, "in process": inProcess} {
					tenant := New(Options{})
					tenant.Add(User{Subject: "there"})
					c := dial(t, tenant)
					tokens := tenant.Stats().Tokens
					f := Fault{Kind: kind, On: test.on, After: after, Status: 502, Skip: 1} // the first is let through
					if test.on != EndpointToken {
						f.Subjects = []string{"other", "there", "new"}
					}
					tenant.Inject(f)
					if got := test.send(c, tenant).seen(); got != test.status {
						t.Errorf("%s %s, skipped: %s", test.on, name, got)
					}
					if strings.Contains(want, "%s") {
						want = fmt.Sprintf(want, test.status)
					}
					status := test.status
					if test.on == EndpointCreate {
						status = "409" // what the second create has, and what is cut or lost after it
					}
					if after {
						want = strings.Replace(want, test.status, status, 1)
					}
					// A GET on a kept connection is sent again by net/http itself, and each of them is struck.
					if got := test.send(c, tenant).seen(); got != want {
						t.Errorf("%s on %s, after=%v, %s: saw %q, want %q", kind, test.on, after, name, got, want)
					}
					given := tenant.Stats().Tokens - tokens
					if wantTokens := map[bool]int{false: 1, true: 2}[after]; test.on == EndpointToken && given != wantTokens {
						t.Errorf("%s on %s, after=%v, %s: %d tokens given", kind, test.on, after, name, given)
					}
					want = faults[kind]
				}
			}
		}
	}
}

func TestAResetIsOne(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has an error of its own for it")
	}
	for name, dial := range map[string]func(testing.TB, *Tenant) *client{"socket": overSocket, "in process": inProcess} {
		tenant := New(Options{})
		c := dial(t, tenant)
		tenant.Inject(Fault{Kind: FaultReset})
		if a := c.create("a"); !errors.Is(a.err, syscall.ECONNRESET) {
			t.Errorf("%s: %v", name, a.err)
		}
	}
}

func TestOverHTTP2AResetIsABrokenStream(t *testing.T) {
	tenant := New(Options{APIKey: "k"})
	server := httptest.NewUnstartedServer(tenant)
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	c := &client{t: t, http: server.Client(), base: server.URL, bearer: "k"}
	a := c.create("a")
	if self, _ := a.at("links", "self", "href").(string); a.status != 201 || !strings.HasPrefix(self, server.URL+"/api/v1/users/") {
		t.Errorf("%d, self %q: %v", a.status, self, a.err)
	}
	for _, kind := range []FaultKind{FaultReset, FaultCut, FaultLongHeader} {
		tenant.ClearFaults()
		tenant.Inject(Fault{Kind: kind})
		if a := c.create("b"); a.err == nil {
			t.Errorf("%s: %d %s", kind, a.status, a.text)
		}
	}
}

func TestAClientThatUnpacksByItselfGetsGzip(t *testing.T) {
	for name, dial := range map[string]func(testing.TB, *Tenant) *client{"socket": overSocket, "in process": inProcess} {
		tenant := New(Options{})
		c := dial(t, tenant)
		tenant.Inject(Fault{Kind: FaultGzipBomb})
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.base+"/api/v1/users", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept-Encoding", "gzip")
		resp, err := c.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(resp.Body)
		if err != nil || resp.Header.Get("Content-Encoding") != "gzip" {
			t.Fatalf("%s: %v, %v", name, err, resp.Header)
		}
		if n, err := io.CopyN(io.Discard, z, 1<<20); n != 1<<20 || err != nil {
			t.Errorf("%s: %d bytes, %v", name, n, err)
		}
		resp.Body.Close()
		if _, err := resp.Body.Read(make([]byte, 1)); err == nil {
			t.Errorf("%s: a closed body can be read", name)
		}
	}
}
