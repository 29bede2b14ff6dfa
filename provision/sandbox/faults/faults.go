// Package faults makes an in-memory tenant fail: an [Injector] stands in front of a [sandbox.Tenant] and delays, loses,
// replaces or distorts what it answers. It is for tests and is not linked into the program.
//
// Lost answers, gateway pages, broken connections and hostile bodies are what HTTP clients meet in general; none of
// them comes from Qlik's reference. Status 207 and the codes of errors do; their bodies here are our own.
package faults

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"

	"qlik-provision/provision/sandbox"
)

// Kind is what a fault does to a request or its answer. Where the right status is 204, kinds that send a body answer
// with 200.
type Kind string

// The kinds. The last three are for the requests that they name, and strike no other.
const (
	Delay       Kind = ""             // Fault.Delay and nothing else
	Status      Kind = "status"       // Fault.Status
	Reset       Kind = "reset"        // the connection is closed without an answer
	Hang        Kind = "hang"         // no answer until the client is gone
	Cut         Kind = "cut"          // the head and half of the body, then the connection is closed
	Garbage     Kind = "garbage"      // the right status with an HTML page as the body
	LoginPage   Kind = "login-page"   // 200 with an HTML page to log in
	Partial     Kind = "partial"      // a PATCH applies its first operation only and is answered with 207
	WrongAnswer Kind = "wrong-answer" // a create is answered with the answer to the create before it
	OKInstead   Kind = "ok-instead"   // a create that took effect is answered with 200 and the user
)

// Fault is something that goes wrong. It strikes a request where all of its conditions hold; a zero condition holds.
type Fault struct {
	Kind Kind
	// On is the endpoint of the request.
	On sandbox.Endpoint
	// After makes the fault strike once the tenant has accepted the request, past token and rate limit, and the request
	// has taken effect. Without After the request does not reach the tenant and uses up no budget; Delay and Partial
	// pass it on. Partial and OKInstead ignore After.
	After bool
	// Subjects are the subjects one of which the request is about: the subject it creates, that of the user it changes
	// or deletes, those its filter asks for by subject or ID.
	Subjects []string
	// Skip is how many requests are spared first. Times is how often the fault strikes; zero means always. Rate is the
	// probability that it strikes, drawn with the seed of the Injector; zero means 1.
	Skip, Times int
	Rate        float64
	// From is when the fault starts, since Wrap, and For is how long it lasts; zero means always.
	From, For time.Duration

	// Status is what the kind Status answers with; zero means 500. Its body is Body, or from 400 on an error with Code
	// and Title, where zero means what goes with the status.
	Status            int
	Code, Title, Body string
	// RetryAfter and Location are headers.
	RetryAfter, Location string
	// Delay is how long the answer is held back; a Delay without After holds back the request.
	Delay time.Duration

	met, struck int // requests that met the conditions, and those that were struck
}

// Injector is a tenant with faults: an http.Handler. The methods of its Tenant are its own. It is safe for concurrent
// use.
type Injector struct {
	*sandbox.Tenant
	started time.Time

	mu         sync.Mutex // guards everything below
	faults     []*Fault
	random     *rand.Rand
	lastCreate []byte // the answer to the last create that succeeded
}

// Wrap returns an Injector without faults in front of a tenant. The seed decides what a Fault with a Rate strikes.
func Wrap(t *sandbox.Tenant, seed uint64) *Injector {
	return &Injector{Tenant: t, started: time.Now(), random: rand.New(rand.NewPCG(seed, 0))}
}

// Inject adds a fault. Of the faults that apply to a request, the one that was injected first strikes, and no other.
func (i *Injector) Inject(f Fault) {
	switch f.Kind {
	case Status:
		f.Status = cmp.Or(f.Status, http.StatusInternalServerError)
	case Partial:
		f.On, f.After = sandbox.EndpointPatch, false
	case OKInstead:
		f.On, f.After = sandbox.EndpointCreate, true
	case WrongAnswer:
		f.On = sandbox.EndpointCreate
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.faults = append(i.faults, &f)
}

// Clear removes all faults. It does not undo what they did.
func (i *Injector) Clear() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.faults = nil
}

// ServeHTTP answers one request, with the fault that strikes it, if any. It panics with http.ErrAbortHandler where the
// client is gone or the connection is to break.
func (i *Injector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := newRequest(r)
	a := httptest.NewRecorder() // the right answer
	f, struck := i.strike(q, false)
	if struck && f.Kind != Delay && f.Kind != Partial {
		if q.endpoint == sandbox.EndpointCreate {
			a.Code = http.StatusCreated
		}
		a.Header().Set("Date", time.Now().UTC().Format(http.TimeFormat))
		i.Count(q.endpoint)
		sandbox.Hold(r.Context(), i.Options().Latency+f.Delay)
		i.deliver(w, r, f, a)
		return
	}
	sandbox.Hold(r.Context(), f.Delay)
	if f.Kind == Partial {
		q.keepFirstOperation()
	}
	q.Body = io.NopCloser(bytes.NewReader(q.body))
	i.Tenant.ServeHTTP(a, q.Request)
	if !struck && a.Code != http.StatusUnauthorized && a.Code != http.StatusTooManyRequests {
		f, _ = i.strike(q, true)
		sandbox.Hold(r.Context(), f.Delay)
	}
	i.deliver(w, r, f, a)
}

