package provision

import (
	"cmp"
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
	reason   Reason    // closed: why; "" at the start and after a 403
	until    time.Time // closed: no probe is sent before
	probing  bool      // closed: the probe is in flight
	openings int       // how often the gate was opened, which tells the age of an answer
	waits    int       // closed: waits in a row

	suspects        []*job // rows that met a 403 and are held; whether it is their own is not known yet
	refused         []*job // rows whose 403 turned out to be their own; the run finishes them
	forbiddenProbes int    // probes of other rows that met a 403 as well

	unanswered map[*job]bool // rows that got no answer since anything else was answered
	down       bool          // there is an outage
}

const (
	downAfter  = 16 // writes in a row, of different rows, without an answer: an outage
	scopeAfter = 3  // probes of other rows that met a 403 as well: the client lacks the scope
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
	at = nextToken(g.limiter, now)
	return !at.After(now), at
}

// nextToken is when a limiter has a token: now or later.
func nextToken(l *rate.Limiter, now time.Time) time.Time {
	missing := 1 - l.TokensAt(now)
	if missing <= 0 {
		return now
	}
	wait := time.Duration(math.Ceil(missing / float64(l.Limit()) * float64(time.Second)))
	return now.Add(max(wait, time.Microsecond))
}

// prefers reports whether j should be sent before others. Rows without an answer wait: another row tells an outage
// before the same few have used up their attempts, and in an outage each probe is of another row.
func (g *gate) prefers(j *job) bool { return !g.unanswered[j] }

// take notes that j is sent now; ready has said that it may. In an outage it is no attempt until every row was a probe;
// moreComing says that other rows are still to be looked up.
func (g *gate) take(now time.Time, j *job, moreComing bool) {
	g.limiter.AllowN(now, 1)
	wasProbe := j.probe && j.openings == g.openings
	j.noAttempt = g.down && (moreComing || !wasProbe)
	j.openings, j.probe, g.probing = g.openings, g.closed, g.closed
}

// answer applies the verdict on the write of j, which met an error, nil for none. An error that it returns is that of a
// run that cannot go on.
func (g *gate) answer(now time.Time, j *job, v verdict, met error) error {
	if j.probe {
		g.probing = false
	}
	if v != lost && v != outage {
		clear(g.unanswered)
	}
	late := j.openings != g.openings // others were processed since it was sent, so that it says nothing about now
	switch {
	case v == processed:
		if j.probe {
			g.open()
		}
	case v == forbidden && late:
		g.refused = append(g.refused, j)
	case v == forbidden:
		return g.suspect(now, j)
	case v == unusable, late:
	case v == blocked:
		g.close(blockedBy(met), now, g.wait(j, met))
	default:
		g.lose(now, j, v == outage, met)
	}
	return nil
}

func (g *gate) open() {
	g.refused = append(g.refused, g.suspects...)
	g.closed, g.reason, g.until = false, "", time.Time{}
	g.suspects, g.forbiddenProbes, g.waits, g.down = nil, 0, 0, false
	g.openings++
}

// close blocks writes for wait at least. The reason is that of the longest wait.
func (g *gate) close(reason Reason, now time.Time, wait time.Duration) {
	if until := now.Add(wait); !g.closed || !until.Before(g.until) {
		g.reason, g.until = reason, until
	}
	g.closed = true
}

// wait is how long the next probe waits after what j met; writes that were in flight together count as one.
func (g *gate) wait(j *job, met error) time.Duration {
	if j.probe || g.waits == 0 {
		g.waits++
	}
	return waitAfter(met, g.waits)
}

// suspect holds a row that met a 403. The first ones, in flight together, may be their rows' own; each probe after them
// makes the scope more likely.
func (g *gate) suspect(now time.Time, j *job) error {
	if j.probe && len(g.suspects) > 0 {
		g.forbiddenProbes++
	}
	g.suspects = append(g.suspects, j)
	g.close("", now, 0)
	if g.forbiddenProbes >= scopeAfter {
		return scopeError(j)
	}
	return nil
}

// decideSuspects decides about the suspects where no row is left to probe with: the 403 is their own if this run ever
// had a write processed, else it is the run's.
func (g *gate) decideSuspects() error {
	if g.openings == 0 {
		return scopeError(g.suspects[0])
	}
	g.refused, g.suspects = g.suspects, nil
	return nil
}

func scopeError(j *job) error { return fmt.Errorf("%w: %w", ErrScope, j.err) }

// lose notes a write whose answer was lost.
func (g *gate) lose(now time.Time, j *job, outage bool, met error) {
	g.unanswered[j] = true
	begins := !g.down && (outage || len(g.unanswered) >= downAfter)
	g.down = g.down || begins
	if begins || g.down && j.probe {
		g.close(ReasonDown, now, g.wait(j, met))
	}
}

// waitAfter is how long to wait after the nth failure in a row: as long as the tenant asked for, else a back-off.
func waitAfter(err error, n int) time.Duration { return cmp.Or(qlik.RetryAfter(err), backoff(n)) }

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
