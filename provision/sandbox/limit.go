package sandbox

import (
	"fmt"
	"time"
)

// Limit is a way of counting a budget. Which one Qlik uses is not published beyond "over a rolling five minutes, to support bursts".
type Limit string

const (
	// LimitRolling lets a request in while fewer than Requests were let in during the Window before it.
	LimitRolling Limit = "rolling"
	// LimitFixed counts in windows, each of which begins with the first request after the one before has ended.
	LimitFixed Limit = "fixed"
	// LimitBucket holds Requests tokens when full, and refills evenly, Requests in a Window.
	LimitBucket Limit = "bucket"
	// LimitOff lets everything in, at the token endpoint too.
	LimitOff Limit = "off"
)

// ParseLimit reads the name of a limit.
func ParseLimit(s string) (Limit, error) {
	switch l := Limit(s); l {
	case LimitRolling, LimitFixed, LimitBucket, LimitOff:
		return l, nil
	}
	return "", fmt.Errorf("unknown limit %q: use rolling, fixed, bucket or off", s)
}

// Budget is what one tier lets in: Requests in a Window.
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

// limiter is the budget of one tier. Times are nanoseconds since the tenant was made, and never go back.
type limiter struct {
	counter counter // nil: no limit
	blocked time.Duration
}

// counter is one way of counting. wait is how long until a request would be let in, 0 for now; take counts one that is.
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

// admit counts a request that is let in and returns 0, or says for how many whole seconds the tier is blocked. One that is denied
// is not counted; the block it starts lasts as long as it is told, and a denial within the block does not lengthen it.
func (l *limiter) admit(now time.Duration) (seconds int) {
	if l.counter == nil {
		return 0
	}
	if now >= l.blocked {
		wait := l.counter.wait(now)
		if wait <= 0 {
			l.counter.take(now)
			return 0
		}
		l.blocked = now + wholeSeconds(wait)
	}
	return int(wholeSeconds(l.blocked-now) / time.Second)
}

// left reports whether a request would be let in.
func (l *limiter) left(now time.Duration) bool {
	return l.counter == nil || now >= l.blocked && l.counter.wait(now) <= 0
}

func (l *limiter) take(now time.Duration) {
	if l.counter != nil {
		l.counter.take(now)
	}
}

func wholeSeconds(d time.Duration) time.Duration {
	return (d + time.Second - 1) / time.Second * time.Second
}

// rolling remembers when each request of the last window was let in, oldest first, in a ring that grows to the budget.
type rolling struct {
	budget Budget
	ring   []time.Duration
	first  int // index of the oldest
	count  int
}

func (r *rolling) wait(now time.Duration) time.Duration {
	for r.count > 0 && now-r.ring[r.first] >= r.budget.Window {
		r.first = (r.first + 1) % len(r.ring)
		r.count--
	}
	if r.count < r.budget.Requests {
		return 0
	}
	return r.ring[r.first] + r.budget.Window - now
}

func (r *rolling) take(now time.Duration) {
	if r.count == len(r.ring) {
		bigger := make([]time.Duration, max(16, min(2*len(r.ring), r.budget.Requests)))
		n := copy(bigger, r.ring[r.first:])
		copy(bigger[n:], r.ring[:r.first])
		r.ring, r.first = bigger, 0
	}
	r.ring[(r.first+r.count)%len(r.ring)] = now
	r.count++
}

// fixed counts since the window's first request.
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

// bucket counts in whole drops, so that no rounding ever adds up: each nanosecond brings rate drops, a request costs price. The size
// is at most Requests × Window, which a 64-bit number holds up to 2.5 million requests in an hour, or any that divide evenly.
type bucket struct {
	rate, price, size int64
	window            time.Duration
	drops             int64
	at                time.Duration // when drops was right
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
