package sandbox

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// send sends creates at times since the start and returns the status of each, and Retry-After of a 429.
func send(t *testing.T, o Options, at ...time.Duration) []string {
	t.Helper()
	var got []string
	synctest.Test(t, func(t *testing.T) {
		tenant := New(o)
		c := inProcess(t, tenant)
		start := time.Now()
		for i, d := range at {
			time.Sleep(d - time.Since(start))
			a := c.create(fmt.Sprint("s", i))
			if a.status == 429 {
				got = append(got, "429/"+a.header.Get("Retry-After"))
				want := fmt.Sprintf("You need to wait %s seconds until limit is lifted.", a.header.Get("Retry-After"))
				e := a.body.Errors[0]
				if e.Code != "HTTP-429" || e.Detail != want || e.Title != "API rate limit reached." {
					t.Errorf("429 body: %s", a.text)
				}
			} else {
				got = append(got, fmt.Sprint(a.status))
			}
		}
	})
	return got
}

func TestLimitsAcceptExactlyTheBudget(t *testing.T) {
	const ms = time.Millisecond
	s := func(f float64) time.Duration { return time.Duration(f * float64(time.Second)) }
	for _, test := range []struct {
		name   string
		limit  Limit
		budget Budget
		at     []time.Duration
		want   string
	}{
		{"rolling: the oldest request leaves after a window", LimitRolling, Budget{3, 10 * time.Second},
			[]time.Duration{0, s(1), s(2), s(9), s(9.999), s(10), s(10.5), s(11), s(12)},
			"201 201 201 429/1 429/1 201 429/1 429/1 201"},
		{"rolling: the block lasts as long as it says", LimitRolling, Budget{1, 1500 * ms},
			[]time.Duration{0, s(0.2), s(1.5), s(2.199), s(2.2)},
			"201 429/2 429/1 429/1 201"},
		{"rolling: a denied request is not counted", LimitRolling, Budget{2, 4 * time.Second},
			[]time.Duration{0, s(1), s(2), s(2.5), s(3), s(4), s(5), s(6)},
			"201 201 429/2 429/2 429/1 201 201 429/2"},
		{"fixed: starts with its first request", LimitFixed, Budget{2, 10 * time.Second},
			[]time.Duration{s(3), s(12.9), s(12.95), s(12.999), s(13.949), s(13.95), s(14), s(14), s(23.949), s(24)},
			"201 201 429/1 429/1 429/1 201 201 429/10 429/1 201"},
		{"fixed: no window without a request", LimitFixed, Budget{2, 10 * time.Second},
			[]time.Duration{0, s(25), s(34), s(34.5), s(35.5)},
			"201 201 201 429/1 201"},
		{"fixed: the next window starts at the end of the last", LimitFixed, Budget{2, 10 * time.Second},
			[]time.Duration{0, 0, s(10), s(10), s(10)},
			"201 201 201 201 429/10"},
		{"bucket: refills evenly", LimitBucket, Budget{5, 10 * time.Second},
			[]time.Duration{0, 0, 0, 0, 0, s(1), s(2), s(2), s(4), s(6), s(6)},
			"201 201 201 201 201 429/1 201 429/2 201 201 429/2"},
		{"bucket: a third of a token stays a third", LimitBucket, Budget{3, 10 * time.Second}, // one each 3.333… s
			[]time.Duration{0, 0, 0, s(3), s(4), s(7), s(7), s(10), s(10)},
			"201 201 201 429/1 201 201 429/3 201 429/4"},
		{"bucket: not more than full", LimitBucket, Budget{2, 10 * time.Second},
			[]time.Duration{s(100), s(100), s(100)},
			"201 201 429/5"},
		{"off", LimitOff, Budget{1, time.Hour}, []time.Duration{0, 0, 0}, "201 201 201"},
		{"zero is rolling", "", Budget{1, time.Second}, []time.Duration{0, 0, s(1)}, "201 429/1 201"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := send(t, Options{Limit: test.limit, Tier2: test.budget}, test.at...)
			if want := strings.Fields(test.want); !slices.Equal(got, want) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
		})
	}
}

