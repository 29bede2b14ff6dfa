package provision

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"golang.org/x/time/rate"
)

// A gate decides when the next write may be sent. Open, it passes writes at the limiter's pace. Closed, it passes one
// probe at a time, and the first probe that is processed opens it.
//
// It has no lock, no clock and no goroutine: the run calls it under its own lock and tells it the time.
type gate struct {
	limiter *rate.Limiter // nil: no pace to keep

	closed  bool
	reason  Reason    // closed: why
	until   time.Time // closed: no probe is sent before
	probing bool      // closed: the probe is in flight
	opened  int       // how often the gate was opened, which tells the age of an answer
	waits   int       // closed: waits of our own choosing in a row

	processed bool // a write of this run was processed

	suspects []*job // rows that met a 403; whether it is their own is not known yet
	refusals int    // probes of other rows that met a 403 as well

	unanswered map[*job]bool // rows that got no answer since anything else was answered
	down       bool          // there is an outage
	outages    int           // how often there was one; job.turn is counted by it
}

const (
	downAfter  = 16 // writes in a row, of different rows, without an answer: an outage
	scopeAfter = 3  // probes of other rows that met a 403 as well: the client lacks the scope
)

// A verdict is what an answer to a write means for the gate, whatever it means for the row.
type verdict int

const (
	processed verdict = iota // accepted, or refused for the row's own sake
	limited                  // 429
	forbidden                // 403
	noAnswer                 // 408, 5xx, a broken connection, a timeout, an answer that cannot be read
	outage                   // no answer, and a lookup got none either
	noToken                  // never sent: the token endpoint failed
)

func newGate(limiter *rate.Limiter) *gate {
	return &gate{limiter: limiter, closed: true, unanswered: map[*job]bool{}}
}

// next reports whether a write may be sent now. Where it may not, at is when to ask again; zero: after the next answer.
func (g *gate) next(now time.Time) (ok bool, at time.Time) {
	if g.closed && g.probing {
		return false, time.Time{}
	}
	if g.closed && now.Before(g.until) {
		return false, g.until
	}
	if g.limiter == nil {
		return true, time.Time{}
	}
	tokens := g.limiter.TokensAt(now)
	if tokens >= 1 {
		return true, time.Time{}
	}
	wait := time.Duration(math.Ceil((1 - tokens) / float64(g.limiter.Limit()) * float64(time.Second)))
	return false, now.Add(max(wait, time.Microsecond))
}

// allows reports whether j may be sent: in an outage, another row each time.
func (g *gate) allows(j *job) bool { return !g.down || j.turn != g.outages }

// prefers reports whether j should be sent before others. Rows without an answer wait: another row tells an outage
// before the same few have used up their attempts.
func (g *gate) prefers(j *job) bool { return g.allows(j) && !g.unanswered[j] }

// A pass is what a write went through the gate with.
type pass struct {
	opened    int
	probe     bool
	down      bool // sent as a probe of an outage
	everyTurn bool // every remaining row had its turn since the outage began
}

// pass lets j be sent; next has said that it may.
func (g *gate) pass(now time.Time, j *job, everyTurn bool) pass {
	if g.limiter != nil {
		g.limiter.AllowN(now, 1)
	}
	g.probing = g.closed
	if g.down {
		j.turn = g.outages
	}
	return pass{opened: g.opened, probe: g.closed, down: g.down, everyTurn: everyTurn}
}

// answered takes the verdict on a write that was sent with p. after is how long the tenant asked to wait, 0 where it
// did not. cleared are rows whose 403 turned out to be their own; progress is false where the answer says nothing about
// whether writes are processed now; err is that of a run that cannot go on.
func (g *gate) answered(now time.Time, p pass, j *job, v verdict, after time.Duration) (
	cleared []*job, progress bool, err error) {
	if p.probe {
		g.probing = false
	}
	if v != noAnswer && v != outage {
		clear(g.unanswered)
	}
	if v == processed {
		g.processed = true
		if p.probe {
			cleared = g.open()
		}
		return cleared, !g.closed, nil
	}
	if p.opened != g.opened {
		// It was sent before the gate was last opened. Others were processed since, so it says nothing about now.
		if v == forbidden {
			return []*job{j}, false, nil
		}
		return nil, false, nil
	}
	switch v {
	case limited:
		g.close(ReasonLimit, now, g.wait(p, after))
	case noToken:
		g.close(ReasonToken, now, g.wait(p, after))
	case forbidden:
		return nil, false, g.suspect(now, p, j)
	case noAnswer, outage:
		g.noAnswer(now, p, j, v == outage, after)
	}
	return nil, false, nil
}

func (g *gate) open() (cleared []*job) {
	cleared = g.suspects
	g.closed, g.reason, g.until = false, "", time.Time{}
	g.suspects, g.refusals, g.waits, g.down = nil, 0, 0, false
	g.opened++
	return cleared
}

// close blocks writes for wait at least. The reason is that of the longest wait.
func (g *gate) close(reason Reason, now time.Time, wait time.Duration) {
	if until := now.Add(wait); !g.closed || !until.Before(g.until) {
		g.reason, g.until = reason, until
	}
	g.closed = true
}

// wait is how long to wait where the tenant asked for after. Where it asked for nothing it is our own back-off, which
// grows with every probe; writes that were in flight together count as one.
func (g *gate) wait(p pass, after time.Duration) time.Duration {
	if after > 0 {
		return min(after, maxWait)
	}
	if p.probe || g.waits == 0 {
		g.waits++
	}
	return backoff(g.waits)
}

// suspect takes a 403. The first ones, in flight together, may be their rows' own; each probe after them makes the
// scope more likely.
func (g *gate) suspect(now time.Time, p pass, j *job) error {
	if p.probe && len(g.suspects) > 0 {
		g.refusals++
	}
	g.suspects = append(g.suspects, j)
	g.close(ReasonForbidden, now, 0)
	if g.refusals >= scopeAfter {
		return scopeError(j)
	}
	return nil
}

// noneLeft decides about the suspects where no row is left to probe with: their own 403 if this run ever had a write
// processed, else the run's.
func (g *gate) noneLeft() (cleared []*job, err error) {
	if !g.processed {
		return nil, scopeError(g.suspects[len(g.suspects)-1])
	}
	cleared, g.suspects = g.suspects, nil
	return cleared, nil
}

func scopeError(j *job) error { return fmt.Errorf("%w: %w", ErrScope, j.err) }

// noAnswer takes a write without an answer.
func (g *gate) noAnswer(now time.Time, p pass, j *job, outage bool, after time.Duration) {
	g.unanswered[j] = true
	switch {
	case g.down && p.probe:
		g.close(ReasonDown, now, g.wait(p, after))
	case !g.down && (outage || len(g.unanswered) >= downAfter):
		g.down = true
		g.outages++
		j.turn = g.outages
		g.close(ReasonDown, now, g.wait(p, after))
	}
}

// maxWait bounds what a tenant may ask for: its windows are five minutes, and a longer wait is a mistake.
const maxWait = 10 * time.Minute

// backoff is how long to wait before the nth try after a failure, from 1: half a second, doubled up to 30 s, give or
// take a fifth, so that requests that failed together are not sent again together.
func backoff(n int) time.Duration {
	const first, most = 500 * time.Millisecond, 30 * time.Second
	wait := most
	if n <= 6 {
		wait = first << max(n-1, 0)
	}
	return min(most, time.Duration(float64(wait)*(0.8+0.4*rand.Float64())))
}
