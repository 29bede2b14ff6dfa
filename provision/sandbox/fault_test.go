package sandbox

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// seen is what a client makes of an answer: its status, or how it broke.
func (a answer) seen() string {
	switch {
	case errors.Is(a.err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(a.err, io.ErrUnexpectedEOF):
		return fmt.Sprintf("%d cut", a.status)
	case errors.Is(a.err, io.EOF), errors.Is(a.err, syscall.ECONNRESET), a.err != nil && strings.Contains(a.err.Error(), "reset"), a.err != nil && strings.Contains(a.err.Error(), "wsarecv"):
		return "reset"
	case a.err != nil:
		return a.err.Error()
	case a.body == nil:
		return fmt.Sprintf("%d no JSON", a.status)
	}
	return fmt.Sprint(a.status)
}

func TestFaultsStrikeBeforeOrAfterTheEffectInBothTransports(t *testing.T) {
	for _, test := range []struct {
		fault  Fault
		before string // what a create sees; after: the same unless it says otherwise
		after  string
	}{
		{Fault{Kind: FaultStatus, Status: 503, RetryAfter: "7"}, "503", ""},
		{Fault{Kind: FaultStatus, Status: 403, Code: "USERS-9", Title: "No"}, "403", ""},
		{Fault{Kind: FaultStatus, Status: 502, Body: "<html>bad gateway</html>"}, "502 no JSON", ""},
		{Fault{Kind: FaultStatus, Status: 504, NoBody: true}, "504 no JSON", ""},
		{Fault{Kind: FaultStatus}, "500", ""},
		{Fault{Kind: FaultReset}, "reset", ""},
		{Fault{Kind: FaultHang}, "timeout", ""},
		{Fault{Kind: FaultCut}, "201 cut", ""},
		{Fault{Kind: FaultGarbage}, "201 no JSON", ""},
		{Fault{Kind: FaultTokenDies}, "401", ""},
		{Fault{Kind: FaultDrip}, "timeout", ""},
		{Fault{Kind: FaultNested}, "201 no JSON", ""}, // encoding/json refuses it: too deep
		{Fault{Kind: FaultRedirect, Location: "https://elsewhere.example/"}, "302", ""},
		{Fault{Kind: FaultDelay, Delay: time.Millisecond}, "201", "201"},
		{Fault{Delay: time.Hour}, "timeout", ""},
	} {
		for _, after := range []bool{false, true} {
			for name, dial := range map[string]func(testing.TB, *Tenant) *client{"socket": overSocket, "in process": inProcess} {
				t.Run(fmt.Sprintf("%s %d after=%v %s", test.fault.Kind, test.fault.Status, after, name), func(t *testing.T) {
					t.Parallel()
					tenant := New(Options{})
					c := dial(t, tenant)
					f := test.fault
					f.After, f.On, f.Times = after, EndpointCreate, 1
					tenant.Inject(f)
					ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
					defer cancel()
					a := c.do(ctx, http.MethodPost, "/api/v1/users", jsonKind, `{"subject":"a"}`)
					if got := a.seen(); got != test.before {
						t.Errorf("saw %q, want %q: %v %.100s", got, test.before, a.err, a.text)
					}
					if a.header != nil && (a.header.Get("Retry-After") != f.RetryAfter || a.header.Get("Location") != f.Location || a.header.Get("Date") == "") {
						t.Errorf("headers %v", a.header)
					}
					if f.Code != "" && (a.fault()["code"] != f.Code || a.fault()["title"] != f.Title) {
						t.Errorf("body %s", a.text)
					}
					want := 0
					if after || f.Kind == FaultDelay {
						want = 1
					}
					if n := len(tenant.Users()); n != want {
						t.Errorf("%d users, want %d", n, want)
					}
					if s := tenant.Stats(); s.Faulted != 1 || s.Create != 1 {
						t.Errorf("%+v", s)
					}
					if f.Kind == FaultTokenDies {
						if a := c.create("b"); a.status != 401 {
							t.Errorf("the token lives: %d", a.status)
						}
						c.login(tenant)
					}
					if a := c.create("b"); a.status != 201 {
						t.Errorf("the next request: %s", a.seen())
					}
				})
			}
		}
	}
}

func TestHostileBodiesAreWhatTheyPromise(t *testing.T) {
	for name, dial := range map[string]func(testing.TB, *Tenant) *client{"socket": overSocket, "in process": inProcess} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tenant := New(Options{})
			c := dial(t, tenant)
			tenant.Add(User{Subject: "a"})
			get := func(f Fault) (*http.Response, error) {
				t.Helper()
				tenant.ClearFaults()
				tenant.Inject(f)
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.base+"/api/v1/users", nil)
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Authorization", "Bearer "+c.bearer)
				return c.http.Do(req)
			}

			resp, err := get(Fault{Kind: FaultEndless})
			if err != nil {
				t.Fatal(err)
			}
			if n, err := io.CopyN(io.Discard, resp.Body, 16<<20); n != 16<<20 || err != nil {
				t.Errorf("endless: %d bytes, %v", n, err)
			}
			resp.Body.Close()

			resp, err = get(Fault{Kind: FaultGzipBomb})
			if err != nil {
				t.Fatal(err)
			}
			if n, err := io.CopyN(io.Discard, resp.Body, 16<<20); n != 16<<20 || err != nil || !resp.Uncompressed || resp.Header.Get("Content-Encoding") != "" {
				t.Errorf("bomb: %d bytes, %v, unpacked %v", n, err, resp.Uncompressed)
			}
			resp.Body.Close()

			if _, err = get(Fault{Kind: FaultLongHeader}); err == nil || !strings.Contains(err.Error(), "headers exceeded") {
				t.Errorf("long header: %v", err)
			}

			resp, err = get(Fault{Kind: FaultDrip, After: true})
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			if n, err := resp.Body.Read(nil); n != 0 || err != nil || time.Since(start) > time.Second/2 {
				t.Errorf("no byte of the drip: %d after %v, %v", n, time.Since(start), err)
			}
			head := make([]byte, 1)
			if _, err := io.ReadFull(resp.Body, head); err != nil || string(head) != "{" || time.Since(start) < time.Second || resp.ContentLength < 100 {
				t.Errorf("drip: %q after %v, %v", head, time.Since(start), err)
			}
			resp.Body.Close()
		})
	}
}

