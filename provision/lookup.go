package provision

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"qlik-provision/provision/qlik"
)

// lookups is what a run knows of its lookups. The run's lock guards it.
type lookups struct {
	size       int    // rows a request at most; 0: what a filter takes
	inFlight   int    // rows of the requests in flight
	answered   bool   // one was answered: several may be in flight
	refused    []*job // rows whose lookup was refused alone
	inARow     int    // how many were refused so since the last answer
	rolesShown bool   // the tenant showed the roles of a user

	limitedUntil time.Time // after a 429: none is sent before
	retryAt      time.Time // when one that failed is sent again
}

const (
	maxAhead    = 1000 // rows that are looked up or being looked up, and no worker has taken
	maxLookups  = 4    // in flight at once
	maxRefusals = 3    // single rows that were refused before any lookup was answered: all are
)

// lookUpAll looks up the users of all rows, finishes those rows that need no write, and offers the others to the
// workers. Where no write may be sent before the last lookup, it asks for approval then.
func (r *Run) lookUpAll(ctx context.Context, rows []Row) error {
	tried, rest := partition(rows, func(row Row) bool { return row.Tried })
	rows, err := r.checkRoles(ctx, append(rest, tried...))
	if err == nil && r.options.NoLookup {
		err = r.fetchDate(ctx)
	}
	if err != nil {
		return err
	}
	withID, persons := partition(rows, r.deletes)
	refused, err := r.lookUpBoth(ctx, persons, withID, r.place)
	for _, j := range refused {
		res := r.failed(j, CodeLookupRefused, "its lookup was refused: "+j.err.Error())
		err = errors.Join(err, r.finish(j, res, j.err))
	}
	if err == nil && r.held != "" {
		err = r.release()
	}
	return err
}

// partition returns the rows for which is holds, and the others.
func partition(rows []Row, is func(Row) bool) (yes, no []Row) {
	if !slices.ContainsFunc(rows, is) {
		return nil, rows
	}
	for _, row := range rows {
		if is(row) {
			yes = append(yes, row)
		} else {
			no = append(no, row)
		}
	}
	return yes, no
}

// fetchDate makes the client know the tenant's Date, where no lookup does.
func (r *Run) fetchDate(ctx context.Context) error {
	return r.ask(ctx, func() (int, error) {
		err := r.client.FetchDate(ctx)
		if isAny(err, qlik.ErrForbidden, qlik.ErrRefused, qlik.ErrLimited, qlik.ErrGarbled) {
			err = nil // it was answered
		}
		return 1, err
	})
}

