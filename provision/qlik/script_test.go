package qlik

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// A script is a transport that answers by number, from 0, and records what was sent.
type script struct {
	answer func(n int, r *http.Request) (status int, body string)
	header http.Header // of every answer, beside Date
	err    error       // in the place of an answer

	mu     sync.Mutex
	sent   []*http.Request
	bodies []string
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	n := len(s.sent)
	s.sent = append(s.sent, r)
	s.bodies = append(s.bodies, string(body))
	s.mu.Unlock()
	if s.err != nil {
		return nil, s.err
	}
	status, text := s.answer(n, r)
	resp := &http.Response{
		StatusCode: status, Body: io.NopCloser(strings.NewReader(text)), ContentLength: int64(len(text)), Request: r,
		Header: http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}},
	}
	for name, values := range s.header {
		resp.Header[name] = values
	}
	return resp, nil
}

func (s *script) client(t testing.TB, o Options) *Client {
	t.Helper()
	o.Transport = s
	return New(tenantAt(t, "https://acme.eu.qlikcloud.com"), o)
}

// always is a client with an API key, whose every request gets the same answer.
func always(t testing.TB, status int, body string) (*script, *Client) {
	t.Helper()
	s := &script{answer: func(int, *http.Request) (int, string) { return status, body }}
	return s, s.client(t, Options{Credentials: Credentials{APIKey: "key-0123456789"}})
}

// served is a client of a handler on a real socket.
func served(t *testing.T, handler http.HandlerFunc, o Options) *Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // only then the server notices that the client has left
		handler(w, r)
	}))
	t.Cleanup(server.Close)
	if o.Credentials == (Credentials{}) {
		o.Credentials.APIKey = "key-0123456789"
	}
	client := New(tenantAt(t, server.URL), o)
	t.Cleanup(client.Close)
	return client
}

func tenantAt(t testing.TB, address string) Tenant {
	t.Helper()
	tenant, err := ParseTenant(address)
	if err != nil {
		t.Fatal(err)
	}
	return tenant
}
