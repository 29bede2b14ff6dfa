package provision

import (
	"cmp"
	"errors"
	"fmt"
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
	until    time.Time // no probe is sent before; zero where the gate is open
	probing  bool      // closed: the probe is in flight
	openings int       // how often the gate was opened, which tells the age of an answer
	waits    int       // closed: waits in a row

	suspects        []*job // rows that met a 403 and are held; whether it is their own is not known yet
	forbiddenProbes int    // probes of other rows that met a 403 as well

	unanswered map[*job]bool // rows that got no answer since anything else was answered
	down       bool          // there is an outage
}

const (
	downAfter  = 16 // writes in a row, of different rows, without an answer: an outage
	scopeAfter = 3  // probes of other rows that met a 403 as well: the client lacks the scope
	brakeAfter = 20 // writes from the start all refused with one code, or answers in a row that cannot be read
)

// opensAt is when a write may be sent: now or later; zero: not before the next answer.
func (g *gate) opensAt(now time.Time) time.Time {
	switch {
	case g.closed && g.probing:
		return time.Time{}
	case now.Before(g.until):
		return g.until
	}
	return nextToken(g.limiter, now)
}

// nextToken is when a limiter has a token: now or later.
func nextToken(l *rate.Limiter, now time.Time) time.Time {
	reservation := l.ReserveN(now, 1)
	defer reservation.CancelAt(now)
	return now.Add(reservation.DelayFrom(now))
}

// take notes that j is sent now, as opensAt allows. In an outage it is no attempt until every row was a probe;
// moreComing says that other rows are still to be looked up.
func (g *gate) take(now time.Time, j *job, moreComing bool) {
	g.limiter.AllowN(now, 1)
	wasProbe := j.probe && j.openings == g.openings
	j.noAttempt = g.down && (moreComing || !wasProbe)
	j.openings, j.probe, g.probing = g.openings, g.closed, g.closed
}

// answer applies the verdict on the write of j, which met an error, nil for none. It returns the rows whose 403 turned
// out to be their own, and the error of a run that cannot go on.
func (g *gate) answer(now time.Time, j *job, v verdict, met error) (refused []*job, err error) {
	if j.probe {
		g.probing = false
	}
	if v != lost && v != outage {
		clear(g.unanswered)
	}
	late := j.openings != g.openings // others were processed since it was sent, so that it says nothing about now
	switch {
	case v == processed && j.probe:
		return g.open(), nil
	case v == forbidden && late:
		return []*job{j}, nil
	case v == forbidden:
		return nil, g.suspect(j)
	case v == processed, v == unusable, late:
	case v == blocked:
		g.close(now, j, met)
	default:
		g.unanswered[j] = true
		begins := !g.down && (v == outage || len(g.unanswered) >= downAfter)
		g.down = g.down || begins
		if begins || g.down && j.probe {
			g.close(now, j, met)
		}
	}
	return nil, nil
}

// open returns the suspects: their 403s were their own.
func (g *gate) open() (refused []*job) {
	refused = g.suspects
	g.closed, g.reason, g.until = false, "", time.Time{}
	g.suspects, g.forbiddenProbes, g.waits, g.down = nil, 0, 0, false
	g.openings++
	return refused
}

// close blocks writes for as long as what j met asks for, else for a back-off; writes that were in flight together
// count as one. The reason is that of the longest wait.
func (g *gate) close(now time.Time, j *job, met error) {
	if j.probe || g.waits == 0 {
		g.waits++
	}
	if until := now.Add(waitAfter(met, g.waits)); !g.closed || !until.Before(g.until) {
		g.reason, g.until = reasonOf(met), until
	}
	g.closed = true
}

// suspect holds a row that met a 403. The first ones, in flight together, may be their rows' own; each probe after them
// makes the scope more likely.
func (g *gate) suspect(j *job) error {
	if j.probe && len(g.suspects) > 0 {
		g.forbiddenProbes++
	}
	g.suspects, g.closed = append(g.suspects, j), true
	if g.forbiddenProbes >= scopeAfter {
		return scopeError(j)
	}
	return nil
}

