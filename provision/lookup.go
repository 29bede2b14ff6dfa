package provision

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"qlik-provision/provision/qlik"
)

const (
	maxTerms      = 100 // of one filter
	maxAhead      = 20  // lookups whose rows no worker has taken yet
	maxLookups    = 4   // in flight at once
	lookupsFailed = 3   // in a row: lookups are left out
)

// lookups is what a run knows of its lookups. The run's lock guards it.
type lookups struct {
	size    int  // rows a request, 0 before the first
	flying  int  // in flight
	proven  bool // one was answered: several may be in flight
	failed  int  // in a row; those that were in flight together count as one
	round   int  // how many failures were counted so far, which tells who was in flight together
	refused int  // requests for a single row that were refused, in a row
	held    bool // the last one failed: the next waits until a create was let in
	starved bool // the workers have nothing left to be let in with: rows go on without a lookup
	out     bool // left out for the rest of the run
	err     error
	until   time.Time // a 429: none goes before
	back    time.Time // when one that met something goes again
	reason  Reason    // what that waits for
	failing time.Time // since when none was answered; zero: the last was

	tokenless time.Time // since when there was no token to be had for them; zero: there is one
	passed    int       // rows that are looked up, or went on without
}

// lookAhead reads the rows, asks the tenant who is there, and offers the others to the workers.
func (r *run) lookAhead(ctx context.Context, rows iter.Seq2[Row, error]) (err error) {
	defer func() {
		r.mu.Lock()
		r.queue.more = err != nil || ctx.Err() != nil
		r.wake()
		r.mu.Unlock()
	}()
	group, looking := errgroup.WithContext(ctx)
	group.SetLimit(min(maxLookups, r.o.Workers))
	stopped := false
	for batch, err := range r.batches(rows) {
		if err != nil {
			group.Go(func() error { return fmt.Errorf("reading the rows: %w", err) })
			break
		}
		proven, ok := r.room(looking)
		if !ok {
			stopped = true
			break
		}
		if !proven { // the first goes alone: it may tell that there is no use
			if err := r.lookUp(ctx, batch); err != nil {
				return err
			}
			continue
		}
		group.Go(func() error { return r.lookUp(looking, batch) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if r.lookOnly && stopped {
		return context.Cause(ctx)
	}
	return nil
}

// batches cuts the rows into what one lookup asks for.
func (r *run) batches(rows iter.Seq2[Row, error]) iter.Seq2[[]Row, error] {
	return func(yield func([]Row, error) bool) {
		var batch []Row
		for row, err := range rows {
			if err != nil {
				yield(nil, err)
				return
			}
			batch = append(batch, row)
			if len(batch) >= r.batchSize() {
				if !yield(batch, nil) {
					return
				}
				batch = nil
			}
		}
		if len(batch) > 0 {
			yield(batch, nil)
		}
	}
}

func (r *run) batchSize() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lookups.size == 0 {
		r.lookups.size = maxTerms
		if r.o.MatchEmail {
			r.lookups.size = maxTerms / 2
		}
	}
	return r.lookups.size
}

// room waits until the lookups are no longer too far ahead of the workers, and takes a place. It reports false where the run stops.
func (r *run) room(ctx context.Context) (proven, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.queue.batches)+r.lookups.flying >= maxAhead && ctx.Err() == nil {
		r.wait(ctx, time.Time{})
	}
	r.lookups.flying++
	return r.lookups.proven, ctx.Err() == nil
}

// lookUp looks a batch up, records who is there, and offers the others.
func (r *run) lookUp(ctx context.Context, batch []Row) error {
	absent, err := r.absent(ctx, batch)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lookups.flying--
	r.lookups.starved = false
	r.lookups.passed += len(batch)
	if err != nil {
		return err
	}
	if len(absent) > 0 && !r.lookOnly {
		r.queue.batches = append(r.queue.batches, absent)
	}
	r.wake()
	return nil
}

// absent records those of the batch who are there, and returns the others; all of them where the tenant does not let us look.
func (r *run) absent(ctx context.Context, batch []Row) ([]Row, error) {
	if r.o.NoLookup {
		return batch, nil
	}
	round, ok := r.mayLook(ctx)
	if !ok {
		return batch, nil
	}
	found, err := r.find(ctx, batch)
	switch {
	case err == nil:
		r.lookedUp(nil, round)
		return r.sortOut(batch, found)
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case errors.Is(err, qlik.ErrRefused) && len(batch) > 1:
		return r.halves(ctx, batch)
	case errors.Is(err, qlik.ErrRefused) && !r.refusedAgain():
		return r.unaskable(batch, err)
	case errors.Is(err, qlik.ErrCredentials), hopeless(err), r.lookOnly, r.o.MatchEmail:
		// With MatchEmail nothing but a lookup can tell that somebody is there: going on without would create them twice.
		return nil, fmt.Errorf("looking up who is there: %w", err)
	}
	r.lookedUp(err, round)
	return batch, nil
}

// refusedAgain counts a request for a single row that was refused, and reports whether that is no longer about the row: several in a row were, and
// where lookups were answered before, as many as go into one.
func (r *run) refusedAgain() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lookups.refused++
	r.lookups.size = 0 // it was not the number of terms that was refused
	most := lookupsFailed
	if r.lookups.proven {
		most = maxTerms
	}
	return r.lookups.refused >= most
}

// unaskable decides about one row that has something about it that a filter cannot say. A create finds out, but for those who may be there
// under another subject: they stay pending.
func (r *run) unaskable(batch []Row, err error) ([]Row, error) {
	if r.lookOnly || !r.o.MatchEmail {
		return batch, nil
	}
	j := &job{row: batch[0]}
	return nil, r.settle(j, Outcome{State: Pending, Message: "whether they are there was not to be found out: " + err.Error()}, err)
}

// hopeless reports whether err is that of a token that will never be had.
func hopeless(err error) bool {
	t, ok := errors.AsType[*qlik.TokenError](err)
	return ok && !errors.Is(t, qlik.ErrNoToken)
}

// halves looks a batch up in two requests, and makes the next ones smaller, too.
func (r *run) halves(ctx context.Context, batch []Row) ([]Row, error) {
	half := (len(batch) + 1) / 2
	r.mu.Lock()
	r.lookups.size = min(r.lookups.size, half)
	r.mu.Unlock()
	front, err := r.absent(ctx, batch[:half])
	if err != nil {
		return nil, err
	}
	back, err := r.absent(ctx, batch[half:])
	return slices.Concat(front, back), err
}

// mayLook waits until a lookup may go, and reports false where the rows go on without. round is for lookedUp.
func (r *run) mayLook(ctx context.Context) (round int, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.lookups.held && !r.lookups.starved && !r.lookups.out && ctx.Err() == nil {
		r.wait(ctx, time.Time{})
	}
	return r.lookups.round, !r.lookups.held && !r.lookups.out
}

// lookedUp notes how a lookup ended. One that failed holds the next one up until a create was let in; three in a row, or one that is refused, and
// there are no more.
func (r *run) lookedUp(err error, round int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := &r.lookups
	if err == nil {
		l.proven, l.failed, l.refused = true, 0, 0
		return
	}
	l.err = err
	l.held = true
	if l.out {
		return
	}
	if round == l.round {
		l.failed++
		l.round++
	}
	switch {
	case !mayPass(err):
		l.out = true
		r.o.Notify(fmt.Sprintf("lookups are refused (%v): going on without, each row that is there is found by its create", err))
	case l.failed >= lookupsFailed:
		l.out = true
		r.o.Notify(fmt.Sprintf("lookups fail (%v): going on without, each row that is there is found by its create", err))
	}
}
