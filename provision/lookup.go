package provision

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"qlik-provision/provision/qlik"
)

// lookups is what a run knows of its lookups. The run's lock guards it.
type lookups struct {
	size     int          // rows a request at most; 0: what a filter takes
	inFlight int          // rows of the requests in flight
	answered bool         // one was answered: several may be in flight
	refused  []refusedRow // single rows that were refused since the last answer
	cut      bool         // the run stopped before every row was looked up
	until    time.Time    // a 429: none is sent before
	back     time.Time    // when one that failed is sent again
	reason   Reason       // why it waits for that

	shown int // users whose roles the tenant showed
}

type refusedRow struct {
	row Row
	err error
}

const (
	maxAhead    = 1000 // rows that are looked up or being looked up, and no worker has taken
	maxLookups  = 4    // in flight at once
	maxRefusals = 3    // single rows that were refused before any lookup was answered: all are
)

// lookUpAll looks up the users of all rows, settles those rows that need no write, and offers the others to the
// workers. Where no write may be sent before the last lookup, it asks for approval then.
func (r *Run) lookUpAll(ctx context.Context, rows []Row) {
	rows, err := r.prepare(ctx, neverTriedFirst(rows))
	if err != nil {
		r.lookupFailed(ctx, err)
		return
	}
	withID, persons := partition(rows, r.deletes)
	r.lookUpRows(ctx, persons, false, r.settleOrQueue)
	r.lookUpRows(ctx, withID, true, r.settleOrQueue)
	if err := r.release(); err != nil {
		r.fail(err)
	}
}

// neverTriedFirst moves rows that an earlier run tried behind the others.
func neverTriedFirst(rows []Row) []Row {
	tried, fresh := partition(rows, func(row Row) bool { return row.Tried })
	return append(fresh, tried...)
}

// partition returns the rows for which first holds, and the others. It copies nothing where all rows are of one kind.
func partition(rows []Row, first func(Row) bool) (yes, no []Row) {
	n := 0
	for _, row := range rows {
		if first(row) {
			n++
		}
	}
	switch n {
	case 0:
		return nil, rows
	case len(rows):
		return rows, nil
	}
	yes, no = make([]Row, 0, n), make([]Row, 0, len(rows)-n)
	for _, row := range rows {
		if first(row) {
			yes = append(yes, row)
		} else {
			no = append(no, row)
		}
	}
	return yes, no
}

// prepare fetches what is needed before the first lookup: the roles, where rows ask for some, and the tenant's Date,
// where no lookup brings it. It returns the rows that are not settled by that.
func (r *Run) prepare(ctx context.Context, rows []Row) ([]Row, error) {
	rows, err := r.checkRoles(ctx, rows)
	if err == nil && r.options.NoLookup {
		err = r.ask(ctx, func() (int, error) {
			_, err := r.client.FetchDate(ctx)
			for _, kind := range []error{qlik.ErrForbidden, qlik.ErrRefused, qlik.ErrLimited, qlik.ErrGarbled} {
				if errors.Is(err, kind) {
					return 1, nil // it was answered, with a Date or none: that is all
				}
			}
			return 1, err
		})
	}
	return rows, err
}

// release lets writes be sent that waited for the last lookup, where the run may go on.
func (r *Run) release() error {
	r.mu.Lock()
	hold := r.holdWrites && !r.lookups.cut && !r.ended()
	r.asking = hold
	r.mu.Unlock()
	if !hold {
		return nil
	}
	if err := r.checkHidden(); err != nil {
		return err
	}
	if r.options.Approve != nil {
		if err := r.options.Approve(r.plan()); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.holdWrites, r.asking, r.stalled = false, false, time.Time{}
	r.wake()
	return nil
}

// lookUpRows looks rows up, by the IDs of their users or by subject and address, and passes what was found to handle,
// which is called concurrently.
func (r *Run) lookUpRows(ctx context.Context, rows []Row, byID bool, handle func([]Row, directory)) {
	var group errgroup.Group
	group.SetLimit(min(maxLookups, r.options.Workers))
	for len(rows) > 0 {
		n, alone := r.room(ctx, len(rows), byID)
		if n == 0 {
			break
		}
		batch := rows[:n]
		rows = rows[n:]
		if alone {
			r.lookUp(ctx, batch, byID, handle)
			r.lookupDone(len(batch))
			continue
		}
		group.Go(func() error {
			r.lookUp(ctx, batch, byID, handle)
			r.lookupDone(len(batch))
			return nil
		})
	}
	_ = group.Wait() // what a lookup met is noted already
	r.settleRefused(ctx)
}

// room waits until lookups are no longer too far ahead of the workers, and returns how many rows the next one is for; 0
// where the run stops. The first one is sent alone: it may tell that there is no use.
func (r *Run) room(ctx context.Context, left int, byID bool) (n int, alone bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.queue.fresh)+r.lookups.inFlight >= maxAhead && !r.holdWrites && ctx.Err() == nil {
		r.wait(ctx, time.Time{})
	}
	if ctx.Err() != nil {
		r.lookups.cut = true
		return 0, false
	}
	n = qlik.MaxPeople
	if byID {
		n = qlik.MaxIDs
	}
	if r.lookups.size > 0 {
		n = min(n, r.lookups.size)
	}
	n = min(n, left)
	r.lookups.inFlight += n
	return n, !r.lookups.answered
}

