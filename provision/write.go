package provision

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"qlik-provision/provision/qlik"
)

// A write is the one request that a row needs. A create is made of its row when it is sent.
type write struct {
	kind    writeKind
	user    *qlik.User    // that is changed or deleted
	changes []qlik.Change // of it
	message string        // of the result where the write is accepted
}

// A writeKind says what a write does, for errors.
type writeKind string

const (
	createWrite writeKind = "creating a user"
	changeWrite writeKind = "changing a user"
	deleteWrite writeKind = "deleting a user"
)

// send sends the write of a row, which waited for so long, and handles the answer.
func (r *Run) send(ctx context.Context, j *job, waited time.Duration) {
	if !r.announce(j) {
		return
	}
	res, err := r.request(qlik.WithExchange(ctx, qlik.Exchange{Row: j.row.Number, Wait: waited}), j)
	if stopped(ctx, err) {
		err = errCutOff
	}
	v := judge(err)
	if v == lost && r.isOutage(ctx, j) {
		v = outage
	}
	r.refuse(r.apply(j, v, err)...)
	if v == processed {
		r.conclude(ctx, j, res)
	}
}

// request sends the row's write, and returns the result of the row where it is accepted.
func (r *Run) request(ctx context.Context, j *job) (Result, error) {
	switch w := j.write; w.kind {
	case changeWrite:
		return r.acceptedResult(w), r.client.ChangeUser(ctx, w.user.ID, w.changes...)
	case deleteWrite:
		return r.acceptedResult(w), r.client.DeleteUser(ctx, w.user.ID)
	}
	user, err := r.client.CreateUser(ctx, r.createFor(j.row))
	return Result{Outcome: Created, UserID: user.ID, HTTPStatus: http.StatusCreated}, err
}

// acceptedResult is the result of a row whose change or delete was accepted.
func (r *Run) acceptedResult(w *write) Result {
	outcome := map[Task]Outcome{Create: Updated, Disable: Disabled, Delete: Deleted}[r.options.Task]
	return Result{Outcome: outcome, UserID: w.user.ID, Message: w.message, HTTPStatus: http.StatusNoContent}
}

// A verdict is what an answer to a write means for the gate, whatever it means for the row.
type verdict int

const (
	unusable  verdict = iota // the run cannot go on: the credentials are refused, or it is no tenant
	processed                // accepted, or refused for the row's own sake
	blocked                  // not processed for want of a token or because of the rate limit, and sent again
	forbidden                // 403
	lost                     // 408, 5xx, a broken connection, a timeout, an answer that cannot be read
	outage                   // lost, and a lookup got no answer either
)

// errCutOff is the error of a write that was in flight when the grace of a run that ends was over.
var errCutOff = errors.New("cut off while its write was in flight")

// judge says what the answer to a write means, or to a lookup.
func judge(err error) verdict {
	switch {
	case err == nil, isAny(err, qlik.ErrConflict, qlik.ErrRefused, qlik.ErrNotFound):
		return processed
	case isAny(err, qlik.ErrLimited, qlik.ErrNoToken):
		return blocked
	case errors.Is(err, qlik.ErrForbidden):
		return forbidden
	case isAny(err, qlik.ErrNoAnswer, qlik.ErrGarbled, errCutOff):
		return lost
	}
	return unusable
}

// isTemporary reports whether a request that met err may be answered another time.
func isTemporary(err error) bool { return judge(err) == blocked || judge(err) == lost }

func isAny(err error, kinds ...error) bool {
	return slices.ContainsFunc(kinds, func(kind error) bool { return errors.Is(err, kind) })
}

// isOutage tells an outage from a row that the tenant cannot process, where too few rows are left to tell by: in an
// outage a lookup gets no answer either.
func (r *Run) isOutage(ctx context.Context, j *job) bool {
	r.mu.Lock()
	few := r.queue.writes()+r.busy-r.lookups.requests < downAfter
	r.mu.Unlock()
	if !few {
		return false
	}
	_, err := r.findOne(ctx, j)
	return isTemporary(err) && !errors.Is(err, qlik.ErrLimited)
}

// apply applies the verdict on an answer to the gate, and queues the row where it is sent again. Both are one step, so
// that a row that met the limit is first in line before another is sent. It returns rows that are refused now.
func (r *Run) apply(j *job, v verdict, err error) (refused []*job) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	j.err = err
	refused, ends := r.gate.answer(now, j, v, err)
	r.fail(ends)
	r.changed.Broadcast() // the others need not wait until the row is finished
	switch {
	case v != processed:
		r.stall(now, err)
	case !r.gate.closed:
		r.progressed(now)
	}
	r.fail(r.brake.noteAnswer(v, err))
	switch v {
	case processed, forbidden:
		j.attempts++
		j.failures = 0
	case unusable:
		r.fail(fmt.Errorf("%s: %w", j.write.kind, err))
		r.queue.again.add(j, now)
	case blocked:
		r.queue.again.add(j, time.Time{})
	default:
		r.retry(j, now, err, v == outage || j.noAttempt)
	}
	return refused
}

// retry queues a row whose answer was lost: another attempt, or a lookup where none is left. Of a change or a delete a
// lookup has to tell first; a create that took effect is refused the second time.
func (r *Run) retry(j *job, now time.Time, err error, free bool) {
	sent := !errors.Is(err, qlik.ErrNotSent)
	j.unconfirmed = j.unconfirmed || sent
	j.failures++
	if sent && !free {
		j.attempts++
	}
	at := sooner(now.Add(waitAfter(err, j.failures)), r.patience.end)
	if j.attempts >= r.options.Attempts || sent && j.write.kind != createWrite {
		r.queue.lookups.add(j, at)
		return
	}
	r.queue.again.add(j, at)
}
