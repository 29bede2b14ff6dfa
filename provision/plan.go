package provision

import (
	"time"

	"golang.org/x/time/rate"
)

// A Plan is what a run would send.
type Plan struct {
	Create, Change, Disable, Delete int // rows that need such a write
	Estimate                        time.Duration
}

// Writes is how many writes the plan needs.
func (p Plan) Writes() int { return p.Create + p.Change + p.Disable + p.Delete }

// plan is what the run would send, when all rows were looked up.
func (r *Run) plan() Plan {
	r.mu.Lock()
	defer r.mu.Unlock()
	var p Plan
	for _, j := range r.queue.fresh {
		switch {
		case j.write.kind == createWrite:
			p.Create++
		case j.write.kind == deleteWrite:
			p.Delete++
		case r.options.Task == Disable:
			p.Disable++
		default:
			p.Change++
		}
	}
	writes := p.Writes()
	if limit := r.options.Limit; limit > 0 {
		writes = min(writes, limit)
	}
	p.Estimate = Estimate(writes, r.options.Rate, r.options.Burst)
	return p
}

// Estimate is how long a number of writes takes at a rate, after a burst.
func Estimate(writes int, pace rate.Limit, burst int) time.Duration {
	return paced(float64(writes-burst), pace)
}

func paced(writes float64, pace rate.Limit) time.Duration {
	return time.Duration(max(0, writes) / float64(pace) * float64(time.Second))
}
