package provision

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"golang.org/x/time/rate"
)

// A Reason says why no create may go for the time being.
type Reason string

// The reasons to wait.
const (
	ReasonNone      Reason = ""
	ReasonLimit     Reason = "the tenant's rate limit"
	ReasonForbidden Reason = "a word on who may create users"
	ReasonDown      Reason = "the tenant to answer again"
	ReasonToken     Reason = "a token"
	ReasonLookup    Reason = "a lookup's answer"
	ReasonRetry     Reason = "another try"
	ReasonPace      Reason = "the pace of --rate"
)

// A verdict is what an answer says about the way into the tenant, whatever it says about the row.
type verdict int

const (
	letIn     verdict = iota // created, a 409, or refused for the row's own sake
	limited                  // 429
	forbidden                // 403
	noAnswer                 // 408, 5xx, a broken connection, a timeout, an answer that cannot be read
	noToken                  // never sent: the token endpoint failed
)

const (
	downAfter  = 16 // creates in a row, of different rows, with no answer: the tenant is down
	scopeAfter = 3  // other rows that were asked to go alone and met a 403 as well: the client lacks the scope
)

// A gate is the one place that decides when a create may go. Open, it lets creates through at the limiter's pace. Closed, it lets one go at a
// time, and the first of those that is let in opens it.
//
// It knows no lock, no clock and no goroutine: the run calls it under its own lock and tells it the time.
type gate struct {
	limiter  *rate.Limiter // nil: no pace to keep
	patience time.Duration

	closed bool
	reason Reason    // closed: what for
	until  time.Time // closed: nothing goes before
	alone  bool      // closed: the one that may go is under way
	opened int       // how often the gate was opened, which tells the age of an answer
	waits  int       // closed: how many waits of our own choosing there were in a row

	everIn   bool      // a create of this run was let in
	outSince time.Time // the first create that did not get in since the last that did; zero: none
	outs     int       // how many did not since then

	suspects []*job // met a 403; whether it is their own is being found out
	asked    int    // how many other rows met a 403 when they were asked

	streak  map[*job]bool // rows that got no answer since anything else was answered
	down    bool
	outages int // how often the tenant went down; a job's turn is counted by it
}

func newGate(limiter *rate.Limiter, patience time.Duration) *gate {
	return &gate{limiter: limiter, patience: patience, closed: true, streak: map[*job]bool{}}
}