func (r *Run) lookupDone(rows int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lookups.inFlight -= rows
	r.looked += rows
	r.wake()
}

func (r *Run) lookUp(ctx context.Context, batch []Row, byID bool, handle func([]Row, directory)) {
	if r.options.NoLookup {
		handle(batch, newDirectory(nil))
		return
	}
	found, err := r.find(ctx, batch, byID)
	switch {
	case err == nil:
		r.settleRefused(ctx)
		handle(batch, newDirectory(found.Users))
	case errors.Is(err, qlik.ErrRefused) && len(batch) > 1:
		half := (len(batch) + 1) / 2
		r.mu.Lock()
		r.lookups.size = half
		r.mu.Unlock()
		r.lookUp(ctx, batch[:half], byID, handle)
		r.lookUp(ctx, batch[half:], byID, handle)
	case errors.Is(err, qlik.ErrRefused):
		r.lookupRefused(batch[0], err)
	default:
		r.lookupFailed(ctx, fmt.Errorf("looking up existing users: %w", err))
	}
}

// find asks for the users of a batch, as often as it takes.
func (r *Run) find(ctx context.Context, batch []Row, byID bool) (found qlik.Found, err error) {
	var filter string
	if byID {
		ids := make([]string, len(batch))
		for i, row := range batch {
			ids[i] = row.UserID
		}
		filter = qlik.IDFilter(ids)
	} else {
		filter = personFilter(batch...)
	}
	err = r.ask(ctx, func() (int, error) {
		found, err = r.client.FilterUsers(qlik.ForRows(ctx, len(batch)), filter, r.wantsRoles())
		return found.Requests, err
	})
	if err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.lookups.answered = true
		for _, u := range found.Users {
			if u.RolesShown {
				r.lookups.shown++
			}
		}
		r.progressed(time.Now())
	}
	return found, err
}

func personFilter(rows ...Row) string {
	subjects, emails := make([]string, len(rows)), make([]string, 0, len(rows))
	for i, row := range rows {
		subjects[i] = row.Person.Subject
		if row.Person.Email != "" {
			emails = append(emails, row.Person.Email)
		}
	}
	return qlik.PeopleFilter(subjects, emails)
}

// lookupFailed ends the run over an error that another lookup would meet as well.
func (r *Run) lookupFailed(ctx context.Context, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if ctx.Err() != nil {
		r.lookups.cut = true
		return
	}
	r.end(lookupError(err))
}

func lookupError(err error) error {
	if errors.Is(err, ErrRolesHidden) {
		return err
	}
	for _, kind := range []error{qlik.ErrForbidden, qlik.ErrRefused, qlik.ErrConflict} {
		if errors.Is(err, kind) {
			return fmt.Errorf("%w: %w", ErrLookups, err)
		}
	}
	return err
}

// lookupRefused notes a row whose lookup was refused alone. It is the row's own fault only if others are answered.
func (r *Run) lookupRefused(row Row, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lookups.refused = append(r.lookups.refused, refusedRow{row, err})
	r.lookups.size = 0 // it was not the number of rows that was refused
	most := maxRefusals
	if r.lookups.answered {
		most = qlik.MaxPeople
	}
	if len(r.lookups.refused) >= most {
		r.end(fmt.Errorf("%w: %w", ErrLookups, err))
	}
}

// settleRefused settles the rows whose lookup was refused, when another lookup was answered.
func (r *Run) settleRefused(ctx context.Context) {
	r.mu.Lock()
	refused := r.lookups.refused
	if len(refused) > 0 && !r.lookups.answered && ctx.Err() == nil {
		r.end(fmt.Errorf("%w: %w", ErrLookups, refused[0].err))
	}
	if r.ended() || ctx.Err() != nil || len(refused) == 0 {
		r.mu.Unlock()
		return
	}
	r.lookups.refused = nil
	r.mu.Unlock()
	for _, x := range refused {
		j := &job{row: x.row}
		r.settle(j, r.failed(j, CodeLookupRefused, "its lookup was refused: "+x.err.Error()), x.err)
	}
}
