package qlik

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"qlik-provision/provision/text"
)

// The kinds of errors, for errors.Is. An error has one kind; ErrScope, ErrNotSent and ErrUnknownHost come in addition
// to the kind named with them. Other errors are the context's cause, and that of a request that could not be built.
var (
	// ErrCredentials: 401, or a token request that was refused. Nothing sent with these credentials will be accepted.
	ErrCredentials = errors.New("the tenant refused the credentials")
	// ErrScope: an ErrCredentials whose client is known to the tenant and lacks a permission. Check for it first.
	ErrScope = errors.New("the client lacks the scope " + Scope)
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
	ErrNotSent = errors.New("not sent")
	// ErrUnknownHost: an ErrNoAnswer or ErrNoToken because the tenant's host does not exist (DNS).
	ErrUnknownHost = errors.New("unknown host")
	// ErrGarbled: an informational status, or one of success with another status or body than the request asks for.
	// Whether the request took effect is not known.
	ErrGarbled = errors.New("unexpected answer")
	// ErrNotTenant: an answer that no Qlik Cloud tenant gives: a redirect, 404, 405, an untrusted certificate.
	ErrNotTenant = errors.New("not a Qlik Cloud tenant")
)

// An Error is an answer of the tenant other than the one that was asked for, or a missing answer. It does not change
// after it was returned.
type Error struct {
	kind  error
	scope bool   // it is an ErrScope, too
	text  string // of a token request that failed; else the fields below make the text

	Status     int    // 0 where there was no answer
	Code       string // the tenant's, or OAuth's
	Title      string
	Detail     string
	TraceID    string
	RetryAfter time.Duration // 0 where the tenant sent none that is valid; at most ten minutes
	Err        error         // the cause, where there was no answer or an unexpected one
}

// Is reports whether the error is of one of the kinds above.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrNotSent:
		return e.kind == ErrNoAnswer && neverSent(e.Err)
	case ErrUnknownHost:
		return (e.kind == ErrNoAnswer || e.kind == ErrNoToken) && unknownHost(e.Err)
	case ErrScope:
		return e.scope
	}
	return target == e.kind
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Error returns the tenant's title and detail where there are any, else the status or the cause.
func (e *Error) Error() string {
	if e.text != "" {
		return e.text
	}
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
	case e.kind == ErrGarbled:
		return fmt.Sprintf("%v (%s): %s", e.kind, status, description)
	case e.Status == 0 && e.Err != nil:
		return fmt.Sprintf("%v: %s", e.kind, description)
	}
	return description
}

// statusError is the one place where a status becomes an error.
func statusError(r request, status int, header http.Header, body []byte, now time.Time) Error {
	e := Error{Status: status, kind: kindOf(r, status)}
	switch e.kind {
	case ErrLimited, ErrNoAnswer:
		e.RetryAfter = retryAfter(header, now)
	case ErrGarbled:
		e.Err = errors.New("another status was expected")
		if r.want != 0 {
			e.Err = fmt.Errorf("status %d was expected", r.want)
		}
	}
	e.readBody(body)
	return e
}

func kindOf(r request, status int) error {
	switch {
	case status == http.StatusUnauthorized:
		return ErrCredentials
	case status == http.StatusForbidden:
		return ErrForbidden
	case status == http.StatusConflict:
		return ErrConflict
	case status == http.StatusTooManyRequests:
		return ErrLimited
	case status == http.StatusBadRequest, status == http.StatusRequestEntityTooLarge,
		status == http.StatusUnprocessableEntity:
		return ErrRefused
	case status == http.StatusRequestTimeout, status >= 500 && status <= 599:
		return ErrNoAnswer
	case status == http.StatusNotFound && r.oneUser:
		return ErrNotFound
	case status < 300:
		return ErrGarbled
	}
	return ErrNotTenant
}

// readBody fills in what an error body says, Qlik's or OAuth's. A gateway in front of the tenant may send HTML or
// nothing, which says nothing.
func (e *Error) readBody(body []byte) {
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
	e.TraceID = read.TraceID
	if len(read.Errors) > 0 {
		e.Code, e.Title, e.Detail = read.Errors[0].Code, read.Errors[0].Title, read.Errors[0].Detail
		return
	}
	e.Code, e.Title, e.Detail = read.OAuth, read.OAuth, read.OAuthDescription
}

// oneLine replaces control characters and line breaks with spaces, so that the tenant's text cannot pass for a line of
// our own output.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if text.IsControl(r) {
			return ' '
		}
		return r
	}, s)
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

// RetryAfter is how long the tenant asked to wait, 0 where it did not.
func RetryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.RetryAfter
	}
	return 0
}

// neverSent reports whether err arose before there was a connection, to the tenant or through a proxy.
func neverSent(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok && (op.Op == "dial" || op.Op == "proxyconnect") {
		return true
	}
	_, dns := errors.AsType[*net.DNSError](err)
	return dns || errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) // too many open files
}

// unknownHost reports whether err says that the tenant's host does not exist. A proxy's host is not the tenant's.
func unknownHost(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "proxyconnect" {
		return false
	}
	dns, ok := errors.AsType[*net.DNSError](err)
	return ok && dns.IsNotFound
}
