package provision

import (
	"context"
	"errors"
	"time"

	"qlik-provision/provision/qlik"
)

// ask sends a request at the lookups' pace, again with back-off where that may help, until it is answered or the run
// stops: a worker ends a run without progress.
func (r *Run) ask(ctx context.Context, request func() (requests int, err error)) error {
	for tries := 1; ; tries++ {
		if err := r.pace(ctx); err != nil {
			return err
		}
		requests, err := request()
		if requests > 1 {
			r.pacer.ReserveN(time.Now(), requests-1)
		}
		wait := qlik.RetryAfter(err)
		if wait == 0 || !errors.Is(err, qlik.ErrLimited) {
			wait = max(wait, backoff(tries))
		}
		r.met(err, min(wait, maxWait))
		if err == nil || ctx.Err() != nil || !mayPass(err) {
			return err
		}
		if err := pause(ctx, min(wait, maxWait)); err != nil {
			return err
		}
	}
}

// pace waits until the lookups' own budget lets one be sent.
func (r *Run) pace(ctx context.Context) error {
	for {
		r.mu.Lock()
		wait := time.Until(r.lookups.until)
		r.mu.Unlock()
		if wait <= 0 {
			return pause(ctx, r.pacer.Reserve().Delay())
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
}

// met notes what a lookup met, nil for an answer, and how long it waits then.
func (r *Run) met(err error, wait time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l, now := &r.lookups, time.Now()
	l.back = time.Time{}
	if err == nil {
		return
	}
	l.back, l.reason = now.Add(wait), ReasonLookup
	switch {
	case errors.Is(err, qlik.ErrLimited):
		l.reason = ReasonLimit
		if l.back.After(l.until) {
			l.until = l.back
		}
	case errors.Is(err, qlik.ErrNoToken):
		l.reason = ReasonToken
	}
	r.stall(now, l.reason, err)
	r.wake()
}

// mayPass reports whether a request that met err may be answered another time.
func mayPass(err error) bool {
	for _, kind := range []error{qlik.ErrNoAnswer, qlik.ErrNotSent, qlik.ErrLimited, qlik.ErrGarbled, qlik.ErrNoToken} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}
