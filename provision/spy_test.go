package provision_test

import (
	"bytes"
	"encoding/json"
	"io"
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
	s := &spy{next: sandbox.InProcess(tenant), began: time.Now()}
	return &trial{tenant: tenant, client: clientWith(t, tenant.Tenant, s, q)}, s
}

// shift moves the times of an answer, in its Date and in every createdAt.
func shift(t *testing.T, r *http.Response, off time.Duration) {
	date, err := http.ParseTime(r.Header.Get("Date"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Date", date.Add(off).Format(http.TimeFormat))
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Data []map[string]any `json:"data"`
	}
	if json.Unmarshal(body, &list) == nil && list.Data != nil {
		for _, u := range list.Data {
			text, _ := u["createdAt"].(string)
			at, err := time.Parse(time.RFC3339, text)
			if err != nil {
				continue
			}
			u["createdAt"] = at.Add(off).Format(time.RFC3339Nano)
		}
		if body, err = json.Marshal(list); err != nil {
			t.Fatal(err)
		}
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
}
