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
	var ready, again []*job
	for _, row := range rows {
		j := &job{row: row}
		w, res, err := r.decideFirst(j, d)
		switch {
		case err != nil:
		case w != nil:
			j.write = w
			ready = append(ready, j)
		case res.Outcome != "":
			err = r.finish(j, res, nil)
		case r.options.Task == Delete:
			again = append(again, j)
		default:
			r.countFinished(1) // there is nothing to say of a row that is looked up only
		}
		if err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.limitReached {
		return nil
	}
	r.queue.fresh = append(r.queue.fresh, ready...)
	for _, j := range again {
		at, _ := r.missing(j, time.Now(), nil)
		r.queue.lookUpAgain(j, at)
	}
	r.wake()
	return nil
}

// decideFirst is decide, for a row's first lookup. A user that an unconfirmed create turns out to have created is
// recorded before it is deleted: a later run would create it again.
func (r *Run) decideFirst(j *job, d directory) (*write, Result, error) {
	w, res := r.decide(j, d)
	if r.options.Task != Delete || res.Outcome != Created || res.Code != "" {
		return w, res, nil
	}
	if err := r.store(r.complete(j, res, nil)); err != nil {
		return nil, Result{}, err
	}
	j.row.UserID = res.UserID
	w, res = r.decide(j, d)
	return w, res, nil
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

// refuse finishes rows whose write was refused for their own sake. The error may be the brake's.
func (r *Run) refuse(jobs ...*job) (err error) {
	for _, j := range jobs {
		err = errors.Join(err, r.finish(j, r.failed(j, "", j.err.Error()), j.err), r.brakeOn(j.err))
	}
	return err
}

// brakeOn tells the brake of a refusal.
func (r *Run) brakeOn(refusal error) error {
	code := refusal.Error()
	if e, ok := errors.AsType[*qlik.Error](refusal); ok && e.Code != "" {
		code = e.Code
	} else if ok {
		code = fmt.Sprintf("HTTP %d", e.Status)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.brake.refuse(code, refusal)
	r.ending = r.ending || err != nil
	return err
}

// lookUpOne looks up the user of one row: after a conflict, a lost answer, or where it was not found.
func (r *Run) lookUpOne(ctx context.Context, j *job) error {
	d, err := r.findOne(ctx, j)
	var needed *write
	var res Result
	switch {
	case err == nil:
		var notStored error
		if needed, res, notStored = r.explain(j, d); notStored != nil {
			return notStored
		}
	case stopped(ctx, err):
		r.lookUpAgain(j, time.Now())
		return nil
	default:
		j.err = err
		if errors.Is(err, qlik.ErrCredentials) {
			r.lookUpAgain(j, time.Now())
			return fmt.Errorf("looking up a user: %w", err)
		}
	}
	switch now := time.Now(); {
	case res.Outcome != "":
		return r.finishExplained(j, res)
	case needed != nil && j.attempts < r.options.Attempts:
		r.mu.Lock()
		defer r.mu.Unlock()
		j.lookups = 0
		r.queue.writeAgain(j, now.Add(backoff(j.attempts)))
		return nil
	default:
		r.mu.Lock()
		at, again := r.missing(j, now, err)
		r.mu.Unlock()
		if again {
			r.lookUpAgain(j, at)
			return nil
		}
	}
	switch {
	case err != nil:
		return r.finish(j, r.unfinished(j, "the lookup that would settle it failed"), err)
	case needed == nil && r.deletes(j.row): // it was not found for half a minute: it is gone
		return r.finish(j, Result{Outcome: Deleted, UserID: j.row.UserID, HTTPStatus: http.StatusOK}, nil)
	case j.inConflict():
		return r.finish(j, r.unfinished(j, "refused as existing, and no user has its subject or address"), j.refusal)
	}
	return r.finish(j, r.unfinished(j, "no attempt is left, and a lookup did not settle it"), j.err)
}

func (r *Run) lookUpAgain(j *job, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queue.lookUpAgain(j, at)
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

// explain is decide for a row whose write met a conflict or lost its answer: the write is one that the user needs now,
// and j.write. It returns neither where the user was not found: a list may lag behind.
func (r *Run) explain(j *job, d directory) (*write, Result, error) {
	sent := j.write
	w, res, err := r.decideFirst(j, d)
	unconfirmed := sent != nil && j.unconfirmed
	switch {
	case err != nil, w != nil && w.kind == createWrite:
		return nil, Result{}, err
	case w != nil && w.kind == changeWrite && r.hidesRoles(w.user):
		return nil, r.existing(j.row, d.match(j.row.Person, true)), nil
	case w != nil:
		if sent == nil || sent.kind != w.kind {
			j.unconfirmed, j.refusal = false, nil
		} else if unconfirmed && w.kind == changeWrite && sent.user.ID == w.user.ID {
			w.message = sent.message // what was asked for at first, of which a part may hold already
		}
		j.write = w
	case unconfirmed && sent.kind == changeWrite && res.Outcome.Done() && sent.user.ID == res.UserID:
		res = r.accepted(sent) // what was asked for holds
	case sent != nil && sent.kind == deleteWrite && res.Outcome == "":
		res = r.accepted(sent) // the user is gone
	}
	return w, res, nil
}

// finishExplained finishes a row by a lookup, and tells the brake what it made of a refusal: a conflict with another
// person, or none.
func (r *Run) finishExplained(j *job, res Result) error {
	err := r.finish(j, res, j.refusal)
	switch {
	case res.Outcome.Done():
		r.mu.Lock()
		defer r.mu.Unlock()
		r.brake.accept()
	case res.Outcome == Failed && j.refusal != nil:
		err = errors.Join(err, r.brakeOn(j.refusal))
	}
	return err
}

// finish records the last result of a row in this run. why is the tenant's answer that decided, nil for none. The error
// is that of a result that could not be recorded.
func (r *Run) finish(j *job, res Result, why error) error {
	if err := r.store(r.complete(j, res, why)); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.finished++
	switch {
	case res.Outcome == Failed:
		r.failures++
		if res.Code == CodeSubjectConflict || res.Code == CodeEmailConflict || res.Code == CodeAdminRole {
			r.conflicts++
		}
	case res.Outcome.Done():
		r.found++ // before the first write, all of them are: this is for the plan
	}
	return nil
}

func (r *Run) countFinished(rows int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.finished += rows
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
	for _, field := range []*string{&res.Message, &res.Code, &res.TraceID} {
		*field = text.Clip(*field, maxText)
	}
	if err := r.record(res); err != nil {
		return fmt.Errorf("recording the result of row %d: %w", res.Number, err)
	}
	return nil
}
