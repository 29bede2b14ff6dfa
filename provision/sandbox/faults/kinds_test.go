package faults

import (
	"bytes"
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
	"time"

	"qlik-provision/provision/sandbox"
)

// TestKindsBeforeAndAfter strikes a create before and after its effect.
func TestKindsBeforeAndAfter(t *testing.T) {
	for _, test := range []struct {
		fault Fault
		want  string // what the client sees
	}{
		{Fault{Kind: Status, Status: 503, RetryAfter: "7"}, "503"},
		{Fault{Kind: Status, Status: 403, Code: "USERS-9", Title: "No"}, "403"},
		{Fault{Kind: Status, Status: 502, Body: "<html>bad gateway</html>"}, "502 no JSON"},
		{Fault{Kind: Status, Status: 400, Body: `{"error":"invalid_scope"}`}, "400"},
		{Fault{Kind: Status, Status: 504, NoBody: true}, "504 no JSON"},
		{Fault{Kind: Status}, "500"},
		{Fault{Kind: Redirect, Location: "https://elsewhere.example/"}, "302"},
		{Fault{Kind: Reset}, "reset"},
		{Fault{Kind: Hang}, "timeout"},
		{Fault{Kind: Cut}, "201 cut"},
		{Fault{Kind: Garbage}, "201 no JSON"},
		{Fault{Kind: LoginPage}, "200 no JSON"},
		{Fault{Kind: Switching}, "101"},
		{Fault{Kind: TokenDies}, "401"},
		{Fault{Kind: Drip}, "201 timeout"},
		{Fault{Kind: Nested}, "201 no JSON"}, // encoding/json refuses it: too deep
		{Fault{Delay: time.Hour}, "timeout"},
	} {
		for _, after := range []bool{false, true} {
			for name, dial := range dials {
				t.Run(fmt.Sprintf("%s %d after=%v %s", test.fault.Kind, test.fault.Status, after, name), func(t *testing.T) {
					t.Parallel()
					i := newInjector(sandbox.Options{}, 0)
					c := dial(t, i)
					f := test.fault
					f.After, f.On, f.Times = after, sandbox.EndpointCreate, 1
					i.Inject(f)
					a := c.sendFor(300*time.Millisecond, sandbox.EndpointCreate, "a")
					checkStruck(t, i, f, a, test.want)
					want := "201"
					if f.Kind == TokenDies {
						want = "401"
					}
					if a := c.create("b"); a.String() != want {
						t.Errorf("the next request: %s", a)
					}
				})
			}
		}
	}
}

// checkStruck checks what a client saw of a fault that struck a create, and whether the create took effect.
func checkStruck(t *testing.T, i *Injector, f Fault, a received, want string) {
	t.Helper()
	if a.String() != want {
		t.Errorf("saw %q, want %q: %v %.100s", a, want, a.err, a.text)
	}
	if a.header != nil && (a.header.Get("Retry-After") != f.RetryAfter || a.header.Get("Location") != f.Location ||
		a.header.Get("Date") == "") {
		t.Errorf("headers %v", a.header)
	}
	if f.Code != "" && !strings.Contains(a.text, `{"code":"USERS-9","title":"No","status":403}`) {
		t.Errorf("body %s", a.text)
	}
	users := 1
	if f.After {
		users = 2
	}
	if n := len(i.Users()); n != users {
		t.Errorf("%d users, want %d", n, users)
	}
	if s := i.Stats(); i.Struck() != 1 || s.Create != 1 || s.Writes != 1 || s.Requests != 1 {
		t.Errorf("%d struck, %+v", i.Struck(), s)
	}
}

