package provision

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"golang.org/x/time/rate"

	"qlik-provision/provision/qlik"
)

// A gate decides when the next write may be sent. Open, it lets writes be sent at the limiter's pace. Closed, it lets
// one probe be sent at a time, and the first probe that is processed opens it.
//
// It has no lock, no clock and no goroutine: the run calls it under its own lock and tells it the time.
type gate struct {
	limiter *rate.Limiter // of writes

	closed   bool
	reason   Reason    // closed: why
	until    time.Time // closed: no probe is sent before
	probing  bool      // closed: the probe is in flight
	openings int       // how often the gate was opened, which tells the age of an answer
	waits    int       // closed: waits of our own choosing in a row

	everProcessed bool // a write of this run was processed

	suspects        []*job // rows that met a 403 and are held; whether it is their own is not known yet
	forbiddenProbes int    // probes of other rows that met a 403 as well

	unanswered     map[*job]bool // rows that got no answer since anything else was answered
	down           bool          // there is an outage
	round          int           // counts up with each outage, and when each row that waits was a probe of it
	everyRowProbed bool          // in this outage, every remaining row was a probe
}

const (
	downAfter  = 16 // writes in a row, of different rows, without an answer: an outage
	scopeAfter = 3  // probes of other rows that met a 403 as well: the client lacks the scope
)

// A verdict is what an answer to a write means for the gate, whatever it means for the row.
type verdict int

const (
	unusable  verdict = iota // the run cannot go on: the credentials are refused, or it is no tenant
	processed                // accepted, or refused for the row's own sake
	blocked                  // not processed, and sent again: blockedBy says why
	forbidden                // 403
	lost                     // 408, 5xx, a broken connection, a timeout, an answer that cannot be read
	outage                   // lost, and a lookup got no answer either
)

func newGate(limiter *rate.Limiter) *gate {
	return &gate{limiter: limiter, closed: true, unanswered: map[*job]bool{}}
}

// ready reports whether a write may be sent now. Where it may not, at is when to ask again; zero: after the next
// answer.
func (g *gate) ready(now time.Time) (ok bool, at time.Time) {
	if g.closed && g.probing {
		return false, time.Time{}
	}
	if g.closed && now.Before(g.until) {
		return false, g.until
	}
	tokens := g.limiter.TokensAt(now)
	if tokens >= 1 {
		return true, time.Time{}
	}
	wait := time.Duration(math.Ceil((1 - tokens) / float64(g.limiter.Limit()) * float64(time.Second)))
	return false, now.Add(max(wait, time.Microsecond))
}

// allows reports whether j may be sent: in an outage, another row each time.
func (g *gate) allows(j *job) bool { return !g.down || j.round != g.round }

// prefers reports whether j should be sent before others. Rows without an answer wait: another row tells an outage
// before the same few have used up their attempts.
func (g *gate) prefers(j *job) bool { return g.allows(j) && !g.unanswered[j] }

// beginRound allows rows again that were a probe of this outage. everyRowProbed says that no other row will come: from
// now on, probes count as attempts.
func (g *gate) beginRound(everyRowProbed bool) {
	g.round++
	g.everyRowProbed = everyRowProbed
}

// take notes that j is sent now; ready has said that it may.
func (g *gate) take(now time.Time, j *job) {
	g.limiter.AllowN(now, 1)
	g.probing = g.closed
	j.openings, j.probe, j.noAttempt = g.openings, g.closed, g.down && !g.everyRowProbed
	if g.down {
		j.round = g.round
	}
}

// release notes that j was not sent after take, or not answered.
func (g *gate) release(j *job) {
	if j.probe {
		g.probing = false
	}
}

// answer applies the verdict on the write of j; met is the error that it met, nil for none. own are rows whose 403
// turned out to be their own; err is that of a run that cannot go on.
func (g *gate) answer(now time.Time, j *job, v verdict, met error) (own []*job, err error) {
	g.release(j)
	if v != lost && v != outage && !lacksDescriptor(met) {
		clear(g.unanswered)
	}
	late := j.openings != g.openings // others were processed since it was sent, so that it says nothing about now
	switch {
	case v == processed:
		g.everProcessed = true
		if j.probe {
			own = g.open()
		}
	case late && v == forbidden:
		own = []*job{j}
	case late:
	case v == blocked:
		g.close(blockedBy(met), now, g.wait(j, met))
	case v == forbidden:
		err = g.suspect(now, j)
	default:
		g.lose(now, j, v == outage, met)
	}
	return own, err
}

func (g *gate) open() (own []*job) {
	own = g.suspects
	g.closed, g.reason, g.until = false, "", time.Time{}
	g.suspects, g.forbiddenProbes, g.waits, g.down, g.everyRowProbed = nil, 0, 0, false, false
	g.openings++
	return own
}

// close blocks writes for wait at least. The reason is that of the longest wait.
func (g *gate) close(reason Reason, now time.Time, wait time.Duration) {
	if until := now.Add(wait); !g.closed || !until.Before(g.until) {
		g.reason, g.until = reason, until
	}
	g.closed = true
}

// wait is how long the tenant asked to wait. Where it asked for nothing it is our own back-off, which grows with every
// probe; writes that were in flight together count as one.
func (g *gate) wait(j *job, met error) time.Duration {
	if after := qlik.RetryAfter(met); after > 0 {
		return after
	}
	if j.probe || g.waits == 0 {
		g.waits++
	}
	return backoff(g.waits)
}

// suspect holds a row that met a 403. The first ones, in flight together, may be their rows' own; each probe after them
// makes the scope more likely.
func (g *gate) suspect(now time.Time, j *job) error {
	if j.probe && len(g.suspects) > 0 {
		g.forbiddenProbes++
	}
	g.suspects = append(g.suspects, j)
	g.close(ReasonForbidden, now, 0)
	if g.forbiddenProbes >= scopeAfter {
		return scopeError(j)
	}
	return nil
}

// decideSuspects decides about the suspects where no row is left to probe with: the 403 is their own if this run ever
// had a write processed, else it is the run's.
func (g *gate) decideSuspects() (own []*job, err error) {
	if !g.everProcessed {
		return nil, scopeError(g.suspects[len(g.suspects)-1])
	}
	own, g.suspects = g.suspects, nil
	return own, nil
}

func scopeError(j *job) error { return fmt.Errorf("%w: %w", ErrScope, j.err) }

// lose notes a write whose answer was lost.
func (g *gate) lose(now time.Time, j *job, outage bool, met error) {
	g.unanswered[j] = true
	begins := !g.down && (outage || len(g.unanswered) >= downAfter)
	if begins {
		g.down = true
		g.round++
		j.round = g.round
	}
	if begins || g.down && j.probe {
		g.close(ReasonDown, now, g.wait(j, met))
	}
}

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
