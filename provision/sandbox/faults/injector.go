package faults

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"qlik-provision/provision/sandbox"
)

// Injector is a tenant with faults: an http.Handler and, through Transport, an http.RoundTripper. The methods of its
// Tenant are its own. It is safe for concurrent use.
type Injector struct {
	*sandbox.Tenant
	started time.Time

	mu         sync.Mutex // guards everything below
	faults     []*injected
	random     *rand.Rand
	struck     int
	withheld   map[sandbox.Endpoint]int // requests that did not reach the tenant
	lastCreate []byte                   // the answer to the last create that succeeded
}

// injected is a fault, and how many requests met its conditions and were struck.
type injected struct {
	Fault
	met, struck int
}

// Wrap returns an Injector without faults in front of a tenant. The seed decides what a Fault with a Rate strikes.
func Wrap(t *sandbox.Tenant, seed uint64) *Injector {
	return &Injector{
		Tenant:   t,
		started:  time.Now(),
		random:   rand.New(rand.NewPCG(seed, 0)),
		withheld: make(map[sandbox.Endpoint]int),
	}
}

// Inject adds a fault. Of the faults that apply to a request, the one that was injected first strikes, and no other.
func (i *Injector) Inject(f Fault) {
	if f.Kind == "" {
		f.Kind = Delay
	}
	switch f.Kind {
	case Partial:
		f.After = false
	case OKInstead:
		f.After = true
	}
	f.Subjects = slices.Clone(f.Subjects)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.faults = append(i.faults, &injected{Fault: f})
}

// Clear removes all faults. It does not undo what they did.
func (i *Injector) Clear() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.faults = nil
}

// Struck returns how many requests were struck by a fault.
func (i *Injector) Struck() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.struck
}

// Stats returns the counts of the tenant, with the requests that did not reach it.
func (i *Injector) Stats() sandbox.Stats {
	i.mu.Lock()
	defer i.mu.Unlock()
	s := i.Tenant.Stats()
	for e, n := range i.withheld {
		s.Count(e, n)
	}
	return s
}

// answer handles a request, with the fault that strikes it, if any. An error means that the client is gone, or that the
// body of the request broke off.
func (i *Injector) answer(r *http.Request) (answer, error) {
	ctx := r.Context()
	q, err := newRequest(r)
	if err != nil {
		return answer{}, err
	}
	f := i.strike(q, false)
	switch f.Kind {
	case "":
	case Delay, Partial:
		i.withhold(q, 1)
		if err := wait(ctx, f.Delay); err != nil {
			return answer{}, err
		}
		i.withhold(q, -1)
	default:
		i.withhold(q, 1)
		a := i.distort(q, f, phantom(q.endpoint))
		return a, wait(ctx, i.Latency()+f.Delay)
	}
	if f.Kind == Partial {
		q.keepFirstOperation()
	}
	a, err := i.ask(ctx, q)
	if err != nil {
		return answer{}, err
	}
	if f.Kind == Partial && a.status == http.StatusNoContent {
		return errorAnswer(http.StatusMultiStatus, "USERS-207", "Some of the operations failed."), nil
	}
	if f.Kind != "" || a.status == http.StatusUnauthorized || a.status == http.StatusTooManyRequests {
		return a, nil
	}
	f = i.strike(q, true)
	distorted := i.distort(q, f, a)
	if q.endpoint == sandbox.EndpointCreate && a.status == http.StatusCreated {
		i.mu.Lock()
		i.lastCreate = a.body
		i.mu.Unlock()
	}
	return distorted, wait(ctx, f.Delay)
}

// withhold counts n requests that do not reach the tenant.
func (i *Injector) withhold(q *request, n int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.withheld[q.endpoint] += n
}

// strike returns the fault that strikes a request before or after its effect, or one of no kind.
func (i *Injector) strike(q *request, after bool) Fault {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := time.Since(i.started)
	for _, f := range i.faults {
		if f.After != after || !i.applies(f.Fault, q) || now < f.From || f.For > 0 && now >= f.From+f.For {
			continue
		}
		if len(f.Subjects) > 0 && !slices.ContainsFunc(i.subjects(q), func(s string) bool {
			return slices.Contains(f.Subjects, s)
		}) {
			continue
		}
		if f.met++; f.met <= f.Skip || f.Times > 0 && f.struck == f.Times {
			continue
		}
		if f.Rate > 0 && i.random.Float64() >= f.Rate {
			continue
		}
		f.struck++
		i.struck++
		return f.Fault
	}
	return Fault{}
}

// applies reports whether a fault is for the endpoint of a request.
func (i *Injector) applies(f Fault, q *request) bool {
	switch f.Kind {
	case Partial:
		return q.endpoint == sandbox.EndpointPatch
	case OKInstead:
		return q.endpoint == sandbox.EndpointCreate
	case WrongAnswer:
		return q.endpoint == sandbox.EndpointCreate && i.lastCreate != nil
	}
	return f.On == "" || f.On == q.endpoint
}

// terms finds the terms of a filter with strings in double quotes. What a string contains does not count as a term.
var terms = regexp.MustCompile(`(?i)\b(\w+)\s+eq\s+("(?:[^"\\]|\\.)*")`)

// subjects returns the subjects that a request is about.
func (i *Injector) subjects(q *request) (subjects []string) {
	var body struct{ Subject, Filter string }
	json.Unmarshal(q.body, &body) // a body that is not an object has no subjects
	switch q.endpoint {
	case sandbox.EndpointCreate:
		return []string{body.Subject}
	case sandbox.EndpointList:
		body.Filter = q.URL.Query().Get("filter")
	}
	ids := []string{q.id}
	for _, term := range terms.FindAllStringSubmatch(body.Filter, -1) {
		var value string
		if json.Unmarshal([]byte(term[2]), &value) != nil {
			continue
		}
		switch strings.ToLower(term[1]) {
		case "subject":
			subjects = append(subjects, value)
		case "id":
			ids = append(ids, value)
		}
	}
	for _, id := range ids {
		if u, found := i.User(id); found {
			subjects = append(subjects, u.Subject)
		}
	}
	return subjects
}

// wait waits for d, or for the end of the context, and then returns the cause of that.
func wait(ctx context.Context, d time.Duration) error {
	if err := context.Cause(ctx); err != nil || d <= 0 {
		return err
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
