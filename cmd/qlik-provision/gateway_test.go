package main

import (
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"qlik-provision/provision/sandbox"
)

const (
	onToken  = "POST " + tokenPath
	onLookup = "POST " + lookupPath
	onCreate = "POST " + createPath
	onList   = "GET " + createPath
)

// gateway puts a gateway between the program and the tenant, over plain HTTP/1.1. answer answers a request in the
// tenant's place, or reports false. said is all that the request said.
func (p *program) gateway(t *testing.T, tenant *sandbox.Tenant,
	answer func(w http.ResponseWriter, r *http.Request, said string) bool) *tattler {
	t.Helper()
	tt := &tattler{tenant: tenant, answer: answer, tokens: map[string]bool{}}
	server := httptest.NewServer(tt)
	t.Cleanup(server.Close)
	p.env = append(p.env, "QLIK_TENANT="+server.URL)
	return tt
}

// forward passes a request to the tenant, and returns the answer.
func forward(tenant *sandbox.Tenant, r *http.Request) *httptest.ResponseRecorder {
	got := httptest.NewRecorder()
	tenant.ServeHTTP(got, r)
	return got
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

// behindGateway is a program whose second row's user exists already. Without lookups its create is a 409, which is
// settled by GET /users.
func behindGateway(t *testing.T, endpoint string) (p *program, tenant *sandbox.Tenant, args []string) {
	t.Helper()
	tenant = sandbox.New(sandbox.Options{Limit: sandbox.LimitOff, ClientSecret: markSecret})
	tenant.Add(sandbox.User{Subject: "00001", Name: "Person 1"})
	p = newProgram(t, tenant)
	p.write(t, "hr.csv", 3)
	args = []string{"create", "hr.csv"}
	if endpoint == onList {
		args = append(args, "--no-lookup")
	}
	return p, tenant, args
}

func TestUnrequestedBytesAreNotWrittenToStandardError(t *testing.T) {
	for _, endpoint := range []string{onToken, onLookup, onCreate, onList} {
		t.Run(endpoint, func(t *testing.T) {
			t.Parallel()
			p, tenant, args := behindGateway(t, endpoint)
			var sent atomic.Int64
			tt := p.gateway(t, tenant, func(w http.ResponseWriter, r *http.Request, said string) bool {
				if r.Method+" "+r.URL.Path != endpoint {
					return false
				}
				sent.Add(1)
				got := forward(tenant, r)
				hijack(w, fmt.Sprintf("HTTP/1.1 %d OK\r\nContent-Length: %d\r\n\r\n%s%s %s\r\n",
					got.Code, got.Body.Len(), got.Body, said, r.URL))
				return true
			})
			cmd, stderr := p.command(args...)
			if code := ends(t, cmd); code != exitDone || sent.Load() == 0 {
				t.Errorf("exit code %d, %d answers of the gateway", code, sent.Load())
			}
			hidden := []string{secretMark, "Bearer", "Unsolicited", "00001", "Person 1", "p1@example.com"}
			tt.mu.Lock()
			hidden = slices.AppendSeq(hidden, maps.Keys(tt.tokens))
			tt.mu.Unlock()
			for _, text := range hidden {
				if strings.Contains(stderr.String(), text) {
					t.Errorf("standard error holds %q:\n%s", text, stderr)
				}
			}
		})
	}
}

func TestSwitchingProtocolsIsAnUnreadableAnswer(t *testing.T) {
	for endpoint, want := range map[string]int{onToken: exitRun, onLookup: exitDone, onCreate: exitRows, onList: exitRows} {
		t.Run(endpoint, func(t *testing.T) {
			t.Parallel()
			p, tenant, args := behindGateway(t, endpoint)
			p.gateway(t, tenant, func(w http.ResponseWriter, r *http.Request, _ string) bool {
				if r.Method+" "+r.URL.Path != endpoint {
					return false
				}
				hijack(w, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: none\r\n\r\n")
				return true
			})
			cmd, stderr := p.command(append(args, "--attempts", "2", "--timeout", "1s", "--patience", "5s")...)
			if code := ends(t, cmd); code != want {
				t.Errorf("exit code %d, not %d\n%s", code, want, stderr)
			}
		})
	}
}

func TestNoAnswerButTheUsersOwnSaysThatItWasCreated(t *testing.T) {
	// Each gateway passes the first two creates on as they are, and answers the others otherwise.
	answers := func(status int, body string) func(*sandbox.Tenant, *http.Request, string) (int, string) {
		return func(*sandbox.Tenant, *http.Request, string) (int, string) { return status, body }
	}
	effective := func(status int) func(*sandbox.Tenant, *http.Request, string) (int, string) {
		return func(tenant *sandbox.Tenant, r *http.Request, _ string) (int, string) {
			got := forward(tenant, r)
			if got.Code == http.StatusCreated {
				got.Code = status
			}
			return got.Code, got.Body.String()
		}
	}
	for _, test := range []struct {
		name   string
		answer func(tenant *sandbox.Tenant, r *http.Request, previous string) (status int, body string)
		exit   int
		users  int
		status string // recorded of the rows that were not created
	}{
		{"the previous answer", func(_ *sandbox.Tenant, _ *http.Request, previous string) (int, string) {
			return http.StatusCreated, previous
		}, exitRun, 2, "201"},
		{"a log-in page", answers(200, "<html>"), exitRun, 2, "200"},
		{"accepted", answers(202, ""), exitRun, 2, "202"},
		{"no content", answers(204, ""), exitRun, 2, "204"},
		{"200 for a user that was created", effective(200), exitDone, 20, ""},
		{"202 for a user that was created", effective(202), exitDone, 20, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			tenant := sandbox.New(sandbox.Options{Limit: sandbox.LimitOff})
			p := newProgram(t, tenant)
			p.write(t, "hr.csv", 20)
			var mu sync.Mutex
			var passed int
			var previous string
			p.gateway(t, tenant, func(w http.ResponseWriter, r *http.Request, said string) bool {
				if r.Method+" "+r.URL.Path != onCreate {
					return false
				}
				mu.Lock()
				defer mu.Unlock()
				status, body := 0, ""
				if passed++; passed <= 2 {
					got := forward(tenant, r)
					status, body = got.Code, got.Body.String()
					previous = body
				} else {
					status, body = test.answer(tenant, r, previous)
				}
				w.WriteHeader(status)
				_, _ = io.WriteString(w, body)
				return true
			})
			args := []string{"create", "hr.csv"}
			if test.exit == exitRun {
				args = append(args, "--patience", "6s")
			}
			cmd, stderr := p.command(args...)
			if code := ends(t, cmd); code != test.exit {
				t.Errorf("exit code %d, not %d\n%s", code, test.exit, stderr)
			}
			ids := map[string]string{}
			for _, u := range tenant.Users() {
				ids[u.Subject] = u.ID
			}
			created := 0
			for i, row := range readResults(t, filepath.Join(p.dir, "hr.results.csv")) {
				if row["outcome"] == "created" {
					created++
					if id := ids[row["Employee ID"]]; id == "" || row["user_id"] != id {
						t.Errorf("row %d is created as %q, on the tenant it is %q", i+1, row["user_id"], id)
					}
				} else if row["outcome"] != "pending" || row["http_status"] != test.status {
					t.Errorf("row %d is %s with HTTP status %q, not %q", i+1, row["outcome"], row["http_status"], test.status)
				}
			}
			if created != test.users || len(ids) != test.users {
				t.Errorf("%d rows are created and %d users are on the tenant, not %d", created, len(ids), test.users)
			}
		})
	}
}
