package provision

import (
	"context"
	"errors"
	"time"

	"qlik-provision/provision/qlik"
)

// find asks for the users of a batch, as often as it takes.
func (r *run) find(ctx context.Context, batch []Row) (qlik.Found, error) {
	filter := qlik.Or(r.terms(batch)...)
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
		if err == nil {
			r.met(nil, 0)
			return found, nil
		}
		wait := qlik.RetryAfter(err)
		if wait == 0 || !errors.Is(err, qlik.ErrLimited) {
			waits++
			wait = max(wait, backoff(waits))
		}
		left := r.met(err, wait)
		if !mayPass(err) || wait > left {
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

// met notes what a lookup met, nil for an answer, and how long it is to wait. It returns what is left of the patience.
func (r *run) met(err error, wait time.Duration) (left time.Duration) {
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
		l.back, l.failing = time.Time{}, time.Time{}
		return r.o.Patience
	}
	if l.failing.IsZero() || !mayPass(err) { // a refusal is an answer
		l.failing = now
	}
	left = max(0, l.failing.Add(r.o.Patience).Sub(now))
	wait = min(wait, left)
	l.err, l.back, l.reason = err, now.Add(wait), ReasonLookup
	switch {
	case errors.Is(err, qlik.ErrLimited):
		l.reason = ReasonLimit
	case errors.Is(err, qlik.ErrNoToken):
		l.reason = ReasonToken
	}
	if until := now.Add(wait); errors.Is(err, qlik.ErrLimited) && until.After(l.until) {
		l.until = until
	}
	r.wake()
	return left
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