func TestGzipBombIsAThousandMebibytesInTwo(t *testing.T) {
	wire, err := io.ReadAll(newBomb())
	if err != nil || len(wire) > 2<<20 {
		t.Fatalf("%d bytes, %v", len(wire), err)
	}
	head := wire[:8]
	if members := bytes.Count(wire, head); members != 1+1024 {
		t.Errorf("%d members", members)
	}
	last := wire[bytes.LastIndex(wire, head):]
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

func TestFaultsStrikeWhatTheyAreAimedAt(t *testing.T) {
	status := func(f Fault) Fault { f.Kind, f.Status = FaultStatus, 500; return f }
	create := func(s string) func(*client) answer { return func(c *client) answer { return c.create(s) } }
	find := func(filter string) func(*client) answer {
		return func(c *client) answer { _, a := c.find(filter); return a }
	}
	for _, test := range []struct {
		name   string
		faults []Fault
		steps  []func(*client) answer
		want   string
	}{
		{"skip, then times", []Fault{status(Fault{Skip: 1, Times: 2})}, []func(*client) answer{create("a"), create("b"), create("c"), create("d")}, "201 500 500 201"},
		{"endpoint", []Fault{status(Fault{On: EndpointFilter})}, []func(*client) answer{create("a"), find(`subject eq "a"`)}, "201 500"},
		{"subject of a create", []Fault{status(Fault{Subjects: []string{"b", "c"}})}, []func(*client) answer{create("a"), create("b"), create("B"), create("c")}, "201 500 201 500"},
		{"subject in a filter", []Fault{status(Fault{Subjects: []string{`q"`}})},
			[]func(*client) answer{find(`subject eq "a"`), find(`subject eq "a" or (subject eq "q\"")`), find(`name eq "q\""`)}, "200 500 200"},
		{"subject in a list", []Fault{status(Fault{Subjects: []string{"a"}})},
			[]func(*client) answer{func(c *client) answer { return c.get("/api/v1/users?filter=subject+eq+%22a%22") }, func(c *client) answer { return c.get("/api/v1/users") }}, "500 200"},
		{"nobody in particular", []Fault{status(Fault{Subjects: []string{"a"}})}, []func(*client) answer{
			func(c *client) answer { return c.post("/api/v1/users", `{"subject":`) },
			func(c *client) answer { return c.post("/api/v1/users", `{"name":"a"}`) },
			func(c *client) answer { return c.get("/api/v1/users/a") },
		}, "400 400 404"},
		{"the first that applies", []Fault{status(Fault{Subjects: []string{"b"}}), {Kind: FaultStatus, Status: 503}},
			[]func(*client) answer{create("a"), create("b")}, "503 500"},
		{"one that is used up makes room", []Fault{status(Fault{Times: 1}), {Kind: FaultStatus, Status: 503, Times: 1}},
			[]func(*client) answer{create("a"), create("a"), create("a")}, "500 503 201"},
		{"after spares who was not let in", []Fault{status(Fault{After: true, Skip: 1})},
			[]func(*client) answer{create("a"), func(c *client) answer { d := *c; d.bearer = "x"; return d.create("b") }, create("b"), create("b")}, "201 401 500 500"},
	} {
		t.Run(test.name, func(t *testing.T) {
			tenant := New(Options{})
			c := inProcess(t, tenant)
			for _, f := range test.faults {
				tenant.Inject(f)
			}
			var got []string
			for _, step := range test.steps {
				got = append(got, step(c).seen())
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("%v, want %s", got, test.want)
			}
		})
	}
}

func TestRateIsDrawnWithTheSeed(t *testing.T) {
	run := func(seed uint64) (struck string) {
		tenant := New(Options{Limit: LimitOff, Seed: seed})
		c := inProcess(t, tenant)
		tenant.Inject(Fault{Kind: FaultStatus, Rate: 0.25})
		for range 1000 {
			if c.get("/api/v1/users?limit=1").status == 200 {
				struck += "."
			} else {
				struck += "x"
			}
		}
		return struck
	}
	first := run(1)
	if n := strings.Count(first, "x"); n < 180 || n > 320 {
		t.Errorf("%d of 1000 at a rate of 0.25", n)
	}
	if run(1) != first {
		t.Error("the same seed strikes others")
	}
	if run(2) == first {
		t.Error("another seed strikes the same")
	}
}

func TestTransportStartsNoGoroutine(t *testing.T) {
	tenant := New(Options{Limit: LimitOff})
	c := inProcess(t, tenant)
	tenant.Inject(Fault{Kind: FaultEndless, On: EndpointGet})
	before := runtime.NumGoroutine()
	for range 50 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.base+"/api/v1/users/1", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := tenant.Transport().RoundTrip(req) // left unread and open
		if err != nil || resp.StatusCode != 200 {
			t.Fatal(resp, err)
		}
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines before, %d after", before, after)
	}
}
