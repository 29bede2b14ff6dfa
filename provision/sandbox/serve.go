package sandbox

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// answer handles a request. An error means that the client is gone, or that the body of the request broke off.
func (t *Tenant) answer(r *http.Request) (reply, error) {
	c, err := newCall(r)
	if err != nil {
		return reply{}, err
	}
	t.mu.Lock()
	t.stats.countRequest(c.endpoint)
	rep, ref := t.serve(c)
	if ref != nil {
		t.stats.countRefusal(ref.status)
		rep = ref.reply()
	}
	t.mu.Unlock()
	return rep, wait(r.Context(), t.options.Latency)
}

// serve checks the token and the rate limit, and then does what the request asks for. The lock is held.
func (t *Tenant) serve(c *call) (reply, *refusal) {
	if c.endpoint == EndpointToken {
		return t.issueToken(c)
	}
	valid, scoped := t.authorize(c.bearer)
	if !valid {
		return reply{}, &refusal{status: 401, code: "LOGIN-4", detail: "The bearer token is missing, unknown or expired."}
	}
	if seconds := t.limits[c.endpoint.tier()].admit(time.Now()); seconds > 0 {
		return reply{}, &refusal{status: 429, code: "HTTP-429", retryAfter: seconds,
			detail: fmt.Sprintf("You need to wait %d seconds until limit is lifted.", seconds)}
	}
	switch {
	case len(c.body) > maxBody:
		return reply{}, &refusal{status: 413, code: "HTTP-413", detail: "The body is over 500 kB."}
	case !scoped:
		return reply{}, &refusal{status: 403, code: "USERS-3", detail: "The scope admin.users or admin_classic is required."}
	case len(c.body) > 0 && !c.isJSON():
		return reply{}, invalid("The content type must be application/json.")
	}
	switch c.endpoint {
	case EndpointCreate:
		return t.create(c)
	case EndpointPatch:
		return t.patch(c)
	case EndpointDelete:
		return t.delete(c)
	case EndpointList:
		return t.list(c)
	case EndpointFilter:
		return t.filter(c)
	case EndpointRoles:
		return t.listRoles(c)
	}
	return reply{}, &refusal{status: 404, code: "HTTP-404", detail: "There is nothing at this path."}
}

// maxBody is the largest body that the API accepts, in bytes.
const maxBody = 500_000

// call is a request, its body read.
type call struct {
	*http.Request
	endpoint Endpoint
	id       string // of the user in the path
	body     []byte // maxBody+1 bytes where it is longer than maxBody
	bearer   string
	query    url.Values
}

func newCall(r *http.Request) (*call, error) {
	c := &call{Request: r, query: r.URL.Query()}
	c.endpoint, c.id = EndpointOf(r)
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "bearer") {
		c.bearer = strings.TrimSpace(token)
	}
	if r.Body == nil {
		return c, nil
	}
	var err error
	c.body, err = io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	return c, err
}

func (c *call) isJSON() bool {
	media, _, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	return err == nil && media == "application/json"
}

// href returns an absolute link to a path on the tenant, under the name that the client used.
func (c *call) href(path string) string {
	if c.URL.Scheme != "" { // in process
		return c.URL.Scheme + "://" + c.URL.Host + path
	}
	if c.TLS != nil {
		return "https://" + c.Host + path
	}
	return "http://" + c.Host + path
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
