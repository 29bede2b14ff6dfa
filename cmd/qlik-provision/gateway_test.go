package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"qlik-provision/provision/sandbox"
	"qlik-provision/provision/sandbox/faults"
)

// A gateway stands between the program and its tenant, and notes the bearer tokens that pass.
type gateway struct {
	tenant http.Handler
	on     sandbox.Endpoint // whose requests it answers itself
	// answer is given all that the request said, and how to ask the tenant.
	answer func(w http.ResponseWriter, said string, ask func() *httptest.ResponseRecorder)

	mu     sync.Mutex
	tokens map[string]bool // guarded by mu; made by the first
	struck int             // guarded by mu
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	header := r.Header.Get("Authorization")
	endpoint, _ := sandbox.EndpointOf(r)
	g.mu.Lock()
	if token, ok := strings.CutPrefix(header, "Bearer "); ok {
		if g.tokens == nil {
			g.tokens = map[string]bool{}
		}
		g.tokens[token] = true
	}
	if endpoint == g.on {
		g.struck++
	}
	g.mu.Unlock()
	if endpoint != g.on {
		g.tenant.ServeHTTP(w, r)
		return
	}
	said := fmt.Sprintf("%s %s Authorization: %s %s %s", r.Method, r.URL, header, url.QueryEscape(header), body)
	g.answer(w, said, func() *httptest.ResponseRecorder {
		got := httptest.NewRecorder()
		g.tenant.ServeHTTP(got, r)
		return got
	})
}

// seen returns the tokens that passed, and how many requests the gateway answered.
func (g *gateway) seen() (tokens []string, struck int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Collect(maps.Keys(g.tokens)), g.struck
}

// hijack writes text to a request's connection, and keeps the connection open until the client closes it.
func hijack(w http.ResponseWriter, text string) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	_, _ = io.WriteString(conn, text)
	go func(conn net.Conn) {
		_, _ = io.Copy(io.Discard, conn)
		_ = conn.Close()
	}(conn)
}

// A gateway that miscounts an answer leaves bytes on the connection that nobody asked for, and net/http prints them.
func TestUnrequestedBytesAreNotWrittenToStandardError(t *testing.T) {
	t.Parallel()
	for endpoint, lines := range map[sandbox.Endpoint][]string{
		sandbox.EndpointToken:  {"create hr.csv"},
		sandbox.EndpointFilter: {"create hr.csv"},
		sandbox.EndpointCreate: {"create hr.csv"},
		sandbox.EndpointList:   {"create hr.csv --no-lookup"}, // the conflict of the second row is looked up
		sandbox.EndpointRoles:  {"create hr.csv --role Steward"},
		sandbox.EndpointPatch:  {"disable hr.csv --yes"},
		sandbox.EndpointDelete: {"create hr.csv", "undo hr.results.csv --yes"},
	} {
		t.Run(string(endpoint), func(t *testing.T) {
			t.Parallel()
			tenant := newTenant(sandbox.Options{ClientSecret: markedSecret})
			tenant.Add(person(1))
			p := newProgram(t, tenant)
			p.write(t, "hr.csv", 3)
			g := &gateway{tenant: tenant, on: endpoint}
			g.answer = func(w http.ResponseWriter, said string, ask func() *httptest.ResponseRecorder) {
				got := ask()
				length := fmt.Sprintf("Content-Length: %d\r\n", got.Body.Len())
				if got.Code == http.StatusNoContent {
					length = ""
				}
				hijack(w, fmt.Sprintf("HTTP/1.1 %d OK\r\nDate: %s\r\n%s\r\n%s%s\r\n", got.Code,
					got.Header().Get("Date"), length, got.Body, said))
			}
			p.serve(t, g)
			var stderr strings.Builder
			for _, line := range lines {
				stderr.WriteString(p.expect(t, exitDone, strings.Fields(line)...).stderr.String())
			}
			tokens, struck := g.seen()
			if struck == 0 || len(tokens) == 0 {
				t.Errorf("the gateway answered %d requests, with %d tokens", struck, len(tokens))
			}
			if count := strings.Count(stderr.String(), "Unsolicited"); count > 0 {
				t.Errorf("net/http wrote %d lines", count)
			}
			// The first person of the file is shown before it is sent; the others are personal data here.
			for _, hidden := range append(tokens, secretMark, "Bearer", "00001", "Person 1", "p1@example.com", "eq ") {
				if strings.Contains(stderr.String(), hidden) {
					t.Errorf("standard error holds %q:\n%s", hidden, &stderr)
				}
			}
		})
	}
}

