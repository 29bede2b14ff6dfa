package provision

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
	"unicode/utf8"

	"qlik-provision/provision/qlik"
)

// create sends a row's create, and settles the row or puts it back in line.
func (r *run) create(ctx context.Context, t turn) error {
	j := t.job
	sent := time.Now()
	if !j.doubt {
		j.firstSent = sent
	}
	user, err := r.client.CreateUser(qlik.ForRow(ctx, j.row.Number, t.wait), qlik.NewUser{
		Subject: j.row.Subject, Name: j.row.Name, Email: j.row.Email, Status: r.o.Status,
	})
	v, known := judge(err)
	if stopped(ctx, err) {
		j.err = errors.New("cut off while its create was under way")
		r.putBack(j)
		return nil
	}
	if !known {
		r.giveUp(j)
		return fmt.Errorf("creating user of row %d: %w", j.row.Number, err)
	}
	cleared, end := r.ruled(t, v, err, time.Since(sent))
	if end == nil {
		end = r.conclude(ctx, j, user, err)
	}
	return cmp.Or(end, r.refuse(cleared))
}

// conclude settles a row by what became of its create, where that settles it.
func (r *run) conclude(ctx context.Context, j *job, user qlik.User, err error) error {
	switch {
	case err == nil:
		return r.settle(j, Outcome{State: Created, UserID: user.ID, HTTPStatus: http.StatusCreated}, nil)
	case errors.Is(err, qlik.ErrConflict):
		j.conflict = err
		return r.look(ctx, j)
	case errors.Is(err, qlik.ErrRefused):
		return r.settle(j, Outcome{State: Failed, Message: err.Error()}, err)
	}
	return nil
}

