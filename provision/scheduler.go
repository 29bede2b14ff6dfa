package provision

import (
	"context"
	"time"
)

// work sends writes and looks rows up, until nothing is left, the run stops, or it fails: then it returns why. flight
// is the context of its requests, which outlives stop.
func (r *Run) work(stop, flight context.Context) error {
	for {
		task := r.next(stop)
		if task == nil {
			return r.failure()
		}
		task(flight)
		r.mu.Lock()
		r.busy--
		r.changed.Broadcast()
		r.mu.Unlock()
	}
}

// next waits for something to do. It is nil where nothing is left, or the run stops or fails.
func (r *Run) next(stop context.Context) (task func(flight context.Context)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	came := time.Now()
	for stop.Err() == nil && r.failure() == nil {
		now := time.Now()
		overdueAt, err := r.overdue(now)
		if err != nil {
			r.fail(err)
			return nil
		}
		task, at := r.pick(now, now.Sub(came))
		switch {
		case task != nil:
			r.busy++
			return task
		case r.drained():
			return nil
		}
		r.wait(sooner(at, overdueAt))
	}
	return nil
}

// drained reports whether no row waits, is in a worker's hands, or will come.
func (r *Run) drained() bool {
	return !r.lookups.left() && r.lookups.done == nil && r.queue.empty() && len(r.gate.refused) == 0 && r.busy == 0
}

// pick chooses what a worker does that has waited for so long: a lookup of one row, a lookup of many, or a write. Where
// that is nothing, at is when to ask again; zero: after a change.
func (r *Run) pick(now time.Time, waited time.Duration) (task func(flight context.Context), at time.Time) {
	j, at := r.queue.lookups.take(now, anyJob)
	if j != nil {
		return func(flight context.Context) { r.lookUpOne(flight, j) }, at
	}
	task, lookupAt := r.pickLookup(now)
	at = sooner(at, lookupAt)
	switch done := r.lookups.done; {
	case task != nil:
		return task, at
	case !r.lookups.left() && done != nil:
		r.lookups.done = nil
		return func(context.Context) { done() }, at
	case r.held != "":
		return nil, at
	case r.drained() && len(r.gate.suspects) > 0:
		r.fail(r.gate.decideSuspects())
	}
	if refused := r.gate.refused; len(refused) > 0 {
		r.gate.refused = nil
		return func(context.Context) { r.refuse(refused...) }, at
	}
	j, writeAt := r.pickWrite(now)
	if j == nil {
		return nil, sooner(at, writeAt)
	}
	return func(flight context.Context) { r.send(flight, j, waited) }, at
}

func (r *Run) pickWrite(now time.Time) (j *job, at time.Time) {
	ok, at := r.gate.ready(now)
	if !ok {
		if r.busy == r.lookups.requests && r.counts.idle.IsZero() && r.queue.writes() > 0 {
			r.counts.idle = now
		}
		return nil, at
	}
	if j, at = r.queue.nextWrite(now, r.gate.prefers); j == nil {
		return nil, at
	}
	r.counts.endIdle(now)
	r.gate.take(now, j, r.lookups.left())
	if !j.begun {
		j.begun = true
		r.counts.Writes++
	}
	if r.limitReached() { // no other row is begun
		r.queue.fresh = nil
	}
	return j, at
}

func (r *Run) limitReached() bool { return r.options.Limit > 0 && r.counts.Writes >= r.options.Limit }

// wait releases the lock until something changed, or at has come; zero: never. One alarm is enough for all who wait:
// what is due next is the same for each of them.
func (r *Run) wait(at time.Time) {
	if !at.IsZero() {
		r.alarm.Reset(time.Until(at))
	}
	r.changed.Wait()
}

// wake lets everybody who waits check again. The caller does not hold the lock; one who does calls changed.Broadcast.
func (r *Run) wake() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.changed.Broadcast()
}
