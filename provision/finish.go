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
func (r *Run) place(rows []Row, d directory) error {
	var ready, missing []*job
	for _, row := range rows {
		j := &job{row: row}
		if row.ChangeSent {
			j.unconfirmed, j.write = true, &write{kind: changeWrite, user: &qlik.User{ID: row.UserID}}
		}
		w, res := r.decide(j, d)
		switch {
		case w != nil:
			j.setWrite(w)
			ready = append(ready, j)
		case res.Outcome == "" && r.options.Task == Delete:
			missing = append(missing, j)
		case res.Outcome == "": // there is nothing to say of a row that is looked up only
			r.countFinished(1)
		default:
			if err := r.finish(j, res, nil); err != nil {
				return err
			}
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.limitReached() {
		return nil
	}
	r.queue.fresh = append(r.queue.fresh, ready...)
	for _, j := range missing {
		at, _ := r.missed(j, time.Now(), nil)
		r.queue.lookUpAgain(j, at)
	}
	r.wake()
	return nil
}

// conclude finishes a row by the answer to its write, or by a lookup that explains the answer.
func (r *Run) conclude(ctx context.Context, j *job, res Result, err error) error {
	switch {
	case err == nil:
		return r.finish(j, res, nil)
	case errors.Is(err, qlik.ErrConflict) && j.write.kind == createWrite:
		j.refusal = err
		return r.lookUpOne(ctx, j)
	case errors.Is(err, qlik.ErrNotFound):
		j.refusal, j.unconfirmed = err, true // what was asked for may hold all the same
		return r.lookUpOne(ctx, j)
	}
	return r.refuse(j)
}

// refuse finishes rows whose write was refused for their own sake.
func (r *Run) refuse(jobs ...*job) (err error) {
	for _, j := range jobs {
		err = errors.Join(err, r.finish(j, r.failed(j, "", j.err.Error()), j.err))
	}
	return err
}

// lookUpOne looks up the user of one row: after a conflict, a lost answer, or where it was not found.
func (r *Run) lookUpOne(ctx context.Context, j *job) error {
	d, err := r.findOne(ctx, j)
	if stopped(ctx, err) {
		r.lookUpAgain(j)
		return nil
	}
	if err != nil {
		j.err = err
		if errors.Is(err, qlik.ErrCredentials) {
			r.lookUpAgain(j)
			return fmt.Errorf("looking up a user: %w", err)
		}
		return r.tryAgain(j, nil, err)
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
		return r.finish(j, res, j.refusal)
	}
	return r.tryAgain(j, w, nil)
}

// tryAgain queues the write that a lookup showed to be needed, or another lookup where there is none. Where nothing is
// left to try it finishes the row. err is that of a lookup that was not answered.
func (r *Run) tryAgain(j *job, w *write, err error) error {
	r.mu.Lock()
	now := time.Now()
	if w != nil && j.attempts < r.options.Attempts {
		defer r.mu.Unlock()
		j.misses = 0
		r.queue.writeAgain(j, now.Add(backoff(j.attempts)))
		return nil
	}
	at, again := r.missed(j, now, err)
	if again {
		r.queue.lookUpAgain(j, at)
	}
	r.mu.Unlock()
	switch {
	case again:
		return nil
	case err != nil:
		return r.finish(j, r.unfinished(j, "the lookup that would settle it failed"), err)
	case w == nil && r.deletes(j.row): // it was not found for half a minute: it is gone
		return r.finish(j, Result{Outcome: Deleted, UserID: j.row.UserID, HTTPStatus: http.StatusOK}, nil)
	case j.inConflict():
		return r.finish(j, r.unfinished(j, "refused as existing, and no user has its subject or address"), j.refusal)
	}
	return r.finish(j, r.unfinished(j, "no attempt is left, and a lookup did not settle it"), j.err)
}

func (r *Run) lookUpAgain(j *job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queue.lookUpAgain(j, time.Time{})
}

// findOne looks up the users of one row.
func (r *Run) findOne(ctx context.Context, j *job) (directory, error) {
	filter := filterOf(r.deletes(j.row), j.row)
	found, err := r.client.ListUsers(qlik.ForRow(ctx, j.row.Number, 0), filter, r.wantsRoles())
	return newDirectory(found.Users), err
}

// finish records the last result of a row in this run. why is the tenant's answer that decided, nil for none. The error
// is that of a run that cannot go on: the result could not be recorded, or it is the brake's.
func (r *Run) finish(j *job, res Result, why error) error {
	if err := r.store(r.complete(j, res, why)); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.Finished++
	switch {
	case res.Outcome == Failed:
		r.counts.Failed++
		if res.Code == CodeSubjectConflict || res.Code == CodeEmailConflict || res.Code == CodeAdminRole {
			r.counts.plan.Conflicts++
		}
	case res.Outcome.Done():
		r.counts.plan.Existing++ // as long as nothing is sent, all of them are
	}
	stays := r.deletes(j.row) && res.Outcome == Created // its user was not deleted
	refused := stays || res.Outcome == Failed || res.Code == CodeConflictNotFound
	var end error
	switch {
	case j.attempts == 0:
	case refused && why != nil && !isTemporary(why):
		end = r.brake.refuse(why)
	case res.Outcome.Done() && !stays:
		r.brake.accept()
	}
	if end != nil {
		r.windDown()
	}
	return end
}

func (r *Run) countFinished(rows int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.Finished += rows
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

// store passes a result to the caller of Run.
func (r *Run) store(res Result) error {
	res.Message = text.Clip(res.Message, maxText)
	return r.record(res)
}
