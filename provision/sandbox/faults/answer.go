package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"qlik-provision/provision/sandbox"
)

// answer is the answer to a request, and how it reaches the client.
type answer struct {
	status int
	header http.Header
	body   []byte
	short  bool // the body is shorter than the header says
	kind   Kind // how the answer is sent: Cut, Drip, Endless, GzipBomb, Reset, Hang, Switching or LongHeader; else whole
}

// distort returns what a fault makes of an answer.
func (i *Injector) distort(q *request, f Fault, a answer) answer {
	if f.Kind == "" || f.Kind == Delay {
		return a
	}
	ok := a.status
	if ok == http.StatusNoContent {
		ok = http.StatusOK
	}
	switch f.Kind {
	case Status, Redirect:
		a = statusAnswer(f)
	case Garbage:
		a = newAnswer(ok, "text/html; charset=utf-8", page("Just a moment…", "<h1>Please wait</h1>"))
	case LoginPage:
		a = newAnswer(http.StatusOK, "text/html; charset=utf-8", page("Log in", `<form><input type="password"></form>`))
	case TokenDies:
		_, bearer, _ := strings.Cut(q.Header.Get("Authorization"), " ")
		i.RevokeToken(strings.TrimSpace(bearer))
		a = errorAnswer(http.StatusUnauthorized, "LOGIN-4", "Invalid or expired token")
	case WrongAnswer:
		i.mu.Lock()
		a = newAnswer(http.StatusCreated, "application/json", string(i.lastCreate))
		i.mu.Unlock()
	case OKInstead:
		if a.status == http.StatusCreated {
			a.status = http.StatusOK
		}
	case Nested:
		const depth = 100_000
		a = newAnswer(ok, "application/json", `{"n":`+strings.Repeat("[", depth)+strings.Repeat("]", depth)+"}")
	case GzipBomb:
		a = newAnswer(ok, "application/json", "")
		a.header.Set("Content-Encoding", "gzip")
	case Switching:
		a = answer{status: http.StatusSwitchingProtocols, header: dated()}
		a.header.Set("Connection", "Upgrade")
		a.header.Set("Upgrade", "websocket")
	case Cut, Drip, Endless:
		if len(a.body) == 0 {
			a = phantom(q.endpoint)
		}
		a.status = ok
	}
	a.kind = f.Kind
	for name, value := range map[string]string{"Retry-After": f.RetryAfter, "Location": f.Location} {
		if value != "" {
			a.header.Set(name, value)
		}
	}
	return a
}

// statusAnswer returns the answer that a fault of kind Status or Redirect describes.
func statusAnswer(f Fault) answer {
	status := f.Status
	if status == 0 && f.Kind == Redirect {
		status = http.StatusFound
	} else if status == 0 {
		status = http.StatusInternalServerError
	}
	switch {
	case f.NoBody:
		return newAnswer(status, "application/json", "")
	case f.Body == "":
		return errorAnswer(status, f.Code, f.Title)
	case json.Valid([]byte(f.Body)):
		return newAnswer(status, "application/json", f.Body)
	}
	return newAnswer(status, "text/html; charset=utf-8", f.Body)
}

// phantom returns an answer of the right status to a request that did not reach the tenant. Its body is not complete.
func phantom(e sandbox.Endpoint) answer {
	status, body := http.StatusOK, `{"data":[],"links":{"self":{"href":""}}`
	switch e {
	case sandbox.EndpointCreate:
		status, body = http.StatusCreated, `{"id":"000000000000000000000000","status":"active","links":{}`
	case sandbox.EndpointToken:
		body = `{"access_token":"0000000000000000","token_type":"bearer","expires_in":21600`
	}
	a := newAnswer(status, "application/json", body)
	a.short = true
	return a
}

// errorAnswer returns an error in Qlik's form.
func errorAnswer(status int, code, title string) answer {
	if code == "" {
		code = fmt.Sprintf("HTTP-%d", status)
	}
	if title == "" {
		title = http.StatusText(status)
	}
	return newAnswer(status, "application/json", fmt.Sprintf(
		`{"errors":[{"code":%s,"title":%s,"status":%d}],"traceId":"%032x"}`,
		quote(code), quote(title), status, rand.Uint64()|1))
}

func quote(s string) []byte {
	quoted, _ := json.Marshal(s) // a string can always be marshaled
	return quoted
}

func newAnswer(status int, contentType, body string) answer {
	a := answer{status: status, header: dated(), body: []byte(body)}
	a.header.Set("Content-Type", contentType)
	return a
}

func dated() http.Header { return http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}} }

func page(title, body string) string {
	return "<!DOCTYPE html>\n<html><head><title>" + title + "</title></head><body>" + body + "</body></html>\n"
}

// request is a request, what is known about it, and its body.
type request struct {
	*http.Request
	endpoint sandbox.Endpoint
	id       string // of the user in the path
	body     []byte
}

func newRequest(r *http.Request) (*request, error) {
	q := &request{Request: r}
	q.endpoint, q.id = sandbox.EndpointOf(r)
	if r.Body == nil {
		return q, nil
	}
	var err error
	q.body, err = io.ReadAll(io.LimitReader(r.Body, 1<<20)) // more than a tenant accepts
	return q, err
}

// keepFirstOperation leaves the first operation of a JSON Patch array, and a body that is none as it is.
func (q *request) keepFirstOperation() {
	var operations []json.RawMessage
	if json.Unmarshal(q.body, &operations) == nil && len(operations) > 0 {
		q.body = append(append([]byte("["), operations[0]...), ']')
		q.ContentLength = int64(len(q.body))
	}
}

// ask lets the tenant answer.
func (i *Injector) ask(ctx context.Context, q *request) (answer, error) {
	r := q.WithContext(ctx)
	r.Body = io.NopCloser(bytes.NewReader(q.body))
	resp, err := i.Tenant.Transport().RoundTrip(r)
	if err != nil {
		return answer{}, err
	}
	body, err := io.ReadAll(resp.Body)
	return answer{status: resp.StatusCode, header: resp.Header, body: body}, err
}
