package faults

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
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
		{Fault{Kind: Status, Status: 202}, "202 no JSON"},
		{Fault{Kind: Status}, "500"},
		{Fault{Kind: Status, Status: 302, Location: "https://elsewhere.example/"}, "302 no JSON"},
		{Fault{Kind: Reset}, "reset"},
		{Fault{Kind: Hang}, "timeout"},
		{Fault{Kind: Cut}, "201 cut"},
		{Fault{Kind: Garbage}, "201 no JSON"},
		{Fault{Kind: LoginPage}, "200 no JSON"},
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
					if a := c.create("b"); a.String() != "201" {
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
	reached := 1
	if f.Kind == "" && !f.After {
		reached = 0 // it is still held back
	}
	if s := i.Stats(); s.Create != reached || s.Writes != reached || s.Requests != reached {
		t.Errorf("%+v", s)
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
			Status: "502", Reset: "reset", Cut: body + " cut", Garbage: body + " no JSON",
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
					if effects := s.Created + s.Changed + s.Deleted; after != (effects == 1) && status != "200" {
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
			i.Inject(Fault{Kind: WrongAnswer, After: after, Skip: 1, Times: 2})
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
	for _, kind := range []Kind{Reset, Cut} {
		i.Clear()
		i.Inject(Fault{Kind: kind})
		if a := c.create("b"); a.err == nil {
			t.Errorf("%s: %s", kind, a)
		}
	}
}
