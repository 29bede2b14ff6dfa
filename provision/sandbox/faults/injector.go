package faults

import (
	"encoding/json"
	"io"
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
	case Partial:
		f.On, f.After = sandbox.EndpointPatch, false
	case OKInstead:
		f.On, f.After = sandbox.EndpointCreate, true
	case WrongAnswer:
		f.On = sandbox.EndpointCreate
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

// Transport reaches the tenant and its faults in process, as sandbox.Tenant.Transport does.
func (i *Injector) Transport() http.RoundTripper { return sandbox.InProcess(i) }

// ServeHTTP answers one request, with the fault that strikes it, if any. It panics with http.ErrAbortHandler where the
// client is gone or the connection is to break.
func (i *Injector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q, err := newRequest(r)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	a, kind, err := i.answer(q)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	a.deliver(w, r, kind)
}

// answer returns the answer to a request, and the kind of the fault that it is delivered with. An error means that the
// client is gone.
func (i *Injector) answer(q *request) (answer, Kind, error) {
	ctx := q.Context()
	before, struck := i.strike(q, false)
	switch before.Kind {
	case Delay:
		if err := sandbox.Wait(ctx, before.Delay); err != nil {
			return answer{}, "", err
		}
	case Partial:
		q.keepFirstOperation()
	default:
		i.Count(q.endpoint)
		a := newAnswer(http.StatusOK, "")
		if q.endpoint == sandbox.EndpointCreate {
			a.status = http.StatusCreated
		}
		return i.distort(before, a), before.Kind, sandbox.Wait(ctx, i.Latency()+before.Delay)
	}
	a, err := i.ask(q)
	switch {
	case err != nil:
		return answer{}, "", err
	case before.Kind == Partial && a.status == http.StatusNoContent:
		return errorAnswer(http.StatusMultiStatus, "USERS-207", "Some of the operations failed."), "", nil
	case struck, a.status == http.StatusUnauthorized, a.status == http.StatusTooManyRequests:
		return a, "", nil
	}
	after, _ := i.strike(q, true)
	distorted := i.distort(after, a)
	if q.endpoint == sandbox.EndpointCreate && a.status == http.StatusCreated {
		i.mu.Lock()
		i.lastCreate = a.body
		i.mu.Unlock()
	}
	return distorted, after.Kind, sandbox.Wait(ctx, after.Delay)
}

// strike returns the fault that strikes a request before or after its effect, if any.
func (i *Injector) strike(q *request, after bool) (f Fault, struck bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := time.Since(i.started)
	for _, f := range i.faults {
		if f.After != after || f.On != "" && f.On != q.endpoint || now < f.From || f.For > 0 && now >= f.From+f.For ||
			len(f.Subjects) > 0 && !slices.ContainsFunc(f.Subjects, func(s string) bool { return i.isAbout(q, s) }) {
			continue
		}
		if f.met++; f.met <= f.Skip || f.Times > 0 && f.struck == f.Times {
			continue
		}
		if f.Rate > 0 && i.random.Float64() >= f.Rate {
			continue
		}
		f.struck++
		return f.Fault, true
	}
	return Fault{}, false
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

// request is a request, what is known about it, and its body.
type request struct {
	*http.Request
	endpoint sandbox.Endpoint
	id       string // of the user in the path
	body     []byte
}

func newRequest(r *http.Request) (*request, error) {
	q := &request{Request: r}
	q.endpoint, q.id = sandbox.EndpointOf(r)
	var err error
	q.body, err = io.ReadAll(io.LimitReader(r.Body, 1<<20)) // more than a tenant accepts
	return q, err
}

// keepFirstOperation leaves the first operation of a JSON Patch array, and a body that is none as it is.
func (q *request) keepFirstOperation() {
	var operations []json.RawMessage
	if json.Unmarshal(q.body, &operations) == nil && len(operations) > 0 {
		q.body = slices.Concat([]byte("["), operations[0], []byte("]"))
	}
}
