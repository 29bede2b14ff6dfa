package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"qlik-provision/provision/qlik"
)

// lookups is what a run reads of the tenant ahead of its writes: first about the tenant, then about its rows.
type lookups struct {
	pacer  *rate.Limiter
	rows   []Row                  // that are not looked up yet
	again  []readRequest          // are sent before rows are looked up
	handle func([]Row, directory) // takes what was found; is called concurrently
	done   func()                 // is called once, when nothing is left to read; nil afterwards

	requests   int       // in flight
	size       int       // rows a request at most; 0: what a filter takes
	failures   int       // requests in a row that were not answered
	until      time.Time // then: none is sent before
	refused    []*job    // rows whose lookup was refused alone
	refusals   int       // how many of them since a lookup was answered
	rolesShown bool      // the tenant showed the roles of a user
}

// A readRequest sends a request that changes nothing: a lookup of rows, or one about the tenant.
type readRequest func(ctx context.Context) error

func (r *Run) lookUpRows(rows []Row) readRequest {
	return func(ctx context.Context) error { return r.lookUp(ctx, rows) }
}

const (
	maxAhead         = 1000 // rows that are looked up or being looked up, and whose write is not sent
	maxLookups       = 4    // in flight at once
	maxFirstRefusals = 3    // of single rows, before any lookup was answered: all are refused
	maxLaterRefusals = 48   // of single rows, one after the other, when lookups were answered before: all are refused now
)

// left reports whether something is to be read, or a request is in flight.
func (l *lookups) left() bool { return len(l.again)+len(l.rows)+l.requests > 0 }

// pickLookup chooses what a worker reads next: not too far ahead of the writes, and one request at a time until rows
// were answered, since it may tell that there is no use. Else at is when to pick again; zero: after a change.
func (r *Run) pickLookup(now time.Time) (task func(flight context.Context), at time.Time) {
	l := &r.lookups
	if r.progress.Writes >= r.options.Limit { // no other row is begun
		l.again, l.rows, r.queue.fresh = nil, nil, nil
	}
	tooFar := r.held == "" && len(r.queue.fresh)+l.requests*qlik.MaxTerms/2 >= maxAhead
	tooMany := l.requests == maxLookups || l.requests > 0 && r.lookedUp == 0
	if len(l.again)+len(l.rows) == 0 || tooFar || tooMany {
		return nil, at
	}
	if at = nextToken(l.pacer, now); at.Before(l.until) {
		at = l.until
	}
	if at.After(now) {
		return nil, at
	}
	if len(l.again) == 0 {
		n := l.batch()
		l.again, l.rows = append(l.again, r.lookUpRows(l.rows[:n])), l.rows[n:]
	}
	q := l.again[0]
	l.again = l.again[1:]
	l.pacer.AllowN(now, 1)
	l.requests++
	return func(flight context.Context) { r.read(flight, q) }, at
}

// batch is how many rows the next request is for.
func (l *lookups) batch() (n int) {
	for terms := 0; n < len(l.rows) && (l.size == 0 || n < l.size); n++ {
		terms += 2 // subject and email
		if l.rows[n].UserID != "" {
			terms-- // the ID
		}
		if terms > qlik.MaxTerms {
			break
		}
	}
	return n
}

// read sends a request, which is sent again after a back-off where that may help.
func (r *Run) read(ctx context.Context, q readRequest) {
	err := q(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	l, now := &r.lookups, time.Now()
	l.requests--
	switch {
	case err == nil:
		l.failures = 0
	case stopped(ctx, err):
	case isTemporary(err):
		l.again = slices.Insert(l.again, 0, q)
		l.failures++
		r.stall(now, err)
		if at := sooner(now.Add(waitAfter(err, l.failures)), r.patience.end); at.After(l.until) {
			l.until = at
		}
	default:
		r.fail(err)
	}
}

// fetchDate makes the client know the tenant's Date, where no lookup does.
func (r *Run) fetchDate(ctx context.Context) error {
	err := r.client.FetchDate(ctx)
	if isAny(err, qlik.ErrForbidden, qlik.ErrRefused, qlik.ErrLimited, qlik.ErrGarbled) {
		return nil // it was answered
	}
	return err
}

// lookUp looks rows up, by the ID of the user to delete or by subject and email.
func (r *Run) lookUp(ctx context.Context, rows []Row) (err error) {
	var users []qlik.User
	var requests int
	if !r.options.NoLookup {
		ctx = qlik.WithExchange(ctx, qlik.Exchange{Rows: len(rows)})
		users, requests, err = r.client.FilterUsers(ctx, filterOf(rows...), r.wantsRoles)
	}
	switch {
	case err == nil:
	case errors.Is(err, qlik.ErrRefused):
		return r.lookupRefused(rows, err)
	case errors.Is(err, qlik.ErrNoToken), judge(err) == unusable, !r.client.Answered():
		return fmt.Errorf("looking up existing users: %w", err)
	default:
		return fmt.Errorf("%w: looking up existing users: %w", ErrLookups, err)
	}
	r.mu.Lock()
	l, now := &r.lookups, time.Now()
	l.rolesShown = l.rolesShown || slices.ContainsFunc(users, func(u qlik.User) bool { return u.RolesShown() })
	l.pacer.ReserveN(now, max(0, requests-1)) // its other pages
	r.lookedUp += len(rows)
	l.refusals = 0
	if !r.options.NoLookup {
		r.progressed(now)
	}
	r.mu.Unlock()
	l.handle(rows, newDirectory(users))
	return nil
}

// lookupRefused splits a refused lookup. That of a single row is the row's own fault only if others are answered.
func (r *Run) lookupRefused(rows []Row, err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := &r.lookups
	if len(rows) > 1 {
		l.size = (len(rows) + 1) / 2
		l.again = slices.Insert(l.again, 0, r.lookUpRows(rows[:l.size]), r.lookUpRows(rows[l.size:]))
		return nil
	}
	l.size = 0 // it was not the number of rows that was refused
	l.refused = append(l.refused, &job{row: rows[0], err: fmt.Errorf("its lookup was refused: %w", err)})
	l.refusals++
	wereAnswered, areLeft := r.lookedUp > 0, len(l.again)+len(l.rows) > 0
	if wereAnswered && l.refusals < maxLaterRefusals || l.refusals < maxFirstRefusals && areLeft {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrLookups, err)
}

// filterOf is the filter that finds the users of rows.
func filterOf(rows ...Row) string {
	var ids, subjects, emails []string
	for _, row := range rows {
		if row.UserID != "" {
			ids = append(ids, row.UserID)
			continue
		}
		subjects, emails = append(subjects, row.Person.Subject), append(emails, row.Person.Email)
	}
	return qlik.UserFilter(ids, subjects, emails)
}

// endLookups finishes the rows whose lookup was refused, and lets writes be sent that waited for the last lookup.
func (r *Run) endLookups() {
	for _, j := range r.lookups.refused {
		r.finish(j, Result{Outcome: Failed, Code: CodeLookupRefused, Message: j.err.Error()})
	}
	if r.held == "" {
		return
	}
	r.mu.Lock()
	plan, err := r.plan(), r.checkRolesShown()
	r.held, r.patience.end = ReasonApproval, time.Time{} // waiting for approval is no lack of progress
	r.mu.Unlock()
	if err == nil && r.options.Approve != nil {
		err = r.options.Approve(plan)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fail(err)
	r.held, r.patience.end = "", time.Time{}
}
