// Package qlik speaks to a Qlik Cloud tenant: tokens, users, errors. It sends a request once; when to send it again is its caller's to say, but
// for a 401, which is answered with a new token.
//
// The facts are those of the public reference on qlik.dev: "Users", "Rate limiting", "OAuth machine-to-machine".
package qlik

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

// maxAnswer bounds what is read of one answer, in bytes, after decompression.
const maxAnswer = 1 << 20

// Options of a Client. The zero value works, but for the credentials.
type Options struct {
	Credentials Credentials
	Connections int               // kept open between requests; 16 where it is 0
	Timeout     time.Duration     // of one request, the answer's body included; 30 s where it is 0
	UserAgent   string            // "qlik-provision" where it is empty
	Transport   http.RoundTripper // what carries the requests, in the place of a connection to the tenant
	Observe     func(Exchange)    // told of every request after its end; may be called at once
}

// An Exchange is one request and how it ended. It holds nothing personal and nothing secret.
type Exchange struct {
	Row      int           // of the row it was sent for, 0 for none
	Rows     int           // how many rows it was sent for, where that is not one
	Wait     time.Duration // how long the row had waited for its turn
	Method   string
	Path     string // without the query
	Status   int    // 0 where there was no answer
	Duration time.Duration
	TraceID  string
	Err      error // nil for a success
}

// A Client speaks to one tenant. Its methods may be called at once.
type Client struct {
	tenant Tenant
	// transport is called with no http.Client around it, which would follow redirects: one would carry the credentials to a host that nobody named.
	transport http.RoundTripper
	tokens    *tokens
	secrets   *secrets
	timeout   time.Duration
	agent     string
	observe   func(Exchange)

	inFlight atomic.Int64
	answered atomic.Bool
}

// New returns a client of the tenant. Nothing is sent yet.
func New(tenant Tenant, o Options) *Client {
	transport := o.Transport
	if transport == nil {
		transport = newTransport(o.Connections)
	}
	c := &Client{
		tenant:    tenant,
		transport: transport,
		secrets:   newSecrets(o.Credentials),
		timeout:   o.Timeout,
		agent:     o.UserAgent,
		observe:   o.Observe,
	}
	if c.timeout <= 0 {
		c.timeout = 30 * time.Second
	}
	if c.agent == "" {
		c.agent = "qlik-provision"
	}
	creds := o.Credentials
	if creds.APIKey != "" {
		c.tokens = &tokens{current: &token{header: "Bearer " + creds.APIKey}}
	} else {
		c.tokens = &tokens{fetch: func(ctx context.Context) (*token, error) { return c.fetchToken(ctx, creds) }}
	}
	return c
}

func newTransport(connections int) *http.Transport {
	if connections <= 0 {
		connections = 16
	}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:      true, // a TLSClientConfig of one's own turns it off
		MaxIdleConns:           connections,
		MaxIdleConnsPerHost:    connections,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		// Over HTTP/2 all requests share a connection, and one that a firewall forgot would swallow each of them until its deadline.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 10 * time.Second},

		OnProxyConnectResponse: proxyAnswered,
	}
}

// proxyAnswered says of a proxy that lets nothing through that it was the proxy, and that nothing was sent.
func proxyAnswered(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	return &net.OpError{Op: "proxyconnect", Net: "tcp", Err: fmt.Errorf("the proxy says %s", resp.Status)}
}

// Close gives the idle connections back.
func (c *Client) Close() { (&http.Client{Transport: c.transport}).CloseIdleConnections() }

// Tenant is whom the client speaks to.
func (c *Client) Tenant() Tenant { return c.tenant }

// Answered reports whether anything ever came back from the tenant, an error included.
func (c *Client) Answered() bool { return c.answered.Load() }

// InFlight is how many requests are under way.
func (c *Client) InFlight() int { return int(c.inFlight.Load()) }

type labelKey struct{}

type label struct {
	row, rows int
	wait      time.Duration
}

// ForRow notes in the context for which row a request is, and how long the row had waited, so that the observer can tell.
func ForRow(ctx context.Context, row int, wait time.Duration) context.Context {
	return context.WithValue(ctx, labelKey{}, label{row: row, wait: wait})
}

// ForRows notes in the context for how many rows a request is.
func ForRows(ctx context.Context, rows int) context.Context {
	return context.WithValue(ctx, labelKey{}, label{rows: rows})
}

type request struct {
	method string
	url    string
	body   []byte // JSON, nil for none
}

