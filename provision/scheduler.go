package provision

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"qlik-provision/provision/qlik"
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
	for stop.Err() == nil && !r.ending {
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
func (r *Run) drained() bool { return !r.queue.more && r.queue.empty() && r.busy == 0 }

// pick chooses what a worker does that has waited for so long. Where that is nothing, at is when to ask again; zero:
// after a change.
func (r *Run) pick(now time.Time, waited time.Duration) (
	task func(flight context.Context) error, at time.Time, err error) {
	j, lookupAt := r.queue.lookup(now)
	switch {
	case j != nil:
		return func(flight context.Context) error { return r.lookUpOne(flight, j) }, at, nil
	case r.holdWrites:
		return nil, lookupAt, nil
	case r.drained() && len(r.gate.suspects) > 0:
		own, err := r.gate.noneLeft()
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
		if r.busy == 0 && r.idle.IsZero() && r.queue.writes() > 0 {
			r.idle = now
		}
		return nil, at
	}
	j, preferredAt := r.queue.write(now, r.gate.prefers)
	if j == nil {
		j, at = r.queue.write(now, r.gate.allows)
		at = sooner(at, preferredAt)
	}
	if j == nil && at.IsZero() && r.queue.writes() > 0 { // an outage, and each row that waits was a probe of it
		r.gate.beginRound(!r.queue.more)
		j, at = r.queue.write(now, r.gate.allows)
	}
	if j == nil {
		return nil, at
	}
	r.endIdle(now)
	r.count(j)
	r.gate.take(now, j)
	return j, at
}

// count counts a row's first write. With the last one of Options.Limit no other row is begun.
func (r *Run) count(j *job) {
	if j.counted {
		return
	}
	j.counted = true
	r.writes++
	if r.writes == r.options.Limit {
		r.limitReached = true
		r.queue.fresh = nil
		r.stopLookups()
	}
}

func (r *Run) endIdle(now time.Time) {
	if !r.idle.IsZero() {
		r.waited += now.Sub(r.idle)
		r.idle = time.Time{}
	}
}

// overdue is an error where the run has waited long enough. at is when that may be so; zero: never.
func (r *Run) overdue(now time.Time) (at time.Time, err error) {
	if !r.client.Answered() {
		at = r.started.Add(max(silence, r.options.Timeout))
		switch {
		case now.Before(at):
		case r.lastErr == nil:
			return at, fmt.Errorf("%w: nothing came back from %s", ErrUnreachable, r.client.Tenant())
		default:
			return at, fmt.Errorf("%w: %w", ErrUnreachable, r.lastErr)
		}
	}
	end := r.patienceEnd()
	if !end.IsZero() && !now.Before(end) {
		return end, r.outOfPatience()
	}
	return sooner(at, end), nil
}

// patienceEnd is when the run ends if there is no progress until then; zero: there was some.
func (r *Run) patienceEnd() time.Time {
	if r.stalled.IsZero() {
		return time.Time{}
	}
	return r.stalled.Add(r.options.Patience)
}

func (r *Run) outOfPatience() error {
	err := fmt.Errorf("%w for %v, waiting for %s: %w", ErrPatience, r.options.Patience,
		cmp.Or(r.stalledBy, ReasonDown), r.lastErr)
	if !r.writesStalled && !errors.Is(r.lastErr, qlik.ErrNoToken) {
		return fmt.Errorf("%w: %w", ErrLookups, err)
	}
	return err
}

// progressed notes that a first lookup was answered or a write was processed.
func (r *Run) progressed(now time.Time) {
	r.stalled, r.writesStalled = time.Time{}, false
	if r.gate.closed && now.Before(r.gate.until) {
		r.stalled, r.writesStalled = now, true
	} else if now.Before(r.lookups.back) {
		r.stalled = now
	}
}

// stall notes what a request met that made no progress, and what the run waits for since.
func (r *Run) stall(now time.Time, reason Reason, err error) {
	if r.stalled.IsZero() {
		r.stalled = now
	}
	r.stalledBy, r.lastErr = reason, err
}

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
