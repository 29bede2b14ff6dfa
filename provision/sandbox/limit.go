package sandbox

import (
	"fmt"
	"time"
)

// Limit is a way of counting requests against a Budget. Not published: which one Qlik uses, beyond "evaluated over a
// five-minute window to support bursts".
type Limit string

const (
	// LimitRolling accepts a request while fewer than Requests were accepted in the Window before it.
	LimitRolling Limit = "rolling"
	// LimitFixed counts in windows, each of which starts with the first request after the end of the one before.
	LimitFixed Limit = "fixed"
	// LimitBucket has room for Requests when full, and refills evenly, Requests in a Window.
	LimitBucket Limit = "bucket"
	// LimitOff accepts everything, at the token endpoint, too.
	LimitOff Limit = "off"
)

// ParseLimit returns the limit with a name.
func ParseLimit(s string) (Limit, error) {
	switch l := Limit(s); l {
	case LimitRolling, LimitFixed, LimitBucket, LimitOff:
		return l, nil
	}
	return "", fmt.Errorf("unknown limit %q: use rolling, fixed, bucket or off", s)
}

// Budget is what one tier accepts: Requests in a Window.
type Budget struct {
	Requests int
	Window   time.Duration
}

type tier int

const (
	tier1 tier = iota
	tier2
	tierFilter
	tierToken
	tiers
)

// limiter keeps the budget of one tier. Times are monotonic, in nanoseconds since the tenant was created.
type limiter struct {
	counter counter // nil: no limit
	blocked time.Duration
}

// counter is one way of counting. wait returns how long it takes until a request is accepted, 0 for now; take counts
// one that is.
type counter interface {
	wait(now time.Duration) time.Duration
	take(now time.Duration)
}

func newLimiter(l Limit, b Budget) limiter {
	if b.Requests <= 0 || b.Window <= 0 {
		return limiter{}
	}
	switch l {
	case LimitRolling:
		return limiter{counter: &rolling{budget: b}}
	case LimitFixed:
		return limiter{counter: &fixed{budget: b}}
	case LimitBucket:
		return limiter{counter: newBucket(b)}
	}
	return limiter{}
}

// admit counts a request that is accepted and returns 0, or returns for how many whole seconds the tier is blocked. A
// request that is denied does not count. Not published: how long a block lasts, which is as long as the answer that
// starts it says, and requests during the block do not prolong it.
func (l *limiter) admit(now time.Duration) (seconds int) {
	if l.spend(now) {
		return 0
	}
	if now >= l.blocked {
		l.blocked = now + wholeSeconds(l.counter.wait(now))
	}
	return int(wholeSeconds(l.blocked-now) / time.Second)
}

// spend counts a request and reports whether it is accepted. It starts no block.
func (l *limiter) spend(now time.Duration) bool {
	if l.counter == nil {
		return true
	}
	if now < l.blocked || l.counter.wait(now) > 0 {
		return false
	}
	l.counter.take(now)
	return true
}

func wholeSeconds(d time.Duration) time.Duration {
	return (d + time.Second - 1) / time.Second * time.Second
}

// rolling remembers when each request of the last window was accepted, oldest first.
type rolling struct {
	budget   Budget
	accepted []time.Duration
}

func (r *rolling) wait(now time.Duration) time.Duration {
	for len(r.accepted) > 0 && now-r.accepted[0] >= r.budget.Window {
		r.accepted = r.accepted[1:]
	}
	if len(r.accepted) < r.budget.Requests {
		return 0
	}
	return r.accepted[0] + r.budget.Window - now
}

func (r *rolling) take(now time.Duration) { r.accepted = append(r.accepted, now) }

// fixed counts the requests of the current window.
type fixed struct {
	budget Budget
	start  time.Duration
	count  int // 0: no window yet
}

func (f *fixed) wait(now time.Duration) time.Duration {
	if f.count > 0 && now-f.start >= f.budget.Window {
		f.count = 0
	}
	if f.count < f.budget.Requests {
		return 0
	}
	return f.start + f.budget.Window - now
}

func (f *fixed) take(now time.Duration) {
	if f.count == 0 {
		f.start = now
	}
	f.count++
}

// bucket counts in whole drops, so that no rounding error grows: each nanosecond adds rate drops, a request takes
// price. The size is at most Requests × Window, which fits 64 bits up to 2.5 million requests in an hour.
type bucket struct {
	rate, price, size int64
	window            time.Duration
	drops             int64
	at                time.Duration // when drops was counted
}

func newBucket(b Budget) *bucket {
	rate, price := int64(b.Requests), int64(b.Window)
	for x, y := rate, price; ; x, y = y, x%y {
		if y == 0 {
			rate, price = rate/x, price/x
			break
		}
	}
	size := int64(b.Requests) * price
	return &bucket{rate: rate, price: price, size: size, window: b.Window, drops: size}
}

func (b *bucket) wait(now time.Duration) time.Duration {
	if now-b.at >= b.window {
		b.drops = b.size
	} else {
		b.drops = min(b.size, b.drops+int64(now-b.at)*b.rate)
	}
	b.at = now
	if b.drops >= b.price {
		return 0
	}
	return time.Duration((b.price - b.drops + b.rate - 1) / b.rate)
}

func (b *bucket) take(time.Duration) { b.drops -= b.price }
