package provision

import (
	"errors"
	"time"

	"qlik-provision/provision/qlik"
)

// The rule for writes whose answer was lost compares the tenant's Dates only. A clock of ours may be wrong, and stands
// still while a computer sleeps.
const (
	slack        = 5 * time.Second  // what a tenant's clocks may differ; a Date comes in whole seconds
	laterRun     = 15 * time.Minute // a user created this long after Row.SentAt is an earlier run's
	keepSentAt   = 10 * time.Minute // a write so long after Row.SentAt is covered by it
	lookupPeriod = 30 * time.Second // how long a user that was not found is looked up again
)

// createdByUs reports whether a user with the row's subject was created by a write of the row that is unconfirmed, of
// this run or an earlier one. A row that was never sent is never created.
func (r *Run) createdByUs(j *job, u qlik.User) bool {
	if r.options.Task == Disable || SubjectKey(u.Subject) != SubjectKey(j.row.Person.Subject) || u.CreatedAt.IsZero() {
		return false
	}
	within := func(from, to time.Time) bool {
		return !from.IsZero() && !u.CreatedAt.Before(from.Add(-slack)) && !u.CreatedAt.After(to.Add(slack))
	}
	if within(j.row.SentAt, j.row.SentAt.Add(laterRun)) {
		return true
	}
	return j.unconfirmed && within(j.announcedAt, r.client.LastDate().Add(r.options.Timeout))
}

// announce records before a row's first create or change that one is sent, with the tenant's Date, so that a later run
// can settle it if this one is killed. Before a later create it does so again where that was over a minute ago.
func (r *Run) announce(j *job) error {
	now := r.client.LastDate()
	res := Result{Number: j.row.Number, Outcome: Pending, Attempts: j.attempts, FinishedAt: now}
	switch j.write.kind {
	case deleteWrite:
		return r.announceDelete(j)
	case changeWrite:
		if j.unconfirmed || j.announced {
			return nil
		}
		res.Code, res.UserID, res.Message = CodeMaybeChanged, j.write.user.ID, "a change was sent; it is not confirmed"
	default:
		if j.unconfirmed || j.announced && now.Sub(j.announcedAt) < time.Minute {
			return nil
		}
		j.announcedAt = now
		res.Code, res.Message, res.FinishedAt = CodeMaybeCreated, "a create was sent; it is not confirmed", j.sentAt()
	}
	j.announced = true
	return r.store(res)
}

// announceDelete records before the delete of a user whose create was unconfirmed that it was created: a later run
// would create it again.
func (r *Run) announceDelete(j *job) error {
	if r.deletes(j.row) {
		return nil
	}
	j.row.UserID = j.write.user.ID
	return r.store(r.complete(j, foundResult(Created, "", *j.write.user, "created, though the answer was lost"), nil))
}

// sentAt is the Date from which a later run settles the row's unconfirmed writes.
func (j *job) sentAt() time.Time {
	earlier := j.row.SentAt
	if !earlier.IsZero() && (j.announcedAt.IsZero() || j.announcedAt.Sub(earlier) < keepSentAt) {
		return earlier
	}
	return j.announcedAt
}

// unconfirms reports whether a write of a kind may have taken effect.
func (j *job) unconfirms(kind writeKind) bool {
	return j.unconfirmed && j.write != nil && j.write.kind == kind
}

// inConflict reports whether the row's create was refused because a user exists, and no lookup has found that user.
func (j *job) inConflict() bool { return errors.Is(j.refusal, qlik.ErrConflict) }

// unfinished is the result of a row that this run could not finish.
func (r *Run) unfinished(j *job, why string) Result {
	res := Result{Outcome: Pending, Message: why}
	if j.err != nil {
		res.Message += ": " + j.err.Error()
	}
	switch {
	case r.deletes(j.row): // created by this file, and not deleted
		res.Outcome, res.UserID = Created, j.row.UserID
	case j.unconfirms(changeWrite):
		res.Code, res.UserID = CodeMaybeChanged, j.write.user.ID
	case j.unconfirms(createWrite), !j.row.SentAt.IsZero():
		res.Code, res.FinishedAt = CodeMaybeCreated, j.sentAt()
	case j.inConflict() && j.misses > 0:
		res.Code = CodeConflictNotFound
	}
	return res
}

// failed is the result of a row that was refused for its own sake. A user that was to be deleted stays created.
func (r *Run) failed(j *job, code, message string) Result {
	res := Result{Outcome: Failed, Code: code, Message: message}
	switch {
	case r.deletes(j.row):
		res.Outcome, res.UserID = Created, j.row.UserID
	case j.write != nil && j.write.kind == changeWrite:
		res.UserID = j.write.user.ID
	}
	return res
}

// missed notes that the row's user was not found, or that the lookup was not answered, and returns when to look again.
// It reports false where the row was looked up long enough: for half a minute, an outage and waits for a limit or a
// token aside.
func (r *Run) missed(j *job, now time.Time, err error) (at time.Time, again bool) {
	if j.misses == 0 {
		j.giveUp, j.giveUpLatest = now.Add(lookupPeriod), now.Add(r.options.Patience)
	}
	j.misses++
	wait := backoff(j.misses)
	if err != nil && (r.gate.down || isAny(err, qlik.ErrLimited, qlik.ErrNoToken, qlik.ErrNotSent)) {
		wait = max(wait, qlik.RetryAfter(err)) // it was not looked up at all
		j.giveUp = j.giveUp.Add(wait)
	}
	if j.giveUp.After(j.giveUpLatest) && !r.deletes(j.row) { // half a minute proves that a user is gone
		j.giveUp = j.giveUpLatest
	}
	if j.lookedLongEnough(now) || err != nil && !isTemporary(err) {
		return at, false
	}
	return sooner(now.Add(wait), j.giveUp), true
}

func (j *job) lookedLongEnough(now time.Time) bool { return j.misses > 0 && !now.Before(j.giveUp) }
