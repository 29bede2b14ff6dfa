package provision

import (
	"context"
	"time"
)

// work sends writes and looks rows up, until nothing is left or the run stops. flight is the context of its requests,
// which outlives stop. Its error is why the run ends.
func (r *Run) work(stop, flight context.Context) error {
	for {
		task, err := r.next(stop)
		if task == nil {
			return err
		}
		err = task(flight)
		r.mu.Lock()
		r.busy--
		r.wake()
		r.mu.Unlock()
		if err != nil {
			return err
		}
	}
}

// next waits for something to do. The task is nil where nothing is left, the run stops, or it has to end by the error.
func (r *Run) next(stop context.Context) (task func(flight context.Context) error, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	came := time.Now()
	for stop.Err() == nil && !r.windingDown {
		now := time.Now()
		at, err := r.overdue(now)
		if err != nil {
			return nil, err
		}
		if r.busy < r.maxBusy {
			task, taskAt, err := r.pick(now, now.Sub(came))
			if task != nil {
				r.busy++
			}
			if task != nil || err != nil {
				return task, err
			}
			at = sooner(at, taskAt)
		}
		if r.drained() {
			return nil, nil
		}
		r.wait(stop, at)
	}
	return nil, nil
}

// drained reports whether no row waits, is in a worker's hands, or will come.
func (r *Run) drained() bool { return !r.queue.moreComing && r.queue.empty() && r.busy == 0 }

// pick chooses what a worker does that has waited for so long. Where that is nothing, at is when to ask again; zero:
// after a change.
func (r *Run) pick(now time.Time, waited time.Duration) (
	task func(flight context.Context) error, at time.Time, err error) {
	j, lookupAt := r.queue.nextLookup(now)
	switch {
	case j != nil:
		return func(flight context.Context) error { return r.lookUpOne(flight, j) }, at, nil
	case r.held != "":
		return nil, lookupAt, nil
	case r.drained() && len(r.gate.suspects) > 0:
		own, err := r.gate.decideSuspects()
		if err != nil {
			return nil, at, err
		}
		return func(context.Context) error { return r.refuse(own...) }, at, nil
	}
	j, at = r.pickWrite(now)
	if j == nil {
		return nil, sooner(at, lookupAt), nil
	}
	return func(flight context.Context) error { return r.send(flight, j, waited) }, at, nil
}

func (r *Run) pickWrite(now time.Time) (j *job, at time.Time) {
	ok, at := r.gate.ready(now)
	if !ok {
		if r.busy == 0 && r.counts.idle.IsZero() && r.queue.writes() > 0 {
			r.counts.idle = now
		}
		return nil, at
	}
	j, preferredAt := r.queue.nextWrite(now, r.gate.prefers)
	if j == nil {
		j, at = r.queue.nextWrite(now, r.gate.allows)
		at = sooner(at, preferredAt)
	}
	if j == nil && at.IsZero() && r.queue.writes() > 0 { // an outage, and each row that waits was a probe of it
		r.gate.beginRound(!r.queue.moreComing)
		j, at = r.queue.nextWrite(now, r.gate.allows)
	}
	if j == nil {
		return nil, at
	}
	r.counts.endIdle(now)
	r.countWrite(j)
	r.gate.take(now, j)
	return j, at
}

// countWrite counts a row's first write. With the last one of Options.Limit no other row is begun.
func (r *Run) countWrite(j *job) {
	if j.counted {
		return
	}
	j.counted = true
	r.counts.Writes++
	if r.limitReached() {
		r.queue.fresh = nil
		r.stopLookups()
	}
}

func (r *Run) limitReached() bool { return r.options.Limit > 0 && r.counts.Writes >= r.options.Limit }

// wait releases the lock until something changed, at has come (zero: never), or the context is done.
func (r *Run) wait(ctx context.Context, at time.Time) {
	var alarm <-chan time.Time
	if !at.IsZero() {
		t := time.NewTimer(time.Until(at))
		defer t.Stop()
		alarm = t.C
	}
	changed := r.changed
	r.mu.Unlock()
	select {
	case <-changed:
	case <-alarm:
	case <-ctx.Done():
	}
	r.mu.Lock()
}

// wake lets everybody who waits check again.
func (r *Run) wake() {
	close(r.changed)
	r.changed = make(chan struct{})
}

// pause waits for d, or until the context is done.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