func TestEveryEndpointCanFail(t *testing.T) {
	ok := map[sandbox.Endpoint]string{
		sandbox.EndpointToken: "200", sandbox.EndpointCreate: "201", sandbox.EndpointPatch: "204",
		sandbox.EndpointDelete: "204", sandbox.EndpointList: "200", sandbox.EndpointFilter: "200",
		sandbox.EndpointRoles: "200",
	}
	for e, status := range ok {
		body := strings.Replace(status, "204", "200", 1)
		for kind, want := range map[Kind]string{
			Status: "502", Reset: "reset", Cut: body + " cut", Garbage: body + " no JSON", TokenDies: "401",
		} {
			for _, after := range []bool{false, true} {
				for name, dial := range dials {
					i := newInjector(sandbox.Options{ClientID: "c", ClientSecret: "s"}, 0)
					c := dial(t, i)
					i.Inject(Fault{Kind: kind, On: e, After: after, Status: 502})
					if got := c.send(e, "new").String(); got != want {
						t.Errorf("%s on %s, after=%v, %s: %q, want %q", kind, e, after, name, got, want)
					}
					s := i.Tenant.Stats()
					if effects := s.Tokens + s.Created + s.Changed + s.Deleted; after != (effects == 1) && status != "200" {
						t.Errorf("%s on %s, after=%v, %s: %+v", kind, e, after, name, s)
					}
				}
			}
		}
	}
}

func TestPartialPatch(t *testing.T) {
	for name, dial := range dials {
		i := newInjector(sandbox.Options{}, 0)
		c := dial(t, i)
		i.Inject(Fault{Kind: Partial, Times: 2})
		if a := c.create("a"); a.status != 201 {
			t.Errorf("%s: a create is struck: %s", name, a)
		}
		if a := c.send(sandbox.EndpointPatch, ""); a.status != 207 || !strings.Contains(a.text, `"errors":[`) {
			t.Errorf("%s: %s %s", name, a, a.text)
		}
		if u, _ := i.User("5f"); u.Name != "New" || len(u.Roles) != 0 {
			t.Errorf("%s: after a partial patch: %+v", name, u)
		}
		if a := c.do(time.Minute, http.MethodPatch, "/api/v1/users/5f", "{}"); a.status != 400 {
			t.Errorf("%s: a patch that is wrong: %s", name, a)
		}
		if a := c.send(sandbox.EndpointPatch, ""); a.status != 204 {
			t.Errorf("%s: %s", name, a)
		}
		if u, _ := i.User("5f"); len(u.Roles) != 1 {
			t.Errorf("%s: after a whole patch: %+v", name, u)
		}
	}
}

func TestWrongAnswer(t *testing.T) {
	for name, dial := range dials {
		for _, after := range []bool{false, true} {
			i := newInjector(sandbox.Options{}, 0)
			c := dial(t, i)
			i.Inject(Fault{Kind: WrongAnswer, After: after, Times: 2})
			a, b, d := c.create("a"), c.create("b"), c.create("d")
			want := a.text // of the create before
			if a.status != 201 || b.status != 201 || b.text != want {
				t.Errorf("%s, after=%v: %s, then %s %s", name, after, a.text, b, b.text)
			}
			if users := len(i.Users()); users != map[bool]int{false: 2, true: 4}[after] {
				t.Errorf("%s, after=%v: %d users", name, after, users)
			}
			if after && !strings.Contains(d.text, `"subject":"b"`) || !after && d.text != want {
				t.Errorf("%s, after=%v: the third create is answered with %s", name, after, d.text)
			}
		}
	}
}

func TestOKInstead(t *testing.T) {
	for name, dial := range dials {
		i := newInjector(sandbox.Options{}, 0)
		c := dial(t, i)
		i.Inject(Fault{Kind: OKInstead, Times: 1})
		c.send(sandbox.EndpointList, "")
		if a := c.create("a"); a.status != 200 || !strings.Contains(a.text, `"subject":"a"`) || len(i.Users()) != 2 {
			t.Errorf("%s: %s %s", name, a, a.text)
		}
	}
}

func TestResetIsConnectionReset(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has an error of its own for it")
	}
	for name, dial := range dials {
		i := newInjector(sandbox.Options{}, 0)
		i.Inject(Fault{Kind: Reset})
		if a := dial(t, i).create("a"); !errors.Is(a.err, syscall.ECONNRESET) {
			t.Errorf("%s: %v", name, a.err)
		}
	}
}

