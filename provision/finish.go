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

// place finishes the rows of a lookup that need no write, and offers the others to the workers.
func (r *Run) place(rows []Row, d directory) {
	var ready, missing []*job
	for _, row := range rows {
		j := &job{row: row}
		if row.ChangeSent != "" {
			j.unconfirmed, j.write = true, &write{kind: changeWrite, user: &qlik.User{ID: row.ChangeSent}}
		}
		w, res := r.decide(j, d)
		switch {
		case w != nil:
			j.setWrite(w)
			ready = append(ready, j)
		case res.Outcome != "":
			if !r.finish(j, res) {
				return
			}
		case r.options.Task == Delete:
			missing = append(missing, j)
		default: // there is nothing to say of a row that is looked up only
			r.countFinished(1)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.limitReached() {
		return
	}
	r.queue.fresh = append(r.queue.fresh, ready...)
	r.counts.toWrite += len(ready)
	for _, j := range missing {
		r.lookUpAgain(j, time.Now(), nil)
	}
	r.wake()
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
		r.finish(j, r.failed(j, "", j.err.Error()))
	}
}

// lookUpOne looks up the user of one row: after a conflict, a lost answer, or where it was not found.
func (r *Run) lookUpOne(ctx context.Context, j *job) {
	d, err := r.findOne(ctx, j)
	switch {
	case stopped(ctx, err):
		r.mu.Lock()
		r.queue.lookups.add(j, time.Time{})
		r.mu.Unlock()
		return
	case errors.Is(err, qlik.ErrCredentials):
		r.fail(fmt.Errorf("looking up a user: %w", err))
	}
	if err != nil {
		j.err = err
		r.tryAgain(j, nil, err)
		return
	}
	w, res := r.decide(j, d)
	switch {
	case w == nil:
	case w.kind == createWrite: // the user is not found, or not yet: a list may lag behind
		w = nil
	case w.kind == changeWrite && r.hidesRoles(*w.user):
		w, res = nil, r.existing(j.row, d.match(j.row.Person, true))
	default:
		j.setWrite(w)
	}
	if res.Outcome != "" {
		r.finish(j, res)
		return
	}
	r.tryAgain(j, w, nil)
}

// findOne looks up the users of one row.
func (r *Run) findOne(ctx context.Context, j *job) (directory, error) {
	found, err := r.client.ListUsers(qlik.ForRow(ctx, j.row.Number, 0), filterOf(j.row), r.wantsRoles())
	return newDirectory(found.Users), err
}

// tryAgain queues the write that a lookup showed to be needed, or another lookup where there is none. Where nothing is
// left to try it finishes the row. err is that of a lookup that was not answered.
func (r *Run) tryAgain(j *job, w *write, err error) {
	now := time.Now()
	r.mu.Lock()
	again := true
	if w != nil && j.attempts < r.options.Attempts {
		j.misses = 0
		r.queue.again.add(j, now.Add(backoff(j.attempts)))
	} else {
		again = r.lookUpAgain(j, now, err)
	}
	r.mu.Unlock()
	switch {
	case again:
	case err != nil:
		r.finish(j, r.unfinished(j, "the lookup that would settle it failed"))
	case w == nil && j.row.UserID != "": // it was not found for half a minute: it is gone
		r.finish(j, Result{Outcome: Deleted, UserID: j.row.UserID, HTTPStatus: http.StatusOK})
	case j.inConflict():
		r.finish(j, r.unfinished(j, "refused as existing, and no user has its subject or address"))
	default:
		r.finish(j, r.unfinished(j, "no attempt is left, and a lookup did not settle it"))
	}
}

// lookUpAgain queues another lookup of a row whose user was not found, or whose lookup was not answered. It reports
// false where the row was looked up long enough: for half a minute, an outage and waits for a limit or a token aside.
func (r *Run) lookUpAgain(j *job, now time.Time, err error) bool {
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
	stays := j.row.UserID != "" && res.Outcome == Created // its user was not deleted
	refused := stays || res.Outcome == Failed || res.Code == CodeConflictNotFound
	switch {
	case j.attempts == 0:
	case refused && why != nil && !isTemporary(why):
		r.fail(r.brake.refuse(why))
	case res.Outcome.Done() && !stays:
		r.brake.accept()
	}
	return true
}

func (r *Run) countFinished(rows int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.Finished += rows
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
