package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// reply is an answer before it is on the wire.
type reply struct {
	status   int
	header   []string // pairs of name and value beyond Date, Content-Type and Content-Length
	kind     string   // content type; "": application/json
	body     []byte
	admitted bool   // past token and rate limit, so that the request had whatever effect it was to have
	short    bool   // the body never becomes whole: the head announces more
	manner   manner // how the body, or the lack of one, reaches the client
}

func (r reply) headers() http.Header {
	h := make(http.Header, 3+len(r.header)/2)
	h["Date"] = []string{time.Now().UTC().Format(http.TimeFormat)}
	kind := r.kind
	if kind == "" {
		kind = "application/json"
	}
	h["Content-Type"] = []string{kind}
	for i := 0; i+1 < len(r.header); i += 2 {
		h[r.header[i]] = []string{r.header[i+1]}
	}
	if r.manner.sized() {
		h["Content-Length"] = []string{strconv.Itoa(r.length())}
	}
	return h
}

// answerJSON is an answer of the tenant's own.
func answerJSON(status int, v any) reply {
	body, err := json.Marshal(v)
	if err != nil { // not with the types of this package
		return reply{status: http.StatusInternalServerError, body: []byte(`{"errors":[{"code":"HTTP-500","title":"Internal error"}]}`)}
	}
	return reply{status: status, body: body, admitted: true}
}

// apiError is one of the errors in a body. Status has been seen as a number and as text: the users API sends numbers, the login
// service text. Codes beyond USERS-4, USERS-7 and HTTP-429 are ours; a client must not go by them.
type apiError struct {
	Code   string       `json:"code"`
	Title  string       `json:"title"`
	Detail string       `json:"detail,omitempty"`
	Status any          `json:"status,omitempty"`
	Source *errorSource `json:"source,omitempty"`
}

type errorSource struct {
	Pointer   string `json:"pointer,omitempty"`
	Parameter string `json:"parameter,omitempty"`
}

// refuse is an answer with one error in it. It counts what it refuses.
func (t *Tenant) refuse(status int, e apiError) reply {
	t.mu.Lock()
	switch status {
	case http.StatusUnauthorized:
		t.stats.Unauthorized++
	case http.StatusForbidden:
		t.stats.Forbidden++
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		t.stats.Invalid++
	case http.StatusConflict:
		t.stats.Conflicts++
	}
	t.mu.Unlock()
	return t.errorBody(status, e)
}

// errorBody is an error body of Qlik's, with a trace id.
func (t *Tenant) errorBody(status int, e apiError) reply {
	t.mu.Lock()
	trace := fmt.Sprintf("%032x", t.ids.Uint64()|1)
	t.mu.Unlock()
	if e.Status == nil {
		e.Status = status
	}
	return answerJSON(status, struct {
		Errors  []apiError `json:"errors"`
		TraceID string     `json:"traceId"`
	}{[]apiError{e}, trace})
}

// invalid is a 400 that names the property at fault.
func (t *Tenant) invalid(pointer, detail string) reply {
	e := apiError{Code: "USERS-4", Title: "Invalid request", Detail: detail}
	if pointer != "" {
		e.Source = &errorSource{Pointer: pointer}
	}
	return t.refuse(http.StatusBadRequest, e)
}

// invalidParameter is a 400 that names the query parameter at fault.
func (t *Tenant) invalidParameter(name, detail string) reply {
	return t.refuse(http.StatusBadRequest, apiError{Code: "USERS-4", Title: "Invalid request", Detail: detail,
		Source: &errorSource{Parameter: name}})
}

// tooMany is a 429. t.mu is not held.
func (t *Tenant) tooMany(seconds int) reply {
	rep := t.refuse(http.StatusTooManyRequests, apiError{Code: "HTTP-429", Title: "API rate limit reached.",
		Detail: fmt.Sprintf("You need to wait %d seconds until limit is lifted.", seconds)})
	rep.header = append(rep.header, "Retry-After", strconv.Itoa(seconds))
	rep.admitted = false
	return rep
}
