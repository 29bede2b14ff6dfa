package qlik

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// A request is one request to the tenant, and what counts as its success.
type request struct {
	method string
	path   string // with the query
	body   any    // is sent as JSON; nil: none
	want   int    // the one status of success
	list   bool   // the answer is a list, which may be large
}

// maxTokens is how many tokens a request is sent with: another one may end, too, while the request is under way.
const maxTokens = 4

// do sends a request with a token, and again after a 401 where another token can help.
//
// Errors are *Error, the context's cause, or that of a request that could not be built.
func (c *Client) do(ctx context.Context, r request) (body []byte, err error) {
	for tokens := 1; ; tokens++ {
		t, err := c.tokens.get(ctx)
		if err != nil {
			return nil, err
		}
		body, err := c.send(ctx, r, t.header)
		if err == nil {
			t.accepted.Store(true)
		}
		if !errors.Is(err, ErrCredentials) || tokens == maxTokens || !c.tokens.reject(t) {
			return body, err
		}
	}
}

// send sends a request once and reports it to the observer. authorization may be empty.
func (c *Client) send(ctx context.Context, r request, authorization string) (body []byte, err error) {
	sent := time.Now()
	body, err = c.exchange(ctx, r, authorization)
	if c.observe != nil {
		c.observe(describe(ctx, r, err, time.Since(sent)))
	}
	return body, err
}

func describe(ctx context.Context, r request, err error, took time.Duration) Exchange {
	e, _ := ctx.Value(exchangeKey{}).(Exchange)
	e.Path, _, _ = strings.Cut(r.path, "?")
	e.Method, e.Duration, e.Err = r.method, took, err
	if err == nil {
		e.Status = r.want
	}
	if other, ok := errors.AsType[*Error](err); ok {
		e.Status, e.TraceID = other.Status, other.TraceID
	}
	return e
}

// exchange sends a request once and returns the body of its answer. Any answer but the one that r wants is an *Error.
func (c *Client) exchange(ctx context.Context, r request, authorization string) ([]byte, error) {
	limited, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var sent []byte
	if r.body != nil {
		sent, _ = json.Marshal(r.body) // strings always encode
	}
	req, err := http.NewRequestWithContext(limited, r.method, c.tenant.String()+r.path, bytes.NewReader(sent))
	if err != nil {
		return nil, fmt.Errorf("building a request: %w", bare(err))
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
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, c.lostError(err)
	}
	c.answered.Store(true)
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		c.lastDate.Store(date.Unix())
	}
	body, err := readAnswer(resp, r.list)
	switch {
	case resp.StatusCode != r.want: // whether or not the body could be read
		return nil, c.statusError(r, resp.StatusCode, resp.Header, body)
	case err != nil && ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, c.garbled(r, bare(err))
	}
	return body, nil
}

// Bounds on what is read of an answer, in bytes, after decompression. An answer that is larger is ErrGarbled.
const (
	maxList   = 1 << 20  // a page of 100 users or roles
	maxAnswer = 64 << 10 // everything else, errors included: a thousand workers may each hold one
)

// readAnswer reads and closes the body. A 101 has none: what follows it is another protocol, without an end.
func readAnswer(resp *http.Response, list bool) ([]byte, error) {
	if resp.StatusCode < 200 {
		return nil, resp.Body.Close()
	}
	limit := int64(maxAnswer)
	if list {
		limit = maxList
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	err = errors.Join(err, resp.Body.Close())
	if int64(len(body)) > limit {
		return nil, fmt.Errorf("it is larger than %d bytes", limit)
	}
	return body, err
}

// decode decodes the answer to a request, without the secrets.
func (c *Client) decode(r request, body []byte, value any) error {
	if err := tolerant([]byte(c.secrets.hide(string(body))), value); err != nil {
		return c.garbled(r, err)
	}
	return nil
}

// tolerant decodes JSON of the tenant's. What has the wrong type stays empty and is no error: it must not hide the
// rest.
func tolerant(b []byte, v any) error {
	err := json.Unmarshal(b, v)
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return nil
	}
	return err
}

// garbled returns an ErrGarbled for an answer of success whose body is not what it should be.
func (c *Client) garbled(r request, err error) error {
	return &Error{kind: ErrGarbled, Status: r.want, Err: c.secrets.cause(err)}
}
