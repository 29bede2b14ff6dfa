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
	method  string
	path    string // with the query
	body    []byte // JSON, nil for none
	want    int    // the one status of success
	list    bool   // the answer is a list, which may be large
	oneUser bool   // the path names a user: a 404 is ErrNotFound
}

// An answer is what came back. Its status is 0 where there was no answer.
type answer struct {
	status int
	body   []byte
}

// Bounds on what is read of an answer, in bytes, after decompression. An answer that is larger is ErrGarbled.
const (
	maxList   = 1 << 20  // a page of 100 users or roles
	maxAnswer = 64 << 10 // everything else, errors included: a thousand workers may each hold one
)

// fetch sends a request with a token and decodes its answer, without the secrets.
func fetch[T any](ctx context.Context, c *Client, r request) (T, answer, error) {
	var value T
	got, err := c.do(ctx, r)
	if err != nil {
		return value, got, err
	}
	if err := json.Unmarshal([]byte(c.secrets.hide(string(got.body))), &value); err != nil {
		return value, got, c.garbled(got, err)
	}
	return value, got, nil
}

// maxTokens is how many tokens a request is sent with: another one may end, too, while the request is under way.
const maxTokens = 4

// do sends a request with a token, and again after a 401 where another token can help.
//
// Errors are *Error, the context's cause, or that of a request that could not be built.
func (c *Client) do(ctx context.Context, r request) (answer, error) {
	for tokens := 1; ; tokens++ {
		t, err := c.tokens.get(ctx)
		if err != nil {
			return answer{}, err
		}
		got, err := c.send(ctx, r, t.header)
		if err == nil {
			t.accepted.Store(true)
		}
		if !errors.Is(err, ErrCredentials) || tokens == maxTokens || !c.tokens.reject(t) {
			return got, err
		}
	}
}

// send sends a request once and reports it to the observer. authorization may be empty.
func (c *Client) send(ctx context.Context, r request, authorization string) (answer, error) {
	if c.slots != nil {
		select {
		case c.slots <- struct{}{}:
			defer func() { <-c.slots }()
		case <-ctx.Done():
			return answer{}, context.Cause(ctx)
		}
	}
	sent := time.Now()
	c.inFlight.Add(1)
	got, err := c.exchange(ctx, r, authorization)
	c.inFlight.Add(-1)
	if c.observe != nil {
		c.observe(c.describe(ctx, r, got, err, time.Since(sent)))
	}
	return got, err
}

// exchange sends a request once. Any answer but the one that r wants is an *Error.
func (c *Client) exchange(ctx context.Context, r request, authorization string) (answer, error) {
	limited, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(limited, r.method, c.tenant.String()+r.path, bytes.NewReader(r.body))
	if err != nil {
		return answer{}, fmt.Errorf("building a request: %w", bare(err))
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
			return answer{}, context.Cause(ctx)
		}
		return answer{}, c.lostError(err)
	}
	got := answer{status: resp.StatusCode}
	c.answered.Store(true)
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		c.lastDate.Store(date.Unix())
	}
	var readErr error
	got.body, readErr = readAnswer(resp, r)
	if resp.StatusCode != r.want {
		// The status decides, whether or not the body could be read.
		return got, c.statusError(r, resp.StatusCode, resp.Header, got.body)
	}
	if readErr != nil && ctx.Err() != nil {
		return got, context.Cause(ctx)
	}
	if readErr != nil {
		return got, c.garbled(got, bare(readErr))
	}
	return got, nil
}

// readAnswer reads and closes the body. A 101 has none: what follows it is another protocol, without an end.
func readAnswer(resp *http.Response, r request) ([]byte, error) {
	if resp.StatusCode < 200 {
		return nil, resp.Body.Close()
	}
	limit := int64(maxAnswer)
	if r.list && resp.StatusCode == r.want {
		limit = maxList
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	err = errors.Join(err, resp.Body.Close())
	if int64(len(body)) > limit {
		return nil, fmt.Errorf("it is larger than %d bytes", limit)
	}
	return body, err
}

// garbled returns an ErrGarbled for an answer of success whose body is not what it should be.
func (c *Client) garbled(got answer, err error) error {
	return &Error{kind: ErrGarbled, Status: got.status, Err: c.secrets.cause(err)}
}

func (c *Client) describe(ctx context.Context, r request, got answer, err error, took time.Duration) Exchange {
	e, _ := ctx.Value(exchangeKey{}).(Exchange)
	e.Path, _, _ = strings.Cut(r.path, "?")
	e.Method, e.Status, e.Duration, e.Err = r.method, got.status, took, err
	if refused, ok := errors.AsType[*Error](err); ok {
		e.TraceID = refused.TraceID
	}
	return e
}
