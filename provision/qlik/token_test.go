package qlik

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestCallersShareOneTokenRequest(t *testing.T) {
	for range 300 { // the callers race
		var fetched atomic.Int64
		s := &tokens{fetch: func(context.Context) (*token, error) {
			fetched.Add(1)
			return &token{header: "Bearer t"}, nil
		}}
		var group sync.WaitGroup
		start := make(chan struct{})
		for range 32 {
			group.Go(func() {
				<-start
				if _, err := s.get(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		close(start)
		group.Wait()
		if _, err := s.get(t.Context()); err != nil { // a caller that comes later
			t.Error(err)
		}
		if n := fetched.Load(); n != 1 {
			t.Fatalf("%d token requests", n)
		}
	}
}

func TestSharedTokenRequestOutlivesItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fetched := 0
		s := &tokens{fetch: func(ctx context.Context) (*token, error) {
			fetched++
			select {
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			case <-time.After(time.Second):
				return &token{header: "Bearer t"}, nil
			}
		}}
		first, leave := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() {
			if _, err := s.get(first); !errors.Is(err, context.Canceled) {
				t.Errorf("the caller that left: %v", err)
			}
		})
		synctest.Wait()
		for range 3 {
			group.Go(func() {
				if got, err := s.get(t.Context()); err != nil || got.header != "Bearer t" {
					t.Errorf("a caller that stayed: %v", err)
				}
			})
		}
		synctest.Wait()
		leave()
		group.Wait()
		if fetched != 2 {
			t.Errorf("%d token requests", fetched)
		}
	})
}

func TestTokenRequestEndsWithItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hanging := roundTrip(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		creds := Credentials{ClientID: "me", ClientSecret: "secret-0123"}
		c := New(tenantAt(t, "https://acme.eu.qlikcloud.com"), Options{Transport: hanging, Credentials: creds})
		over := errors.New("over")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, over)
		defer cancel()
		for range 2 { // while it is sent, and before
			if _, err := c.CreateUser(ctx, User{Subject: "a"}); err != over {
				t.Errorf("%v", err)
			}
		}
		if _, err := c.CreateUser(t.Context(), User{Subject: "a"}); !errors.Is(err, ErrNoToken) {
			t.Errorf("after the timeout: %v", err)
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// oauth answers a token request with the next token, and other requests with what f returns for their token.
func oauth(f func(token string) (int, string)) *script {
	tokens := 0
	var mu sync.Mutex
	return &script{answer: func(_ int, r *http.Request) (int, string) {
		if r.URL.Path == "/oauth/token" {
			mu.Lock()
			defer mu.Unlock()
			tokens++
			return 200, fmt.Sprintf(`{"access_token":"token-%d","token_type":"bearer","expires_in":21600}`, tokens)
		}
		return f(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	}}
}

func TestRequestIsSentAgainWhereItsTokenWasReplaced(t *testing.T) {
	// Three tokens in a row are replaced while the request is in flight: its own token is not at fault.
	var c *Client
	late := 0
	s := oauth(func(string) (int, string) {
		if late++; late <= 3 {
			held, err := c.tokens.get(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			held.accepted.Store(true)
			c.tokens.reject(held)
			if _, err := c.tokens.get(t.Context()); err != nil {
				t.Fatal(err)
			}
			return 401, ""
		}
		return 201, `{"id":"u1","subject":"a"}`
	})
	c = s.client(t, Options{Credentials: Credentials{ClientID: "me", ClientSecret: "secret-0123"}})
	if user, err := c.CreateUser(t.Context(), User{Subject: "a"}); err != nil || user.ID != "u1" {
		t.Errorf("%v, %v", user, err)
	}
}

func TestTenantThatRefusesEveryNewTokenEndsTheRequest(t *testing.T) {
	// Each token is accepted for another request, and never for this one.
	var c *Client
	s := oauth(func(string) (int, string) {
		held, err := c.tokens.get(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		held.accepted.Store(true)
		return 401, ""
	})
	c = s.client(t, Options{Credentials: Credentials{ClientID: "me", ClientSecret: "secret-0123"}})
	if _, err := c.CreateUser(t.Context(), User{Subject: "a"}); !errors.Is(err, ErrCredentials) {
		t.Errorf("%v", err)
	}
	if len(s.sent) > 2*maxTokens {
		t.Errorf("%d requests", len(s.sent))
	}
}

func TestTokenAnswerIsRead(t *testing.T) {
	for _, test := range []struct {
		body   string
		life   time.Duration // 0: without an end
		kind   error         // nil: a token
		status int
	}{
		{`{"access_token":"t","expires_in":21600}`, 6 * time.Hour, nil, 200},
		{`{"access_token":"t","expires_in":0.5}`, time.Second / 2, nil, 200},
		{`{"access_token":"t"}`, 0, nil, 200},
		{`{"access_token":"t","expires_in":0}`, 0, nil, 200},
		{`{"access_token":"t","expires_in":-5}`, 0, nil, 200},
		{`{"access_token":"t","expires_in":"21600"}`, 0, nil, 200},
		{`{"expires_in":{},"access_token":"t"}`, 0, nil, 200},
		{`{"access_token":"t"}`, 0, ErrNoToken, 201},
		{`{"access_token":"t","expires_in":1e300}`, 1e9 * time.Second, nil, 200},
		{`{"access_token":""}`, 0, ErrNoToken, 200},
		{`{"access_token":7}`, 0, ErrNoToken, 200},
		{`{}`, 0, ErrNoToken, 200},
		{``, 0, ErrNoToken, 200},
		{`{"access_token":"t"`, 0, ErrNoToken, 200},
		{`<html>`, 0, ErrNoToken, 200},
		{``, 0, ErrNoToken, 408},
		{``, 0, ErrNoToken, 429},
		{``, 0, ErrNoToken, 503},
		{`{"error":"invalid_client"}`, 0, ErrCredentials, 400},
		{``, 0, ErrCredentials, 401},
		{``, 0, ErrCredentials, 403},
		{``, 0, ErrNotTenant, 302},
		{``, 0, ErrNotTenant, 404},
		{``, 0, ErrNoToken, 101},
	} {
		s := &script{answer: func(int, *http.Request) (int, string) { return test.status, test.body }}
		c := s.client(t, Options{Credentials: Credentials{ClientID: "me", ClientSecret: "secret-0123"}})
		got, err := c.fetchToken(t.Context())
		if test.kind != nil {
			for _, kind := range kinds {
				if errors.Is(err, kind) != (kind == test.kind) {
					t.Errorf("%d %s: %v is %v: %v", test.status, test.body, err, kind, kind != test.kind)
				}
			}
			continue
		}
		if err != nil || got.header != "Bearer t" {
			t.Errorf("%s: %v, %v", test.body, got, err)
			continue
		}
		left, most := time.Until(got.until), test.life-min(time.Minute, test.life/10)
		if test.life == 0 != got.until.IsZero() || test.life > 0 && (left > most || left < most-10*time.Second) {
			t.Errorf("%s: its life is %v, want %v", test.body, left, test.life)
		}
	}
}

func TestRefusedScopeIsTriedOnceWithoutScope(t *testing.T) {
	const (
		token      = `200 {"access_token":"t","expires_in":21600}`
		badScope   = `400 {"error":"invalid_scope"}`
		badClient  = `400 {"error":"invalid_client"}`
		otherError = `400 {"errors":[{"code":"OAUTH-3","title":"Bad request"}]}`
	)
	for _, test := range []struct {
		scoped, unscoped string // unscoped is empty where it is not asked for
		kind             error  // nil: a token
		scope            bool
	}{
		{token, "", nil, false},
		{badScope, token, nil, false},
		{"403 ", token, nil, false},
		{otherError, token, nil, false},
		{"422 ", token, nil, false},
		{badScope, badScope, ErrCredentials, true},
		{badScope, "403 ", ErrCredentials, true},
		{otherError, "403 ", ErrCredentials, true},
		{badScope, otherError, ErrCredentials, true},
		{"403 ", otherError, ErrCredentials, true},
		{`403 {"errors":[{"code":"OAUTH-1","title":"Forbidden"}]}`, "403 ", ErrCredentials, true},
		{`400 {"error":"unauthorized_client"}`, `400 {"error":"unauthorized_client"}`, ErrCredentials, true},
		{otherError, otherError, ErrCredentials, false},
		{badScope, badClient, ErrCredentials, false},
		{badScope, "401 ", ErrCredentials, false},
		{badScope, "503 ", ErrNoToken, false},
		{badScope, "429 ", ErrNoToken, false},
		{"401 ", "", ErrCredentials, false},
		{badClient, "", ErrCredentials, false},
		{`401 {"error":"invalid_scope"}`, "", ErrCredentials, false},
		{"503 ", "", ErrNoToken, false},
		{"429 ", "", ErrNoToken, false},
		{"404 ", "", ErrNotTenant, false},
	} {
		s := &script{answer: func(n int, _ *http.Request) (status int, body string) {
			text := []string{test.scoped, test.unscoped}[min(n, 1)]
			fmt.Sscan(text, &status)
			return status, text[4:]
		}}
		c := s.client(t, Options{Credentials: Credentials{ClientID: "me", ClientSecret: "secret-0123"}})
		_, err := c.tokens.get(t.Context())
		if !errors.Is(err, test.kind) || (err == nil) != (test.kind == nil) || errors.Is(err, ErrScope) != test.scope {
			t.Errorf("%q, %q: %v, ErrScope is %v", test.scoped, test.unscoped, err, errors.Is(err, ErrScope))
		}
		const common = `{"client_id":"me","client_secret":"secret-0123","grant_type":"client_credentials"`
		want := []string{common + `,"scope":"admin.users"}`}
		if test.unscoped != "" {
			want = append(want, common+"}")
		}
		if !slices.Equal(s.bodies, want) {
			t.Errorf("%q, %q: sent %q", test.scoped, test.unscoped, s.bodies)
		}
	}
}

func TestTokenIsRenewedAheadOfItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failing, revoked := false, false
		tokens := 0
		s := &script{answer: func(_ int, r *http.Request) (int, string) {
			switch {
			case r.URL.Path != "/oauth/token":
				return 200, `{"data":[]}`
			case failing:
				return 503, ""
			case revoked:
				return 401, ""
			}
			tokens++
			return 200, fmt.Sprintf(`{"access_token":"token-%d","expires_in":3600}`, tokens)
		}}
		c := s.client(t, Options{Credentials: Credentials{ClientID: "me", ClientSecret: "secret-0123"}})
		use := func(want string) {
			t.Helper()
			err := c.FetchDate(t.Context())
			got := s.sent[len(s.sent)-1].Header.Get("Authorization")
			if err != nil || got != "Bearer "+want {
				t.Errorf("%v, %q, want %q", err, got, want)
			}
		}
		use("token-1")
		time.Sleep(58 * time.Minute)
		use("token-1")
		time.Sleep(90 * time.Second)
		failing = true
		if err := c.FetchDate(t.Context()); !errors.Is(err, ErrNoToken) {
			t.Errorf("while the token endpoint fails: %v", err)
		}
		failing = false
		use("token-2")
		revoked = true
		time.Sleep(59*time.Minute + time.Second)
		if err := c.FetchDate(t.Context()); !errors.Is(err, ErrCredentials) {
			t.Errorf("after the client was deleted: %v", err)
		}
	})
}

func TestRefusedAPIKeyIsNotTriedAgain(t *testing.T) {
	s, c := always(t, 401, `{"errors":[{"code":"AUTH-1","title":"Unauthorized"}]}`)
	if err := c.FetchDate(t.Context()); !errors.Is(err, ErrCredentials) || len(s.sent) != 1 {
		t.Errorf("%v, %d requests", err, len(s.sent))
	}
}

func TestRetryAfterOfATokenRequestIsKept(t *testing.T) {
	for _, status := range []int{429, 503} {
		s := &script{answer: func(int, *http.Request) (int, string) { return status, "" }}
		s.header = http.Header{"Retry-After": {"86400"}}
		for _, creds := range []Credentials{{ClientID: "me", ClientSecret: "secret-0123"}, {APIKey: "key-0123456789"}} {
			err := s.client(t, Options{Credentials: creds}).FetchDate(t.Context())
			if got := RetryAfter(err); got != 10*time.Minute {
				t.Errorf("%d: %v, %v", status, got, err)
			}
		}
	}
}
