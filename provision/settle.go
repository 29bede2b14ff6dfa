package provision

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"qlik-provision/provision/qlik"
	"qlik-provision/provision/text"
)

// settleOrQueue settles the rows of a lookup that need no write, and offers the others to the workers.
func (r *Run) settleOrQueue(rows []Row, d directory) {
	var ready, again []*job
	for _, row := range rows {
		j := &job{row: row}
		w, res := r.decideFirst(j, d)
		switch {
		case w != nil:
			j.write = w
			ready = append(ready, j)
		case res.Outcome != "":
			if !r.settle(j, res, nil) {
				return
			}
		case r.options.Task == Delete:
			again = append(again, j)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.limitReached {
		return
	}
	r.queue.fresh = append(r.queue.fresh, ready...)
	for _, j := range again {
		at, _ := r.missing(j, time.Now(), nil)
		r.queue.lookUpLater(j, at)
	}
	r.wake()
}

// decideFirst is decide, for a row's first lookup. A user that an unconfirmed create turns out to have created is
// recorded before it is deleted: a later run would create it again.
func (r *Run) decideFirst(j *job, d directory) (*write, Result) {
	w, res := r.decide(j, d)
	if r.options.Task != Delete || res.Outcome != Created || res.Code != "" {
		return w, res
	}
	if !r.note(r.complete(j, res, nil)) {
		return nil, Result{}
	}
	j.row.UserID = res.UserID
	return r.decide(j, d)
}

// conclude settles a row by the answer to its write, where that settles it.
func (r *Run) conclude(ctx context.Context, j *job, res Result, err error) {
	switch {
	case err == nil:
		r.settle(j, res, nil)
	case errors.Is(err, qlik.ErrConflict) && j.write.kind == createWrite:
		j.refusal = err
		r.lookUpOne(ctx, j)
	case errors.Is(err, qlik.ErrNotFound):
		j.refusal, j.unconfirmed = err, true // what was asked for may hold all the same
		r.lookUpOne(ctx, j)
	case errors.Is(err, qlik.ErrRefused), errors.Is(err, qlik.ErrConflict):
		r.settle(j, r.failed(j, "", err.Error()), err)
	}
}

// refuseForbidden settles rows whose 403 turned out to be their own.
func (r *Run) refuseForbidden(cleared []*job) {
	for _, j := range cleared {
		r.settle(j, r.failed(j, "", j.err.Error()), j.err)
	}
}

// An explanation is what a lookup told about a row whose write met a conflict, or lost its answer.
type explanation int

const (
	settled  explanation = iota // the row is settled
	writable                    // the user was found and needs j.write
	notFound                    // there is no user, or not yet: a list may lag behind
)

// lookUpOne looks up the user of one row: after a conflict, a lost answer, or where it was not found.
func (r *Run) lookUpOne(ctx context.Context, j *job) {
	d, err := r.findOne(ctx, j)
	told := notFound
	switch {
	case err == nil:
		told = r.explain(j, d)
	case stopped(ctx, err):
		r.queueLookup(j, time.Now())
		return
	case errors.Is(err, qlik.ErrCredentials):
		j.err = err
		r.queueLookup(j, time.Now())
		r.fail(fmt.Errorf("looking up a user: %w", err))
		return
	default:
		j.err = err
	}
	now := time.Now()
	switch {
	case told == settled:
		return
	case told == writable && j.attempts < r.options.Attempts:
		r.mu.Lock()
		r.queue.writeLater(j, now.Add(backoff(j.attempts)))
		r.wake()
		r.mu.Unlock()
		return
	}
	at, again := r.missing(j, now, err)
	switch {
	case again:
		r.queueLookup(j, at)
	case err == nil && r.deletes(j.row) && told == notFound: // it was not found for half a minute: it is gone
		r.settle(j, Result{Outcome: Deleted, UserID: j.row.UserID, HTTPStatus: http.StatusOK}, nil)
	case err != nil:
		r.settle(j, r.unsettled(j, "the lookup that would settle it failed"), err)
	case j.inConflict():
		r.settle(j, r.unsettled(j, "refused as existing, and no user has its subject or address"), j.refusal)
	default:
		r.settle(j, r.unsettled(j, "no attempt is left, and a lookup did not settle it"), j.err)
	}
}

// explained tells the brake what a lookup made of a refusal: a conflict with another person, or none. One that no lookup
// explains leaves the row pending, and is no refusal.
func (r *Run) explained(j *job, outcome Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case outcome.Done():
		r.brake.accept()
	case outcome == Failed && j.refusal != nil:
		if end := r.brake.refuse(refusalCode(j.refusal), j.refusal); end != nil {
			r.end(end)
		}
	}
}

func (r *Run) queueLookup(j *job, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queue.lookUpLater(j, at)
	r.wake()
}

// findOne looks up the users of one row.
func (r *Run) findOne(ctx context.Context, j *job) (directory, error) {
	filter := personFilter(j.row)
	if r.deletes(j.row) {
		filter = qlik.IDFilter([]string{j.row.UserID})
	}
	found, err := r.client.ListUsers(qlik.ForRow(ctx, j.row.Number, 0), filter, r.wantsRoles())
	return newDirectory(found.Users), err
}

// explain settles a row by a lookup, where it does. Otherwise j.write is what the row needs now.
func (r *Run) explain(j *job, d directory) explanation {
	lost := j.write
	w, res := r.decideFirst(j, d)
	switch {
	case w != nil && w.kind == createWrite:
		return notFound
	case w != nil && w.kind == changeWrite && r.hidesRoles(w.user):
		res = r.existing(j.row, d.match(j.row.Person, true))
	case w != nil:
		if lost == nil || lost.kind != w.kind {
			j.unconfirmed, j.refusal = false, nil
		} else if w.kind == changeWrite && j.unconfirmed && lost.user.ID == w.user.ID {
			w.message = lost.message // what was asked for at first, of which a part may hold already
		}
		j.write = w
		return writable
	case res.Outcome.Done() && lost != nil && lost.kind == changeWrite && j.unconfirmed && lost.user.ID == res.UserID:
		res = r.accepted(lost) // what was asked for holds
	case res.Outcome == "" && lost != nil && lost.kind == deleteWrite:
		res = r.accepted(lost) // the user is gone
	case res.Outcome == "":
		return notFound
	}
	r.explained(j, res.Outcome)
	r.settle(j, res, j.refusal)
	return settled
}

// lookUpBeforeResend looks up a row whose change or delete is unconfirmed before it is sent again. It reports
// false where it has to be sent.
func (r *Run) lookUpBeforeResend(ctx context.Context, t turn) (done bool) {
	j := t.job
	d, err := r.findOne(ctx, j)
	switch {
	case err == nil:
		told := r.explain(j, d)
		if told == writable {
			return false
		}
		if told == notFound {
			r.queueLookup(j, time.Now().Add(backoff(1)))
		}
		r.releaseProbe(t)
	case errors.Is(err, qlik.ErrLimited):
		r.answered(t, limited, err, 0)
	case errors.Is(err, qlik.ErrNoToken):
		r.answered(t, noToken, err, 0)
	case mayPass(err):
		r.answered(t, outage, err, 0)
	default: // look ends the run, or settles the row, by the same error
		r.queueLookup(j, time.Now())
		r.releaseProbe(t)
	}
	return true
}

// releaseProbe notes that nothing was sent in a turn.
func (r *Run) releaseProbe(t turn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t.pass.probe {
		r.gate.probing = false
	}
	r.wake()
}

// settle records the result of a row. why is the tenant's answer that decided, nil for none. It reports false where the
// result could not be recorded.
func (r *Run) settle(j *job, res Result, why error) bool {
	if !r.note(r.complete(j, res, why)) {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done++
	switch {
	case res.Outcome == Failed:
		r.failures++
		if res.Code == CodeSubjectConflict || res.Code == CodeEmailConflict || res.Code == CodeAdminRole {
			r.conflicts++
		}
	case res.Outcome.Done():
		r.found++ // before the first write, all of them are: this is for the plan
	}
	return true
}

// complete fills in what the answer that decided tells.
func (r *Run) complete(j *job, res Result, why error) Result {
	res.Number, res.Attempts = j.row.Number, j.attempts
	if e, ok := errors.AsType[*qlik.Error](why); ok {
		res.HTTPStatus, res.TraceID = e.Status, e.TraceID
		if res.Code == "" && !res.Outcome.Done() {
			res.Code = e.Code
		}
	}
	if res.FinishedAt.IsZero() {
		res.FinishedAt = time.Now().UTC()
	}
	return res
}

// maxText bounds what a tenant sent, of which an answer may hold a megabyte, to what a cell of a spreadsheet holds.
const maxText = 4000

// note records a result.
func (r *Run) note(res Result) bool {
	for _, field := range []*string{&res.Message, &res.Code, &res.TraceID} {
		*field = text.Clip(*field, maxText)
	}
	if err := r.record(res); err != nil {
		r.fail(fmt.Errorf("recording the result of row %d: %w", res.Number, err))
		return false
	}
	return true
}