// next reports whether a create may go now. Where it may not, at is when to ask again; zero: after the next answer.
func (g *gate) next(now time.Time) (ok bool, at time.Time) {
	if g.closed && g.alone {
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

// allows reports whether j may be the one that goes: while the tenant is down, another row each time.
func (g *gate) allows(j *job) bool { return !g.down || j.turn != g.outages }

// prefers reports whether j should go before others: not where it is one of those without an answer since anything was answered. Another row tells
// whether the tenant is down, before the same few have used up their attempts.
func (g *gate) prefers(j *job) bool { return g.allows(j) && !g.streak[j] }

// A pass is what a create went through the gate with.
type pass struct {
	opened int
	alone  bool
	free   bool // no answer costs no attempt
}

// pass lets j go. next has said that it may. everyTurn says that every row that is left had its turn since the tenant went down.
func (g *gate) pass(now time.Time, j *job, everyTurn bool) pass {
	if g.limiter != nil {
		g.limiter.AllowN(now, 1)
	}
	g.alone = g.closed
	if g.down {
		j.turn = g.outages
	}
	return pass{opened: g.opened, alone: g.closed, free: g.down && !everyTurn}
}

// answered takes what became of a create that went with p. after is how long the tenant asked to wait, 0 where it did not. cleared are rows
// whose 403 turned out to be their own; err is that of a run that cannot go on.
func (g *gate) answered(now time.Time, p pass, j *job, v verdict, after time.Duration) (cleared []*job, err error) {
	if p.alone {
		g.alone = false
	}
	if v != noAnswer {
		clear(g.streak)
	}
	if v == letIn {
		g.everIn = true
		if p.alone {
			cleared = g.open()
		}
		if !g.closed { // else it was sent before those that were kept out, and says nothing about now
			g.outSince = time.Time{}
		}
		return cleared, nil
	}
	if g.outSince.IsZero() {
		g.outSince, g.outs = now, 0
	}
	g.outs++
	if p.opened != g.opened {
		// Sent before the gate was last opened: others have got in since, so it says nothing about now.
		if v == forbidden {
			return []*job{j}, nil
		}
		return nil, nil
	}
	switch v {
	case limited:
		g.close(ReasonLimit, now, g.wait(now, p, after))
	case noToken:
		g.close(ReasonToken, now, g.wait(now, p, after))
	case forbidden:
		return nil, g.suspect(now, p, j)
	case noAnswer:
		g.silent(now, p, j, after)
	}
	return nil, nil
}

func (g *gate) open() (cleared []*job) {
	cleared = g.suspects
	g.closed, g.reason, g.until = false, ReasonNone, time.Time{}
	g.suspects, g.asked, g.waits, g.down = nil, 0, 0, false
	g.opened++
	return cleared
}

// close keeps everybody out for wait at least. The reason is that of the longest wait.
func (g *gate) close(reason Reason, now time.Time, wait time.Duration) {
	if until := now.Add(wait); !g.closed || !until.Before(g.until) {
		g.reason, g.until = reason, until
	}
	g.closed = true
}

// wait is how long to wait where the tenant asked for after: at most what is left of the patience. Where it asked for nothing it is our own back-off, which grows with every one that
// went alone and did not get in; those that were in flight together count as one.
func (g *gate) wait(now time.Time, p pass, after time.Duration) time.Duration {
	if after = min(after, g.outSince.Add(g.patience).Sub(now)); after > 0 {
		return after
	}
	if p.alone || g.waits == 0 {
		g.waits++
	}
	return backoff(g.waits)
}

// suspect takes a 403. The first ones, in flight together, may be their rows' own; each row that is asked after them makes the scope more likely.
func (g *gate) suspect(now time.Time, p pass, j *job) error {
	if p.alone && len(g.suspects) > 0 {
		g.asked++
	}
	g.suspects = append(g.suspects, j)
	g.close(ReasonForbidden, now, 0)
	if g.asked >= scopeAfter {
		return scopeError(j)
	}
	return nil
}

// noneLeft decides about the suspects where there is no row left to ask with: their own 403 if this run ever had a create let in, else the run's.
func (g *gate) noneLeft() (cleared []*job, err error) {
	if !g.everIn {
		return nil, scopeError(g.suspects[len(g.suspects)-1])
	}
	cleared, g.suspects = g.suspects, nil
	return cleared, nil
}

// silent takes a create without an answer.
func (g *gate) silent(now time.Time, p pass, j *job, after time.Duration) {
	g.streak[j] = true
	switch {
	case g.down && p.alone:
		g.close(ReasonDown, now, g.wait(now, p, after))
	case !g.down && len(g.streak) >= downAfter:
		g.down = true
		g.outages++
		g.close(ReasonDown, now, g.wait(now, p, after))
	}
}

// overdue is an error where nothing was let in for longer than the patience. at is when to ask again; zero: no need.
func (g *gate) overdue(now time.Time) (at time.Time, err error) {
	if g.outSince.IsZero() {
		return time.Time{}, nil
	}
	wait := g.patience
	if g.limiter != nil && g.outs == 1 {
		// Where our own pace is slower than that, the next one has to be given its try.
		if pace := time.Duration(float64(time.Second) / float64(g.limiter.Limit())); pace >= g.patience {
			wait = pace + time.Minute
		}
	}
	at = g.outSince.Add(wait)
	if now.Before(at) {
		return at, nil
	}
	what := g.reason
	if what == ReasonNone {
		what = ReasonDown
	}
	return at, fmt.Errorf("%w for %v, waiting for %s", ErrPatience, g.patience, what)
}

// Why a run cannot go on, for errors.Is. The errors of package qlik come beside them: ErrCredentials, ErrNotTenant.
var (
	ErrScope       = errors.New("the client may not create users")
	ErrPatience    = errors.New("no create was let in")
	ErrUnreachable = errors.New("the tenant does not answer")
)

func scopeError(j *job) error { return fmt.Errorf("%w: %w", ErrScope, j.err) }

// backoff is how long to wait before the nth try after a failure, from 1: half a second, doubled up to 30 s, give or take a fifth,
// so that those who failed together do not come back together.
func backoff(n int) time.Duration {
	const first, most = 500 * time.Millisecond, 30 * time.Second
	wait := most
	if n <= 6 {
		wait = first << max(n-1, 0)
	}
	return min(most, time.Duration(float64(wait)*(0.8+0.4*rand.Float64())))
}