type answer struct {
	status int
	date   string // as the tenant's clock has it
	body   []byte
}

// do sends a request with a token, and decodes the answer into a T.
//
// A 401 is answered with another token where that can help, with a new one twice at the most: a tenant that takes a token and refuses it by turns
// is not kept company. Errors are *Error, *TokenError, the context's, or that of a request that cannot be made.
func do[T any](ctx context.Context, c *Client, r request) (T, answer, error) {
	var value T
	for fresh := 0; ; {
		t, err := c.tokens.get(ctx)
		if err != nil {
			return value, answer{}, err
		}
		got, err := c.send(ctx, r, t.header)
		e, refused := errors.AsType[*Error](err)
		switch {
		case refused && e.kind == ErrCredentials:
			again, replaced := c.tokens.reject(t)
			if !replaced {
				fresh++
			}
			if again && fresh <= 2 {
				continue
			}
			return value, got, err
		case err == nil, refused && e.kind != ErrLimited && e.kind != ErrNoAnswer:
			c.tokens.accept(t) // a gateway may say 429 or 5xx before it looks at the token: that says nothing
		}
		if err != nil {
			return value, got, err
		}
		if err := json.Unmarshal(got.body, &value); err != nil {
			return value, got, c.garbled(got, err)
		}
		return value, got, nil
	}
}

// send sends a request once. authorization may be empty. Any status but a 2xx is an *Error.
func (c *Client) send(ctx context.Context, r request, authorization string) (answer, error) {
	sent := time.Now()
	c.inFlight.Add(1)
	got, err := c.exchange(ctx, r, authorization)
	c.inFlight.Add(-1)
	if e, ok := errors.AsType[*Error](err); ok {
		c.secrets.inError(e)
	}
	if got.status != 0 {
		c.answered.Store(true)
	}
	if c.observe != nil {
		e := describe(ctx, r, got, err, time.Since(sent))
		e.Path = c.secrets.hide(e.Path) // a link of the tenant's may lead there
		c.observe(e)
	}
	return got, err
}

func (c *Client) exchange(ctx context.Context, r request, authorization string) (answer, error) {
	limited, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(limited, r.method, r.url, bytes.NewReader(r.body))
	if err != nil {
		return answer{}, fmt.Errorf("making a request: %w", bare(err))
	}
	req.Header.Set("User-Agent", c.agent)
	req.Header.Set("Accept", "application/json")
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		return answer{}, broken(ctx, err, c.timeout)
	}
	body, readErr := readAnswer(resp)
	got := answer{status: resp.StatusCode, date: resp.Header.Get("Date"), body: body}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		// The status says enough, whether or not its body could be read.
		return got, errorFor(resp.StatusCode, resp.Header, body, time.Now())
	}
	if readErr != nil {
		if ctx.Err() != nil {
			return got, context.Cause(ctx)
		}
		return got, &Error{kind: ErrGarbled, Status: resp.StatusCode, Err: bare(readErr)}
	}
	return got, nil
}

// garbled is an answer of success that cannot be read.
func (c *Client) garbled(got answer, err error) error {
	e := &Error{kind: ErrGarbled, Status: got.status, Err: err}
	c.secrets.inError(e)
	return e
}

// readAnswer reads the body of an answer, and closes it. Below 200 the body is the bare connection, whose reads no
// context ends: it is closed unread.
func readAnswer(resp *http.Response) ([]byte, error) {
	if resp.StatusCode < 200 {
		return nil, resp.Body.Close()
	}
	size := resp.ContentLength
	if size < 0 || size > maxAnswer {
		size = 512
	}
	buf := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
	_, err := buf.ReadFrom(io.LimitReader(resp.Body, maxAnswer+1))
	if closeErr := resp.Body.Close(); err == nil {
		err = closeErr
	}
	if buf.Len() > maxAnswer {
		err = fmt.Errorf("it is larger than %d bytes", maxAnswer)
	}
	return buf.Bytes(), err
}

func describe(ctx context.Context, r request, got answer, err error, took time.Duration) Exchange {
	e := Exchange{Method: r.method, Path: pathOf(r.url), Status: got.status, Duration: took, Err: err}
	if l, ok := ctx.Value(labelKey{}).(label); ok {
		e.Row, e.Rows, e.Wait = l.row, l.rows, l.wait
	}
	if refused, ok := errors.AsType[*Error](err); ok {
		e.TraceID = refused.TraceID
	}
	return e
}
