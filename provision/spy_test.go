package provision_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"qlik-provision/provision/qlik"
	"qlik-provision/provision/sandbox"
	"qlik-provision/provision/sandbox/faults"
)

// A call is one request as it went over the wire. Times count from the spy's beginning.
type call struct {
	endpoint   sandbox.Endpoint
	subject    string // of a create
	id         string // of a change or a delete
	filter     string // of a list or a filter
	sent, done time.Duration
	status     int // 0: no answer
	retryAfter string
}

// A spy is a transport that remembers what went through it.
type spy struct {
	next   http.RoundTripper
	began  time.Time
	meddle func(*http.Response) // changes an answer, nil: leaves it

	mu    sync.Mutex
	calls []*call // in the order in which they were sent
}

func (s *spy) RoundTrip(req *http.Request) (*http.Response, error) {
	endpoint, id := sandbox.EndpointOf(req)
	c := &call{endpoint: endpoint, id: id, sent: time.Since(s.began)}
	if req.Body != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, err
		}
		var sent struct{ Subject, Filter string }
		_ = json.NewDecoder(body).Decode(&sent) // a PATCH is an array
		c.subject, c.filter = sent.Subject, sent.Filter
	}
	if c.filter == "" {
		c.filter = req.URL.Query().Get("filter")
	}
	s.mu.Lock()
	s.calls = append(s.calls, c)
	s.mu.Unlock()
	resp, err := s.next.RoundTrip(req)
	s.mu.Lock()
	defer s.mu.Unlock()
	c.done = time.Since(s.began)
	if err == nil {
		c.status, c.retryAfter = resp.StatusCode, resp.Header.Get("Retry-After")
		if s.meddle != nil {
			s.meddle(resp)
		}
	}
	return resp, err
}

// to lists the calls of one endpoint.
func (s *spy) to(e sandbox.Endpoint) (calls []*call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.calls {
		if c.endpoint == e {
			calls = append(calls, c)
		}
	}
	return calls
}

// within lists those of the calls that were sent from a moment on, before another.
func within(calls []*call, from, to time.Duration) []*call {
	return slices.DeleteFunc(slices.Clone(calls), func(c *call) bool { return c.sent < from || c.sent >= to })
}

func count(calls []*call, status int) (n int) {
	for _, c := range calls {
		if c.status == status {
			n++
		}
	}
	return n
}

// subjects counts the different subjects that creates were for.
func subjects(calls []*call) int {
	seen := map[string]bool{}
	for _, c := range calls {
		seen[c.subject] = true
	}
	return len(seen)
}

// together is how many of the calls were in flight at once, at the most.
func together(calls []*call) (most int) {
	for _, c := range calls {
		n := 0
		for _, other := range calls {
			if other.sent <= c.sent && c.sent < other.done {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

// watched is a trial whose requests are seen.
func watched(t testing.TB, o sandbox.Options, q qlik.Options) (*trial, *spy) {
	t.Helper()
	tenant := faults.Wrap(sandbox.New(o), 1)
	s := &spy{next: tenant.Transport(), began: time.Now()}
	return &trial{tenant: tenant, client: clientWith(t, tenant.Tenant, s, q)}, s
}
