package faults

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http"
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
	lastCreate []byte // the answer to the last create that succeeded
}

// injected is a fault, and how many requests met its conditions and were struck.
type injected struct {
	Fault
	met, struck int
}

// Wrap returns an Injector without faults in front of a tenant. The seed decides what a Fault with a Rate strikes.
func Wrap(t *sandbox.Tenant, seed uint64) *Injector {
	return &Injector{Tenant: t, started: time.Now(), random: rand.New(rand.NewPCG(seed, 0))}
}

// Inject adds a fault. Of the faults that apply to a request, the one that was injected first strikes, and no other.
func (i *Injector) Inject(f Fault) {
	switch f.Kind {
	case "":
		f.Kind = Delay
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
	case Delay:
		if err := wait(ctx, f.Delay); err != nil {
			return answer{}, err
		}
	case Partial:
		q.keepFirstOperation()
	default:
		i.Count(q.endpoint)
		return i.distort(f, success(q.endpoint)), wait(ctx, i.Latency()+f.Delay)
	}
	a, err := i.ask(q)
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
	distorted := i.distort(f, a)
	if q.endpoint == sandbox.EndpointCreate && a.status == http.StatusCreated {
		i.mu.Lock()
		i.lastCreate = a.body
		i.mu.Unlock()
	}
	return distorted, wait(ctx, f.Delay)
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
		if f.met++; f.met <= f.Skip || f.Times > 0 && f.struck == f.Times {
			continue
		}
		if f.Rate > 0 && i.random.Float64() >= f.Rate {
			continue
		}
		f.struck++
		return f.Fault
	}
	return Fault{}
}

// applies reports whether a fault is for the endpoint and the subjects of a request.
func (i *Injector) applies(f Fault, q *request) bool {
	fits := f.On == "" || f.On == q.endpoint
	switch f.Kind {
	case Partial:
		fits = q.endpoint == sandbox.EndpointPatch
	case OKInstead:
		fits = q.endpoint == sandbox.EndpointCreate
	case WrongAnswer:
		fits = q.endpoint == sandbox.EndpointCreate && i.lastCreate != nil
	}
	return fits && (len(f.Subjects) == 0 || slices.ContainsFunc(f.Subjects, func(s string) bool {
		return i.isAbout(q, s)
	}))
}

// isAbout reports whether a request is about a subject. It reads filters as the tool writes them.
func (i *Injector) isAbout(q *request, subject string) bool {
	var body struct{ Subject, Filter string }
	json.Unmarshal(q.body, &body) // a body that is not an object has no subject
	if q.endpoint == sandbox.EndpointList {
		body.Filter = q.URL.Query().Get("filter")
	}
	if body.Subject == subject || strings.Contains(body.Filter, "subject eq "+quote(subject)) {
		return true
	}
	return q.endpoint != sandbox.EndpointCreate && slices.ContainsFunc(i.Users(), func(u sandbox.User) bool {
		return u.Subject == subject && (u.ID == q.id || strings.Contains(body.Filter, "id eq "+quote(u.ID)))
	})
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
