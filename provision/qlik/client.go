// Package qlik is a client for a Qlik Cloud tenant: tokens, users, roles, and errors. A method sends its request once,
// except that a 401 is answered with a new token; when to retry is its caller's decision.
//
// Source: the public reference on qlik.dev, "Users", "Roles", "Rate limiting" and "OAuth machine-to-machine".
package qlik

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

// A Client sends requests to one tenant. It is safe for concurrent use.
type Client struct {
	tenant  Tenant
	options Options       // with its defaults
	lists   chan struct{} // one for each list that is read: they are what takes memory
	tokens  tokens
	secrets *secrets

	answered atomic.Bool
	lastDate atomic.Pointer[time.Time] // never nil; to the zero time before the first
}

// Options of a Client. The zero value works, except for the credentials.
type Options struct {
	Credentials Credentials
	Connections int               // kept open for the requests at once; 16 where it is 0
	Timeout     time.Duration     // of one request, reading the answer included; 30 s where it is 0
	UserAgent   string            // none is sent where it is empty
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

// New returns a client of the tenant. Nothing is sent yet. Check Proxy before.
func New(tenant Tenant, o Options) *Client {
	o.Timeout = cmp.Or(o.Timeout, 30*time.Second)
	if o.Transport == nil {
		o.Transport = newTransport(cmp.Or(o.Connections, 16), o.Timeout)
	}
	proxy, _ := Proxy(tenant)
	c := &Client{
		tenant:  tenant,
		options: o,
		lists:   make(chan struct{}, maxLists),
		secrets: newSecrets(o.Credentials, proxy),
	}
	c.lastDate.Store(&time.Time{})
	if o.Credentials.APIKey == "" {
		c.tokens.fetch = c.fetchToken
	} else {
		c.tokens.current.Store(&token{header: "Bearer " + o.Credentials.APIKey})
	}
	return c
}

// Close closes the idle connections.
func (c *Client) Close() { (&http.Client{Transport: c.options.Transport}).CloseIdleConnections() }

// Tenant returns the tenant that the client sends requests to.
func (c *Client) Tenant() Tenant { return c.tenant }

// Answered reports whether the tenant ever answered a request, with an error or without.
func (c *Client) Answered() bool { return c.answered.Load() }

// LastDate is the Date of the newest answer of the tenant, whatever its status. It is zero where no answer had one.
func (c *Client) LastDate() time.Time { return *c.lastDate.Load() }

// WithExchange notes in the context what the observer is told about a request beyond the request itself: Row and Wait,
// or Rows.
func WithExchange(ctx context.Context, e Exchange) context.Context {
	return context.WithValue(ctx, exchangeKey{}, e)
}

type exchangeKey struct{}

// newTransport returns the transport for a tenant on the network. Connecting has less time than a request, so that a
// host that cannot be reached is told from one that does not answer.
func newTransport(connections int, timeout time.Duration) *http.Transport {
	connect := min(10*time.Second, timeout/2)
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: connect}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:      true, // a TLSClientConfig of our own turns it off
		MaxIdleConns:           connections,
		MaxIdleConnsPerHost:    connections,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    connect,
		MaxResponseHeaderBytes: 64 << 10,
		// Over HTTP/2 all requests share a connection. One that a firewall dropped would time out each of them.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 10 * time.Second},

		OnProxyConnectResponse: checkProxyAnswer,
	}
}

// checkProxyAnswer makes the error of a proxy that refuses to connect name the proxy, and say that nothing was sent.
func checkProxyAnswer(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	return &net.OpError{Op: "proxyconnect", Net: "tcp", Err: fmt.Errorf("the proxy answered %s", resp.Status)}
}
