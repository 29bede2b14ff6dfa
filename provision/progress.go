package provision

import (
	"time"

	"golang.org/x/time/rate"
)

// A Progress is how far a run is at one moment.
type Progress struct {
	Finished   int           // rows whose last result of this run was recorded
	Failed     int           // of them failed
	Writes     int           // rows of which a write was sent
	Waiting    Reason        // why no write is sent at the moment; "" where one is
	Until      time.Time     // when the next one is sent, where it waits; zero: not known
	Waited     time.Duration // how long no write was sent because the run had to wait
	TimeLeft   time.Duration // an estimate
	UpperBound bool          // TimeLeft counts rows as writes that are still to be looked up
}

// A Reason says why no write is sent at the moment, the write rate aside.
type Reason string

// The reasons to wait.
const (
	ReasonLimit      Reason = "the tenant's rate limit"
	ReasonForbidden  Reason = "a probe that tells whether the client may write users"
	ReasonDown       Reason = "the tenant to answer again"
	ReasonToken      Reason = "a token"
	ReasonLookup     Reason = "the answer to a lookup"
	ReasonRetry      Reason = "another attempt"
	ReasonApproval   Reason = "approval"
	ReasonDescriptor Reason = "a free file descriptor"
)

// Progress is how far the run is. It is safe for concurrent use with Run.
func (r *Run) Progress() Progress {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.started.IsZero() {
		return Progress{}
	}
	now := time.Now()
	p := Progress{Finished: r.finished, Failed: r.failures, Writes: r.writes, Waited: r.waited}
	if !r.idle.IsZero() {
		p.Waited += now.Sub(r.idle)
	}
	p.Waiting, p.Until = r.waiting(now)
	if !p.Until.IsZero() {
		p.Until = sooner(p.Until, r.patienceEnd())
	}
	p.UpperBound = !r.options.NoLookup && r.queue.more
	p.TimeLeft = r.estimate(now)
	return p
}

// waiting says what the run waits for, and until when; zero: not known.
func (r *Run) waiting(now time.Time) (Reason, time.Time) {
	const patient = 2 * time.Second // for the first answer, before it is worth showing
	switch g, l := r.gate, r.lookups; {
	case r.asking:
		return ReasonApproval, time.Time{}
	case !r.client.Answered() && now.Sub(r.started) > patient:
		return ReasonDown, time.Time{}
	case g.closed && now.Before(g.until):
		return g.reason, g.until
	case now.Before(l.back) && (r.queue.empty() || r.holdWrites) && r.busy == 0:
		return r.stalledBy, l.back
	case r.busy == 0 && !r.holdWrites:
		if at := r.queue.backOff(); at.After(now) {
			return ReasonRetry, at
		}
	}
	return "", time.Time{}
}

// estimate is how long the rest takes: the wait the tenant asked for, then what is left of the burst, then the rate;
// never faster than the writes were so far.
func (r *Run) estimate(now time.Time) time.Duration {
	writes := r.queue.writes() + r.busy + len(r.queue.lookups) + len(r.gate.suspects)
	if r.queue.more {
		writes += r.rows - r.lookedUp
	}
	if limit := r.options.Limit; limit > 0 {
		writes = min(writes, limit-r.writes+r.busy)
	}
	var wait time.Duration
	if r.gate.closed {
		wait = max(0, r.gate.until.Sub(now))
	}
	work := time.Duration(writes) * r.took / time.Duration(r.options.Workers)
	if l := r.gate.limiter; l != nil {
		tokens := min(float64(l.Burst()), l.TokensAt(now)+wait.Seconds()*float64(l.Limit()))
		work = max(work, paced(float64(writes)-tokens, l.Limit()))
	}
	return wait + work
}

func paced(writes float64, pace rate.Limit) time.Duration {
	return time.Duration(max(0, writes) / float64(pace) * float64(time.Second))
}