func TestHTTP2(t *testing.T) {
	i := newInjector(sandbox.Options{}, 0)
	server := httptest.NewUnstartedServer(i)
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	c := &client{t, server.Client(), server.URL}
	if a := c.create("a"); a.status != 201 || !strings.Contains(a.text, server.URL+"/api/v1/users/") {
		t.Errorf("%s %s", a, a.text)
	}
	for _, kind := range []Kind{Reset, Cut, LongHeader} {
		i.Clear()
		i.Inject(Fault{Kind: kind})
		if a := c.create("b"); a.err == nil {
			t.Errorf("%s: %s", kind, a)
		}
	}
	i.Clear()
	i.Inject(Fault{Kind: Switching}) // HTTP/2 has no 101: what arrives is not the answer to a create either
	if a := c.sendFor(300*time.Millisecond, sandbox.EndpointCreate, "c"); a.String() == "201" {
		t.Errorf("switching: %s", a)
	}
}

func TestHostileBodies(t *testing.T) {
	const size = 16 << 20
	for name, dial := range dials {
		i := newInjector(sandbox.Options{}, 0)
		c := dial(t, i)
		get := func(kind Kind, acceptEncoding string) (*http.Response, error) {
			i.Clear()
			i.Inject(Fault{Kind: kind, After: kind == Drip})
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.base+"/api/v1/users", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+key)
			if acceptEncoding != "" {
				req.Header.Set("Accept-Encoding", acceptEncoding)
			}
			return c.http.Do(req)
		}
		read := func(kind Kind, r io.Reader, n int64) {
			if got, err := io.CopyN(io.Discard, r, n); got != n || err != nil {
				t.Errorf("%s, %s: %d bytes, %v", kind, name, got, err)
			}
		}
		for _, kind := range []Kind{Endless, GzipBomb, Drip} {
			resp, err := get(kind, "")
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			if kind == Drip {
				read(kind, resp.Body, 1)
				if took := time.Since(began); took < time.Second || resp.ContentLength < 100 {
					t.Errorf("drip, %s: a byte after %v", name, took)
				}
			} else {
				read(kind, resp.Body, size)
			}
			if (kind == GzipBomb) != resp.Uncompressed || resp.Header.Get("Content-Encoding") != "" {
				t.Errorf("%s, %s: uncompressed %v", kind, name, resp.Uncompressed)
			}
			resp.Body.Close()
		}
		resp, err := get(GzipBomb, "gzip")
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(resp.Body)
		if err != nil || resp.Header.Get("Content-Encoding") != "gzip" {
			t.Fatalf("%s: %v, %v", name, err, resp.Header)
		}
		read(GzipBomb, z, size)
		resp.Body.Close()
		if _, err = get(LongHeader, ""); err == nil || !strings.Contains(err.Error(), "headers exceeded") {
			t.Errorf("long header, %s: %v", name, err)
		}
	}
}

func TestGzipBombExpandsToAGibibyte(t *testing.T) {
	wire, err := io.ReadAll(gzipBomb())
	if err != nil || len(wire) > 2<<20 {
		t.Fatalf("%d bytes, %v", len(wire), err)
	}
	magic := wire[:8]
	if members := bytes.Count(wire, magic); members != 1+1024 {
		t.Errorf("%d members", members)
	}
	last := wire[bytes.LastIndex(wire, magic):]
	for i, member := range [][]byte{wire, last} {
		z, err := gzip.NewReader(bytes.NewReader(member))
		if err != nil {
			t.Fatal(err)
		}
		z.Multistream(false)
		text, err := io.ReadAll(z)
		if want := []string{`{"padding":"`, strings.Repeat(" ", 1<<20)}[i]; err != nil || string(text) != want {
			t.Errorf("member %d: %d bytes, %v", i, len(text), err)
		}
	}
}

func TestTransportStartsNoGoroutine(t *testing.T) {
	i := newInjector(sandbox.Options{Limit: sandbox.LimitOff}, 0)
	i.Inject(Fault{Kind: Endless})
	before := runtime.NumGoroutine()
	for range 50 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://acme.example/api/v1/users", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := i.Transport().RoundTrip(req) // left unread and open
		if err != nil || resp.StatusCode != 200 {
			t.Fatal(resp, err)
		}
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines before, %d after", before, after)
	}
}
