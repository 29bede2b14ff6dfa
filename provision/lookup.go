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
	size       int       // rows a request at most; 0: what a filter takes
	inFlight   int       // rows of the requests in flight
	answered   bool      // one was answered: several may be in flight
	refused    []*job    // rows whose lookup was refused alone
	rolesShown bool      // the tenant showed the roles of a user
	until      time.Time // after one that failed: none is sent before
}

const (
	maxAhead    = 1000 // rows that are looked up or being looked up, and no worker has taken
	maxLookups  = 4    // in flight at once
	maxRefusals = 3    // single rows that were refused before any lookup was answered: all are
)

// lookUpAll looks up the users of all rows, finishes those rows that need no write, and offers the others to the
// workers. Where no write may be sent before the last lookup, it asks for approval then.
func (r *Run) lookUpAll(ctx context.Context, rows []Row) error {
	err := r.checkRoles(ctx, rows)
	if err == nil && r.options.NoLookup {
		err = r.fetchDate(ctx)
	}
	if err != nil {
		return err
	}
	refused, err := r.lookUpRows(ctx, rows, r.place)
	if err != nil {
		return err
	}
	for _, j := range refused {
		r.finish(j, r.failed(j, CodeLookupRefused, "its lookup was refused: "+j.err.Error()))
	}
	if r.held != "" {
		return r.release()
	}
	return nil
}

// fetchDate makes the client know the tenant's Date, where no lookup does.
func (r *Run) fetchDate(ctx context.Context) error {
	return r.ask(ctx, func() error {
		err := r.client.FetchDate(ctx)
		if isAny(err, qlik.ErrForbidden, qlik.ErrRefused, qlik.ErrLimited, qlik.ErrGarbled) {
			return nil // it was answered
		}
		return err
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

// lookUpRows looks rows up, by the ID of the user to delete or by subject and email, and passes what was found to
// handle, which is called concurrently. It returns the rows whose lookup was refused alone, or an ErrLookups where no
// lookup was answered.
func (r *Run) lookUpRows(ctx context.Context, rows []Row, handle func([]Row, directory)) (refused []*job, err error) {
	group, looking := errgroup.WithContext(ctx)
	group.SetLimit(maxLookups)
	for len(rows) > 0 {
		n := r.nextBatch(looking, rows)
		if n == 0 {
			break
		}
		batch := rows[:n]
		rows = rows[n:]
		group.Go(func() error {
			err := r.lookUp(looking, batch, handle)
			r.mu.Lock()
			defer r.mu.Unlock()
			r.lookups.inFlight -= n
			r.counts.toLookUp -= n
			r.wake()
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if refused = r.lookups.refused; len(refused) > 0 && !r.lookups.answered {
		return nil, fmt.Errorf("%w: %w", ErrLookups, refused[0].err)
	}
	return refused, nil
}

// nextBatch waits until lookups are no longer too far ahead of the workers, and returns how many rows the next one is
// for; 0 where ctx is done. The first one is sent alone: it may tell that there is no use.
func (r *Run) nextBatch(ctx context.Context, rows []Row) (n int) {
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
	for terms := 0; n < len(rows) && (l.size == 0 || n < l.size); n++ {
		terms += 2 // subject and email
		if rows[n].UserID != "" {
			terms-- // the ID
		}
		if terms > qlik.MaxTerms {
			break
		}
	}
	l.inFlight += n
	return n
}

// lookUp looks up the rows of one request: half of them at a time where that is refused.
func (r *Run) lookUp(ctx context.Context, batch []Row, handle func([]Row, directory)) error {
	if r.options.NoLookup {
		handle(batch, newDirectory(nil))
		return nil
	}
	found, err := r.find(ctx, batch)
	refused := errors.Is(err, qlik.ErrRefused)
	switch {
	case err == nil:
		handle(batch, newDirectory(found.Users))
		return nil
	case refused && len(batch) > 1:
		half := (len(batch) + 1) / 2
		r.mu.Lock()
		r.lookups.size = half
		r.mu.Unlock()
		if err := r.lookUp(ctx, batch[:half], handle); err != nil {
			return err
		}
		return r.lookUp(ctx, batch[half:], handle)
	case refused && r.isOwnRefusal(batch[0], err):
		return nil
	case refused, isAny(err, qlik.ErrForbidden, qlik.ErrConflict):
		return fmt.Errorf("%w: looking up existing users: %w", ErrLookups, err)
	}
	return fmt.Errorf("looking up existing users: %w", err)
}

// isOwnRefusal notes a row whose lookup was refused alone. It is the row's own fault only if others are answered: it
// reports false where several rows were refused, and none was.
func (r *Run) isOwnRefusal(row Row, err error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := &r.lookups
	l.refused = append(l.refused, &job{row: row, err: err})
	l.size = 0 // it was not the number of rows that was refused
	return l.answered || len(l.refused) < maxRefusals
}

// find asks for the users of a batch, as often as it takes.
func (r *Run) find(ctx context.Context, batch []Row) (found qlik.Found, err error) {
	err = r.ask(ctx, func() error {
		found, err = r.client.FilterUsers(qlik.ForRows(ctx, len(batch)), filterOf(batch...), r.wantsRoles())
		r.pacer.ReserveN(time.Now(), max(0, found.Requests-1)) // its other pages
		return err
	})
	if err != nil {
		return found, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lookups.answered = true
	if slices.ContainsFunc(found.Users, func(u qlik.User) bool { return u.RolesShown }) {
		r.lookups.rolesShown = true
	}
	r.progressed(time.Now())
	return found, nil
}

// filterOf is the filter that finds the users of rows: by ID where there is one, else by subject and email.
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

// ask sends a request at the lookups' pace, again with back-off where that may help, until it is answered or ctx is
// done: a worker ends a run without progress.
func (r *Run) ask(ctx context.Context, request func() error) error {
	for tries := 1; ; tries++ {
		r.mu.Lock()
		wait := time.Until(r.lookups.until)
		r.mu.Unlock()
		if err := pause(ctx, wait); err != nil {
			return err
		}
		if err := r.pacer.Wait(ctx); err != nil {
			return err
		}
		err := request()
		if err == nil || ctx.Err() != nil || !isTemporary(err) {
			return err
		}
		r.waitForLookups(tries, err)
	}
}

// waitForLookups makes all lookups wait for what the nth try of one of them met.
func (r *Run) waitForLookups(n int, met error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if at := now.Add(waitAfter(met, n)); at.After(r.lookups.until) {
		r.lookups.until = at
	}
	r.patience.stall(now, cmp.Or(blockedBy(met), ReasonLookup), met)
	r.wake()
}
