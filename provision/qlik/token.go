package qlik

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// Scope is what the client asks for, and what it needs to create users; where it may not ask for that, scopeClassic is as good.
const (
	Scope        = "admin.users"
	scopeClassic = "admin_classic"
)

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

// A token is what goes into the Authorization header. Which token a request was sent with is told by the pointer.
type token struct {
	header string
	end    time.Time // from here on it is not used; zero: never

	renew    time.Time // guarded by tokens.mu: from here on a new one is asked for; zero: never
	accepted bool      // guarded by tokens.mu: the tenant took it at least once
}

// tokens hands out one token to everybody, and gets a new one when it is needed. Its methods may be called at once.
type tokens struct {
	fetch  func(context.Context) (*token, error) // nil: current is an API key
	flight singleflight.Group

	mu      sync.Mutex
	current *token // guarded by mu
}

// renewAgain is how soon a renewal that failed is tried again, while the old token still lives.
const renewAgain = 5 * time.Second

// get returns the token that everybody uses, asking for one where there is none or it is about to end. Any number of callers share
// one request. Where a renewal fails and the old token still lives, the old one is returned.
func (s *tokens) get(ctx context.Context) (*token, error) {
	for {
		t, good := s.held()
		if good {
			return t, nil
		}
		fresh, err := s.renew(ctx, t)
		if !errors.Is(err, errLeft) {
			return fresh, err
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
	}
}

// errLeft says that the one caller whose request the others share has gone: one of them asks again.
var errLeft = errors.New("gone while asking for a token")

// renew asks for a token in the place of t, nil for none, together with whoever else is about to.
func (s *tokens) renew(ctx context.Context, t *token) (*token, error) {
	fresh, err, _ := s.flight.Do("", func() (any, error) {
		if held, good := s.held(); good {
			return held, nil // somebody was faster, between our look and here
		}
		fresh, err := s.fetch(ctx)
		s.mu.Lock()
		defer s.mu.Unlock()
		switch {
		case err == nil:
			s.current = fresh
		case ctx.Err() != nil:
			return nil, errLeft
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

// held returns the current token, nil where there is none, and whether it is good for now.
func (s *tokens) held() (t *token, good bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t = s.current
	return t, t != nil && (t.renew.IsZero() || time.Now().Before(t.renew))
}

// accept notes that the tenant took t.
func (s *tokens) accept(t *token) {
	s.mu.Lock()
	t.accepted = true
	s.mu.Unlock()
}

// reject takes a 401 that was answered to t, and reports whether sending again makes sense: with the token that replaced t already, or
// with a new one where t was good once. A token that was never accepted, and a key that no longer is, will not get better.
func (s *tokens) reject(t *token) (again, replaced bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current != t {
		return true, true
	}
	if !t.accepted || s.fetch == nil {
		return false, false
	}
	s.current = nil
	return true, false
}

// fetchToken asks the tenant for a token, with the one scope and then, where the client has not got that, with the other. There is no retry.
func (c *Client) fetchToken(ctx context.Context, creds Credentials) (*token, error) {
	t, err := c.fetchScoped(ctx, creds, Scope)
	if errors.Is(err, ErrScope) {
		classic, classicErr := c.fetchScoped(ctx, creds, scopeClassic)
		if !errors.Is(classicErr, ErrScope) {
			return classic, classicErr
		}
	}
	return t, err
}

func (c *Client) fetchScoped(ctx context.Context, creds Credentials, scope string) (*token, error) {
	body, _ := json.Marshal(struct { // strings always encode
		ClientID     string `json:"client_id"`
		ClientSecret string `json:"client_secret"`
		GrantType    string `json:"grant_type"`
		Scope        string `json:"scope"`
	}{creds.ClientID, creds.ClientSecret, "client_credentials", scope})
	sent := time.Now()
	answer, err := c.send(ctx, request{method: http.MethodPost, url: c.tenant.String() + "/oauth/token", body: body}, "")
	if err != nil {
		return nil, tokenError(err)
	}
	var got struct {
		AccessToken string  `json:"access_token"`
		ExpiresIn   float64 `json:"expires_in"` // seconds
	}
	err = json.Unmarshal(answer.body, &got)
	switch {
	case got.AccessToken != "":
		// A lifetime of the wrong type is none: the tenant's 401 will say when it is over.
	case err != nil:
		return nil, tokenError(&Error{kind: ErrGarbled, Status: answer.status, Err: err})
	default:
		return nil, tokenError(&Error{kind: ErrGarbled, Status: answer.status, Err: errors.New("no access_token in it")})
	}
	c.secrets.token(got.AccessToken)
	t := &token{header: "Bearer " + got.AccessToken}
	if got.ExpiresIn > 0 {
		// Ahead of its end by a minute, or by a tenth of a life that is shorter than ten.
		life := time.Duration(min(got.ExpiresIn, 1e9) * float64(time.Second))
		t.end = sent.Add(life)
		t.renew = t.end.Add(-min(time.Minute, life/10))
	}
	return t, nil
}

// A TokenError says why there is no token. It is ErrNoToken where asking again may help, else ErrCredentials or ErrNotTenant, and ErrScope besides where
// the client may ask for none of the scopes that let it create users.
type TokenError struct {
	kind error
	Err  error // an *Error
}

func (e *TokenError) Error() string { return fmt.Sprintf("asking for a token: %v", e.Err) }

// Is reports whether the error is of one of this package's kinds.
func (e *TokenError) Is(target error) bool {
	if target == ErrScope {
		refused, ok := errors.AsType[*Error](e.Err)
		return ok && e.kind == ErrCredentials && refused.Code == "invalid_scope"
	}
	return target == e.kind
}

// tokenError says what a failed token request means. Nothing of it may be mistaken for an answer to the request that needed the token.
func tokenError(err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return err // the context's
	}
	switch e.kind {
	case ErrNoAnswer, ErrLimited, ErrGarbled:
		return &TokenError{kind: ErrNoToken, Err: err}
	case ErrNotTenant:
		return &TokenError{kind: ErrNotTenant, Err: err}
	}
	return &TokenError{kind: ErrCredentials, Err: err}
}

// RetryAfter is how long err's tenant asked to wait, 0 where it did not.
func RetryAfter(err error) time.Duration {
	if t, ok := errors.AsType[*TokenError](err); ok {
		err = t.Err
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.RetryAfter
	}
	return 0
}
