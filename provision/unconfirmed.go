package provision

import (
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

const lostAnswer = "created, though the answer was lost"

// createdByUs reports whether a user with the row's subject was created by a write of the row that is unconfirmed, of
// this run or an earlier one. A row that was never sent is never created.
func (r *Run) createdByUs(j *job, u qlik.User) bool {
	if r.options.Task == Disable || SubjectKey(u.Subject) != SubjectKey(j.row.Person.Subject) {
		return false
	}
	created := u.Created()
	within := func(from, to time.Time) bool {
		return !from.IsZero() && !created.Before(from.Add(-slack)) && !created.After(to.Add(slack))
	}
	if within(j.row.SentAt, j.row.SentAt.Add(laterRun)) {
		return true
	}
	return j.unconfirmed && within(j.announcedAt, r.client.LastDate().Add(r.options.Timeout))
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
	notFound := j.inConflict() && j.misses > 0
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
