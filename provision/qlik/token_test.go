package qlik

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"qlik-provision/provision/sandbox"
)

func TestAnyNumberOfCallersShareOneTokenRequest(t *testing.T) {
	for range 300 { // what is at stake is a race between callers
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
		if _, err := s.renew(t.Context(), nil); err != nil { // as one who looked before there was a token, and asks only now
			t.Error(err)
		}
		if n := fetched.Load(); n != 1 {
			t.Fatalf("%d token requests", n)
		}
	}
}

func TestWhoSharesATokenRequestDoesNotFailWithItsCaller(t *testing.T) {
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
				t.Errorf("the one that left: %v", err)
			}
		})
		synctest.Wait()
		for range 3 {
			group.Go(func() {
				if got, err := s.get(t.Context()); err != nil || got.header != "Bearer t" {
					t.Errorf("one that stayed: %v", err)
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

func TestARequestForATokenEndsWithItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := sandbox.New(sandbox.Options{})
		tenant.Inject(sandbox.Fault{Kind: sandbox.FaultHang, On: sandbox.EndpointToken})
		at, err := ParseTenant("https://acme.eu.qlikcloud.com")
		if err != nil {
			t.Fatal(err)
		}
		c := New(at, Options{Transport: tenant.Transport(), Credentials: Credentials{ClientID: "me", ClientSecret: "secret-0123"}})
		over := errors.New("over")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, over)
		defer cancel()
		if _, err := c.fetchToken(ctx, Credentials{}); err != over {
			t.Errorf("%v", err)
		}
		if _, err := c.CreateUser(ctx, NewUser{Subject: "a"}); err != over {
			t.Errorf("%v", err)
		}
	})
}

func TestATokenIsNotAskedForAfterTheEnd(t *testing.T) {
	s := &tokens{fetch: func(ctx context.Context) (*token, error) { return nil, context.Cause(ctx) }}
	ctx, cancel := context.WithCancelCause(t.Context())
	over := errors.New("over")
	cancel(over)
	if _, err := s.get(ctx); !errors.Is(err, over) {
		t.Errorf("%v", err)
	}
}

// answers a token request with the nth token, and others by what f says of the token they came with.
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

func TestA401ToATokenThatWasReplacedIsSentAgain(t *testing.T) {
	// Three tokens in a row are replaced while the request is under way with them: that is no fault of the request's, nor of the client's.
	var c *Client
	late := 0
	s := oauth(func(string) (int, string) {
		if late++; late <= 3 {
			held, err := c.tokens.get(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			c.tokens.accept(held)
			c.tokens.reject(held)
			if _, err := c.tokens.get(t.Context()); err != nil {
				t.Fatal(err)
			}
			return 401, ""
		}
		return 201, `{"id":"u1","subject":"a"}`
	})
	c = s.client(t, Options{Credentials: Credentials{ClientID: "me", ClientSecret: "secret-0123"}})
	if user, err := c.CreateUser(t.Context(), NewUser{Subject: "a"}); err != nil || user.ID != "u1" {
		t.Errorf("%v, %v", user, err)
	}
}

func TestATenantThatTakesAndRefusesTokensByTurnsIsLeft(t *testing.T) {
	// Each token is good for another's request, and never for ours.
	var c *Client
	s := oauth(func(string) (int, string) {
		held, err := c.tokens.get(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c.tokens.accept(held)
		return 401, ""
	})
	c = s.client(t, Options{Credentials: Credentials{ClientID: "me", ClientSecret: "secret-0123"}})
	if _, err := c.CreateUser(t.Context(), NewUser{Subject: "a"}); !errors.Is(err, ErrCredentials) {
		t.Errorf("%v", err)
	}
	if len(s.sent) > 6 {
		t.Errorf("%d requests", len(s.sent))
	}
}

func TestATokenAnswerIsRead(t *testing.T) {
	for _, test := range []struct {
		body   string
		life   time.Duration // 0: for ever
		kind   error         // nil: a token
		status int
	}{
		{`{"access_token":"t","expires_in":21600}`, 6 * time.Hour, nil, 200},
		{`{"access_token":"t","expires_in":0.5}`, time.Second / 2, nil, 200},
		{`{"access_token":"t"}`, 0, nil, 200},
		{`{"access_token":"t","expires_in":0}`, 0, nil, 200},
		{`{"access_token":"t","expires_in":-5}`, 0, nil, 200},
		{`{"access_token":"t","expires_in":"21600"}`, 0, nil, 200},
		{`{"expires_in":{},"access_token":"t"}`, 0, nil, 201},
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
	} {
		s := &script{answer: func(int, *http.Request) (int, string) { return test.status, test.body }}
		c := s.client(t, Options{})
		got, err := c.fetchToken(t.Context(), Credentials{ClientID: "me", ClientSecret: "no one's"})
		if test.kind != nil {
			for _, kind := range kinds {
				if errors.Is(err, kind) != (kind == test.kind) {
					t.Errorf("%d %s: %v, and that is %v: %v", test.status, test.body, err, kind, kind != test.kind)
				}
			}
			continue
		}
		if err != nil || got.header != "Bearer t" {
			t.Errorf("%s: %v, %v", test.body, got, err)
			continue
		}
		if left := time.Until(got.end); test.life == 0 != got.end.IsZero() || test.life > 0 && (left > test.life || left < test.life-10*time.Second) {
			t.Errorf("%s: it lives for %v, want %v", test.body, left, test.life)
		}
	}
}
