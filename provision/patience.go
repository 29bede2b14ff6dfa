package provision

import (
	"errors"
	"fmt"
	"time"

	"qlik-provision/provision/qlik"
)

// patience is the clock of Options.Patience. It runs from the first request that makes no progress until there is some.
// The run's lock guards it.
type patience struct {
	since  time.Time // zero: it does not run
	writes bool      // a write made no progress
	reason Reason    // what the run waits for
	err    error     // of the last request that made no progress
}

// stall notes what a request met that made no progress, and what the run waits for since.
func (p *patience) stall(now time.Time, reason Reason, err error) {
	if p.since.IsZero() {
		p.since = now
	}
	p.reason, p.err = reason, err
}

// end is when the run ends if there is no progress until then; zero: the clock does not run.
func (p *patience) end(most time.Duration) time.Time {
	if p.since.IsZero() {
		return time.Time{}
	}
	return p.since.Add(most)
}

// progressed notes that a first lookup was answered or a write was processed. Where writes have to wait all the same,
// the clock starts again.
func (r *Run) progressed(now time.Time) {
	p := &r.patience
	p.since, p.writes = time.Time{}, false
	if r.gate.closed && now.Before(r.gate.until) {
		p.since, p.writes = now, true
	}
}

// overdue is an error where the run has waited long enough. at is when that may be so; zero: never.
func (r *Run) overdue(now time.Time) (at time.Time, err error) {
	p := &r.patience
	if !r.client.Answered() {
		at = r.started.Add(max(silence, r.options.Timeout))
		switch {
		case now.Before(at):
		case p.err == nil:
			return at, fmt.Errorf("%w: nothing came back from %s", ErrUnreachable, r.client.Tenant())
		default:
			return at, fmt.Errorf("%w: %w", ErrUnreachable, p.err)
		}
	}
	end := p.end(r.options.Patience)
	if end.IsZero() || now.Before(end) {
		return sooner(at, end), nil
	}
	err = fmt.Errorf("%w for %v, waiting for %s: %w", ErrPatience, r.options.Patience, p.reason, p.err)
	if !p.writes && !errors.Is(p.err, qlik.ErrNoToken) {
		err = fmt.Errorf("%w: %w", ErrLookups, err)
	}
	return end, err
}
