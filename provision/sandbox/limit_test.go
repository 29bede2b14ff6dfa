package sandbox

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
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
		{"bucket: a nanosecond short is a second more", LimitBucket, Budget{3, 10 * time.Second},
			[]time.Duration{0, 0, 0, 2333333333, 5 * time.Second},
			"201 201 201 429/2 201"},
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

// TestCountersAgreeWithDefinitions draws times and compares each counter with its definition.
func TestCountersAgreeWithDefinitions(t *testing.T) {
	for seed := range uint64(20) {
		draw := rand.New(rand.NewPCG(seed, 0))
		b := Budget{1 + draw.IntN(100), time.Duration(1 + draw.Int64N(1e6))}
		window := limiter{counter: &rolling{budget: b}}
		full := limiter{counter: newBucket(b)}
		var accepted []time.Duration
		level, at := new(big.Rat).SetInt64(int64(b.Requests)), time.Duration(0)
		perNano := big.NewRat(int64(b.Requests), int64(b.Window))
		var now time.Duration
		for i := range 3000 {
			gap := 2 * int64(b.Window) / int64(b.Requests)
			if i/300%2 == 0 { // slowly at first
				gap *= 10
			}
			now += time.Duration(draw.Int64N(gap + 1))
			if draw.IntN(3) > 0 {
				now -= now % 7 // some at the same time
				now = max(now, at)
			}

			accepted = slices.DeleteFunc(accepted, func(then time.Duration) bool { return now-then >= b.Window })
			wantWait := time.Duration(0)
			if len(accepted) >= b.Requests {
				wantWait = accepted[len(accepted)-b.Requests] + b.Window - now
			}
			if got := window.counter.wait(now); got != wantWait {
				t.Fatalf("seed %d, rolling %v at %d: wait %d, want %d", seed, b, now, got, wantWait)
			}
			if wantWait == 0 {
				window.counter.take(now)
				accepted = append(accepted, now)
			}

			level.Add(level, new(big.Rat).Mul(perNano, new(big.Rat).SetInt64(int64(now-at))))
			if level.Cmp(new(big.Rat).SetInt64(int64(b.Requests))) > 0 {
				level.SetInt64(int64(b.Requests))
			}
			at = now
			wait := full.counter.wait(now)
			reached := func(d time.Duration) bool {
				then := new(big.Rat).Add(level, new(big.Rat).Mul(perNano, new(big.Rat).SetInt64(int64(d))))
				return then.Cmp(big.NewRat(1, 1)) >= 0
			}
			if !reached(wait) || wait > 0 && reached(wait-1) {
				t.Fatalf("seed %d, bucket %v at %d with %v: wait %d", seed, b, now, level, wait)
			}
			if wait == 0 {
				full.counter.take(now)
				level.Sub(level, big.NewRat(1, 1))
			}
		}
	}
}

func TestWaitEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := errors.New("gone")
		ctx, leave := context.WithCancelCause(t.Context())
		leave(gone)
		began := time.Now()
		for _, d := range []time.Duration{0, time.Hour} {
			if err := wait(ctx, d); err != gone || time.Since(began) > 0 {
				t.Errorf("%v: %v, after %v", d, err, time.Since(began))
			}
		}
	})
}

func TestLimitOfWholeTenant(t *testing.T) {
	for users, want := range map[int]int{0: 500, 1: 250, 2: 500, 30: 500} {
		tenant := New(Options{TenantUsers: users})
		if got := tenant.SpendTier2(1000); got != want {
			t.Errorf("%d users: %d writes, want %d", users, got, want)
		}
	}
	c := inProcess(t, New(Options{TenantUsers: 1, Filter: Budget{4, time.Hour}, Tier1: Budget{1, time.Hour}}))
	for i, want := range []int{200, 200, 429} {
		if _, a := c.find(`id eq "1"`); a.status != want {
			t.Errorf("filter %d: %d, want %d", i, a.status, want)
		}
	}
	if a := c.get("/api/v1/users"); a.status != 200 {
		t.Errorf("one request is the least: %d", a.status)
	}
}

func TestTokenEndpointHasItsOwnBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := New(Options{Token: Budget{1, 10 * time.Second}})
		c := inProcess(t, tenant)
		request := tokenRequest(tenant, "")
		if a := c.post("/oauth/token", request); a.status != 429 || a.header.Get("Retry-After") != "10" {
			t.Errorf("second token: %d, Retry-After %q", a.status, a.header.Get("Retry-After"))
		}
		if a := c.create("a"); a.status != 201 {
			t.Errorf("another tier: %d", a.status)
		}
		time.Sleep(10 * time.Second)
		if a := c.post("/oauth/token", request); a.status != 200 {
			t.Errorf("after the wait: %d", a.status)
		}
		s := tenant.Stats()
		if s.Token != 3 || s.Tokens != 2 || s.TooMany != 1 || s.TooManyToken != 1 || s.TooManyTier2 != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestBlockedTierLeavesOthersAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := func(n int) Budget { return Budget{n, time.Minute} }
		tenant := New(Options{Tier1: budget(2), Tier2: budget(1), Filter: budget(1)})
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
			Requests: 10, Token: 1, Create: 2, Delete: 1, List: 2, Filter: 2, Roles: 2, Writes: 3, Created: 1,
			TooMany: 5, TooManyTier1: 2, TooManyTier2: 2, TooManyFilter: 1, Tokens: 1,
		}
		if got := tenant.Stats(); got != want {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	})
}

func TestSpendTier2SpendsWhatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := New(Options{Tier2: Budget{5, time.Minute}})
		c := inProcess(t, tenant)
		c.create("a")
		time.Sleep(10 * time.Second)
		if n := tenant.SpendTier2(3); n != 3 {
			t.Errorf("spent %d of 3", n)
		}
		if n := tenant.SpendTier2(3); n != 1 {
			t.Errorf("spent %d of the 1 left", n)
		}
		if a := c.create("b"); a.status != 429 || a.header.Get("Retry-After") != "50" {
			t.Errorf("%d, Retry-After %q", a.status, a.header.Get("Retry-After"))
		}
		time.Sleep(50 * time.Second)
		if a := c.create("b"); a.status != 201 {
			t.Errorf("when the first has left: %d", a.status)
		}
		if a := c.create("c"); a.status != 429 || a.header.Get("Retry-After") != "10" {
			t.Errorf("the others have not: %d, Retry-After %q", a.status, a.header.Get("Retry-After"))
		}
		if n := tenant.SpendTier2(1); n != 0 {
			t.Errorf("spent %d in a block", n)
		}
		if tenant := New(Options{Limit: LimitOff}); tenant.SpendTier2(7) != 7 {
			t.Error("without a limit there is always something left")
		}
	})
}

func TestParseLimit(t *testing.T) {
	for _, l := range []Limit{LimitRolling, LimitFixed, LimitBucket, LimitOff} {
		if got, err := ParseLimit(string(l)); got != l || err != nil {
			t.Errorf("%s: %q, %v", l, got, err)
		}
	}
	for _, s := range []string{"", "Rolling", "none"} {
		_, err := ParseLimit(s)
		if err == nil || err.Error() != fmt.Sprintf("unknown limit %q: use rolling, fixed, bucket or off", s) {
			t.Errorf("%q: %v", s, err)
		}
	}
}
