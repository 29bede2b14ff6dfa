package qlik

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// What an error of this package is, for errors.Is. Others are the context's own, and those of a request that cannot be made.
var (
	// ErrCredentials: the tenant does not know the client or the key. Nothing sent with them will ever be let in.
	ErrCredentials = errors.New("the tenant refused the credentials")
	// ErrScope: an ErrCredentials of a client that is known, and may not ask for what it takes to create users.
	ErrScope = errors.New("the client may not ask for the scope " + Scope)
	// ErrNoToken: the token endpoint failed, so the request itself was never sent. It may go better later.
	ErrNoToken = errors.New("no token to be had")
	// ErrLimited: 429. Error.RetryAfter says for how long.
	ErrLimited = errors.New("rate limited")
	// ErrForbidden: 403.
	ErrForbidden = errors.New("forbidden")
	// ErrConflict: 409, a user with this subject exists.
	ErrConflict = errors.New("conflict")
	// ErrRefused: 400, 413 or 422, the request was refused for its own sake.
	ErrRefused = errors.New("refused")
	// ErrNoAnswer: 408, a 5xx, a broken connection, a timeout. Whether the request had its effect is not known, except where
	// ErrNotSent is true as well.
	ErrNoAnswer = errors.New("no answer")
	// ErrNotSent: no connection came about, so the request cannot have had an effect.
	ErrNotSent = errors.New("not sent")
	// ErrGarbled: a 1xx, or a 2xx that does not say what a success says. Whether the request had its effect is not known.
	ErrGarbled = errors.New("an answer that cannot be read")
	// ErrNotTenant: an answer that no Qlik Cloud tenant gives (a redirect, 404, 405, a certificate that does not check out).
	ErrNotTenant = errors.New("this is not a Qlik Cloud tenant")
)

// An Error is an answer of the tenant that is no success, or the lack of an answer.
type Error struct {
	kind error

	Status     int // 0 where there was no answer
	Code       string
	Title      string
	Detail     string
	TraceID    string
	RetryAfter time.Duration // 0 where the tenant named none that makes sense
	Err        error         // what broke, where there was no answer or none that could be read
}

// Is reports whether the error is of one of the kinds above.
func (e *Error) Is(target error) bool {
	if target == ErrNotSent {
		return e.kind == ErrNoAnswer && neverSent(e.Err)
	}
	return target == e.kind
}

// Unwrap gives what broke.
func (e *Error) Unwrap() error { return e.Err }

// Error says what the tenant said: code, title and detail, or the status where it said nothing.
func (e *Error) Error() string {
	switch {
	case e.Title != "" || e.Detail != "":
		text := e.Title
		if e.Detail != "" && e.Detail != e.Title {
			text = strings.TrimPrefix(strings.TrimSuffix(text, ".")+": "+e.Detail, ": ")
		}
		return text
	case e.Err != nil && e.Status != 0:
		return fmt.Sprintf("HTTP %d with %s: %v", e.Status, ErrGarbled, e.Err)
	case e.Err != nil:
		return fmt.Sprintf("%v: %v", e.kind, e.Err)
	}
	return strings.TrimSpace(fmt.Sprintf("HTTP %d %s", e.Status, http.StatusText(e.Status)))
}

// errorFor is the one place where a status becomes an error.
func errorFor(status int, header http.Header, body []byte, now time.Time) *Error {
	e := &Error{Status: status, kind: kindOf(status)}
	e.read(body)
	if e.kind == ErrLimited || e.kind == ErrNoAnswer {
		e.RetryAfter = retryAfter(header, now)
	}
	return e
}

func kindOf(status int) error {
	switch {
	case status < 200:
		return ErrGarbled
	case status == http.StatusUnauthorized:
		return ErrCredentials
	case status == http.StatusForbidden:
		return ErrForbidden
	case status == http.StatusConflict:
		return ErrConflict
	case status == http.StatusTooManyRequests:
		return ErrLimited
	case status == http.StatusBadRequest, status == http.StatusRequestEntityTooLarge, status == http.StatusUnprocessableEntity:
		return ErrRefused
	case status == http.StatusRequestTimeout, status >= 500 && status <= 599:
		return ErrNoAnswer
	}
	return ErrNotTenant
}

// read fills in what an error body says: Qlik's, or OAuth's. A gateway in front may send HTML or nothing: then there is nothing to fill in.
func (e *Error) read(body []byte) {
	var qlik struct {
		Errors []struct {
			Code   string `json:"code"`
			Title  string `json:"title"`
			Detail string `json:"detail"`
		} `json:"errors"`
		TraceID string `json:"traceId"`
	}
	// One field of the wrong type spoils neither the others nor the status: what was decoded before it counts.
	_ = json.Unmarshal(body, &qlik)
	e.TraceID = oneLine(qlik.TraceID)
	if len(qlik.Errors) > 0 {
		e.Code, e.Title, e.Detail = oneLine(qlik.Errors[0].Code), oneLine(qlik.Errors[0].Title), oneLine(qlik.Errors[0].Detail)
		return
	}
	var oauth struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	_ = json.Unmarshal(body, &oauth)
	e.Code, e.Title, e.Detail = oneLine(oauth.Error), oneLine(oauth.Error), oneLine(oauth.Description)
}

// oneLine is what a tenant said without control characters: what it says may not look like something that we say in a line of its own.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
}

// maxRetryAfter bounds what a tenant may ask for: Qlik's windows are five minutes, and a longer wait is a mistake or a joke.
const maxRetryAfter = 10 * time.Minute

// retryAfter reads Retry-After: whole seconds, or a date, which counts from the answer's own Date, so that no clock but the tenant's matters.
// It is 0 where there is none or it is nonsense, and at most maxRetryAfter.
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

// broken makes an Error of a request that got no answer. The request's own URL is taken out of the text: a filter holds personal data.
func broken(ctx context.Context, err error, timeout time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	err = bare(err)
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return &Error{kind: ErrNotTenant, Err: err}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("none within %v", timeout)
	}
	return &Error{kind: ErrNoAnswer, Err: err}
}

// bare takes the URL off an error of net/url or net/http.
func bare(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// neverSent reports whether err arose before there was a connection to send anything on, to the tenant or through a proxy.
func neverSent(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && (op.Op == "dial" || op.Op == "proxyconnect")
}
