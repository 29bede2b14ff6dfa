package provision

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// work sends writes and looks rows up, until nothing is left, the run stops, or it fails: then it returns why. flight
// is the context of its requests, which outlives stop.
func (r *Run) work(stop, flight context.Context) error {
	for task := r.next(stop); task != nil; task = r.next(stop) {
		task(flight)
		r.mu.Lock()
		r.busy--
		r.changed.Broadcast()
		r.mu.Unlock()
	}
	return r.failure()
}

// next waits for something to do. It is nil where nothing is left, or the run stops or fails.
func (r *Run) next(stop context.Context) (task func(flight context.Context)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	came := time.Now()
	for {
		now := time.Now()
		overdueAt := r.endOverdue(now)
		if stop.Err() != nil || r.failure() != nil {
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
		if at = sooner(at, overdueAt); !at.IsZero() { // one alarm is enough: the same is due next for all who wait
			r.alarm.Reset(time.Until(at))
		}
		r.changed.Wait()
	}
}

// drained reports whether no row waits, is in a worker's hands, or will come.
func (r *Run) drained() bool {
	return !r.lookups.left() && r.lookups.done == nil && r.queue.writes()+len(r.queue.lookups)+r.busy == 0
}

// pick chooses what a worker does that has waited for so long: a lookup of one row, a lookup of many, or a write. Where
// that is nothing, at is when to ask again; zero: after a change.
func (r *Run) pick(now time.Time, waited time.Duration) (task func(flight context.Context), at time.Time) {
	j, at := r.queue.lookups.take(now)
	if j != nil {
		return func(flight context.Context) { r.lookUpOne(flight, j) }, at
	}
	task, lookupAt := r.pickLookup(now)
	at = sooner(at, lookupAt)
	switch done, suspects := r.lookups.done, r.gate.suspects; {
	case task != nil:
		return task, at
	case !r.lookups.left() && done != nil:
		r.lookups.done = nil
		return func(context.Context) { done() }, at
	case r.held != "":
		return nil, at
	case len(suspects) > 0 && r.drained() && r.gate.openings == 0: // no row is left to probe with
		r.fail(scopeError(suspects[0]))
		return nil, at
	case len(suspects) > 0 && r.drained(): // others were processed, so that the 403s are their own
		r.gate.suspects = nil
		return func(context.Context) { r.refuse(suspects...) }, at
	}
	j, writeAt := r.pickWrite(now)
	if j == nil {
		return nil, sooner(at, writeAt)
	}
	return func(flight context.Context) { r.send(flight, j, waited) }, at
}

// pickWrite takes out the row whose write is sent now. Where there is none, at is when to ask again, as in pick.
func (r *Run) pickWrite(now time.Time) (j *job, at time.Time) {
	at = r.gate.opensAt(now)
	if at.IsZero() || at.After(now) {
		if r.busy == r.lookups.requests && r.idle.IsZero() && r.queue.writes() > 0 {
			r.idle = now
		}
		return nil, at
	}
	if j, at = r.queue.nextWrite(now, r.gate.unanswered); j == nil {
		return nil, at
	}
	r.endIdle(now)
	r.gate.take(now, j, r.lookups.left())
	if !j.begun {
		j.begun = true
		r.progress.Writes++
	}
	return j, at
}

// wake lets everybody who waits check again. The caller does not hold the lock; one who does calls changed.Broadcast.
func (r *Run) wake() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.changed.Broadcast()
}

// A queue holds the rows that wait for a worker. It has no lock: the run calls it under its own.
type queue struct {
	fresh   []*job  // looked up, not yet sent, in their order
	again   waiting // writes that are sent again
	lookups waiting // rows that are looked up alone
}

// nextWrite takes out the row whose write is sent next: one that is sent again, else a fresh one. Rows without an
// answer come after the fresh ones: another row tells an outage before the same few have used up their attempts. Where
// there is none now, at is when a back-off ends; zero: not before something changes.
func (q *queue) nextWrite(now time.Time, unanswered map[*job]bool) (j *job, at time.Time) {
	if len(q.again) > 0 && (len(q.fresh) == 0 || !unanswered[q.again[0]]) {
		j, at = q.again.take(now)
	}
	if j == nil && len(q.fresh) > 0 {
		j, q.fresh = q.fresh[0], q.fresh[1:]
	}
	return j, at
}

// writes is how many rows wait for a write.
func (q *queue) writes() int { return len(q.again) + len(q.fresh) }

// waiting is rows in the order in which their back-off ends.
type waiting []*job

// add queues a row from a time on; zero: it goes first.
func (w *waiting) add(j *job, from time.Time) {
	j.notBefore = from
	i, _ := slices.BinarySearchFunc(*w, from, func(j *job, t time.Time) int {
		return cmp.Or(j.notBefore.Compare(t), -1) // behind those of the same moment
	})
	*w = slices.Insert(*w, i, j)
}

// take takes out the first row. Where its back-off is not over, at is when it ends; zero: there is no row.
func (w *waiting) take(now time.Time) (j *job, at time.Time) {
	if len(*w) == 0 {
		return nil, at
	}
	j = (*w)[0]
	if j.notBefore.After(now) {
		return nil, j.notBefore
	}
	*w = slices.Delete(*w, 0, 1)
	return j, at
}

// A job is a row on its way: what was tried, and what is not known of it yet.
type job struct {
	row   Row
	write *write // what is sent for it; nil: a lookup has to tell

	begun       bool      // a write of it was sent
	attempts    int       // writes sent that count
	failures    int       // writes in a row whose answer was lost, for the back-off
	err         error     // of the last write or lookup, nil for success
	refusal     error     // the last 409 or 404 that no lookup has explained, nil for none
	unconfirmed bool      // a write may have taken effect, and its answer was lost
	announcedAt time.Time // the tenant's Date before the last create of which nothing is unconfirmed

	misses       int       // lookups in a row that did not find its user, or were not answered
	giveUp       time.Time // where there were some: when to stop looking it up
	giveUpLatest time.Time // however long a limit is waited for
	notBefore    time.Time // when it is sent or looked up next

	// Of the last write, for the gate:
	openings  int  // gate.openings when it was sent
	probe     bool // it was sent while the gate was closed
	noAttempt bool // it is no attempt if it is lost
}

// sooner is the earlier of two times, of which zero means never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
