package provision

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"qlik-provision/provision/qlik"
)

// A write is the one request that a row needs. A create is made of its row when it is sent.
type write struct {
	kind    writeKind
	user    qlik.User     // that is changed or deleted
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

// send sends a row's write: it settles the row by the answer, or queues what is sent or looked up next.
func (r *Run) send(ctx context.Context, t turn) {
	j := t.job
	if j.unconfirmed && j.write.kind != createWrite {
		// A create that took effect is refused the second time. Of other writes a lookup has to tell.
		if r.lookUpBeforeResend(ctx, t) {
			return
		}
	}
	if !r.announce(j) {
		r.putBack(t)
		return
	}
	sent := time.Now()
	res, err := r.request(qlik.ForRow(ctx, j.row.Number, t.wait), j)
	if stopped(ctx, err) {
		j.unconfirmed, j.err = true, errors.New("cut off while its write was in flight")
		r.putBack(t)
		return
	}
	v, known := judge(j.write.kind, err)
	if !known {
		j.err = err
		r.fail(fmt.Errorf("%s: %w", j.write.kind, err)) // first: the gate opens for another probe with the row put back
		r.putBack(t)
		return
	}
	if v == noAnswer && r.isOutage(ctx, t) {
		v = outage
	}
	cleared := r.answered(t, v, err, time.Since(sent))
	r.conclude(ctx, j, res, err)
	r.refuseForbidden(cleared)
}

// judge says what the answer to a write means for the gate, and false where it means that the run cannot go on.
func judge(kind writeKind, err error) (verdict, bool) {
	switch {
	case err == nil, errors.Is(err, qlik.ErrConflict), errors.Is(err, qlik.ErrRefused):
		return processed, true
	case errors.Is(err, qlik.ErrNotFound) && kind != createWrite:
		return processed, true
	case errors.Is(err, qlik.ErrLimited):
		return limited, true
	case errors.Is(err, qlik.ErrForbidden):
		return forbidden, true
	case errors.Is(err, qlik.ErrNoAnswer), errors.Is(err, qlik.ErrGarbled):
		return noAnswer, true
	case errors.Is(err, qlik.ErrNoToken):
		return noToken, true
	}
	return 0, false
}

// stopped reports whether err is that of a request cut off because the run ends.
func stopped(ctx context.Context, err error) bool {
	return ctx.Err() != nil && (errors.Is(err, context.Cause(ctx)) || errors.Is(err, ctx.Err()))
}

// isOutage tells an outage from a row that the tenant cannot process, where too few rows are left to tell by: in an
// outage a lookup gets no answer either.
func (r *Run) isOutage(ctx context.Context, t turn) bool {
	r.mu.Lock()
	few := t.pass.everyTurn || r.queue.writes()+r.busy < downAfter
	r.mu.Unlock()
	if !few {
		return false
	}
	_, err := r.findOne(ctx, t.job)
	return err != nil && mayPass(err) && !errors.Is(err, qlik.ErrLimited)
}

// answered tells the gate of an answer, and queues the row where it is sent again. Both are one step, so that a row
// that met the limit is first in line before another is sent.
func (r *Run) answered(t turn, v verdict, err error, took time.Duration) (cleared []*job) {
	j, now := t.job, time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.took == 0 {
		r.took = took
	}
	r.took += (took - r.took) / 16
	if err != nil {
		j.err = err
	}
	wasOpen := r.gate.opened
	cleared, progress, end := r.gate.answered(now, t.pass, j, v, qlik.RetryAfter(err))
	switch {
	case progress:
		r.progressed(now)
	case v != processed:
		r.writesStalled = true
		r.stall(now, r.gate.reason, err)
	}
	if end == nil {
		end = r.brakes(j, err)
	}
	if end != nil {
		r.end(end)
	}
	if r.gate.opened != wasOpen {
		r.wake()
	}
	switch {
	case v == limited, v == noToken:
		r.queue.writeFirst(j)
		r.wake()
	case v == noAnswer, v == outage:
		sent := !errors.Is(err, qlik.ErrNotSent)
		j.unconfirmed = j.unconfirmed || sent
		j.failures++
		if free := v == outage || t.pass.down && !t.pass.everyTurn; sent && !free {
			j.attempts++
		}
		r.sendAgain(j, now.Add(max(backoff(j.failures), min(qlik.RetryAfter(err), maxWait))))
		r.wake()
	default:
		j.attempts++
		j.failures = 0
	}
	return cleared
}

// brakes tells the brake of an answer. A refusal that a lookup explains counts then.
func (r *Run) brakes(j *job, err error) error {
	switch {
	case err == nil:
		r.brake.accept()
	case errors.Is(err, qlik.ErrRefused), errors.Is(err, qlik.ErrConflict) && j.write.kind != createWrite:
		return r.brake.refuse(refusalCode(err), err)
	case errors.Is(err, qlik.ErrGarbled):
		return r.brake.garble(err)
	}
	return nil
}

func refusalCode(err error) string {
	if e, ok := errors.AsType[*qlik.Error](err); ok && e.Code != "" {
		return e.Code
	} else if ok {
		return fmt.Sprintf("HTTP %d", e.Status)
	}
	return err.Error()
}

// sendAgain queues a row's next attempt, or a lookup where none is left.
func (r *Run) sendAgain(j *job, from time.Time) {
	if j.attempts < r.options.Attempts {
		r.queue.writeLater(j, from)
		return
	}
	r.queue.lookUpLater(j, from)
}

// putBack queues a row whose write was not sent or not answered, in a run that stops.
func (r *Run) putBack(t turn) {
	r.mu.Lock()
	r.queue.writeFirst(t.job)
	r.mu.Unlock()
	r.releaseProbe(t)
}