func scopeError(j *job) error { return fmt.Errorf("%w: %w", ErrScope, j.err) }

// waitAfter is how long to wait after the nth failure in a row: as long as the tenant asked for, else a back-off.
func waitAfter(err error, n int) time.Duration { return cmp.Or(qlik.RetryAfter(err), backoff(n)) }

// backoff is how long to wait before the nth try after a failure, from 1: half a second, doubled up to 30 s, give or
// take a fifth, so that requests that failed together are not sent again together.
func backoff(n int) time.Duration {
	const first, most = 500 * time.Millisecond, 30 * time.Second
	doublings := min(max(n-1, 0), 6)
	return min(most, time.Duration(float64(first<<doublings)*(0.8+0.4*rand.Float64())))
}

// A brake ends a run whose writes are all refused with one code, or whose answers cannot be read.
type brake struct {
	off      bool   // a write was accepted, turned out as an existing user, or was refused with another code
	code     string // of the writes that were refused
	refusals int
	garbled  int // answers that could not be read, in a row: no other one and no row that a lookup settled between
}

// noteResult notes the result of a row, which why decided, and returns an ErrRefusedAll where the run has to end. A
// conflict that turned out as an existing user counts as accepted.
func (b *brake) noteResult(j *job, res Result, why error) error {
	stays := j.row.UserID != "" && res.Outcome == Created // its user was not deleted
	switch {
	case j.attempts == 0:
		return nil
	case res.Outcome.Done() && !stays:
		b.off, b.garbled = true, 0
		return nil
	case res.Outcome == Pending && res.Code != CodeConflictNotFound, b.off, why == nil, isTemporary(why):
		return nil
	}
	code := "no code"
	if e, ok := errors.AsType[*qlik.Error](why); ok {
		code = cmp.Or(e.Code, fmt.Sprintf("HTTP %d", e.Status))
	}
	b.off = b.refusals > 0 && code != b.code
	b.code = code
	if b.refusals++; b.off || b.refusals != brakeAfter {
		return nil
	}
	return fmt.Errorf("%w: the first %d with %s: %w", ErrRefusedAll, brakeAfter, code, why)
}

// noteAnswer notes what a write met, and returns an ErrUnreadable where the run has to end.
func (b *brake) noteAnswer(v verdict, err error) error {
	switch {
	case v == processed:
		b.garbled = 0
	case errors.Is(err, qlik.ErrGarbled):
		b.garbled++
	}
	if b.garbled < brakeAfter {
		return nil
	}
	return fmt.Errorf("%w: %d in a row: %w", ErrUnreadable, brakeAfter, err)
}

// patience is the clock of Options.Patience. It runs from the first request that makes no progress until there is some.
type patience struct {
	end time.Time // when the run ends if there is no progress until then; zero: the clock does not run
	err error     // of the last request that made no progress
}

// stall notes what a request met that made no progress.
func (r *Run) stall(now time.Time, err error) {
	r.patience = patience{end: cmp.Or(r.patience.end, now.Add(r.options.Patience)), err: err}
}

// progressed stops the clock: a first lookup was answered or a write processed. It starts again where writes wait.
func (r *Run) progressed(now time.Time) {
	r.patience.end = time.Time{}
	if now.Before(r.gate.until) {
		r.patience.end = now.Add(r.options.Patience)
	}
}

// endOverdue ends a run that has waited long enough. at is when that may be so; zero: never.
func (r *Run) endOverdue(now time.Time) (at time.Time) {
	p := &r.patience
	if !r.client.Answered() {
		at = r.started.Add(max(silence, r.options.Timeout))
		if !now.Before(at) {
			met := cmp.Or(p.err, fmt.Errorf("nothing came back from %s", r.client.Tenant()))
			r.fail(fmt.Errorf("%w: %w", ErrUnreachable, met))
		}
	}
	if !p.end.IsZero() && !now.Before(p.end) {
		r.fail(fmt.Errorf("%w for %v, waiting for %s: %w", ErrPatience, r.options.Patience, reasonOf(p.err), p.err))
	}
	return sooner(at, p.end)
}
