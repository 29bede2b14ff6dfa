package provision

import (
	"cmp"
	"slices"
	"time"
)

// A queue holds the rows that wait for a worker. Rows that are sent again go first, when their back-off is over, then
// new ones in their order. It has no lock: the run calls it under its own.
type queue struct {
	retries    []*job // writes that are sent again, by notBefore; zero: at once, such as rows that met a rate limit
	singles    []*job // rows that are looked up alone, by notBefore; they need no gate
	fresh      []*job // looked up, not yet sent
	moreComing bool   // fresh ones will come
}

// A job is a row on its way: what was tried, and what is not known of it yet.
type job struct {
	row   Row
	write *write // what is sent for it; nil: a lookup has to tell

	attempts    int   // writes sent that count
	failures    int   // requests in a row that failed, for the back-off
	err         error // of the last write or lookup that failed
	refusal     error // the last 409 or 404 that no lookup has explained, nil for none
	unconfirmed bool  // a write may have taken effect, and its answer was lost

	announced   bool      // a Result was recorded before the first write
	announcedAt time.Time // the tenant's Date then
	counted     bool      // a write was sent: it counts for Options.Limit

	misses       int       // lookups in a row that did not find its user, or were not answered
	giveUp       time.Time // where there were some: when to stop looking it up
	giveUpLatest time.Time // however long a limit is waited for
	notBefore    time.Time // when it is sent or looked up next

	// Of the write in flight, for the gate:
	openings  int  // gate.openings when it was sent
	probe     bool // it was sent while the gate was closed
	noAttempt bool // it is no attempt if it is lost
	round     int  // the round of an outage in which this row was a probe last
}

// setWrite notes which write the row needs. What is unconfirmed of another kind of write was explained then.
func (j *job) setWrite(w *write) {
	if j.write == nil || j.write.kind != w.kind {
		j.unconfirmed, j.refusal = false, nil
	}
	j.write = w
}

// nextWrite takes out the row whose write is sent next, among those that allowed accepts. Where there is none now, at
// is when a back-off ends; zero: not before something changes.
func (q *queue) nextWrite(now time.Time, allowed func(*job) bool) (j *job, at time.Time) {
	i := slices.IndexFunc(q.retries, allowed)
	switch {
	case i >= 0 && !q.retries[i].notBefore.After(now):
		j = q.retries[i]
		q.retries = slices.Delete(q.retries, i, i+1)
	case len(q.fresh) > 0:
		j, q.fresh = q.fresh[0], q.fresh[1:]
	case i >= 0:
		at = q.retries[i].notBefore
	}
	return j, at
}

// nextLookup takes out the row that is looked up next, as nextWrite does.
func (q *queue) nextLookup(now time.Time) (j *job, at time.Time) {
	if len(q.singles) == 0 {
		return nil, time.Time{}
	}
	if j = q.singles[0]; j.notBefore.After(now) {
		return nil, j.notBefore
	}
	q.singles = slices.Delete(q.singles, 0, 1)
	return j, time.Time{}
}

// writeAgain queues a row's next write; from may be zero. lookUpAgain queues its next lookup.
func (q *queue) writeAgain(j *job, from time.Time)  { q.retries = insert(q.retries, j, from) }
func (q *queue) lookUpAgain(j *job, from time.Time) { q.singles = insert(q.singles, j, from) }

func insert(jobs []*job, j *job, from time.Time) []*job {
	j.notBefore = from
	i, _ := slices.BinarySearchFunc(jobs, from, func(j *job, t time.Time) int {
		return cmp.Or(j.notBefore.Compare(t), -1) // behind those of the same moment
	})
	return slices.Insert(jobs, i, j)
}

func (q *queue) empty() bool { return q.writes()+len(q.singles) == 0 }

// writes is how many rows wait for a write.
func (q *queue) writes() int { return len(q.retries) + len(q.fresh) }

// backOff is when the next row's back-off ends, where nothing else waits; zero where something does.
func (q *queue) backOff() (at time.Time) {
	for _, jobs := range [][]*job{q.retries, q.singles} {
		if len(jobs) > 0 && len(q.fresh) == 0 {
			at = sooner(at, jobs[0].notBefore)
		}
	}
	return at
}

// sooner is the earlier of two times, of which zero means never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
