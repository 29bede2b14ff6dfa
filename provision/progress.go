package provision

import (
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// A Progress shows how far a run is. The zero value is ready for Options.Progress; its methods may be called at once with the run.
type Progress struct {
	run atomic.Pointer[run]
}

func (p *Progress) follow(r *run) { p.run.Store(r) }

// A Snapshot is how far a run is at one moment.
type Snapshot struct {
	Settled  int           // rows settled by this run
	Failures int           // of them failed
	Waiting  Reason        // why no create goes at the moment
	Until    time.Time     // when the next one goes, where it waits; zero: not known
	Waited   time.Duration // how long nothing went because it had to wait
	Left     time.Duration // an estimate of the time that is left
	AtMost   bool          // there are rows still to be looked up, and all of them were counted as creates
	Known    bool          // there is an estimate
}

// Now takes a snapshot; it is zero before the run began.
func (p *Progress) Now() Snapshot {
	r := p.run.Load()
	if r == nil {
		return Snapshot{}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	s := Snapshot{Settled: r.settled, Failures: r.failures, Waited: r.waited}
	if !r.idle.IsZero() {
		s.Waited += now.Sub(r.idle)
	}
	s.Waiting, s.Until = r.waiting(now)
	if r.o.Rows > 0 && !r.lookOnly {
		s.Known = true
		s.AtMost = !r.o.NoLookup && r.queue.more && !r.lookups.out
		s.Left = r.estimate(now)
	}
	return s
}

// waiting says what nothing can go without at the moment, and until when; zero: not known.
func (r *run) waiting(now time.Time) (Reason, time.Time) {
	const patient = 2 * time.Second // for the first answer, before it is worth a word
	switch g, l := r.gate, r.lookups; {
	case !r.client.Answered() && now.Sub(r.started) > patient:
		return ReasonDown, time.Time{}
	case g.closed && now.Before(g.until):
		return g.reason, g.until
	case now.Before(l.back) && r.queue.empty() && r.busy == 0:
		return l.reason, l.back
	case !r.idle.IsZero():
		return ReasonPace, time.Time{}
	case r.busy == 0:
		if at := r.queue.backOff(); at.After(now) {
			return ReasonRetry, at
		}
	}
	return ReasonNone, time.Time{}
}

// estimate is how long the rest takes: the wait the tenant asked for, then what is left of the burst, then the rate; never faster than the creates were so far.
func (r *run) estimate(now time.Time) time.Duration {
	creates := r.queue.waiting() + r.busy + len(r.queue.looks) + len(r.gate.suspects)
	creates += max(0, r.o.Rows-r.lookups.passed)
	var wait time.Duration
	if r.gate.closed {
		wait = max(0, r.gate.until.Sub(now))
	}
	work := time.Duration(creates) * r.took / time.Duration(r.o.Workers)
	if l := r.gate.limiter; l != nil {
		tokens := min(float64(l.Burst()), l.TokensAt(now)+wait.Seconds()*float64(l.Limit()))
		work = max(work, paced(float64(creates)-tokens, l.Limit()))
	}
	return wait + work
}

// Estimate is how long so many creates take at a rate, after a burst: what a plan says.
func Estimate(creates int, pace rate.Limit, burst int) time.Duration {
	if pace == rate.Inf {
		return 0
	}
	return paced(float64(creates-burst), pace)
}

func paced(creates float64, pace rate.Limit) time.Duration {
	return time.Duration(max(0, creates) / float64(pace) * float64(time.Second))
}
