// Package qlik is a client for a Qlik Cloud tenant: tokens, users, roles, and errors. A method sends its request once,
// except that a 401 is answered with a new token; when to retry is its caller's decision.
//
// Source: the public reference on qlik.dev, "Users", "Roles", "Rate limiting" and "OAuth machine-to-machine".
package qlik

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

// Options of a Client. The zero value works, except for the credentials.
type Options struct {
	Credentials Credentials
	Connections int               // kept open for the requests at once; 16 where it is 0
	Timeout     time.Duration     // of one request, reading the answer included; 30 s where it is 0
	UserAgent   string            // "qlik-provision" where it is empty
	Transport   http.RoundTripper // sends the requests; nil: a transport for a tenant on the network
	Observe     func(Exchange)    // is called after every request; must be safe for concurrent use
}

// An Exchange is one request and how it ended. Its fields hold no secret, no name, no address and no subject; Path may
// hold a user's ID, and Err may quote the tenant.
type Exchange struct {
	Row      int           // the row it was sent for, 0 for none
	Rows     int           // how many rows it was sent for, where that is not one
	Wait     time.Duration // how long the row had waited before it was sent
	Method   string
	Path     string // without the query
	Status   int    // 0 where there was no answer
	Duration time.Duration
	TraceID  string
	Err      error // nil for a success
}

// A Client sends requests to one tenant. It is safe for concurrent use.
type Client struct {
	tenant Tenant
	// transport is not used through an http.Client, which would follow redirects and send the credentials to another
	// host.
	transport http.RoundTripper
	lists     chan struct{} // one for each list that is read: they are what takes memory
	tokens    *tokens
	secrets   *secrets
	timeout   time.Duration
	agent     string
	observe   func(Exchange)

	answered atomic.Bool
	lastDate atomic.Int64 // Unix seconds, 0 for none
}

// New returns a client of the tenant. Nothing is sent yet. Check Proxy before.
func New(tenant Tenant, o Options) *Client {
	var proxy *url.URL
	if o.Transport == nil {
		proxy, _ = Proxy(tenant)
	}
	c := &Client{
		tenant:    tenant,
		transport: o.Transport,
		lists:     make(chan struct{}, maxLists),
		secrets:   newSecrets(o.Credentials, proxy),
		timeout:   cmp.Or(o.Timeout, 30*time.Second),
		agent:     cmp.Or(o.UserAgent, "qlik-provision"),
		observe:   o.Observe,
	}
	if c.transport == nil {
		c.transport = newTransport(cmp.Or(o.Connections, 16), c.timeout)
	}
	creds := o.Credentials
	c.tokens = &tokens{fetch: func(ctx context.Context) (*token, error) { return c.fetchToken(ctx, creds) }}
	if creds.APIKey != "" {
		c.tokens.fetch = nil
		c.tokens.current.Store(&token{header: "Bearer " + creds.APIKey})
	}
	return c
}

// Close closes the idle connections.
func (c *Client) Close() { (&http.Client{Transport: c.transport}).CloseIdleConnections() }

// Tenant returns the tenant that the client sends requests to.
func (c *Client) Tenant() Tenant { return c.tenant }

// Answered reports whether the tenant ever answered a request, with an error or without.
func (c *Client) Answered() bool { return c.answered.Load() }

// LastDate is the Date of the newest answer of the tenant, whatever its status. It is zero where no answer had one.
func (c *Client) LastDate() time.Time {
	seconds := c.lastDate.Load()
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// ForRow notes in the context which row a request is for, and how long the row had waited, for the observer.
func ForRow(ctx context.Context, row int, wait time.Duration) context.Context {
	return context.WithValue(ctx, exchangeKey{}, Exchange{Row: row, Wait: wait})
}

// ForRows notes in the context how many rows a request is for, for the observer.
func ForRows(ctx context.Context, rows int) context.Context {
	return context.WithValue(ctx, exchangeKey{}, Exchange{Rows: rows})
}

type exchangeKey struct{}