// judge says what a create's answer means to the gate, and false where it means that the run cannot go on.
func judge(err error) (verdict, bool) {
	switch {
	case err == nil, errors.Is(err, qlik.ErrConflict), errors.Is(err, qlik.ErrRefused):
		return letIn, true
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

// ruled tells the gate of an answer, and puts the row back in line where it has to go again. Both are one step, so that a row that met the limit
// is in front before anybody may go.
func (r *run) ruled(t turn, v verdict, err error, took time.Duration) (cleared []*job, end error) {
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
	if v == letIn {
		j.failing = time.Time{}
	}
	wasOpen := r.gate.opened
	cleared, end = r.gate.answered(now, t.pass, j, v, qlik.RetryAfter(err))
	if end != nil {
		r.over = true
	}
	if v != noToken {
		r.lookups.tokenless = time.Time{}
	}
	if v == letIn && r.lookups.held {
		r.lookups.held = false
		r.wake()
	}
	if r.gate.opened != wasOpen {
		r.wake()
	}
	if err == nil {
		j.attempts++
		return cleared, end
	}
	switch {
	case v == limited, v == noToken:
		r.queue.goFirst(j)
	case v == noAnswer:
		j.doubt = j.doubt || !errors.Is(err, qlik.ErrNotSent)
		if !t.pass.free {
			j.attempts++
		}
		r.nextAttempt(j, now.Add(max(backoff(j.attempts), r.retryAfter(j, err, now))))
	default:
		j.attempts++
		return cleared, end
	}
	r.wake()
	return cleared, end
}

// retryAfter is how long the tenant asked to wait before the row's next request, and at most what is left of the patience
// since the row's requests began to fail.
func (r *run) retryAfter(j *job, err error, now time.Time) time.Duration {
	if j.failing.IsZero() {
		j.failing = now
	}
	return max(0, min(qlik.RetryAfter(err), j.failing.Add(r.o.Patience).Sub(now)))
}

// nextAttempt puts the row in line for its next attempt, or for the last look where there is none left.
func (r *run) nextAttempt(j *job, from time.Time) {
	if j.attempts < r.o.Attempts {
		r.queue.createLater(j, from)
		return
	}
	j.last = true
	r.queue.lookLater(j, from)
}

func (r *run) putBack(j *job) {
	r.mu.Lock()
	r.queue.goFirst(j)
	r.mu.Unlock()
}

// giveUp puts the row back in a run that ends with an error, so that what was tried of it is noted.
func (r *run) giveUp(j *job) {
	r.mu.Lock()
	r.over = true
	r.queue.goFirst(j)
	r.mu.Unlock()
}

// refuse settles rows whose 403 turned out to be their own.
func (r *run) refuse(cleared []*job) error {
	for _, j := range cleared {
		if err := r.settle(j, Outcome{State: Failed, Message: j.err.Error()}, j.err); err != nil {
			return err
		}
	}
	return nil
}

// look asks the tenant who has the row's subject: after a 409, and where the attempts are used up.
func (r *run) look(ctx context.Context, j *job) error {
	found, err := r.client.ListUsers(qlik.ForRow(ctx, j.row.Number, 0), qlik.SubjectIs(j.row.Subject))
	switch {
	case err == nil:
		j.failing = time.Time{}
		return r.decide(j, found)
	case stopped(ctx, err):
		r.putBack(j)
		return nil
	case errors.Is(err, qlik.ErrCredentials), hopeless(err):
		r.giveUp(j)
		return fmt.Errorf("looking up the user of row %d: %w", j.row.Number, err)
	}
	now := time.Now()
	if j.lookSince.IsZero() {
		j.lookSince = now
	}
	wait := r.retryAfter(j, err, now)
	if wait == 0 {
		j.lookWaits++
		wait = backoff(j.lookWaits)
	}
	if !errors.Is(err, qlik.ErrLimited) && !errors.Is(err, qlik.ErrNoToken) { // which were never done
		j.looks++
	}
	if !mayPass(err) || j.looks >= r.o.Attempts || now.Add(wait).Sub(j.lookSince) > r.o.Patience {
		return r.settle(j, Outcome{State: Pending, Message: j.open() + "; the look at it failed: " + err.Error()}, err)
	}
	r.mu.Lock()
	r.queue.lookLater(j, now.Add(wait))
	r.mu.Unlock()
	return nil
}

// mayPass reports whether a request that met err may go better another time.
func mayPass(err error) bool {
	return errors.Is(err, qlik.ErrNoAnswer) || errors.Is(err, qlik.ErrLimited) || errors.Is(err, qlik.ErrGarbled) || errors.Is(err, qlik.ErrNoToken)
}

// open says what is not known of a row.
func (j *job) open() string {
	switch {
	case j.conflict != nil && j.doubt:
		return "on the tenant, created by this run or there before"
	case j.conflict != nil:
		return "on the tenant, whose it is is not known"
	case j.doubt:
		return "it may have been created"
	}
	return "it was not created"
}

// slack is what the tenant's clocks may differ among themselves; Date comes in whole seconds.
const slack = 5 * time.Second

// decide settles a row by what a look found.
func (r *run) decide(j *job, found qlik.Found) error {
	user, exact, there := choose(found.Users, j.row.Subject)
	if !exact && (j.conflict == nil || j.doubt && !j.last) {
		// Without a 409 another case is another subject; and in doubt the 409 may mean a user of our own, too young to be found.
		there = false
	}
	switch {
	case !there && j.doubt && !j.last:
		// Not found is no proof: the create may only be too young to be found.
		j.looks, j.lookWaits, j.lookSince = 0, 0, time.Time{}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.nextAttempt(j, time.Now().Add(backoff(j.attempts)))
		return nil
	case !there:
		return r.settle(j, Outcome{State: Failed, Message: j.err.Error()}, j.err)
	}
	o := belongs(j.row, user, exact, r.o.Status)
	date := found.Date
	if date.IsZero() {
		date = time.Now()
	}
	first := date.Add(-time.Since(j.firstSent) - slack) // by the tenant's clock
	if o.State == Exists && exact && j.doubt && !user.CreatedAt.IsZero() && !user.CreatedAt.Before(first) {
		return r.settle(j, Outcome{State: Created, UserID: user.ID, Message: "created, though the answer was lost"}, nil)
	}
	return r.settle(j, o, j.conflict)
}

// settle records what became of a row. why is the tenant's answer that decided, nil for none.
func (r *run) settle(j *job, o Outcome, why error) error {
	o.Row, o.Attempts = j.row, j.attempts
	if e, ok := errors.AsType[*qlik.Error](why); ok {
		o.HTTPStatus, o.TraceID = e.Status, e.TraceID
		if o.ErrorCode == "" && (o.State == Failed || o.State == Pending) {
			o.ErrorCode = e.Code
		}
	}
	return r.note(o)
}

// note records an outcome, and counts it.
func (r *run) note(o Outcome) error {
	o.FinishedAt = time.Now().UTC()
	for _, text := range []*string{&o.Message, &o.ErrorCode, &o.TraceID} {
		*text = clip(*text)
	}
	err := r.record(o)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.over = true
		return fmt.Errorf("recording row %d: %w", o.Row.Number, err)
	}
	r.settled++
	if o.State == Failed {
		r.failures++
	}
	return nil
}

// clip bounds what the tenant said, of which an answer may hold a megabyte, to what people read and a cell of a spreadsheet holds.
func clip(text string) string {
	const most = 4000 // bytes
	if len(text) <= most {
		return text
	}
	end := most
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
