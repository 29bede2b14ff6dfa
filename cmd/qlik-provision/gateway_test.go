package main

import (
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
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
