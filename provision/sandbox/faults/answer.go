package faults

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"qlik-provision/provision/sandbox"
)

// answer is the answer to a request, and how it reaches the client.
type answer struct {
	status int
	header http.Header
	body   []byte
	kind   Kind // how the answer is sent: Cut, Drip, Endless, Reset or Hang; else whole
}

// distort returns what a fault makes of an answer.
func (i *Injector) distort(f Fault, a answer) answer {
	ok := a.status
	if ok == http.StatusNoContent {
		ok = http.StatusOK
	}
	const html = "text/html; charset=utf-8"
	switch f.Kind {
	case "", Delay:
		return a
	case Status:
		a = statusAnswer(f)
	case Garbage:
		a = newAnswer(ok, html, "<!DOCTYPE html><title>Just a moment…</title><h1>Please wait</h1>")
	case LoginPage:
		a = newAnswer(http.StatusOK, html, `<!DOCTYPE html><title>Log in</title><input type="password">`)
	case WrongAnswer:
		i.mu.Lock()
		a = newAnswer(http.StatusCreated, "application/json", string(i.lastCreate))
		i.mu.Unlock()
	case OKInstead:
		if a.status == http.StatusCreated {
			a.status = http.StatusOK
		}
	case Cut, Drip, Endless:
		a.status = ok
		if len(a.body) == 0 {
			a.body = []byte(`{"data":[`)
		}
	}
	a.kind = f.Kind
	for name, value := range map[string]string{"Retry-After": f.RetryAfter, "Location": f.Location} {
		if value != "" {
			a.header.Set(name, value)
		}
	}
	return a
}

// statusAnswer returns the answer that a fault of kind Status describes.
func statusAnswer(f Fault) answer {
	status := f.Status
	if status == 0 {
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

// success returns an answer without a body, of the right status, to a request that did not reach the tenant.
func success(e sandbox.Endpoint) answer {
	status := http.StatusOK
	if e == sandbox.EndpointCreate {
		status = http.StatusCreated
	}
	return newAnswer(status, "application/json", "")
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

func quote(s string) string {
	quoted, _ := json.Marshal(s) // a string can always be marshaled
	return string(quoted)
}

func newAnswer(status int, contentType, body string) answer {
	return answer{status: status, body: []byte(body), header: http.Header{
		"Content-Type": {contentType}, "Date": {time.Now().UTC().Format(http.TimeFormat)},
	}}
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
	}
}

// ask lets the tenant answer.
func (i *Injector) ask(q *request) (answer, error) {
	r := q.Clone(q.Context())
	r.Body = io.NopCloser(bytes.NewReader(q.body))
	resp, err := i.Tenant.Transport().RoundTrip(r)
	if err != nil {
		return answer{}, err
	}
	body, err := io.ReadAll(resp.Body)
	return answer{status: resp.StatusCode, header: resp.Header, body: body}, err
}
