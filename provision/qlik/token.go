package qlik

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

// Scope is what the client asks for. Where a tenant refuses it, the token has whatever scopes the client has.
const Scope = "admin.users"

// Credentials are a machine-to-machine OAuth client, or an API key in its place. They print as nothing.
type Credentials struct {
	ClientID     string
	ClientSecret string
	APIKey       string
}

// Format keeps the credentials out of whatever prints them.
func (Credentials) Format(f fmt.State, _ rune) { fmt.Fprint(f, "(credentials)") }

// A token is the value of the Authorization header. Its pointer tells which token a request was sent with.
type token struct {
	header   string
	until    time.Time   // from here on it is not used; zero: never
	accepted atomic.Bool // a request with it succeeded
}

// tokens shares one token among all requests and renews it when needed. It is safe for concurrent use.
type tokens struct {
	fetch   func(context.Context) (*token, error) // nil: current is an API key
	flight  singleflight.Group
	current atomic.Pointer[token] // nil: none yet, or it was rejected
}

// errCallerLeft says that the context of the caller that sent the shared request has ended: another caller sends it.
var errCallerLeft = errors.New("the caller that requested the token has left")

// get returns the shared token, and requests one where there is none or it is about to end. Any number of callers share
// one request.
func (s *tokens) get(ctx context.Context) (*token, error) {
	for {
		shared, err, _ := s.flight.Do("", func() (any, error) {
			if t := s.current.Load(); t != nil && (t.until.IsZero() || time.Now().Before(t.until)) {
				return t, nil
			}
			t, err := s.fetch(ctx)
			switch {
			case err == nil:
				s.current.Store(t)
			case ctx.Err() != nil:
				return nil, errCallerLeft
			}
			return t, err
		})
		switch {
		case err == nil:
			return shared.(*token), nil
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case !errors.Is(err, errCallerLeft):
			return nil, err
		}
	}
}

// reject notes a 401 to t, and reports whether another token can help: the one that replaced t already, or a new one
// where t was accepted before. A token that never was, and an API key, are refused permanently.
func (s *tokens) reject(t *token) bool {
	if s.fetch != nil && t.accepted.Load() {
		s.current.CompareAndSwap(t, nil)
	}
	return s.current.Load() != t
}

// fetchToken requests a token: with Scope, and once without a scope where that was refused for another reason than the
// client's identity. A token that it returns may lack the permission to write users.
func (c *Client) fetchToken(ctx context.Context) (*token, error) {
	t, err := c.requestToken(ctx, Scope)
	if refusesScope(err) {
		unscoped, other := c.requestToken(ctx, "")
		if !refusesScope(other) || !lacksPermission(err) {
			t, err = unscoped, other
		}
	}
	return t, tokenError(err)
}

// refusesScope reports whether err is the refusal of a token request for another reason than the client's identity.
func refusesScope(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && (e.kind == ErrRefused || e.kind == ErrForbidden || e.kind == ErrConflict) && e.Code != "invalid_client"
}

// lacksPermission reports whether err, which refusesScope, says that the client is known.
func lacksPermission(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && (e.kind == ErrForbidden || strings.Contains(e.Code, "scope") || e.Code == "unauthorized_client")
}

// requestToken sends one token request. Its error is that of this request.
func (c *Client) requestToken(ctx context.Context, scope string) (*token, error) {
	creds := c.options.Credentials
	body := struct {
		ClientID     string `json:"client_id"`
		ClientSecret string `json:"client_secret"`
		GrantType    string `json:"grant_type"`
		Scope        string `json:"scope,omitempty"`
	}{creds.ClientID, creds.ClientSecret, "client_credentials", scope}
	sent := time.Now()
	r := request{method: http.MethodPost, path: "/oauth/token", body: body, want: http.StatusOK}
	answer, err := c.send(ctx, r, "")
	if err != nil {
		return nil, err
	}
	var read struct {
		AccessToken string  `json:"access_token"`
		ExpiresIn   float64 `json:"expires_in"` // seconds
	}
	// A lifetime of the wrong type counts as none: the tenant's 401 will tell when it is over.
	if err := c.decode(r, answer, &read); err != nil {
		return nil, err
	}
	if read.AccessToken == "" {
		return nil, c.garbled(r, errors.New("there is no access_token in it"))
	}
	c.secrets.addToken(read.AccessToken)
	t := &token{header: "Bearer " + read.AccessToken}
	if read.ExpiresIn > 0 {
		// It is renewed a minute before its end, or a tenth of its life where that is shorter.
		life := time.Duration(min(read.ExpiresIn, 1e9) * float64(time.Second))
		t.until = sent.Add(life - min(time.Minute, life/10))
	}
	return t, nil
}

// tokenError says what a failed token request means for the request that needed the token: an ErrNoToken where a retry
// may help, an ErrCredentials or, where the client is known and lacks a permission, an ErrScope, or an ErrNotTenant. It
// has no Status, Code and TraceID, which would be those of another request. err may be nil.
func tokenError(err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return err // nil, or the context's
	}
	const doing = "requesting an access token: "
	failed := &Error{kind: ErrCredentials, text: doing + e.text, RetryAfter: e.RetryAfter, cause: e.cause}
	switch {
	case e.kind == ErrNotTenant:
		failed.kind = ErrNotTenant
	case errors.Is(e.kind, ErrNoAnswer), e.kind == ErrLimited, e.kind == ErrGarbled:
		failed.kind = ErrNoToken
	case refusesScope(e) && lacksPermission(e):
		failed.kind = ErrScope
	}
	if errors.Is(failed, ErrCredentials) {
		failed.text = fmt.Sprintf("%s%v: %v", doing, failed.kind, e)
	}
	return failed
}
