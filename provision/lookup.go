package provision

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
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
	for batch, err := range r.batches(rows) {
		if err != nil {
			group.Go(func() error { return fmt.Errorf("reading the rows: %w", err) })
			break
		}
		proven, ok := r.room(looking)
		if !ok {
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
	if r.lookOnly {
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
	case errors.Is(err, qlik.ErrRefused) && !r.refusedAgain(err):
		return r.unaskable(batch, err)
	case errors.Is(err, qlik.ErrCredentials), hopeless(err), r.lookOnly, r.o.MatchEmail:
		// With MatchEmail nothing but a lookup can tell that somebody is there: going on without would create them twice.
		return nil, fmt.Errorf("looking up who is there: %w", err)
	}
	r.lookedUp(err, round)
	return batch, nil
}

// refusedAgain counts a request for a single row that was refused, and reports whether that is no longer about the row: several in a row were.
func (r *run) refusedAgain(err error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lookups.refused++
	r.lookups.size = 0 // it was not the number of terms that was refused
	return r.lookups.refused >= lookupsFailed
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
	case !again(err):
		l.out = true
		r.o.Notify(fmt.Sprintf("lookups are refused (%v): going on without, each row that is there is found by its create", err))
	case l.failed >= lookupsFailed:
		l.out = true
		r.o.Notify(fmt.Sprintf("lookups fail (%v): going on without, each row that is there is found by its create", err))
	}
}

// find asks for the users of a batch, as often as it takes.
func (r *run) find(ctx context.Context, batch []Row) (qlik.Found, error) {
	filter := qlik.Or(r.terms(batch)...)
	began := time.Now()
	for tries, waits := 1, 0; ; {
		if err := r.pace(ctx); err != nil {
			return qlik.Found{}, err
		}
		found, err := r.client.FilterUsers(qlik.ForRows(ctx, len(batch)), filter)
		if extra := found.Requests - 1; err == nil && extra > 0 {
			r.pacer.ReserveN(time.Now(), extra)
		}
		if ctx.Err() != nil {
			return found, err
		}
		wait := qlik.RetryAfter(err)
		if wait == 0 || !errors.Is(err, qlik.ErrLimited) {
			waits++
			wait = max(wait, backoff(waits))
		}
		r.met(err, wait)
		if err == nil || !again(err) || time.Since(began)+wait > r.o.Patience {
			return found, err
		}
		if r.costsTry(err) {
			if tries >= r.o.Attempts {
				return found, err
			}
			tries++
		}
		if err := pause(ctx, wait); err != nil {
			return qlik.Found{}, err
		}
	}
}

// costsTry reports whether a lookup that met err may be tried a limited number of times only. A token is what a create needs as well, so its want is left to the
// run's patience; and so is all with MatchEmail, where nothing can go on without the lookup.
func (r *run) costsTry(err error) bool {
	switch {
	case errors.Is(err, qlik.ErrLimited) && qlik.RetryAfter(err) > 0:
		return false
	case r.lookOnly:
		return true
	}
	return !errors.Is(err, qlik.ErrNoToken) && !r.o.MatchEmail
}

// met notes what a lookup met, nil for an answer, and how long it is to wait.
func (r *run) met(err error, wait time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l, now := &r.lookups, time.Now()
	switch {
	case !errors.Is(err, qlik.ErrNoToken):
		l.tokenless = time.Time{}
	case l.tokenless.IsZero():
		l.tokenless = now
	}
	if err == nil {
		return
	}
	l.err = err
	if until := now.Add(wait); errors.Is(err, qlik.ErrLimited) && until.After(l.until) {
		l.until = until
	}
	r.wake()
}

// pace waits until the lookups' own budget lets one go.
func (r *run) pace(ctx context.Context) error {
	for {
		r.mu.Lock()
		wait := time.Until(r.lookups.until)
		r.mu.Unlock()
		if wait <= 0 {
			break
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
	return pause(ctx, r.pacer.Reserve().Delay())
}

func (r *run) terms(batch []Row) []string {
	terms := make([]string, 0, 2*len(batch))
	for _, row := range batch {
		terms = append(terms, qlik.SubjectIs(row.Subject))
		if r.o.MatchEmail && row.Email != "" {
			terms = append(terms, qlik.EmailIs(row.Email))
		}
	}
	return terms
}

// sortOut records those of the batch whom the lookup found, and returns the others.
func (r *run) sortOut(batch []Row, found qlik.Found) (absent []Row, err error) {
	subjects := make(map[string]qlik.User, len(found.Users))
	emails := map[string][]qlik.User{}
	for _, u := range found.Users {
		subjects[u.Subject] = u
		if key := strings.ToLower(u.Email); r.o.MatchEmail && key != "" {
			emails[key] = append(emails[key], u)
		}
	}
	for _, row := range batch {
		o, settled := r.match(row, subjects, emails)
		if !settled {
			absent = append(absent, row)
			continue
		}
		o.Row = row
		if err := r.note(o); err != nil {
			return nil, err
		}
	}
	return absent, nil
}

// match says what a lookup means for a row; false where it means nothing. A subject's match comes before an address's.
func (r *run) match(row Row, subjects map[string]qlik.User, emails map[string][]qlik.User) (Outcome, bool) {
	const ok = 200
	if u, there := subjects[row.Subject]; there {
		o := belongs(row, u, true, r.o.Status)
		o.HTTPStatus = ok
		return o, true
	}
	if !r.o.MatchEmail {
		return Outcome{}, false
	}
	if row.Email == "" {
		return Outcome{State: Invalid, Message: "no user has this subject, and there is no address to look for them by"}, true
	}
	users := emails[strings.ToLower(row.Email)]
	if len(users) == 0 {
		return Outcome{}, false
	}
	one := max(0, slices.IndexFunc(users, func(u qlik.User) bool { return strings.EqualFold(u.Status, "active") }))
	as := onTenantAs(users[one])
	for i, u := range users {
		if i != one {
			as += "; also as " + strings.TrimPrefix(onTenantAs(u), "on the tenant as ")
		}
	}
	return Outcome{State: Exists, UserID: users[one].ID, HTTPStatus: ok, Message: differences(row, users[one], as, r.o.Status)}, true
}
