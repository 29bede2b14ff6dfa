package qlik

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
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
// after it was returned, and its fields and its text show no secret. It wraps its kind, one of those above, and the
// cause where there was no answer or an unexpected one.
type Error struct {
	kind  error
	text  string // one line
	cause error  // may be nil; its own text may show secrets

	Status     int    // 0 where there was no answer
	Code       string // the tenant's, or OAuth's
	TraceID    string
	RetryAfter time.Duration // 0 where the tenant sent none that is valid; at most ten minutes
}

// Error returns the tenant's title and detail where there are any, else the status or the cause.
func (e *Error) Error() string { return e.text }

// Unwrap returns the kind and the cause.
func (e *Error) Unwrap() []error { return []error{e.kind, e.cause} }

// RetryAfter is how long the tenant asked to wait, 0 where it did not.
func RetryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.RetryAfter
	}
	return 0
}

// Bounds on the tenant's text that an Error keeps, in bytes: a result file may hold one in every row.
const (
	maxName = 200 // Code, TraceID
	maxText = 2000
)

// lost returns the error of a request that got no answer because of err.
func (c *Client) lost(err error) *Error {
	op, _ := errors.AsType[*net.OpError](err)
	_, noHost := errors.AsType[*net.DNSError](err)
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	_, noTLS := errors.AsType[tls.RecordHeaderError](err)
	noDescriptor := errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
	kind, why := ErrNoAnswer, err.Error()
	switch {
	case untrusted, noTLS:
		kind = ErrNotTenant
	case noHost, noDescriptor, op != nil && (op.Op == "dial" || op.Op == "proxyconnect"):
		kind = ErrNotSent
	case errors.Is(err, context.DeadlineExceeded):
		why = fmt.Sprintf("timeout after %v", c.options.Timeout)
	}
	return &Error{kind: kind, text: c.secrets.oneLine(fmt.Sprintf("%v: %s", kind, why), maxText), cause: err}
}

// garbled returns an ErrGarbled for an answer of success that is not as it should be because of err.
func (c *Client) garbled(r request, err error) *Error {
	text := fmt.Sprintf("%v (HTTP %d): %v", ErrGarbled, r.want, err)
	return &Error{kind: ErrGarbled, Status: r.want, text: c.secrets.oneLine(text, maxText), cause: err}
}

// statusError is the one place where a status becomes an error. The body is Qlik's or OAuth's.
func (c *Client) statusError(r request, status int, header http.Header, body []byte) *Error {
	var read struct {
		Errors           []struct{ Code, Title, Detail string }
		TraceID          string
		OAuth            string `json:"error"`
		OAuthDescription string `json:"error_description"`
	}
	// A gateway in front of the tenant may send HTML or nothing, which says nothing. A field of the wrong type is left
	// empty; the others are read all the same.
	_ = json.Unmarshal(body, &read)
	code, title, detail := read.OAuth, read.OAuth, read.OAuthDescription
	if len(read.Errors) > 0 {
		code, title, detail = read.Errors[0].Code, read.Errors[0].Title, read.Errors[0].Detail
	}
	text := title
	if detail != title {
		text = strings.Trim(strings.TrimSuffix(title, ".")+": "+detail, ": ")
	}
	e := &Error{kind: kindOf(r, status), Status: status}
	switch {
	case e.kind == ErrGarbled:
		text = strings.TrimSuffix(fmt.Sprintf("%v: HTTP %d instead of %d: %s", e.kind, status, r.want, text), ": ")
	case text == "":
		text = strings.TrimSpace(fmt.Sprintf("HTTP %d %s", status, http.StatusText(status)))
	}
	if e.kind == ErrLimited || e.kind == ErrNoAnswer {
		e.RetryAfter = retryAfter(header, time.Now())
	}
	e.text = c.secrets.oneLine(text, maxText)
	e.Code, e.TraceID = c.secrets.oneLine(code, maxName), c.secrets.oneLine(read.TraceID, maxName)
	return e
}

func kindOf(r request, status int) error {
	kinds := map[int]error{
		400: ErrRefused, 401: ErrCredentials, 403: ErrForbidden, 408: ErrNoAnswer, 409: ErrConflict, 413: ErrRefused,
		422: ErrRefused, 429: ErrLimited,
	}
	switch kind := kinds[status]; {
	case kind != nil:
		return kind
	case status < 300:
		return ErrGarbled
	case status >= 500 && status <= 599:
		return ErrNoAnswer
	case status == http.StatusNotFound && r.want == http.StatusNoContent: // the path names a user
		return ErrNotFound
	}
	return ErrNotTenant
}

// maxRetryAfter bounds what a tenant may ask for: Qlik's windows are five minutes, so a longer wait is a mistake.
const maxRetryAfter = 10 * time.Minute

// retryAfter reads Retry-After: whole seconds, or a date, which is compared with the answer's own Date, so that only
// the tenant's clock matters. It is 0 where there is none or it is invalid, and at most maxRetryAfter.
func retryAfter(h http.Header, now time.Time) time.Duration {
	value := strings.TrimSpace(h.Get("Retry-After"))
	seconds, err := strconv.ParseUint(value, 10, 32)
	if err == nil || errors.Is(err, strconv.ErrRange) { // out of range, seconds is the largest number
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
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
