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

// settleRows goes on with the rows of a lookup, until a result could not be recorded.
func (r *Run) settleRows(rows []Row, d directory) {
	for _, row := range rows {
		j := &job{row: row}
		if row.ChangedUser != "" {
			j.unconfirmed, j.write = true, &write{kind: changeWrite, user: &qlik.User{ID: row.ChangedUser}}
		}
		if !r.settle(j, d) {
			return
		}
	}
}

// settle goes on with a row that was looked up: it finishes the row, or queues its write or another lookup. It reports
// false where the result could not be recorded.
func (r *Run) settle(j *job, d directory) bool {
	w, res := r.decide(j, d)
	switch {
	case res.Outcome != "":
		return r.finish(j, res)
	case w == nil && j.row.LookupOnly: // there is nothing to say of it
		r.mu.Lock()
		defer r.mu.Unlock()
		r.counts.Finished++
	case w == nil, w.kind == createWrite && j.begun: // not found, or not yet: a list may lag behind
		r.lookUpAgain(j, false, nil)
	case j.attempts >= r.options.Attempts:
		r.lookUpAgain(j, true, nil)
	default:
		j.setWrite(w)
		r.queueWrite(j)
	}
	return true
}

// queueWrite queues the write that a lookup showed to be needed.
func (r *Run) queueWrite(j *job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case j.begun:
		j.misses = 0
		r.queue.again.add(j, time.Now().Add(backoff(j.attempts)))
	case !r.limitReached():
		r.queue.fresh = append(r.queue.fresh, j)
	}
}

// conclude finishes a row by the answer to its write, or by a lookup that explains the answer.
func (r *Run) conclude(ctx context.Context, j *job, res Result) {
	switch {
	case j.err == nil:
		j.refusal = nil
		r.finish(j, res)
	case errors.Is(j.err, qlik.ErrConflict) && j.write.kind == createWrite:
		j.refusal = j.err
		r.lookUpOne(ctx, j)
	case errors.Is(j.err, qlik.ErrNotFound):
		j.refusal, j.unconfirmed = j.err, true // what was asked for may hold all the same
		r.lookUpOne(ctx, j)
	default:
		r.refuse(j)
	}
}

// refuse finishes rows whose write was refused for their own sake.
func (r *Run) refuse(jobs ...*job) {
	for _, j := range jobs {
		res := Result{Outcome: Failed, Message: j.err.Error()}
		if j.write.kind == changeWrite {
			res.UserID = j.write.user.ID
		}
		r.finish(j, res)
	}
}

// lookUpOne looks up the user of one row: after a conflict, a lost answer, or where it was not found.
func (r *Run) lookUpOne(ctx context.Context, j *job) {
	d, err := r.findOne(ctx, j)
	switch {
	case err == nil:
		r.settle(j, d)
		return
	case stopped(ctx, err):
		r.mu.Lock()
		defer r.mu.Unlock()
		r.queue.lookups.add(j, time.Time{})
		return
	case errors.Is(err, qlik.ErrCredentials):
		r.fail(fmt.Errorf("looking up a user: %w", err))
	}
	j.err = err
	r.lookUpAgain(j, false, err)
}

// findOne looks up the users of one row.
func (r *Run) findOne(ctx context.Context, j *job) (directory, error) {
	ctx = qlik.WithExchange(ctx, qlik.Exchange{Row: j.row.Number})
	users, err := r.client.ListUsers(ctx, filterOf(j.row), r.wantsRoles())
	return newDirectory(users), err
}

// lookUpAgain queues another lookup of a row whose user was not found, or whose lookup was not answered because of err.
// It finishes the row where it was looked up long enough. found says that the user was, and needs a write all the same.
func (r *Run) lookUpAgain(j *job, found bool, err error) {
	switch {
	case r.waitForUser(j, err):
	case err == nil && !found && j.row.UserID != "": // it was not found for half a minute: it is gone
		r.finish(j, Result{Outcome: Deleted, UserID: j.row.UserID, HTTPStatus: http.StatusOK})
	default:
		r.finish(j, r.unfinishedResult(j))
	}
}

// waitForUser queues the next lookup of a row, and reports false where there is none: the row was looked up for half a
// minute, an outage and waits for a limit or a token aside.
func (r *Run) waitForUser(j *job, err error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if j.misses == 0 {
		j.giveUp, j.giveUpLatest = now.Add(lookupPeriod), now.Add(r.options.Patience)
	}
	j.misses++
	wait := waitAfter(err, j.misses)
	if err != nil && (r.gate.down || isAny(err, qlik.ErrLimited, qlik.ErrNoToken, qlik.ErrNotSent)) {
		j.giveUp = j.giveUp.Add(wait) // it was not looked up at all
	}
	if j.giveUp.After(j.giveUpLatest) && j.row.UserID == "" { // half a minute proves that a user is gone
		j.giveUp = j.giveUpLatest
	}
	if j.lookedLongEnough(now) || err != nil && !isTemporary(err) {
		return false
	}
	r.queue.lookups.add(j, sooner(now.Add(wait), j.giveUp))
	return true
}

func (j *job) lookedLongEnough(now time.Time) bool { return j.misses > 0 && !now.Before(j.giveUp) }

// finish records the last result of a row in this run, with what the answer that decided tells. It reports false where
// the result could not be recorded.
func (r *Run) finish(j *job, res Result) bool {
	why := j.refusal
	if why == nil && res.HTTPStatus == 0 {
		why = j.err
	}
	if j.row.UserID != "" && !res.Outcome.Done() { // the user was not deleted
		res.Outcome, res.UserID = Created, j.row.UserID
	}
	res.Number, res.Attempts = j.row.Number, j.attempts
	if res.FinishedAt.IsZero() {
		res.FinishedAt = time.Now().UTC()
	}
	if e, ok := errors.AsType[*qlik.Error](why); ok {
		res.HTTPStatus, res.TraceID = e.Status, e.TraceID
		if res.Code == "" && !res.Outcome.Done() {
			res.Code = e.Code
		}
	}
	if !r.store(res) {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.Finished++
	if res.Outcome == Failed {
		r.counts.Failed++
	}
	r.fail(r.brake.noteResult(j, res, why))
	return true
}

// maxText bounds what a tenant sent, of which an answer may hold a megabyte, to what a cell of a spreadsheet holds.
const maxText = 4000

// store passes a result to the caller of Run. Where it could not be recorded, the run ends, and store reports false.
func (r *Run) store(res Result) bool {
	res.Message = text.Clip(res.Message, maxText)
	err := r.record(res)
	r.fail(err)
	return err == nil
}
