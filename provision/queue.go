package provision

import (
	"cmp"
	"slices"
	"time"
)

// A job is a row on its way: what was tried, and what is still open about it.
type job struct {
	row       Row
	attempts  int       // creates sent that count
	doubt     bool      // a create may have had its effect without our knowing
	firstSent time.Time // the first create that left a doubt; with the monotonic clock: how long ago is all that matters
	err       error     // what the last create or look met
	conflict  error     // the last 409, nil for none
	last      bool      // the attempts are used up: the look has the last word
	looks     int       // looks that failed
	lookWaits int       // waits of our own choosing since the first of them
	lookSince time.Time // the first look that failed
	failing   time.Time // since when no create and no lookup of this row was answered; zero: the last one was
	notBefore time.Time
	turn      int // the outage in which this row was asked last, see gate.outages
}

// A queue holds the rows that wait: those that met the rate limit go first, then those whose back-off is over, then new ones in the export's order.
// It knows no lock: the run calls it under its own.
type queue struct {
	first   []*job  // through no fault of theirs: they go before everybody else
	later   []*job  // creates, by notBefore
	looks   []*job  // looks, by notBefore; they need no gate
	batches [][]Row // new ones; a batch is one lookup
	more    bool    // new ones will come
}

// create takes out the create to be sent next, among those that allowed lets pass. Where there is none now, at is when a back-off ends;
// zero: not before something changes.
func (q *queue) create(now time.Time, allowed func(*job) bool) (j *job, at time.Time) {
	if i := slices.IndexFunc(q.first, allowed); i >= 0 {
		j = q.first[i]
		q.first = slices.Delete(q.first, i, i+1)
		return j, time.Time{}
	}
	i := slices.IndexFunc(q.later, allowed)
	if i >= 0 && !q.later[i].notBefore.After(now) {
		j = q.later[i]
		q.later = slices.Delete(q.later, i, i+1)
		return j, time.Time{}
	}
	if row, ok := q.newRow(); ok {
		return &job{row: row}, time.Time{}
	}
	if i >= 0 {
		return nil, q.later[i].notBefore
	}
	return nil, time.Time{}
}

func (q *queue) newRow() (Row, bool) {
	if len(q.batches) == 0 {
		return Row{}, false
	}
	row := q.batches[0][0]
	if q.batches[0] = q.batches[0][1:]; len(q.batches[0]) == 0 {
		q.batches = q.batches[1:]
	}
	return row, true
}

// look takes out the look to be done next, as create does.
func (q *queue) look(now time.Time) (j *job, at time.Time) {
	if len(q.looks) == 0 {
		return nil, time.Time{}
	}
	if q.looks[0].notBefore.After(now) {
		return nil, q.looks[0].notBefore
	}
	j = q.looks[0]
	q.looks = slices.Delete(q.looks, 0, 1)
	return j, time.Time{}
}

func (q *queue) goFirst(j *job)                     { q.first = append(q.first, j) }
func (q *queue) createLater(j *job, from time.Time) { q.later = insert(q.later, j, from) }
func (q *queue) lookLater(j *job, from time.Time)   { q.looks = insert(q.looks, j, from) }

func insert(jobs []*job, j *job, from time.Time) []*job {
	j.notBefore = from
	i, _ := slices.BinarySearchFunc(jobs, from, func(j *job, t time.Time) int {
		return cmp.Or(j.notBefore.Compare(t), -1) // behind those of the same moment
	})
	return slices.Insert(jobs, i, j)
}

func (q *queue) empty() bool {
	return len(q.first)+len(q.later)+len(q.looks)+len(q.batches) == 0
}

// waiting is how many creates wait, those that are not looked up yet aside.
func (q *queue) waiting() int {
	n := len(q.first) + len(q.later)
	for _, b := range q.batches {
		n += len(b)
	}
	return n
}

// backOff is when the next row's back-off ends, where nothing else waits; zero where something does.
func (q *queue) backOff() time.Time {
	var at time.Time
	if len(q.first)+len(q.batches) > 0 {
		return at
	}
	if len(q.later) > 0 {
		at = q.later[0].notBefore
	}
	if len(q.looks) > 0 {
		at = sooner(at, q.looks[0].notBefore)
	}
	return at
}

// tried lists the rows that wait and were tried before.
func (q *queue) tried() []*job {
	return slices.Concat(q.first, q.later, q.looks)
}

// sooner is the earlier of two times, of which zero means never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
