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

// Endpoint is one of the calls a tenant takes. The zero value stands for any.
type Endpoint string

// The endpoints.
const (
	EndpointToken  Endpoint = "token"  // POST /oauth/token
	EndpointCreate Endpoint = "create" // POST /api/v1/users
	EndpointList   Endpoint = "list"   // GET /api/v1/users
	EndpointGet    Endpoint = "get"    // GET /api/v1/users/{id}
	EndpointFilter Endpoint = "filter" // POST /api/v1/users/actions/filter
	EndpointCount  Endpoint = "count"  // POST /api/v1/users/actions/count
)

const (
	usersPath  = "/api/v1/users"
	filterPath = usersPath + "/actions/filter"
	countPath  = usersPath + "/actions/count"
	tokenPath  = "/oauth/token"

	// maxBody is the largest body the users API takes.
	maxBody = 500_000
)

// call is one request, read.
type call struct {
	*http.Request
	endpoint Endpoint // "": no such endpoint
	allow    string   // the methods that the path has, where this is none of them
	id       string   // of EndpointGet
	body     []byte   // maxBody+1 bytes: it was longer
	bearer   string
	query    url.Values
}

// tier is the budget that a call is counted in.
func (c *call) tier() tier {
	switch c.endpoint {
	case EndpointToken:
		return tierToken
	case EndpointCreate:
		return tier2
	case EndpointFilter:
		return tierFilter
	}
	return tier1
}

func newCall(r *http.Request) (*call, error) {
	c := &call{Request: r}
	path := r.URL.Path
	only := func(method string, e Endpoint) {
		if r.Method == method {
			c.endpoint = e
		} else {
			c.allow = method
		}
	}
	switch rest, inUsers := strings.CutPrefix(path, usersPath+"/"); {
	case path == tokenPath:
		only(http.MethodPost, EndpointToken)
	case path == usersPath:
		switch r.Method {
		case http.MethodGet:
			c.endpoint = EndpointList
		case http.MethodPost:
			c.endpoint = EndpointCreate
		default:
			c.allow = "GET, POST"
		}
	case path == filterPath:
		only(http.MethodPost, EndpointFilter)
	case path == countPath:
		only(http.MethodPost, EndpointCount)
	case inUsers && rest != "" && !strings.Contains(rest, "/"):
		only(http.MethodGet, EndpointGet)
		c.id = rest
	}
	if scheme, token, found := strings.Cut(r.Header.Get("Authorization"), " "); found && strings.EqualFold(scheme, "bearer") {
		c.bearer = strings.TrimSpace(token)
	}
	if r.URL.RawQuery != "" {
		c.query = r.URL.Query()
	}
	if r.Body != nil && r.Body != http.NoBody {
		var err error
		if c.body, err = readBody(r); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func readBody(r *http.Request) ([]byte, error) {
	if n := r.ContentLength; n > 0 && n <= maxBody {
		body := make([]byte, n)
		read, err := io.ReadFull(r.Body, body)
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return body[:read], err
	}
	return io.ReadAll(io.LimitReader(r.Body, maxBody+1))
}

// hasKind reports whether the body says that it is of a media type.
func (c *call) hasKind(kind string) bool {
	said := c.Header.Get("Content-Type")
	if said == kind {
		return true
	}
	media, _, err := mime.ParseMediaType(said)
	return err == nil && media == kind
}

// href is an absolute link on the tenant as the client knows it.
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

// answer does what a request asks and says what to send. Its error is that of the client, who has gone or whose body broke.
func (t *Tenant) answer(r *http.Request) (reply, error) {
	c, err := newCall(r)
	if err != nil {
		return reply{}, err
	}
	ctx := r.Context()
	t.arrived(c)
	held := t.o.Latency
	var rep reply
	if f, struck := t.strike(c, false); struck && f.Kind != FaultDelay {
		rep, held = t.faulty(c, f, nil), held+f.Delay
	} else {
		if struck {
			if err := wait(ctx, f.Delay); err != nil {
				return reply{}, err
			}
		}
		rep = t.serve(c)
		if rep.admitted && !struck {
			if f, struck := t.strike(c, true); struck {
				rep, held = t.faulty(c, f, &rep), held+f.Delay
			}
		}
	}
	if err := wait(ctx, held); err != nil {
		return reply{}, err
	}
	return rep, nil
}

func (t *Tenant) arrived(c *call) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := &t.stats
	s.Requests++
	switch c.endpoint {
	case EndpointToken:
		s.Token++
	case EndpointCreate:
		s.Create++
	case EndpointList:
		s.List++
	case EndpointGet:
		s.Get++
	case EndpointFilter:
		s.Filter++
	case EndpointCount:
		s.Count++
	}
}

// serve is the tenant itself: token, rate limit, then the endpoint.
func (t *Tenant) serve(c *call) reply {
	if c.endpoint == EndpointToken {
		return t.serveToken(c)
	}
	var scoped bool
	if strings.HasPrefix(c.URL.Path, "/api/") {
		var alive bool
		if alive, scoped = t.authorized(c.bearer); !alive {
			return t.unauthorized()
		}
	}
	if c.endpoint == "" {
		return t.nowhere(c)
	}
	if seconds := t.admit(c.tier()); seconds > 0 {
		return t.tooMany(seconds)
	}
	if len(c.body) > maxBody {
		return t.refuse(http.StatusRequestEntityTooLarge, apiError{Code: "HTTP-413", Title: "Payload too large", Detail: "The body is larger than 500 kB."})
	}
	if len(c.body) > 0 && !c.hasKind("application/json") {
		return t.invalid("", "The content type must be application/json.")
	}
	switch c.endpoint {
	case EndpointCreate:
		return t.serveCreate(c, scoped)
	case EndpointList:
		return t.serveList(c, scoped)
	case EndpointGet:
		return t.serveGet(c, scoped)
	case EndpointFilter:
		return t.serveFilter(c, scoped)
	}
	return t.serveCount(c, scoped)
}

func (t *Tenant) nowhere(c *call) reply {
	if c.allow != "" {
		rep := t.refuse(http.StatusMethodNotAllowed, apiError{Code: "HTTP-405", Title: "Method not allowed", Detail: "This path takes " + c.allow + "."})
		rep.header = append(rep.header, "Allow", c.allow)
		return rep
	}
	return t.refuse(http.StatusNotFound, apiError{Code: "HTTP-404", Title: "Not found", Detail: "There is nothing at this path."})
}

// admit counts a request in its tier, and returns 0, or for how many seconds the tier is blocked.
func (t *Tenant) admit(tier tier) (seconds int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	seconds = t.limits[tier].admit(t.elapsed())
	if seconds > 0 {
		t.stats.TooMany++
		switch tier {
		case tier1:
			t.stats.TooManyTier1++
		case tier2:
			t.stats.TooManyTier2++
		case tierFilter:
			t.stats.TooManyFilter++
		case tierToken:
			t.stats.TooManyToken++
		}
	}
	return seconds
}

// unauthorized is the answer to a token that is missing or dead.
func (t *Tenant) unauthorized() reply {
	rep := t.refuse(http.StatusUnauthorized, apiError{Code: "LOGIN-4", Title: "Invalid or expired token",
		Detail: "The bearer token is missing, unknown or expired.", Status: "401"})
	rep.admitted = false
	return rep
}

// forbidden is the answer to a token without the scope.
func (t *Tenant) forbidden() reply {
	return t.refuse(http.StatusForbidden, apiError{Code: "USERS-3", Title: "Forbidden", Detail: "The scope admin.users or admin_classic is required."})
}

// wait lets d pass; its error is why the context ended first.
func wait(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
