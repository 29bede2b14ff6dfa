package sandbox

import (
	"context"
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
	t.stats.Count(c.endpoint, 1)
	rep, ref := t.serve(c)
	if ref != nil {
		t.stats.countRefusal(ref.status, c.tier)
		rep = ref.reply()
	}
	t.mu.Unlock()
	return rep, wait(r.Context(), t.options.Latency)
}

// serve checks the token and the rate limit, and then does what the request asks for. The lock is held.
func (t *Tenant) serve(c *call) (reply, *refusal) {
	var scoped bool
	if strings.HasPrefix(c.URL.Path, "/api/") {
		var valid bool
		if valid, scoped = t.authorize(c.bearer); !valid {
			return reply{}, unauthorized()
		}
	}
	if c.endpoint == "" {
		return reply{}, notFound("HTTP-404", "There is nothing at this path.")
	}
	if seconds := t.limits[c.tier].admit(t.elapsed()); seconds > 0 {
		return reply{}, tooMany(seconds)
	}
	if c.endpoint == EndpointToken {
		return t.issueToken(c)
	}
	switch {
	case len(c.body) > maxBody:
		return reply{}, tooLarge()
	case !scoped:
		return reply{}, forbidden("The scope admin.users or admin_classic is required.")
	case len(c.body) > 0 && !c.isJSON():
		return reply{}, invalid("", "The content type must be application/json.")
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
	}
	return t.listRoles(c)
}

// maxBody is the largest body that the API accepts, in bytes.
const maxBody = 500_000

// call is a request, its body read.
type call struct {
	*http.Request
	route
	id     string // of the user in the path
	body   []byte // maxBody+1 bytes where it is longer than maxBody
	bearer string
	query  url.Values
}

func newCall(r *http.Request) (*call, error) {
	c := &call{Request: r, query: r.URL.Query()}
	c.route, c.id = routeOf(r)
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "bearer") {
		c.bearer = strings.TrimSpace(token)
	}
	if r.Body == nil {
		return c, nil
	}
	var err error
	c.body, err = io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err == nil && len(c.body) <= maxBody && int64(len(c.body)) < r.ContentLength {
		err = io.ErrUnexpectedEOF
	}
	return c, err
}

func (c *call) isJSON() bool {
	media, _, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	return err == nil && media == "application/json"
}

// href returns an absolute link to a path on the tenant, under the name that the client used.
func (c *call) href(path string) string {
	scheme, host := c.URL.Scheme, c.Host
	if scheme == "" {
		scheme = "http"
		if c.TLS != nil {
			scheme = "https"
		}
	}
	if host == "" {
		host = c.URL.Host
	}
	return scheme + "://" + host + path
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