func TestPublishedBudgetOfEachLimit(t *testing.T) {
	for _, limit := range []Limit{LimitRolling, LimitFixed, LimitBucket} {
		t.Run(string(limit), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tenant := New(Options{Limit: limit, Latency: 10 * time.Millisecond})
				c := inProcess(t, tenant)
				start := time.Now()
				created, denied := 0, 0
				for created < 1000 {
					a := c.create(fmt.Sprint("s", created))
					switch a.status {
					case 201:
						created++
					case 429:
						denied++
						seconds, err := time.ParseDuration(a.header.Get("Retry-After") + "s")
						if err != nil || seconds < time.Second {
							t.Fatalf("Retry-After %q", a.header.Get("Retry-After"))
						}
						time.Sleep(seconds)
					default:
						t.Fatalf("%d %s", a.status, a.text)
					}
				}
				// 500 of 10 ms each, then the whole window at once, or one each 600 ms for a bucket.
				want := map[Limit]time.Duration{
					LimitRolling: 300*time.Second + 10*time.Millisecond + 500*10*time.Millisecond,
					LimitFixed:   300*time.Second + 10*time.Millisecond + 500*10*time.Millisecond,
				}[limit]
				took := time.Since(start)
				if limit == LimitBucket {
					if took < 295*time.Second || took > 310*time.Second {
						t.Errorf("a bucket took %v for 1000", took)
					}
				} else if took != want || denied != 1 {
					t.Errorf("took %v with %d denied, want %v with 1", took, denied, want)
				}
			})
		})
	}
}

func TestPublishedBudgetOfEachTier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := inProcess(t, New(Options{}))
		for _, test := range []struct {
			name    string
			budget  int
			window  time.Duration
			request func() answer
		}{
			{"Tier 1", 5000, 5 * time.Minute, func() answer { return c.get("/api/v1/users?limit=1") }},
			{"Tier 2", 500, 5 * time.Minute, func() answer { return c.delete("none") }},
			{"filter", 200, time.Minute, func() answer { _, a := c.find(`id eq "none"`); return a }},
		} {
			for n := range test.budget {
				if a := test.request(); a.status == 429 {
					t.Fatalf("%s: %d requests", test.name, n)
				}
			}
			want := fmt.Sprint(test.window.Seconds())
			if a := test.request(); a.status != 429 || a.header.Get("Retry-After") != want {
				t.Errorf("%s: %d, Retry-After %q, want %s", test.name, a.status, a.header.Get("Retry-After"), want)
			}
		}
	})
}

func TestHoldEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, leave := context.WithCancel(t.Context())
		leave()
		began := time.Now()
		for _, d := range []time.Duration{0, time.Hour} {
			func() {
				defer func() {
					if p := recover(); p != http.ErrAbortHandler || time.Since(began) > 0 {
						t.Errorf("%v: %v, after %v", d, p, time.Since(began))
					}
				}()
				Hold(ctx, d)
			}()
		}
	})
}

func TestBlockedTierLeavesOthersAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := New(Options{Tier2: Budget{1, time.Minute}})
		tenant.limits[tier1].budget, tenant.limits[tierFilter].budget = Budget{2, time.Minute}, Budget{1, time.Minute}
		c := inProcess(t, tenant)
		requests := map[string]func() answer{
			"create": func() answer { return c.create("a") },
			"filter": func() answer { _, a := c.find(`id eq "1"`); return a },
			"list":   func() answer { return c.get("/api/v1/users") },
			"roles":  func() answer { return c.get("/api/v1/roles") },
			"delete": func() answer { return c.delete("1") },
		}
		for _, step := range []struct {
			name string
			want int
		}{
			{"create", 201}, {"create", 429}, {"delete", 429}, {"filter", 200}, {"filter", 429}, {"roles", 200},
			{"list", 200}, {"list", 429}, {"roles", 429},
		} {
			if a := requests[step.name](); a.status != step.want {
				t.Errorf("%s: %d, want %d", step.name, a.status, step.want)
			}
		}
		want := Stats{
			Requests: 10, Token: 1, Create: 2, Delete: 1, Filter: 2, Roles: 2, Writes: 3, Created: 1,
			TooMany: 5,
		}
		if got := tenant.Stats(); got != want {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	})
}

func TestSpendTier2SpendsTheBudgetOfCreates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := New(Options{Tier2: Budget{5, time.Minute}})
		c := inProcess(t, tenant)
		c.create("a")
		time.Sleep(10 * time.Second)
		for range 3 {
			tenant.SpendTier2()
		}
		if a := c.create("b"); a.status != 201 {
			t.Errorf("the one left: %d", a.status)
		}
		tenant.SpendTier2() // is denied, and starts a block
		time.Sleep(10 * time.Second)
		if a := c.create("c"); a.status != 429 || a.header.Get("Retry-After") != "40" {
			t.Errorf("%d, Retry-After %q", a.status, a.header.Get("Retry-After"))
		}
	})
}
