package qlik

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const testSecret = "S3cret-client-secret-0123456789"

// requests are one request to every endpoint, with a value in it that is not to be shown.
var requests = map[string]func(*Client, context.Context) error{
	"create": func(c *Client, ctx context.Context) error {
		_, err := c.CreateUser(ctx, User{Subject: "tell-nobody", Status: "active"})
		return err
	},
	"change": func(c *Client, ctx context.Context) error { return c.ChangeUser(ctx, "u1", ReplaceName("tell-nobody")) },
	"list": func(c *Client, ctx context.Context) error {
		_, err := c.ListUsers(ctx, UserFilter(nil, []string{"tell-nobody"}, nil), true)
		return err
	},
	"filter": func(c *Client, ctx context.Context) error {
		_, _, err := c.FilterUsers(ctx, UserFilter(nil, nil, []string{"tell-nobody"}), true)
		return err
	},
	"roles": func(c *Client, ctx context.Context) error {
		_, err := c.ListRoles(ctx)
		return err
	},
	"token": func(c *Client, ctx context.Context) error {
		return c.FetchDate(ctx)
	},
}

func TestHostileAnswersAreBoundedAndTyped(t *testing.T) {
	var followed atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Add(1) }))
	t.Cleanup(elsewhere.Close)
	for name, test := range hostile(elsewhere.URL) {
		for endpoint, request := range requests {
			t.Run(name+"/"+endpoint, func(t *testing.T) {
				t.Parallel()
				timeout := time.Minute
				if name == "drip" || name == "hang" {
					timeout = time.Second / 2
				}
				var mu sync.Mutex
				var seen []string
				client := served(t, func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path == "/oauth/token" && endpoint != "token" {
						io.WriteString(w, `{"access_token":"t0ken-0123456789","expires_in":21600}`)
						return
					}
					test.answer(w, r)
				}, Options{
					Credentials: Credentials{ClientID: "me", ClientSecret: testSecret}, Timeout: timeout,
					Observe: func(e Exchange) {
						mu.Lock()
						defer mu.Unlock()
						seen = append(seen, fmt.Sprint(e.Method, e.Path, e.TraceID, e.Err))
					},
				})
				began := time.Now()
				err := request(client, t.Context())
				if took := time.Since(began); took > timeout+5*time.Second {
					t.Errorf("it took %v", took)
				}
				kind := test.kind
				if endpoint == "token" && kind != ErrNotTenant {
					kind = ErrNoToken
				}
				if !errors.Is(err, kind) || errors.Is(err, ErrNotSent) {
					t.Fatalf("%v, want it to be %v", err, kind)
				}
				for _, text := range append(seen, err.Error()) {
					for _, private := range []string{testSecret, "t0ken", "Bearer", "tell-nobody", "limit=100"} {
						if strings.Contains(text, private) {
							t.Errorf("%q shows %q", text, private)
						}
					}
				}
			})
		}
	}
	t.Cleanup(func() {
		if n := followed.Load(); n > 0 {
			t.Errorf("%d redirects were followed", n)
		}
	})
}

func TestOversizedAnswersTakeLittleMemory(t *testing.T) {
	const answers = 40
	for name, handler := range map[string]http.HandlerFunc{
		"created": endless(201),
		"refused": endless(400),
		"claims to be large": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000000000")
			endless(201)(w, r)
		},
	} {
		client := served(t, handler, Options{})
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range answers {
			if err := requests["create"](client, t.Context()); err == nil {
				t.Fatalf("%s: accepted", name)
			}
		}
		runtime.ReadMemStats(&after)
		if each := (after.TotalAlloc - before.TotalAlloc) / answers; each > 1<<20 { // the server's part included
			t.Errorf("%s: %d KiB for one answer", name, each>>10)
		}
	}
}

// However many workers look rows up, few lists are in memory at once.
func TestListsReadAtOnceAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int64
		transport := roundTrip(func(r *http.Request) (*http.Response, error) {
			now.Add(1)
			time.Sleep(time.Second)
			most.Store(max(most.Load(), now.Load()))
			time.Sleep(time.Second)
			now.Add(-1)
			body := io.NopCloser(strings.NewReader(`{"data":[]}`))
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: body, Request: r}, nil
		})
		c := New(tenantAt(t, "https://acme.example"), Options{Credentials: Credentials{APIKey: "k"}, Transport: transport})
		var asking sync.WaitGroup
		for range 1000 {
			asking.Go(func() {
				if _, err := c.ListUsers(t.Context(), "x", false); err != nil {
					t.Error(err)
				}
			})
		}
		asking.Wait()
		if n := most.Load(); n != 16 {
			t.Errorf("%d lists at once", n)
		}
	})
}

func TestPagesOfAListAreBoundedTogether(t *testing.T) {
	pages := 0
	client := served(t, func(w http.ResponseWriter, _ *http.Request) {
		pages++
		io.WriteString(w, `{"data":[`+strings.Repeat(" ", maxPage-200)+`],"links":{"next":{"href":"/api/v1/users?p=1"}}}`)
	}, Options{})
	_, err := client.ListUsers(t.Context(), "x", false)
	if !errors.Is(err, ErrGarbled) || pages > maxList/maxPage+1 {
		t.Errorf("%d pages, %v", pages, err)
	}
}

