package provision

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"qlik-provision/provision/qlik"
	"qlik-provision/provision/text"
)

// settleRows goes on with the rows of a lookup, until the run fails.
func (r *Run) settleRows(rows []Row, d directory) {
	for _, row := range rows {
		if r.failure() != nil {
			return
		}
		j := &job{row: row}
		if row.ChangedUser != "" {
			j.unconfirmed, j.write = true, &write{kind: changeWrite, user: &qlik.User{ID: row.ChangedUser}}
		}
		r.settle(j, d)
	}
}

// settle goes on with a row that was looked up: it finishes the row, or queues its write or another lookup.
func (r *Run) settle(j *job, d directory) {
	w, res := r.decide(j, d)
	switch {
	case res.Outcome != "":
		r.finish(j, res)
	case w == nil && j.row.LookupOnly: // there is nothing to say of it
		r.mu.Lock()
		defer r.mu.Unlock()
		r.progress.Finished++
	case w == nil, w.kind == createWrite && j.begun, j.attempts >= r.options.Attempts: // a list may lag behind
		r.lookUpAgain(j, nil)
	default:
		r.queueWrite(j, w)
	}
}

// queueWrite queues the write that a lookup showed to be needed. That explains a refusal, and what is unconfirmed of
// another kind of write.
func (r *Run) queueWrite(j *job, w *write) {
	r.mu.Lock()
	defer r.mu.Unlock()
	j.unconfirmed = j.unconfirmed && j.write.kind == w.kind
	j.refusal, j.write = nil, w
	if !j.begun {
		r.queue.fresh = append(r.queue.fresh, j)
		return
	}
	j.misses = 0
	r.queue.again.add(j, time.Now().Add(backoff(j.attempts)))
}

// conclude finishes a row by the answer to its write, or by a lookup that explains the answer.
func (r *Run) conclude(ctx context.Context, j *job, res Result) {
	switch {
	case j.err == nil:
		j.refusal = nil
		r.finish(j, res)
	case errors.Is(j.err, qlik.ErrNotFound), errors.Is(j.err, qlik.ErrConflict) && j.write.kind == createWrite:
		j.refusal = j.err
		j.unconfirmed = j.unconfirmed || j.write.kind != createWrite // what was asked for may hold all the same
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
	case stopped(ctx, err): // wrapUp records it
		r.mu.Lock()
		defer r.mu.Unlock()
		r.queue.lookups.add(j, time.Time{})
		return
	case errors.Is(err, qlik.ErrCredentials):
		r.fail(fmt.Errorf("looking up a user: %w", err))
	}
	j.err = err
	r.lookUpAgain(j, err)
}

// findOne looks up the users of one row.
func (r *Run) findOne(ctx context.Context, j *job) (directory, error) {
	ctx = qlik.WithExchange(ctx, qlik.Exchange{Row: j.row.Number})
	users, err := r.client.ListUsers(ctx, filterOf(j.row), r.wantsRoles)
	return newDirectory(users), err
}

// lookUpAgain queues another lookup of a row that a lookup did not settle, or whose lookup met err. It finishes the row
// after half a minute, an outage and waits for a limit or a token aside, and without an answer when the patience ends.
func (r *Run) lookUpAgain(j *job, err error) {
	r.mu.Lock()
	now := time.Now()
	if j.misses == 0 {
		j.giveUp, j.giveUpLatest = now.Add(lookupPeriod), now.Add(r.options.Patience)
	}
	j.misses++
	wait := waitAfter(err, j.misses)
	notLookedUp := err != nil && (r.gate.down || isAny(err, qlik.ErrLimited, qlik.ErrNoToken, qlik.ErrNotSent))
	switch later := j.giveUp.Add(wait); {
	case notLookedUp && later.Before(j.giveUpLatest):
		j.giveUp = later
	case err != nil && j.row.UserID == "": // only half a minute proves that a user is gone
		j.giveUp = sooner(j.giveUp, j.giveUpLatest)
	}
	isLast := j.lookedLongEnough(now) || err != nil && !isTemporary(err)
	if !isLast {
		r.queue.lookups.add(j, sooner(now.Add(wait), j.giveUp))
	}
	r.mu.Unlock()
	if isLast {
		r.finish(j, r.unfinishedResult(j))
	}
}

func (j *job) lookedLongEnough(now time.Time) bool { return j.misses > 0 && !now.Before(j.giveUp) }