// Only 201 with the user's ID and subject says that a user was created. Without proof 20 times in a row the run ends.
func TestCreatedRowsAreTheTenantsUsers(t *testing.T) {
	t.Parallel()
	const rows, good = 200, 50
	create := sandbox.EndpointCreate
	for _, test := range []struct {
		name  string
		fault faults.Fault
		exit  int
	}{
		{"the previous answer", faults.Fault{Kind: faults.WrongAnswer, On: create, Skip: good}, exitRun},
		{"a log-in page", faults.Fault{Kind: faults.LoginPage, On: create, Skip: good}, exitRun},
		{"a log-in page for everything", faults.Fault{Kind: faults.LoginPage, Skip: good + 6}, exitRun},
		{"200", faults.Fault{Kind: faults.Status, Status: 200, On: create, Skip: good}, exitRun},
		{"202", faults.Fault{Kind: faults.Status, Status: 202, On: create, Skip: good}, exitRun},
		{"204", faults.Fault{Kind: faults.Status, Status: 204, On: create, Skip: good}, exitRun},
		{"200 for users that were created", faults.Fault{Kind: faults.OKInstead, On: create, After: true, Skip: good,
			Times: 10}, exitDone},
		{"202 for users that were created", faults.Fault{Kind: faults.Status, Status: 202, On: create,
			After: true, Skip: good, Times: 10}, exitDone},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			tenant := newTenant(sandbox.Options{}, test.fault)
			p := newProgram(t, tenant)
			p.write(t, "hr.csv", rows)
			p.expect(t, test.exit, "create", "hr.csv", "--patience", "30s")
			users := checkCreated(t, p, tenant)
			if n := tenant.Stats().Create; test.exit == exitRun && (users > good+1 || n >= rows) {
				t.Errorf("%d users, of %d creates that passed, and %d creates were sent", users, good, n)
			}
			tenant.Clear()
			p.expect(t, exitDone, "retry", "hr.results.csv")
			if n := checkCreated(t, p, tenant); n != rows {
				t.Errorf("%d users after a retry", n)
			}
		})
	}
}

// checkCreated reports rows that are created and not on the tenant, and the reverse. It returns the number of users.
func checkCreated(t *testing.T, p *program, tenant *faults.Injector) int {
	t.Helper()
	ids := map[string]string{}
	for _, u := range tenant.Users() {
		if ids[u.Subject] != "" {
			t.Errorf("%s is on the tenant twice", u.Subject)
		}
		ids[u.Subject] = u.ID
	}
	for i, row := range p.results(t) {
		id := ids[row["Employee ID"]]
		switch row["outcome"] {
		case "created":
			if id == "" || row["user_id"] != id {
				t.Errorf("row %d is created as %q, on the tenant it is %q", i+1, row["user_id"], id)
			}
		case "pending":
			if id != "" && row["code"] != "maybe-created" {
				t.Errorf("row %d is on the tenant, and not said to be perhaps: %v", i+1, row)
			}
		default:
			t.Errorf("row %d: %v", i+1, row)
		}
	}
	return len(ids)
}

func TestEndWithoutProgressSaysHowLongAndForWhatItWaited(t *testing.T) {
	t.Parallel()
	tenant := newTenant(sandbox.Options{}, faults.Fault{Kind: faults.Status, Status: 429, RetryAfter: "300",
		On: sandbox.EndpointCreate})
	p := newProgram(t, tenant)
	p.write(t, "hr.csv", 3)
	c := p.expect(t, exitRun, "create", "hr.csv", "--patience", "1s")
	const want = "error: no progress for 1s, waiting for the tenant's rate limit: "
	if said := c.stderr.String(); !strings.Contains(said, want) {
		t.Errorf("%s", said)
	}
}
