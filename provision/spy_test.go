package provision_test

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"qlik-provision/provision"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/sandbox"
)

// A call is one request as it went over the wire. Times count from the spy's beginning.
type call struct {
	endpoint   sandbox.Endpoint
	subject    string // of a create
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
	c := &call{endpoint: endpointOf(req), sent: time.Since(s.began)}
	if req.Body != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, err
		}
		var said struct{ Subject, Filter string }
		if err := json.NewDecoder(body).Decode(&said); err != nil && err != io.EOF {
			return nil, err
		}
		c.subject, c.filter = said.Subject, said.Filter
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

func endpointOf(req *http.Request) sandbox.Endpoint {
	switch path := req.URL.Path; {
	case path == "/oauth/token":
		return sandbox.EndpointToken
	case strings.HasSuffix(path, "/actions/filter"):
		return sandbox.EndpointFilter
	case req.Method == http.MethodGet:
		return sandbox.EndpointList
	}
	return sandbox.EndpointCreate
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
	tenant := sandbox.New(o)
	s := &spy{next: tenant.Transport(), began: time.Now()}
	return &trial{tenant: tenant, client: clientWith(t, tenant, s, q)}, s
}

// clientWith is a client with the tenant's credentials, unless q has some.
func clientWith(t testing.TB, tenant *sandbox.Tenant, transport http.RoundTripper, q qlik.Options) *qlik.Client {
	t.Helper()
	at, err := qlik.ParseTenant("https://sandbox.example.com")
	if err != nil {
		t.Fatal(err)
	}
	q.Transport = transport
	if q.Credentials == (qlik.Credentials{}) {
		q.Credentials = qlik.Credentials{ClientID: tenant.ClientID(), ClientSecret: tenant.ClientSecret()}
	}
	return qlik.New(at, q)
}

// states reports where the outcomes are not so many of each state. Rows that were not recorded count as pending.
func (tr *trial) states(t *testing.T, rows []provision.Row, want map[provision.State]int) {
	t.Helper()
	got := map[provision.State]int{}
	for _, row := range rows {
		out, there := tr.got.of[row.Number]
		if !there {
			out.State = provision.Pending
		}
		got[out.State]++
	}
	for _, s := range provision.States() {
		if got[s] != want[s] {
			t.Errorf("%d rows are %s, want %d; %s", got[s], s, want[s], tr.example(s))
		}
	}
}

func (tr *trial) example(s provision.State) string {
	for _, out := range tr.got.of {
		if out.State == s {
			return "one of them: " + out.Message
		}
	}
	return "none of them"
}

func subjectsOf(rows []provision.Row) []string {
	list := make([]string, len(rows))
	for i, row := range rows {
		list[i] = row.Subject
	}
	return list
}