// release lets writes be sent that waited for the last lookup.
func (r *Run) release() error {
	if err := r.checkRolesShown(); err != nil {
		return err
	}
	if r.options.Approve != nil {
		plan := r.plan()
		r.mu.Lock()
		r.held = ReasonApproval
		r.mu.Unlock()
		if err := r.options.Approve(plan); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held, r.patience.since = "", time.Time{}
	r.wake()
	return nil
}

// lookUpBoth looks persons up by subject and email, and rows with the ID of a user by that. It returns the rows whose
// lookup was refused alone, or an ErrLookups where no lookup was answered.
func (r *Run) lookUpBoth(ctx context.Context, persons, withID []Row, handle func([]Row, directory) error) (
	refused []*job, err error) {
	if err := r.lookUpRows(ctx, persons, false, handle); err != nil {
		return nil, err
	}
	if err := r.lookUpRows(ctx, withID, true, handle); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if refused = r.lookups.refused; len(refused) > 0 && !r.lookups.answered {
		return nil, fmt.Errorf("%w: %w", ErrLookups, refused[0].err)
	}
	return refused, nil
}

// lookUpRows looks rows up, by the IDs of their users or by subject and email, and passes what was found to handle,
// which is called concurrently.
func (r *Run) lookUpRows(ctx context.Context, rows []Row, byID bool, handle func([]Row, directory) error) error {
	group, looking := errgroup.WithContext(ctx)
	group.SetLimit(maxLookups)
	for len(rows) > 0 {
		n := r.nextBatch(looking, len(rows), byID)
		if n == 0 {
			break
		}
		batch := rows[:n]
		rows = rows[n:]
		group.Go(func() error {
			err := r.lookUp(looking, batch, byID, handle)
			r.mu.Lock()
			defer r.mu.Unlock()
			r.lookups.inFlight -= n
			r.counts.toLookUp -= n
			r.wake()
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return context.Cause(ctx)
}

// nextBatch waits until lookups are no longer too far ahead of the workers, and returns how many rows the next one is
// for; 0 where ctx is done. The first one is sent alone: it may tell that there is no use.
func (r *Run) nextBatch(ctx context.Context, left int, byID bool) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := &r.lookups
	ahead := func() bool { return r.held == "" && len(r.queue.fresh)+l.inFlight >= maxAhead }
	for ctx.Err() == nil && (ahead() || !l.answered && l.inFlight > 0) {
		r.wait(ctx, time.Time{})
	}
	if ctx.Err() != nil {
		return 0
	}
	n = qlik.MaxPeople
	if byID {
		n = qlik.MaxIDs
	}
	n = min(left, cmp.Or(l.size, n))
	l.inFlight += n
	return n
}

func (r *Run) lookUp(ctx context.Context, batch []Row, byID bool, handle func([]Row, directory) error) error {
	if r.options.NoLookup {
		return handle(batch, newDirectory(nil))
	}
	found, err := r.find(ctx, batch, byID)
	switch {
	case err == nil:
		return handle(batch, newDirectory(found.Users))
	case errors.Is(err, qlik.ErrRefused) && len(batch) > 1:
		half := (len(batch) + 1) / 2
		r.mu.Lock()
		r.lookups.size = half
		r.mu.Unlock()
		if err := r.lookUp(ctx, batch[:half], byID, handle); err != nil {
			return err
		}
		return r.lookUp(ctx, batch[half:], byID, handle)
	case errors.Is(err, qlik.ErrRefused):
		return r.lookupRefused(batch[0], err)
	case isAny(err, qlik.ErrForbidden, qlik.ErrConflict):
		return fmt.Errorf("%w: looking up existing users: %w", ErrLookups, err)
	}
	return fmt.Errorf("looking up existing users: %w", err)
}

// find asks for the users of a batch, as often as it takes.
func (r *Run) find(ctx context.Context, batch []Row, byID bool) (found qlik.Found, err error) {
	filter := filterOf(byID, batch...)
	err = r.ask(ctx, func() (int, error) {
		found, err = r.client.FilterUsers(qlik.ForRows(ctx, len(batch)), filter, r.wantsRoles())
		return found.Requests, err
	})
	if err != nil {
		return found, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lookups.answered, r.lookups.inARow = true, 0
	if slices.ContainsFunc(found.Users, func(u qlik.User) bool { return u.RolesShown }) {
		r.lookups.rolesShown = true
	}
	r.progressed(time.Now())
	return found, nil
}

// filterOf is the filter that finds the users of rows, by their IDs or by subject and email.
func filterOf(byID bool, rows ...Row) string {
	ids, subjects, emails := make([]string, len(rows)), make([]string, len(rows)), make([]string, len(rows))
	for i, row := range rows {
		ids[i], subjects[i], emails[i] = row.UserID, row.Person.Subject, row.Person.Email
	}
	if byID {
		return qlik.IDFilter(ids)
	}
	return qlik.PeopleFilter(subjects, emails)
}

// lookupRefused notes a row whose lookup was refused alone. It is the row's own fault only if others are answered: the
// error is that of a run where they are not.
func (r *Run) lookupRefused(row Row, err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := &r.lookups
	l.refused = append(l.refused, &job{row: row, err: err})
	l.inARow++
	l.size = 0 // it was not the number of rows that was refused
	if !l.answered && l.inARow >= maxRefusals || l.inARow >= qlik.MaxPeople {
		return fmt.Errorf("%w: %w", ErrLookups, err)
	}
	return nil
}

// ask sends a request at the lookups' pace, again with back-off where that may help, until it is answered or ctx is
// done: a worker ends a run without progress.
func (r *Run) ask(ctx context.Context, request func() (requests int, err error)) error {
	for tries := 1; ; tries++ {
		r.mu.Lock()
		limited := time.Until(r.lookups.limitedUntil)
		r.mu.Unlock()
		if err := pause(ctx, limited); err != nil {
			return err
		}
		if err := pause(ctx, r.pacer.Reserve().Delay()); err != nil {
			return err
		}
		requests, err := request()
		r.pacer.ReserveN(time.Now(), max(0, requests-1))
		wait := r.noteLookup(err, tries)
		if err == nil || ctx.Err() != nil || !isTemporary(err) {
			return err
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
}

// noteLookup notes what a lookup met, nil for an answer, and returns how long it waits then.
func (r *Run) noteLookup(err error, tries int) (wait time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l, now := &r.lookups, time.Now()
	l.retryAt = time.Time{}
	if err == nil {
		return 0
	}
	limited := errors.Is(err, qlik.ErrLimited)
	if lacksDescriptor(err) {
		tries = 1 // a request that runs ends soon
	}
	if wait = qlik.RetryAfter(err); wait == 0 || !limited {
		wait = max(wait, backoff(tries))
	}
	l.retryAt = now.Add(wait)
	if limited && l.retryAt.After(l.limitedUntil) {
		l.limitedUntil = l.retryAt
	}
	r.patience.stall(now, cmp.Or(blockedBy(err), ReasonLookup), err)
	r.wake()
	return wait
}

// isTemporary reports whether a request that met err may be answered another time.
func isTemporary(err error) bool {
	return isAny(err, qlik.ErrNoAnswer, qlik.ErrLimited, qlik.ErrGarbled, qlik.ErrNoToken)
}

func isAny(err error, kinds ...error) bool {
	return slices.ContainsFunc(kinds, func(kind error) bool { return errors.Is(err, kind) })
}
