package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// ServeHTTP answers one request. It panics with http.ErrAbortHandler where the client is gone.
func (t *Tenant) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, err := newCall(r)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	status := c.endpoint.success
	answer, ref := t.answer(c)
	if ref != nil {
		status, answer = ref.status, ref.body()
	}
	if Wait(r.Context(), t.options.Latency) != nil {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Date", time.Now().UTC().Format(http.TimeFormat))
	if ref != nil && ref.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(ref.retryAfter))
	}
	if status == http.StatusNoContent {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	body, _ := json.Marshal(answer) // never fails with what this package answers
	w.Write(body)                   // an error means that the client is gone
}

// answer does what a request asks for, and counts it.
func (t *Tenant) answer(c *call) (answer any, ref *refusal) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if ref = t.check(c); ref == nil {
		answer, ref = c.endpoint.answer(t, c)
	}
	t.stats.count(c.endpoint.name, ref)
	return answer, ref
}

// maxBody is the largest body that the API accepts, in bytes.
const maxBody = 500_000

// check checks the path, the token, the rate limit and the form of a request. A request for a token has neither a token
// nor a limit.
func (t *Tenant) check(c *call) *refusal {
	if c.endpoint.name == "" {
		return &refusal{status: 404, code: "HTTP-404", detail: "There is nothing at this path."}
	}
	scoped := true
	if c.endpoint.tier != noTier {
		valid := false
		if valid, scoped = t.authorize(c.Header.Get("Authorization")); !valid {
			return &refusal{status: 401, code: "LOGIN-4", detail: "The bearer token is missing, unknown or expired."}
		}
		if seconds := t.limits[c.endpoint.tier].admit(time.Now()); seconds > 0 {
			return &refusal{status: 429, code: "HTTP-429", retryAfter: seconds,
				detail: fmt.Sprintf("You need to wait %d seconds until limit is lifted.", seconds)}
		}
	}
	switch {
	case len(c.body) > maxBody:
		return &refusal{status: 413, code: "HTTP-413", detail: "The body is over 500 kB."}
	case !scoped:
		return &refusal{status: 403, code: "USERS-3", detail: "The scope admin.users or admin_classic is required."}
	case len(c.body) > 0 && !c.isJSON():
		return invalid("The content type must be application/json.")
	}
	return nil
}

// call is a request, its body read.
type call struct {
	*http.Request
	endpoint endpoint // its zero value where there is none
	id       string   // of the user in the path
	body     []byte   // maxBody+1 bytes where it is longer than maxBody
	query    url.Values
}

func newCall(r *http.Request) (*call, error) {
	c := &call{Request: r, query: r.URL.Query()}
	c.endpoint, c.id = endpointOf(r)
	var err error
	c.body, err = io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	return c, err
}

func (c *call) isJSON() bool {
	media, _, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	return err == nil && media == "application/json"
}

// read decodes the body, which has to be JSON of the form of v.
func (c *call) read(v any) *refusal {
	if err := json.Unmarshal(c.body, v); err != nil {
		return invalid("The body is not what the endpoint takes: " + err.Error())
	}
	return nil
}

// href returns an absolute link to a path on the tenant, under the name that the client used.
func (c *call) href(path string) string {
	if c.TLS != nil {
		return "https://" + c.Host + path
	}
	return "http://" + c.Host + path
}

// Wait waits for d, or for the end of the context, and then returns the cause of that.
func Wait(ctx context.Context, d time.Duration) error {
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
