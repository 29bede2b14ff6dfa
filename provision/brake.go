package provision

import (
	"cmp"
	"errors"
	"fmt"

	"qlik-provision/provision/qlik"
)

// A brake ends a run whose writes are all refused with one code, or whose answers cannot be read.
type brake struct {
	off      bool   // a write was accepted, turned out as an existing user, or was refused with another code
	code     string // of the writes that were refused
	refusals int
	garbled  int // answers that could not be read, in a row: no other one and no row that a lookup settled between
}

const brakeAfter = 20

// noteResult notes the result of a row, which why decided, and returns an ErrRefusedAll where the run has to end. A
// conflict that turned out as an existing user counts as accepted.
func (b *brake) noteResult(j *job, res Result, why error) error {
	stays := j.row.UserID != "" && res.Outcome == Created // its user was not deleted
	refused := stays || res.Outcome == Failed || res.Code == CodeConflictNotFound
	switch {
	case j.attempts == 0:
		return nil
	case !refused:
		if res.Outcome.Done() {
			b.off, b.garbled = true, 0
		}
		return nil
	case b.off, why == nil, isTemporary(why):
		return nil
	}
	code := "no code"
	if e, ok := errors.AsType[*qlik.Error](why); ok {
		code = cmp.Or(e.Code, fmt.Sprintf("HTTP %d", e.Status))
	}
	b.off = b.refusals > 0 && code != b.code
	b.code = code
	if b.refusals++; b.off || b.refusals != brakeAfter {
		return nil
	}
	return fmt.Errorf("%w: the first %d with %s: %w", ErrRefusedAll, brakeAfter, code, why)
}

// noteAnswer notes what a write met, and returns an ErrUnreadable where the run has to end.
func (b *brake) noteAnswer(v verdict, err error) error {
	switch {
	case v == processed:
		b.garbled = 0
	case errors.Is(err, qlik.ErrGarbled):
		b.garbled++
	}
	if b.garbled < brakeAfter {
		return nil
	}
	return fmt.Errorf("%w: %d in a row: %w", ErrUnreadable, brakeAfter, err)
}
