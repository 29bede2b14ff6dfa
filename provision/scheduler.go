package provision

import (
	"context"
	"errors"
	"fmt"
	"time"

	"qlik-provision/provision/qlik"
)

// A turn is what a worker does next: send or look up a row, or settle rows whose 403 was their own.
type turn struct {
	job     *job
	pass    pass
	lookup  bool
	cleared []*job
	wait    time.Duration // how long the worker waited for it
}

// work takes turns until nothing is left or the run stops. flight is the context of its requests, which outlives stop.
func (r *Run) work(stop, flight context.Context) {
	for {
		t, ok := r.next(stop)
		if !ok {
			return
		}
		switch {
		case t.cleared != nil:
			r.refuseForbidden(t.cleared)
		case t.lookup:
			r.lookUpOne(flight, t.job)
		default:
			r.send(flight, t)
		}
		r.mu.Lock()
		if r.busy--; r.busy == 0 {
			r.wake()
		}
		r.mu.Unlock()
	}
}

// next waits for a turn. It reports false where there is nothing left, or the run stops.
func (r *Run) next(stop context.Context) (turn, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	came := time.Now()
	for {
		if stop.Err() != nil || r.ended() {
			return turn{}, false
		}
		now := time.Now()
		t, at, err := r.pick(now)
		if err != nil {
			r.end(err)
			return turn{}, false
		}
		if t.job != nil || t.cleared != nil {
			t.wait = now.Sub(came)
			r.busy++
			return t, true
		}
		if r.drained() {
			r.wake()
			return turn{}, false
		}
		r.wait(stop, at)
	}
}

// drained reports whether no row waits, is in a worker's hands, or will come.
func (r *Run) drained() bool { return !r.queue.more && r.queue.empty() && r.busy == 0 }

// pick chooses what to do now. Where that is nothing, at is when to ask again; zero: after a change.
func (r *Run) pick(now time.Time) (t turn, at time.Time, err error) {
	lateAt, err := r.overdue(now)
	if err != nil {
		return turn{}, at, err
	}
	j, lookAt := r.queue.lookup(now)
	if j != nil {
		return turn{job: j, lookup: true}, at, nil
	}
	at = sooner(lookAt, lateAt)
	if r.holdWrites {
		return turn{}, at, nil
	}
	if r.drained() && len(r.gate.suspects) > 0 {
		cleared, err := r.gate.noneLeft()
		return turn{cleared: cleared}, at, err
	}
	t, writeAt := r.pickWrite(now)
	return t, sooner(writeAt, at), nil
}

func (r *Run) pickWrite(now time.Time) (t turn, at time.Time) {
	ok, at := r.gate.next(now)
	if !ok {
		if r.busy == 0 && r.idle.IsZero() && r.queue.writes() > 0 {
			r.idle = now
		}
		return turn{}, at
	}
	ahead := len(r.queue.fresh)
	j, preferredAt := r.queue.write(now, r.gate.prefers)
	if j == nil {
		j, at = r.queue.write(now, r.gate.allows)
		at = sooner(at, preferredAt)
	}
	everyTurn := false
	if j == nil && at.IsZero() { // an outage, and each row that waits was a probe of it
		j, at = r.queue.write(now, func(*job) bool { return true })
		everyTurn = !r.queue.more
	}
	if j == nil {
		return turn{}, at
	}
	if len(r.queue.fresh) < ahead {
		r.wake() // there is room for a lookup
	}
	r.endIdle(now)
	r.count(j)
	return turn{job: j, pass: r.gate.pass(now, j, everyTurn)}, at
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
		r.wake()
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
		if !now.Before(at) {
			return at, r.unreachable()
		}
	}
	if r.stalled.IsZero() {
		return at, nil
	}
	patience := r.options.Patience
	if l := r.gate.limiter; l != nil {
		// Where our own pace is slower than that, the next write has to be tried.
		if pace := time.Duration(float64(time.Second) / float64(l.Limit())); pace >= patience {
			patience = pace + time.Minute
		}
	}
	end := r.stalled.Add(patience)
	if !now.Before(end) {
		return end, r.outOfPatience()
	}
	return sooner(at, end), nil
}

func (r *Run) unreachable() error {
	if r.lastErr == nil {
		return fmt.Errorf("%w: nothing came back from %s", ErrUnreachable, r.client.Tenant())
	}
	return fmt.Errorf("%w: %w", ErrUnreachable, r.lastErr)
}

func (r *Run) outOfPatience() error {
	reason := r.stalledBy
	if reason == "" {
		reason = ReasonDown
	}
	err := fmt.Errorf("%w for %v, waiting for %s: %w", ErrPatience, r.options.Patience, reason, r.lastErr)
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
	r.waiters++
	r.mu.Unlock()
	select {
	case <-changed:
	case <-alarm:
	case <-ctx.Done():
	}
	r.mu.Lock()
	r.waiters--
}

// wake lets everybody who waits check again.
func (r *Run) wake() {
	if r.waiters > 0 {
		close(r.changed)
		r.changed = make(chan struct{})
	}
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
