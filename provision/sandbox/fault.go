package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// FaultKind is what a fault does.
type FaultKind string

// The faults. Those of the second group are hostile answers, for clients that must bound what they read.
const (
	FaultDelay     FaultKind = "delay"      // nothing but the Delay; the zero kind too
	FaultStatus    FaultKind = "status"     // answers with Status
	FaultReset     FaultKind = "reset"      // closes the connection without an answer
	FaultHang      FaultKind = "hang"       // no answer until the client goes away
	FaultCut       FaultKind = "cut"        // sends the head and half the body, then closes
	FaultGarbage   FaultKind = "garbage"    // the right status, and an HTML page for a body
	FaultTokenDies FaultKind = "token-dies" // the token presented is revoked: 401

	FaultDrip       FaultKind = "drip"        // one byte of the body a second; with nothing done, it never becomes whole
	FaultEndless    FaultKind = "endless"     // a body that never ends
	FaultNested     FaultKind = "nested"      // JSON nested 100,000 deep
	FaultGzipBomb   FaultKind = "gzip-bomb"   // about 1 MB of gzip that unpacks to 1 GiB
	FaultLongHeader FaultKind = "long-header" // a header that never ends; in process, the error that net/http makes of it
	FaultRedirect   FaultKind = "redirect"    // 302 (or Status) to Location
)

// Fault is something that goes wrong with requests. The conditions must all hold; those that are zero always do.
type Fault struct {
	Kind FaultKind
	// On is the endpoint whose requests it strikes.
	On Endpoint
	// After strikes once the request was let in (past token and rate limit) and has had its effect: the user was created, the lookup
	// done. Without it the request has no effect at all, and costs no budget.
	After bool
	// Subjects are those that a request must be about: the subject that it creates, gets, or names in its filter.
	Subjects []string
	// Skip lets that many requests through first. Times is how often the fault strikes, 0 for always. Rate is the probability that
	// it strikes a request, drawn with the seed of the Options; 0 for certainly.
	Skip, Times int
	Rate        float64
	// The fault is there from From after New on, for For (0: for ever).
	From, For time.Duration

	// Status, Code and Title are what FaultStatus answers in an error body of Qlik's; code and title may be left out. Body is
	// sent in its place, verbatim. NoBody: nothing is.
	Status            int
	Code, Title, Body string
	NoBody            bool
	// RetryAfter and Location are headers, verbatim.
	RetryAfter, Location string
	// Delay is waited before the answer; a FaultDelay without After waits before the effect.
	Delay time.Duration
}

type injected struct {
	Fault
	seen, struck int
}

// Inject adds a fault. Faults are tried in the order in which they were injected; the first that applies strikes, and no other.
func (t *Tenant) Inject(f Fault) {
	if f.Kind == "" {
		f.Kind = FaultDelay
	}
	f.Subjects = slices.Clone(f.Subjects)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults = append(t.faults, &injected{Fault: f})
}

// ClearFaults takes all faults away. What they struck already stays struck.
func (t *Tenant) ClearFaults() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults = nil
}

// strike is the fault that strikes a request before or after its effect, if one does.
func (t *Tenant) strike(c *call, after bool) (Fault, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.faults) == 0 {
		return Fault{}, false
	}
	now := t.elapsed()
	var subjects []string
	read := false
	for _, f := range t.faults {
		if f.After != after || f.On != "" && f.On != c.endpoint || now < f.From || f.For > 0 && now >= f.From+f.For {
			continue
		}
		if len(f.Subjects) > 0 {
			if !read {
				subjects, read = t.subjects(c), true
			}
			if !slices.ContainsFunc(f.Subjects, func(s string) bool { return slices.Contains(subjects, s) }) {
				continue
			}
		}
		if f.seen++; f.seen <= f.Skip {
			continue
		}
		if f.Times > 0 && f.struck == f.Times || f.Rate > 0 && t.draws.Float64() >= f.Rate {
			continue
		}
		f.struck++
		t.stats.Faulted++
		return f.Fault, true
	}
	return Fault{}, false
}

