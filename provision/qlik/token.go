package qlik

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
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

// String keeps the credentials out of whatever prints them.
func (Credentials) String() string { return "(credentials)" }

// GoString keeps the credentials out of whatever prints them.
func (Credentials) GoString() string { return "qlik.Credentials{…}" }

// A token is the value of the Authorization header. Its pointer tells which token a request was sent with.
type token struct {
	header string
	end    time.Time // from here on it is not used; zero: never

	renew    time.Time // guarded by tokens.mu: from here on a new one is requested; zero: never
	accepted bool      // guarded by tokens.mu: the tenant accepted it at least once
}

// tokens shares one token among all requests and renews it when needed. It is safe for concurrent use.
type tokens struct {
	fetch  func(context.Context) (*token, error) // nil: current is an API key
	flight singleflight.Group

	mu      sync.Mutex
	current *token // guarded by mu
}

// renewAgain is how soon a renewal that failed is retried while the old token is still valid.
const renewAgain = 5 * time.Second

// get returns the shared token, and requests one where there is none or it is about to end. Any number of callers share
// one request. Where a renewal fails and the old token is still valid, get returns the old one.
func (s *tokens) get(ctx context.Context) (*token, error) {
	for {
		t, valid := s.held()
		if valid {
			return t, nil
		}
		fresh, err := s.renew(ctx, t)
		if !errors.Is(err, errCallerLeft) {
			return fresh, err
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
	}
}

// errCallerLeft says that the context of the caller that sent the shared request has ended: another caller sends it.
var errCallerLeft = errors.New("the caller that requested the token has left")

// renew requests a token in the place of t, nil for none, together with every other caller that is about to.
func (s *tokens) renew(ctx context.Context, t *token) (*token, error) {
	fresh, err, _ := s.flight.Do("", func() (any, error) {
		if held, valid := s.held(); valid {
			return held, nil // another caller renewed it since get checked
		}
		fresh, err := s.fetch(ctx)
		s.mu.Lock()
		defer s.mu.Unlock()
		switch {
		case err == nil:
			s.current = fresh
		case ctx.Err() != nil:
			return nil, errCallerLeft
		case t != nil && time.Now().Before(t.end) && !errors.Is(err, ErrCredentials):
			t.renew = time.Now().Add(renewAgain)
			return t, nil
		default:
			return nil, err
		}
		return fresh, nil
	})
	if err != nil {
		return nil, err
	}
	return fresh.(*token), nil
}

// held returns the current token, nil where there is none, and whether it can be used now.
func (s *tokens) held() (t *token, valid bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t = s.current
	return t, t != nil && (t.renew.IsZero() || time.Now().Before(t.renew))
}

// accept notes that the tenant accepted t.
func (s *tokens) accept(t *token) {
	s.mu.Lock()
	t.accepted = true
	s.mu.Unlock()
}

// reject notes a 401 to t, and reports whether another token can help: the one that replaced t already, or a new one
// where t was accepted before. A token that never was, and an API key, are refused permanently.
func (s *tokens) reject(t *token) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current != t {
		return true
	}
	if !t.accepted || s.fetch == nil {
		return false
	}
	s.current = nil
	return true
}

// fetchToken requests a token: with Scope, and once without a scope where that was refused for another reason than the
// client's identity. A token that it returns may lack the permission to write users.
func (c *Client) fetchToken(ctx context.Context, creds Credentials) (*token, error) {
	t, err := c.requestToken(ctx, creds, Scope)
	scoped, refused := errors.AsType[*Error](err)
	if !refused || !scoped.refused() || scoped.unknownClient() {
		return t, tokenError(err, false)
	}
	t, err = c.requestToken(ctx, creds, "")
	unscoped, refused := errors.AsType[*Error](err)
	if !refused || !unscoped.refused() || unscoped.unknownClient() {
		return t, tokenError(err, false)
	}
	return nil, tokenError(scoped, scoped.lacksPermission() || unscoped.lacksPermission())
}

// refused reports whether the tenant refused the request, as opposed to failing.
func (e *Error) refused() bool {
	switch e.kind {
	case ErrNoAnswer, ErrLimited, ErrGarbled, ErrNotTenant:
		return false
	}
	return true
}

// unknownClient reports whether a token request was refused because of the client's identity.
func (e *Error) unknownClient() bool { return e.kind == ErrCredentials || e.Code == "invalid_client" }

// lacksPermission reports whether a token request was refused although the client is known.
func (e *Error) lacksPermission() bool {
	return e.kind == ErrForbidden || strings.Contains(e.Code, "scope") || e.Code == "unauthorized_client"
}

// requestToken sends one token request. Its error is that of this request.
func (c *Client) requestToken(ctx context.Context, creds Credentials, scope string) (*token, error) {
	body := encode(struct {
		ClientID     string `json:"client_id"`
		ClientSecret string `json:"client_secret"`
		GrantType    string `json:"grant_type"`
		Scope        string `json:"scope,omitempty"`
	}{creds.ClientID, creds.ClientSecret, "client_credentials", scope})
	sent := time.Now()
	got, err := c.send(ctx, request{method: http.MethodPost, path: "/oauth/token", body: body}, "")
	if err != nil {
		return nil, err
	}
	var read struct {
		AccessToken string  `json:"access_token"`
		ExpiresIn   float64 `json:"expires_in"` // seconds
	}
	// A lifetime of the wrong type counts as none: the tenant's 401 will tell when it is over.
	if err := tolerant(got.body, &read); err != nil {
		return nil, c.garbled(got, err)
	}
	if read.AccessToken == "" {
		return nil, c.garbled(got, errors.New("there is no access_token in it"))
	}
	c.secrets.addToken(read.AccessToken)
	t := &token{header: "Bearer " + read.AccessToken}
	if read.ExpiresIn > 0 {
		// It is renewed a minute before its end, or a tenth of its life where that is shorter.
		life := time.Duration(min(read.ExpiresIn, 1e9) * float64(time.Second))
		t.end = sent.Add(life)
		t.renew = t.end.Add(-min(time.Minute, life/10))
	}
	return t, nil
}

// tokenError says what a failed token request means for the request that needed the token: an ErrNoToken where a retry
// may help, an ErrCredentials (and an ErrScope, where scope is set), or an ErrNotTenant. It has no Status, Code and
// TraceID: those of the token request are not those of the request that needed the token. err may be nil.
func tokenError(err error, scope bool) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return err // nil, or the context's
	}
	const doing = "requesting an access token: "
	switch {
	case e.kind == ErrNotTenant:
		return &Error{kind: ErrNotTenant, text: doing + e.Error(), Err: e.Err}
	case !e.refused():
		return &Error{kind: ErrNoToken, text: doing + e.Error(), RetryAfter: e.RetryAfter, Err: e.Err}
	}
	text := fmt.Sprintf("%s%v: %v", doing, ErrCredentials, e)
	return &Error{kind: ErrCredentials, scope: scope, text: text, Err: e.Err}
}