// finish records the last result of a row in this run, with what the answer that decided tells. It reports false where
// that failed.
func (r *Run) finish(j *job, res Result) bool {
	why := j.refusal
	if why == nil && res.HTTPStatus == 0 {
		why = j.err
	}
	if j.row.UserID != "" && !res.Outcome.Done() { // the user was not deleted
		res.Outcome, res.UserID = Created, j.row.UserID
	}
	res.Number, res.Attempts = j.row.Number, j.attempts
	res.FinishedAt = cmp.Or(res.FinishedAt, time.Now().UTC())
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
	r.progress.Finished++
	if res.Outcome == Failed {
		r.progress.Failed++
	}
	r.fail(r.brake.noteResult(j, res, why))
	return true
}

// store passes a result to the caller of Run. Where it could not be recorded, the run ends, and store reports false.
func (r *Run) store(res Result) bool {
	res.Message = text.Clip(res.Message, 4000) // a tenant may send a megabyte
	err := r.record(res)
	r.fail(err)
	return err == nil
}

// The rule for writes whose answer was lost compares the tenant's Dates only. A clock of ours may be wrong, and stands
// still while a computer sleeps.
const (
	slack        = 5 * time.Second  // what a tenant's clocks may differ; a Date comes in whole seconds
	laterRun     = 15 * time.Minute // a user created this long after Row.SentAt is an earlier run's
	keepSentAt   = 10 * time.Minute // a write so long after Row.SentAt is covered by it
	lookupPeriod = 30 * time.Second // how long a user that was not found is looked up again

	lostAnswer = "created, though the answer was lost"
)

// createdByUs reports whether u, which has the row's subject, was created by a write of the row that is unconfirmed, of
// this run or an earlier one. A row that was never sent is never created.
func (r *Run) createdByUs(j *job, u qlik.User) bool {
	created := u.Created()
	within := func(from, to time.Time) bool {
		return !from.IsZero() && !created.Before(from.Add(-slack)) && !created.After(to.Add(slack))
	}
	return within(j.row.SentAt, j.row.SentAt.Add(laterRun)) ||
		j.unconfirmed && within(j.announcedAt, r.client.LastDate().Add(r.options.Timeout))
}

// announce records before a write of a row that one is sent, with the tenant's Date, so that a later run can settle it
// if this one is killed. It does so again for the next write, unless one is unconfirmed: that one's Date counts. It
// reports false where that could not be recorded.
func (r *Run) announce(j *job) bool {
	w, now := j.write, r.client.LastDate()
	res := Result{Number: j.row.Number, Outcome: Pending, Attempts: j.attempts, FinishedAt: now}
	switch {
	case j.unconfirmed, w.kind == deleteWrite && j.row.UserID != "":
		return true
	case w.kind == deleteWrite: // its create was unconfirmed, and a later run would create the user again
		j.row.UserID = w.user.ID
		res.Outcome, res.UserID, res.Message = Created, w.user.ID, lostAnswer
	case w.kind == changeWrite:
		res.Code, res.UserID, res.Message = CodeMaybeChanged, w.user.ID, "a change was sent; it is not confirmed"
	default:
		j.announcedAt = now
		res.Code, res.Message, res.FinishedAt = CodeMaybeCreated, "a create was sent; it is not confirmed", j.sentAt()
	}
	return r.store(res)
}

// sentAt is the Date from which a later run settles the row's unconfirmed writes.
func (j *job) sentAt() time.Time {
	earlier := j.row.SentAt
	if !earlier.IsZero() && (j.announcedAt.IsZero() || j.announcedAt.Sub(earlier) < keepSentAt) {
		return earlier
	}
	return j.announcedAt
}

// unfinishedResult is the result of a row that this run could not finish.
func (r *Run) unfinishedResult(j *job) Result {
	res := Result{Outcome: Pending, Message: "not settled"}
	notFound := errors.Is(j.refusal, qlik.ErrConflict) && j.misses > 0
	switch {
	case notFound:
		res.Message = "refused as existing, and no user has its subject or address"
	case j.attempts >= r.options.Attempts:
		res.Message = "no attempt is left, and a lookup did not settle it"
	}
	if j.err != nil {
		res.Message += ": " + j.err.Error()
	}
	switch {
	case j.row.UserID != "":
	case j.unconfirmed && j.write.kind == changeWrite:
		res.Code, res.UserID = CodeMaybeChanged, j.write.user.ID
	case j.unconfirmed, !j.row.SentAt.IsZero():
		res.Code, res.FinishedAt = CodeMaybeCreated, j.sentAt()
	case notFound:
		res.Code = CodeConflictNotFound
	}
	return res
}