// strike returns the fault that strikes a request before or after its effect, if any.
func (i *Injector) strike(q *request, after bool) (f Fault, struck bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := time.Since(i.started)
	for _, f := range i.faults {
		switch {
		case f.After != after, f.On != "" && f.On != q.endpoint:
			continue
		case now < f.From, f.For > 0 && now >= f.From+f.For:
			continue
		case len(f.Subjects) > 0 && !slices.ContainsFunc(f.Subjects, func(s string) bool { return i.isAbout(q, s) }):
			continue
		}
		if f.met++; f.met <= f.Skip || f.Times > 0 && f.struck == f.Times {
			continue
		}
		if f.Rate > 0 && i.random.Float64() >= f.Rate {
			continue
		}
		f.struck++
		return *f, true
	}
	return Fault{}, false
}

// isAbout reports whether a request is about a subject. It reads filters as the tool writes them.
func (i *Injector) isAbout(q *request, subject string) bool {
	var body struct{ Subject, Filter string }
	json.Unmarshal(q.body, &body) // a body that is not an object has no subject
	filter := body.Filter + q.URL.Query().Get("filter")
	if body.Subject == subject || strings.Contains(filter, "subject eq "+quote(subject)) {
		return true
	}
	return q.endpoint != sandbox.EndpointCreate && slices.ContainsFunc(i.Users(), func(u sandbox.User) bool {
		return u.Subject == subject && (u.ID == q.id || strings.Contains(filter, "id eq "+quote(u.ID)))
	})
}

// deliver answers a request with what a fault makes of the right answer. It panics with http.ErrAbortHandler where the
// connection is to break.
func (i *Injector) deliver(w http.ResponseWriter, r *http.Request, f Fault, a *httptest.ResponseRecorder) {
	status, body := i.distort(f, a)
	switch f.Kind {
	case Reset:
		panic(http.ErrAbortHandler)
	case Hang:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	}
	maps.Copy(w.Header(), a.Header())
	for name, value := range map[string]string{"Retry-After": f.RetryAfter, "Location": f.Location} {
		if value != "" {
			w.Header().Set(name, value)
		}
	}
	w.WriteHeader(status)
	if f.Kind == Cut {
		w.Write(body[:len(body)/2])
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	w.Write(body) // an error means that the client is gone
}

// distort returns what a fault makes of the right answer, and keeps that where it is one to a create.
func (i *Injector) distort(f Fault, a *httptest.ResponseRecorder) (status int, body []byte) {
	i.mu.Lock()
	defer i.mu.Unlock()
	lastCreate := i.lastCreate
	if a.Code == http.StatusCreated && a.Body.Len() > 0 {
		i.lastCreate = a.Body.Bytes()
	}
	ok := a.Code
	if ok == http.StatusNoContent {
		ok = http.StatusOK
	}
	switch {
	case f.Kind == Status && (f.Body != "" || f.Status < 400):
		return f.Status, []byte(f.Body)
	case f.Kind == Status:
		return errorAnswer(f.Status, f.Code, f.Title)
	case f.Kind == Garbage:
		return ok, []byte("<!DOCTYPE html><title>Just a moment…</title><h1>Please wait</h1>")
	case f.Kind == LoginPage:
		return http.StatusOK, []byte(`<!DOCTYPE html><title>Log in</title><input type="password">`)
	case f.Kind == Partial && a.Code == http.StatusNoContent:
		return errorAnswer(http.StatusMultiStatus, "USERS-207", "Some of the operations failed.")
	case f.Kind == WrongAnswer:
		return http.StatusCreated, lastCreate
	case f.Kind == OKInstead && a.Code == http.StatusCreated:
		return http.StatusOK, a.Body.Bytes()
	case f.Kind == Cut && a.Body.Len() == 0:
		return ok, []byte(`{"data":[`)
	}
	return a.Code, a.Body.Bytes()
}

// errorAnswer returns an error in Qlik's form.
func errorAnswer(status int, code, title string) (int, []byte) {
	code, title = cmp.Or(code, fmt.Sprintf("HTTP-%d", status)), cmp.Or(title, http.StatusText(status))
	return status, fmt.Appendf(nil, `{"errors":[{"code":%s,"title":%s,"status":%d}],"traceId":"%032x"}`,
		quote(code), quote(title), status, rand.Uint64()|1)
}

func quote(s string) string {
	quoted, _ := json.Marshal(s) // a string can always be marshaled
	return string(quoted)
}

// request is a request, what is known about it, and its body.
type request struct {
	*http.Request
	endpoint sandbox.Endpoint
	id       string // of the user in the path
	body     []byte
}

// newRequest reads a request. It panics with http.ErrAbortHandler where the client is gone.
func newRequest(r *http.Request) *request {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20)) // more than a tenant accepts
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	endpoint, id := sandbox.EndpointOf(r)
	return &request{r.WithContext(r.Context()), endpoint, id, body} // a copy, which may get another body
}

// keepFirstOperation leaves the first operation of a JSON Patch array, and a body that is none as it is.
func (q *request) keepFirstOperation() {
	var operations []json.RawMessage
	if json.Unmarshal(q.body, &operations) == nil && len(operations) > 0 {
		q.body = slices.Concat([]byte("["), operations[0], []byte("]"))
	}
}
