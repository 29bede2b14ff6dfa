package provision

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A turn is what a worker does next: create or look up a job's user, or say of rows that their 403 was their own.
type turn struct {
	job     *job
	pass    pass
	look    bool
	cleared []*job
	wait    time.Duration // how long the worker waited for it
}

func (r *run) work(stop, flight context.Context) error {
	for {
		t, ok, err := r.next(stop)
		if err != nil || !ok {
			return err
		}
		err = r.serve(flight, t)
		r.mu.Lock()
		r.over = r.over || err != nil
		if r.busy--; r.busy == 0 {
			r.wake()
		}
		r.mu.Unlock()
		if err != nil {
			return err
		}
	}
}

func (r *run) serve(ctx context.Context, t turn) error {
	switch {
	case t.cleared != nil:
		return r.refuse(t.cleared)
	case t.look:
		return r.look(ctx, t.job)
	}
	return r.create(ctx, t)
}

// next waits for something to do. It reports false where there is nothing left, or the run was told to stop.
func (r *run) next(stop context.Context) (turn, bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	came := time.Now()
	for {
		if stop.Err() != nil || r.over {
			return turn{}, false, nil
		}
		now := time.Now()
		t, at, err := r.pick(now)
		if err != nil {
			r.over = true
			return turn{}, false, err
		}
		if t.job != nil || t.cleared != nil {
			t.wait = now.Sub(came)
			r.busy++
			return t, true, nil
		}
		if r.drained() {
			r.wake()
			return turn{}, false, nil
		}
		r.wait(stop, at)
	}
}

// pick chooses what to do now. Where that is nothing, at is when to ask again; zero: after a change.
func (r *run) pick(now time.Time) (t turn, at time.Time, err error) {
	j, lookAt := r.queue.look(now)
	if j != nil {
		return turn{job: j, look: true}, at, nil
	}
	lateAt, err := r.tooLate(now)
	if err != nil {
		return turn{}, at, err
	}
	if r.drained() && len(r.gate.suspects) > 0 {
		cleared, err := r.gate.noneLeft()
		return turn{cleared: cleared}, at, err
	}
	t, createAt := r.pickCreate(now)
	return t, sooner(createAt, sooner(lookAt, lateAt)), nil
}

// drained reports whether no row waits, is under way, or will come.
func (r *run) drained() bool { return !r.queue.more && r.queue.empty() && r.busy == 0 }

func (r *run) pickCreate(now time.Time) (t turn, at time.Time) {
	ok, at := r.gate.next(now)
	if !ok {
		if r.busy == 0 && r.idle.IsZero() && r.queue.waiting() > 0 {
			r.idle = now
		}
		return turn{}, at
	}
	ahead := len(r.queue.batches)
	j, preferredAt := r.queue.create(now, r.gate.prefers)
	if j == nil {
		j, at = r.queue.create(now, r.gate.allows)
		at = sooner(at, preferredAt)
	}
	everyTurn := j == nil && at.IsZero() && !r.queue.more
	if everyTurn {
		j, at = r.queue.create(now, func(*job) bool { return true })
	}
	if j == nil {
		if at.IsZero() && r.busy == 0 && r.lookups.held && !r.lookups.starved {
			r.lookups.starved = true // rows are wanted: the lookups' own troubles must not keep them
			r.wake()
		}
		return turn{}, at
	}
	if len(r.queue.batches) < ahead {
		r.wake() // there is room for a lookup
	}
	r.endIdle(now)
	return turn{job: j, pass: r.gate.pass(now, j, everyTurn)}, at
}

func (r *run) endIdle(now time.Time) {
	if !r.idle.IsZero() {
		r.waited += now.Sub(r.idle)
		r.idle = time.Time{}
	}
}

// tooLate is an error where waiting any longer makes no sense. at is when that may be so, zero: never.
func (r *run) tooLate(now time.Time) (at time.Time, err error) {
	if end := r.started.Add(silence); !r.client.Answered() {
		switch {
		case now.Before(end):
			at = end
		case r.client.InFlight() == 0:
			return at, r.unreachable()
		}
	}
	if r.busy == 0 && r.queue.waiting() == 0 && len(r.gate.suspects) == 0 {
		r.gate.outSince = time.Time{} // there is nobody to be kept out
	}
	overdue, err := r.gate.overdue(now)
	if since := r.lookups.tokenless; err == nil && !since.IsZero() {
		end := since.Add(r.o.Patience)
		if !now.Before(end) {
			return at, fmt.Errorf("%w for %v, waiting for %s: %w", ErrPatience, r.o.Patience, ReasonToken, r.lookups.err)
		}
		overdue = sooner(overdue, end)
	}
	return sooner(at, overdue), err
}

func (r *run) unreachable() error {
	err := r.lookups.err
	for _, j := range r.queue.tried() {
		if j.err != nil {
			err = j.err
		}
	}
	if err == nil {
		return fmt.Errorf("%w: nothing came back from %s", ErrUnreachable, r.client.Tenant())
	}
	return fmt.Errorf("%w: %w", ErrUnreachable, err)
}

// wait lets go of the lock until something changed, at has come (zero: never), or the context is done.
func (r *run) wait(ctx context.Context, at time.Time) {
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

// wake lets everybody who waits look again.
func (r *run) wake() {
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

// stopped reports whether err is that of a request cut off because the run ends.
func stopped(ctx context.Context, err error) bool {
	return ctx.Err() != nil && (errors.Is(err, context.Cause(ctx)) || errors.Is(err, ctx.Err()))
}