// subjects are those that a request is about, for faults: of a create its own, of a look those that its filter names. t.mu is held.
func (t *Tenant) subjects(c *call) []string {
	var text string
	switch c.endpoint {
	case EndpointCreate:
		if o, ok := readObject(c.body); ok {
			if subject, there, ok := o.text("subject"); there && ok {
				return []string{subject}
			}
		}
		return nil
	case EndpointGet:
		if r := t.dir.byID[fold(c.id)]; r != nil {
			return []string{r.Subject}
		}
		return nil
	case EndpointList:
		text = c.query.Get("filter")
	case EndpointFilter, EndpointCount:
		if o, ok := readObject(c.body); ok {
			text, _, _ = o.text("filter")
		}
	}
	f, err := parseFilter(text, t.o.MaxTerms)
	if err != nil {
		return nil
	}
	return f.values
}

// faulty is the answer that a fault makes of a request; done is the tenant's own, nil where nothing was done.
func (t *Tenant) faulty(c *call, f Fault, done *reply) reply {
	rep := t.phantom(c)
	if done != nil {
		rep = *done
	}
	switch f.Kind {
	case FaultStatus, FaultRedirect:
		rep = t.faultStatus(f)
	case FaultReset:
		rep.manner = mannerReset
	case FaultHang:
		rep.manner = mannerHang
	case FaultCut:
		rep.manner = mannerCut
	case FaultGarbage:
		rep = reply{status: rep.status, kind: "text/html; charset=utf-8",
			body: []byte("<!DOCTYPE html>\n<html><head><title>Just a moment…</title></head><body><h1>Please wait</h1></body></html>\n")}
	case FaultTokenDies:
		t.mu.Lock()
		delete(t.tokens, c.bearer)
		t.mu.Unlock()
		rep = t.unauthorized()
	case FaultDrip:
		rep.manner = mannerDrip
	case FaultEndless:
		rep.manner = mannerEndless
	case FaultNested:
		const depth = 100_000
		rep = reply{status: rep.status, body: []byte(`{"nested":` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + "}")}
	case FaultGzipBomb:
		rep = reply{status: rep.status, manner: mannerBomb, header: []string{"Content-Encoding", "gzip"}}
	case FaultLongHeader:
		rep.manner = mannerLongHeader
	}
	if f.RetryAfter != "" {
		rep.header = append(slices.Clip(rep.header), "Retry-After", f.RetryAfter)
	}
	if f.Location != "" {
		rep.header = append(slices.Clip(rep.header), "Location", f.Location)
	}
	return rep
}

func (t *Tenant) faultStatus(f Fault) reply {
	status := f.Status
	if status == 0 {
		status = http.StatusInternalServerError
		if f.Kind == FaultRedirect {
			status = http.StatusFound
		}
	}
	switch {
	case f.NoBody:
		return reply{status: status}
	case f.Body == "":
		e := apiError{Code: f.Code, Title: f.Title}
		if e.Code == "" {
			e.Code = fmt.Sprintf("HTTP-%d", status)
		}
		if e.Title == "" {
			e.Title = http.StatusText(status)
		}
		return t.errorBody(status, e)
	case json.Valid([]byte(f.Body)):
		return reply{status: status, body: []byte(f.Body)}
	}
	return reply{status: status, kind: "text/html; charset=utf-8", body: []byte(f.Body)}
}

// phantom is the answer to a request that nothing was done for: the right status, and a body that never becomes whole.
func (t *Tenant) phantom(c *call) reply {
	rep := reply{status: http.StatusOK, short: true, body: []byte(`{"data":[],"links":{"self":{"href":""}}`)}
	switch c.endpoint {
	case EndpointCreate:
		rep.status, rep.body = http.StatusCreated, []byte(`{"id":"000000000000000000000000","status":"active","links":{}`)
	case EndpointToken:
		rep.body = []byte(`{"access_token":"0000000000000000","token_type":"bearer","expires_in":21600`)
	}
	return rep
}
