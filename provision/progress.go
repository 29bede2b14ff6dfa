package provision

import (
	"cmp"
	"errors"
	"time"

	"golang.org/x/time/rate"

	"qlik-provision/provision/qlik"
)

// A Progress is how far a run is at one moment.
type Progress struct {
	Finished int           // rows whose last result of this run was recorded
	Failed   int           // of them failed
	Writes   int           // rows of which a write was sent
	Waiting  Reason        // why no write is sent at the moment; "" where one is
	Until    time.Time     // when the next one is sent, where it waits; zero: not known
	Waited   time.Duration // how long no write was sent because the run had to wait
	TimeLeft time.Duration // an estimate
}

// A Reason says why no write is sent at the moment, the write rate aside.
type Reason string

const (
	ReasonLimit    Reason = "the tenant's rate limit"
	ReasonDown     Reason = "the tenant to answer again"
	ReasonToken    Reason = "a token"
	ReasonLookup   Reason = "the answer to a lookup"
	ReasonApproval Reason = "approval"
)

// reasonOf says what a run waits for after a request that met err.
func reasonOf(err error) Reason {
	switch {
	case errors.Is(err, qlik.ErrLimited):
		return ReasonLimit
	case errors.Is(err, qlik.ErrNoToken):
		return ReasonToken
	case errors.Is(err, ErrLookups):
		return ReasonLookup
	}
	return ReasonDown
}

// Progress is how far the run is. It is safe for concurrent use with Run.
func (r *Run) Progress() Progress {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	p := r.progress
	p.Waited += now.Sub(cmp.Or(r.idle, now))
	p.TimeLeft = r.estimate(now)
	switch g, l := r.gate, r.lookups; {
	case r.held == ReasonApproval:
		p.Waiting = ReasonApproval
	case now.Before(g.until):
		p.Waiting, p.Until = g.reason, sooner(g.until, r.patience.end)
	case now.Before(l.until) && r.busy == 0 && (r.queue.writes() == 0 || r.held != ""):
		p.Waiting, p.Until = reasonOf(r.patience.err), sooner(l.until, r.patience.end)
	}
	return p
}

// endIdle adds the time that the run waited to Waited.
func (r *Run) endIdle(now time.Time) {
	r.progress.Waited += now.Sub(cmp.Or(r.idle, now))
	r.idle = time.Time{}
}

// estimate is how long the rest takes: the wait the tenant asked for, then what is left of the burst, then the rate. Of
// the rows that are still to be looked up, as many need a write as of the others.
func (r *Run) estimate(now time.Time) time.Duration {
	inHand := r.busy - r.lookups.requests
	writes := r.queue.writes() + inHand + len(r.queue.lookups) + len(r.gate.suspects)
	if r.lookups.left() && r.lookedUp > 0 {
		writes += (r.rows - r.lookedUp) * (r.progress.Writes + len(r.queue.fresh)) / r.lookedUp
	}
	writes = min(writes, r.options.Limit-r.progress.Writes+inHand)
	l, wait := r.gate.limiter, max(0, r.gate.until.Sub(now))
	tokens := min(float64(l.Burst()), l.TokensAt(now)+wait.Seconds()*float64(l.Limit()))
	return wait + Estimate(writes, l.Limit(), int(tokens))
}

// A Plan is what a run would send.
type Plan struct {
	Create, Change, Disable, Delete int // rows that need such a write
	Estimate                        time.Duration
}

// Writes is how many writes the plan needs.
func (p Plan) Writes() int { return p.Create + p.Change + p.Disable + p.Delete }

// plan is what the run would send, when all rows were looked up.
func (r *Run) plan() (p Plan) {
	counts := map[writeKind]*int{createWrite: &p.Create, changeWrite: &p.Change, deleteWrite: &p.Delete}
	if r.options.Task == Disable {
		counts[changeWrite] = &p.Disable
	}
	for _, j := range r.queue.fresh {
		*counts[j.write.kind]++
	}
	p.Estimate = Estimate(min(p.Writes(), r.options.Limit), r.options.Rate, r.options.Burst)
	return p
}

// Estimate is how long a number of writes takes at a rate, after a burst.
func Estimate(writes int, pace rate.Limit, burst int) time.Duration {
	return time.Duration(float64(max(0, writes-burst)) / float64(pace) * float64(time.Second))
}