func TestListsMayBeLargerThanOtherAnswers(t *testing.T) {
	body := func(size int) string { return `{"data":[]` + strings.Repeat(" ", size-len(`{"data":[]}`)) + "}" }
	for size, want := range map[int]error{maxAnswer + 1: nil, maxPage: nil, maxPage + 1: ErrGarbled} {
		_, c := always(t, 200, body(size))
		if err := requests["list"](c, t.Context()); !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	created := `{"id":"u1","subject":"tell-nobody"` + strings.Repeat(" ", maxAnswer) + "}"
	_, c := always(t, 201, created)
	if err := requests["create"](c, t.Context()); !errors.Is(err, ErrGarbled) {
		t.Errorf("%v", err)
	}
}

func TestBodyOf101IsClosedUnread(t *testing.T) {
	body := &unread{}
	transport := roundTrip(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 101, Header: http.Header{}, Body: body, ContentLength: -1, Request: r}, nil
	})
	c := New(tenantAt(t, "https://acme.example"), Options{Credentials: Credentials{APIKey: "k"}, Transport: transport})
	err := requests["create"](c, t.Context())
	if e, ok := errors.AsType[*Error](err); !ok || e.Status != 101 || !errors.Is(err, ErrGarbled) {
		t.Errorf("%v", err)
	}
	if body.read || !body.closed {
		t.Errorf("read %v, closed %v", body.read, body.closed)
	}
}

type unread struct{ read, closed bool }

func (u *unread) Read([]byte) (int, error) {
	u.read = true
	return 0, io.EOF
}

func (u *unread) Close() error {
	u.closed = true
	return nil
}

func TestLastDateIsThatOfTheNewestAnswer(t *testing.T) {
	first := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s, c := always(t, 200, `{"data":[]}`)
	if got := c.LastDate(); !got.IsZero() {
		t.Errorf("before any answer: %v", got)
	}
	for _, test := range []struct {
		date string
		want time.Time
	}{
		{first.Format(http.TimeFormat), first},
		{first.Add(time.Minute).Format(http.TimeFormat), first.Add(time.Minute)},
		{"yesterday", first.Add(time.Minute)},
		{"", first.Add(time.Minute)},
	} {
		s.header = http.Header{"Date": {test.date}}
		requests["list"](c, t.Context())
		if got := c.LastDate(); !got.Equal(test.want) {
			t.Errorf("after %q: %v, want %v", test.date, got, test.want)
		}
	}
	s.answer = func(int, *http.Request) (int, string) { return 503, "" }
	s.header = http.Header{"Date": {first.Add(time.Hour).Format(http.TimeFormat)}}
	requests["list"](c, t.Context())
	if got := c.LastDate(); !got.Equal(first.Add(time.Hour)) {
		t.Errorf("after a 503: %v", got)
	}
}

func TestRequestEndsWithItsTimeoutOrItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hanging := roundTrip(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		options := Options{Credentials: Credentials{APIKey: "k"}, Transport: hanging, Timeout: 7 * time.Second}
		c := New(tenantAt(t, "https://acme.example"), options)
		began := time.Now()
		err := requests["create"](c, t.Context())
		if !errors.Is(err, ErrNoAnswer) || errors.Is(err, ErrNotSent) || time.Since(began) != 7*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		over := errors.New("over")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, over)
		defer cancel()
		if err := requests["create"](c, ctx); err != over {
			t.Errorf("%v", err)
		}
	})
}

func TestObserverLearnsForWhichRowARequestWas(t *testing.T) {
	var seen []Exchange
	s := &script{answer: func(int, *http.Request) (int, string) {
		return 409, `{"errors":[{"code":"USERS-9","title":"Conflict"}],"traceId":"79cf"}`
	}}
	creds := Credentials{APIKey: "key-0123456789"}
	c := s.client(t, Options{Credentials: creds, Observe: func(e Exchange) { seen = append(seen, e) }})
	requests["create"](c, WithExchange(t.Context(), Exchange{Row: 7, Wait: time.Minute}))
	requests["filter"](c, WithExchange(t.Context(), Exchange{Rows: 48}))
	if len(seen) != 2 {
		t.Fatalf("%d exchanges", len(seen))
	}
	create, lookup := seen[0], seen[1]
	if create.Row != 7 || create.Wait != time.Minute || create.Method != "POST" || create.Path != "/api/v1/users" ||
		create.Status != 409 || create.TraceID != "79cf" || !errors.Is(create.Err, ErrConflict) {
		t.Errorf("%+v", create)
	}
	if lookup.Rows != 48 || lookup.Row != 0 || lookup.Path != "/api/v1/users/actions/filter" {
		t.Errorf("%+v", lookup)
	}
}
