package qlik

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// A script is a transport that answers by number, from 0, and remembers what was sent.
type script struct {
	answer func(n int, r *http.Request) (status int, body string)
	err    error // in the place of an answer

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
	s.bodies = append(s.bodies, strings.TrimSuffix(string(body), "\n"))
	s.mu.Unlock()
	if s.err != nil {
		return nil, s.err
	}
	status, text := s.answer(n, r)
	return &http.Response{
		StatusCode: status, Body: io.NopCloser(strings.NewReader(text)), ContentLength: int64(len(text)), Request: r,
		Header: http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}},
	}, nil
}

func (s *script) client(t testing.TB, o Options) *Client {
	t.Helper()
	tenant, err := ParseTenant("https://acme.eu.qlikcloud.com")
	if err != nil {
		t.Fatal(err)
	}
	o.Transport = s
	return New(tenant, o)
}
