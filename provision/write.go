package provision

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"syscall"
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

// request sends the row's write, and returns the result of the row where it is accepted.
func (r *Run) request(ctx context.Context, j *job) (Result, error) {
	switch w := j.write; w.kind {
	case changeWrite:
		return r.accepted(w), r.client.ChangeUser(ctx, w.user.ID, w.changes...)
	case deleteWrite:
		return r.accepted(w), r.client.DeleteUser(ctx, w.user.ID)
	}
	user, err := r.client.CreateUser(ctx, r.createFor(j.row))
	return Result{Outcome: Created, UserID: user.ID, HTTPStatus: http.StatusCreated}, err
}

// accepted is the result of a row whose change or delete was accepted.
func (r *Run) accepted(w *write) Result {
	res := Result{Outcome: Updated, UserID: w.user.ID, Message: w.message, HTTPStatus: http.StatusNoContent}
	switch {
	case w.kind == deleteWrite:
		res.Outcome = Deleted
	case r.options.Task == Disable:
		res.Outcome = Disabled
	}
	return res
}

// send sends the write of a row, which waited for so long, and applies the answer to the gate and to the row.
func (r *Run) send(ctx context.Context, j *job, waited time.Duration) error {
	if err := r.announce(j); err != nil {
		r.putBack(j)
		return err
	}
	sent := time.Now()
	res, err := r.request(qlik.ForRow(ctx, j.row.Number, waited), j)
	took := time.Since(sent)
	if stopped(ctx, err) {
		j.unconfirmed, j.err = true, errors.New("cut off while its write was in flight")
		r.putBack(j)
		return nil
	}
	v := judge(j.write.kind, err)
	if v == unusable {
		j.err = err
		r.putBack(j)
		return fmt.Errorf("%s: %w", j.write.kind, err)
	}
	if v == lost && r.isOutage(ctx, j) {
		v = outage
	}
	own, end := r.apply(j, v, err, took)
	if v == processed {
		end = errors.Join(end, r.conclude(ctx, j, res, err))
	}
	return errors.Join(end, r.refuse(own...))
}

// judge says what the answer to a write means for the gate.
func judge(kind writeKind, err error) verdict {
	switch {
	case err == nil, isAny(err, qlik.ErrConflict, qlik.ErrRefused),
		errors.Is(err, qlik.ErrNotFound) && kind != createWrite:
		return processed
	case errors.Is(err, qlik.ErrForbidden):
		return forbidden
	case blockedBy(err) != "":
		return blocked
	case isAny(err, qlik.ErrNoAnswer, qlik.ErrGarbled):
		return lost
	}
	return unusable
}

// blockedBy says what keeps any request from being processed, whatever it is for; "" where err is another.
func blockedBy(err error) Reason {
	switch {
	case errors.Is(err, qlik.ErrLimited):
		return ReasonLimit
	case lacksDescriptor(err):
		return ReasonDescriptor
	case errors.Is(err, qlik.ErrNoToken):
		return ReasonToken
	}
	return ""
}

// lacksDescriptor reports whether a request was not sent because this process, or the system, has too many open files.
func lacksDescriptor(err error) bool { return isAny(err, syscall.EMFILE, syscall.ENFILE) }

// isOutage tells an outage from a row that the tenant cannot process, where too few rows are left to tell by: in an
// outage a lookup gets no answer either.
func (r *Run) isOutage(ctx context.Context, j *job) bool {
	r.mu.Lock()
	few := r.queue.writes()+r.busy < downAfter
	r.mu.Unlock()
	if !few {
		return false
	}
	_, err := r.findOne(ctx, j)
	return isAny(err, qlik.ErrNoAnswer, qlik.ErrGarbled, qlik.ErrNoToken) && !lacksDescriptor(err)
}

// apply applies the verdict on an answer to the gate, and queues the row where it is sent again. Both are one step, so
// that a row that met the limit is first in line before another is sent. own are rows whose 403 turned out to be their
// own; the error is that of a run that cannot go on.
func (r *Run) apply(j *job, v verdict, err error, took time.Duration) (own []*job, end error) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts.took == 0 {
		r.counts.took = took
	}
	r.counts.took += (took - r.counts.took) / 16
	if err != nil {
		j.err = err
	}
	openings := r.gate.openings
	own, end = r.gate.answer(now, j, v, err)
	if r.gate.openings != openings {
		r.wake() // the others need not wait until the row is finished
	}
	switch {
	case v != processed:
		r.patience.writes = true
		r.patience.stall(now, r.gate.reason, err)
	case !r.gate.closed:
		r.progressed(now)
	}
	if lacksDescriptor(err) { // no more requests run at once than have one
		r.maxBusy = max(1, min(r.maxBusy, r.client.InFlight()))
	}
	if errors.Is(err, qlik.ErrGarbled) {
		end = r.brake.garble(err)
	}
	if end != nil {
		r.windDown()
	}
	switch v {
	case processed, forbidden:
		j.attempts++
		j.failures = 0
	case blocked:
		r.queue.writeAgain(j, time.Time{})
	default:
		r.retry(j, now, err, v == outage || j.noAttempt)
	}
	return own, end
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
	at := now.Add(max(backoff(j.failures), qlik.RetryAfter(err)))
	if j.attempts >= r.options.Attempts || sent && j.write.kind != createWrite {
		r.queue.lookUpAgain(j, at)
	} else {
		r.queue.writeAgain(j, at)
	}
}

// putBack queues a row whose write was not sent or not answered, in a run that ends.
func (r *Run) putBack(j *job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.windDown()
	r.queue.writeAgain(j, time.Time{})
	r.gate.release(j)
}
