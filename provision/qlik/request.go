package qlik

import (
	"bytes"
	"cmp"
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
	most   int64  // bytes that are read of the answer; maxAnswer where it is 0
}

// Bounds on what is read of an answer or a list, in bytes after decompression. What is larger is ErrGarbled. A tenant
// has 516 roles at most, and 96 terms rarely find more users than fit on one page.
const (
	maxAnswer = 64 << 10    // errors included: a thousand workers may each hold one
	maxPage   = 1 << 20     // 100 users or roles
	maxList   = 8 * maxPage // all pages of a list
	maxPages  = 50          // of a list
	maxLists  = 16          // that are read at once, however many requests are: each may take maxList
)

// list returns all items of a list, which it reads page by page until there is no next one, and how many pages that
// were. Any error discards the pages before it.
func list[T any](ctx context.Context, c *Client, r request) (all []T, pages int, err error) {
	select {
	case c.lists <- struct{}{}:
		defer func() { <-c.lists }()
	case <-ctx.Done():
		return nil, 0, context.Cause(ctx)
	}
	r.most = maxPage
	for size := 0; pages < maxPages && size <= maxList; {
		pages++
		body, err := c.do(ctx, r)
		if err != nil {
			return nil, pages, err
		}
		size += len(body)
		var page struct{ Data []T }
		if err := c.decode(r, body, &page); err != nil {
			return nil, pages, err
		}
		if page.Data == nil { // not even an empty list
			return nil, pages, c.garbled(r, errors.New("there is no list in it"))
		}
		all = append(all, page.Data...)
		var end struct {
			Links struct{ Next struct{ Href string } }
		}
		if err := json.Unmarshal(body, &end); err != nil { // a list without its end is no list
			return nil, pages, c.garbled(r, err)
		}
		if end.Links.Next.Href == "" {
			return all, pages, nil
		}
		if r.path, err = c.tenant.resolve(r.path, end.Links.Next.Href); err != nil {
			return nil, pages, c.garbled(r, err)
		}
	}
	return nil, pages, c.garbled(r, errors.New("its pages do not end"))
}

// maxTokens is how many tokens a request is sent with: another one may end, too, while the request is under way.
const maxTokens = 4

// do sends a request with a token, and again after a 401 where another token can help. The body of the answer is
// without the secrets.
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
			return []byte(c.secrets.hide(string(body))), err
		}
	}
}

// send sends a request once and reports it to the observer. authorization may be empty.
func (c *Client) send(ctx context.Context, r request, authorization string) ([]byte, error) {
	sent := time.Now()
	body, err := c.exchange(ctx, r, authorization)
	if c.options.Observe == nil {
		return body, err
	}
	e, _ := ctx.Value(exchangeKey{}).(Exchange)
	e.Path, _, _ = strings.Cut(r.path, "?")
	e.Method, e.Duration, e.Err = r.method, time.Since(sent), err
	if err == nil {
		e.Status = r.want
	}
	if failed, ok := errors.AsType[*Error](err); ok {
		e.Status, e.TraceID = failed.Status, failed.TraceID
	}
	c.options.Observe(e)
	return body, err
}

// exchange sends a request once and returns the body of its answer. Any answer but the one that r wants is an *Error.
func (c *Client) exchange(ctx context.Context, r request, authorization string) ([]byte, error) {
	limited, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	var sent []byte
	if r.body != nil {
		sent, _ = json.Marshal(r.body) // strings always encode
	}
	req, err := http.NewRequestWithContext(limited, r.method, c.tenant.String()+r.path, bytes.NewReader(sent))
	if err != nil { // its text has the URL, whose filter holds personal data
		return nil, errors.New("building a request: its URL is invalid")
	}
	req.Header.Set("User-Agent", c.options.UserAgent)
	req.Header.Set("Accept", "application/json")
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	// An http.Client would follow redirects, and send the credentials to another host.
	resp, err := c.options.Transport.RoundTrip(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, c.lost(err)
	}
	c.answered.Store(true)
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		c.lastDate.Store(&date)
	}
	body, err := readAnswer(resp, cmp.Or(r.most, maxAnswer))
	switch {
	case resp.StatusCode != r.want: // whether or not the body could be read
		return nil, c.statusError(r, resp.StatusCode, resp.Header, body)
	case err != nil && ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, c.garbled(r, err)
	}
	return body, nil
}

// readAnswer reads and closes the body. A 101 has none: what follows it is another protocol, without an end.
func readAnswer(resp *http.Response, most int64) ([]byte, error) {
	if resp.StatusCode < 200 {
		return nil, resp.Body.Close()
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
	err = errors.Join(err, resp.Body.Close())
	if int64(len(body)) > most {
		return nil, fmt.Errorf("it is larger than %d bytes", most)
	}
	return body, err
}

// decode decodes the answer to a request. What has the wrong type stays empty and is no error: it must not hide the
// rest.
func (c *Client) decode(r request, body []byte, value any) error {
	err := json.Unmarshal(body, value)
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok || err == nil {
		return nil
	}
	return c.garbled(r, err)
}
