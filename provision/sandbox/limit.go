package sandbox

import "time"

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
	// LimitOff accepts everything.
	LimitOff Limit = "off"
)

// Budget is what one tier accepts: Requests in a Window. Both are above zero.
type Budget struct {
	Requests int
	Window   time.Duration
}

// tier is a group of endpoints that share a budget. The token endpoint has none.
type tier int

const (
	noTier tier = iota
	tier1
	tier2
	tierFilter
)

// limiter keeps the budget of one tier. The tenant's lock guards it.
type limiter struct {
	limit   Limit
	budget  Budget
	blocked time.Time // the end of the last block

	accepted []time.Time // rolling, fixed: when requests of the current window were accepted, oldest first
	full     time.Time   // bucket: when it is full again
}

// admit counts a request that is accepted and returns 0, or returns for how many whole seconds the tier is blocked. A
// request that is denied does not count. Not published: how long a block lasts, which is as long as the answer that
// starts it says, and requests during the block do not prolong it.
func (l *limiter) admit(now time.Time) (seconds int) {
	if !now.Before(l.blocked) {
		wait := l.take(now)
		if wait <= 0 {
			return 0
		}
		l.blocked = now.Add(wholeSeconds(wait))
	}
	return int(wholeSeconds(l.blocked.Sub(now)) / time.Second)
}

// take counts a request that is accepted, or returns how long it takes until one is.
func (l *limiter) take(now time.Time) time.Duration {
	window, requests := l.budget.Window, l.budget.Requests
	switch l.limit {
	case LimitOff:
		return 0
	case LimitBucket:
		refill := window / time.Duration(requests) // for one request
		untilFull := max(l.full.Sub(now), 0)
		wait := untilFull - time.Duration(requests-1)*refill
		if wait <= 0 {
			l.full = now.Add(untilFull + refill)
		}
		return wait
	}
	for len(l.accepted) > 0 && now.Sub(l.accepted[0]) >= window {
		l.accepted = l.accepted[1:]
		if l.limit == LimitFixed {
			l.accepted = nil
		}
	}
	if len(l.accepted) == requests {
		return l.accepted[0].Add(window).Sub(now)
	}
	l.accepted = append(l.accepted, now)
	return 0
}

func wholeSeconds(d time.Duration) time.Duration { return (d + time.Second - 1).Truncate(time.Second) }
