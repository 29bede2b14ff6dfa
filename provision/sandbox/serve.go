package sandbox

import (
	"context"
	"net/http"
	"strings"
	"time"
)

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
