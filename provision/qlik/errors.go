package qlik

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The kinds of errors, for errors.Is. Other errors are the context's cause, and that of a request that could not be
// built.
var (
	// ErrCredentials: 401, or a token request that was refused. Nothing sent with these credentials will be accepted.
	ErrCredentials = errors.New("the tenant refused the credentials")
	// ErrScope: an ErrCredentials whose client is known to the tenant and lacks a permission. Check for it first.
	ErrScope = fmt.Errorf("%w: the client lacks the scope %s", ErrCredentials, Scope)
	// ErrNoToken: the token endpoint failed, so that the request itself was never sent. A retry may help.
	ErrNoToken = errors.New("no access token")
	// ErrLimited: 429. RetryAfter says for how long.
	ErrLimited = errors.New("rate limited")
	// ErrForbidden: 403.
	ErrForbidden = errors.New("forbidden")
	// ErrConflict: 409, the subject or the address belongs to an existing user.
	ErrConflict = errors.New("conflict")
	// ErrNotFound: 404 for a user's ID.
	ErrNotFound = errors.New("user not found")
	// ErrRefused: 400, 413 or 422, the request itself is not acceptable; or an invalid user ID, which is not sent.
	ErrRefused = errors.New("refused")
	// ErrNoAnswer: 408, a 5xx, a broken connection, a timeout. Whether the request took effect is not known, except
	// where it is an ErrNotSent, too.
	ErrNoAnswer = errors.New("no answer")
	// ErrNotSent: an ErrNoAnswer whose request was never sent, so that it had no effect: no connection could be made.
	ErrNotSent = fmt.Errorf("%w, not sent", ErrNoAnswer)
	// ErrGarbled: an informational status, or one of success with another status or body than the request asks for.
	// Whether the request took effect is not known.
	ErrGarbled = errors.New("unexpected answer")
	// ErrNotTenant: an answer that no Qlik Cloud tenant gives: a redirect, 404, 405, an untrusted certificate.
	ErrNotTenant = errors.New("not a Qlik Cloud tenant")
)

// An Error is an answer of the tenant other than the one that was asked for, or a missing answer. It does not change
// after it was returned, and shows no secret.
type Error struct {
	kind error // one of those above

	Status     int    // 0 where there was no answer
	Code       string // the tenant's, or OAuth's
	Title      string
	Detail     string
	TraceID    string
	RetryAfter time.Duration // 0 where the tenant sent none that is valid; at most ten minutes
	Err        error         // the cause, where there was no answer or an unexpected one
}

// Is reports whether the error is of one of the kinds above.
func (e *Error) Is(target error) bool { return errors.Is(e.kind, target) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Error returns the tenant's title and detail where there are any, else the status or the cause.
func (e *Error) Error() string {
	description := e.Title
	if e.Detail != "" && e.Detail != e.Title {
		description = strings.TrimPrefix(strings.TrimSuffix(e.Title, ".")+": "+e.Detail, ": ")
	}
	if description == "" && e.Err != nil {
		description = e.Err.Error()
	}
	status := strings.TrimSpace(fmt.Sprintf("HTTP %d %s", e.Status, http.StatusText(e.Status)))
	switch {
	case description == "":
		return status
	case e.Status == 0 && e.Title == "":
		return fmt.Sprintf("%v: %s", e.kind, description)
	case e.kind == ErrGarbled:
		return fmt.Sprintf("%v (%s): %s", e.kind, status, description)
	}
	return description
}

// RetryAfter is how long the tenant asked to wait, 0 where it did not.
func RetryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.RetryAfter
	}
	return 0
}

// statusError is the one place where a status becomes an error.
func (c *Client) statusError(r request, status int, header http.Header, body []byte) *Error {
	kind := kindOf(r, status)
	e := &Error{kind: kind, Status: status}
	switch kind {
	case ErrLimited, ErrNoAnswer:
		e.RetryAfter = retryAfter(header, time.Now())
	case ErrGarbled:
		e.Err = fmt.Errorf("status %d was expected", r.want)
	}
	e.readBody(body, c.secrets)
	return e
}

func kindOf(r request, status int) error {
	switch status {
	case http.StatusUnauthorized:
		return ErrCredentials
	case http.StatusForbidden:
		return ErrForbidden
	case http.StatusConflict:
		return ErrConflict
	case http.StatusTooManyRequests:
		return ErrLimited
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return ErrRefused
	}
	switch {
	case status == http.StatusRequestTimeout, status >= 500 && status <= 599:
		return ErrNoAnswer
	case status == http.StatusNotFound && r.want == http.StatusNoContent: // the path names a user
		return ErrNotFound
	case status < 300:
		return ErrGarbled
	}
	return ErrNotTenant
}

// Bounds on the tenant's text that an Error keeps, in bytes: a result file may hold one in every row.
const (
	maxName = 200 // Code, TraceID
	maxText = 2000
)

// readBody fills in what an error body says, Qlik's or OAuth's, without the secrets. A gateway in front of the tenant
// may send HTML or nothing, which says nothing.
func (e *Error) readBody(body []byte, s *secrets) {
	var read struct {
		Errors []struct {
			Code   string `json:"code"`
			Title  string `json:"title"`
			Detail string `json:"detail"`
		} `json:"errors"`
		TraceID          string `json:"traceId"`
		OAuth            string `json:"error"`
		OAuthDescription string `json:"error_description"`
	}
	// A field of the wrong type is left empty; the others are read all the same.
	_ = json.Unmarshal(body, &read)
	code, title, detail := read.OAuth, read.OAuth, read.OAuthDescription
	if len(read.Errors) > 0 {
		code, title, detail = read.Errors[0].Code, read.Errors[0].Title, read.Errors[0].Detail
	}
	e.Code, e.TraceID = s.oneLine(code, maxName), s.oneLine(read.TraceID, maxName)
	e.Title, e.Detail = s.oneLine(title, maxText), s.oneLine(detail, maxText)
}

// maxRetryAfter bounds what a tenant may ask for: Qlik's windows are five minutes, so a longer wait is a mistake.
const maxRetryAfter = 10 * time.Minute

// retryAfter reads Retry-After: whole seconds, or a date, which is compared with the answer's own Date, so that only
// the tenant's clock matters. It is 0 where there is none or it is invalid, and at most maxRetryAfter.
func retryAfter(h http.Header, now time.Time) time.Duration {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if value == "" {
		return 0
	}
	if strings.Trim(value, "0123456789") == "" {
		seconds, err := strconv.Atoi(value)
		if err != nil || seconds > int(maxRetryAfter/time.Second) {
			return maxRetryAfter
		}
		return time.Duration(seconds) * time.Second
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}
