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
	garbled  int // answers that could not be read, in a row
}

const brakeAfter = 20

// accept notes a write that was accepted, or whose conflict turned out as an existing user.
func (b *brake) accept() { b.off, b.garbled = true, 0 }

// refuse notes a write that was refused, and returns an ErrRefusedAll where the run has to end.
func (b *brake) refuse(refusal error) error {
	code := "no code"
	if e, ok := errors.AsType[*qlik.Error](refusal); ok {
		code = cmp.Or(e.Code, fmt.Sprintf("HTTP %d", e.Status))
	}
	b.garbled = 0
	b.off = b.off || b.refusals > 0 && code != b.code
	b.code = code
	if b.refusals++; b.off || b.refusals != brakeAfter {
		return nil
	}
	return fmt.Errorf("%w: the first %d with %s: %w", ErrRefusedAll, brakeAfter, code, refusal)
}

// garble notes an answer that could not be read, and returns an ErrUnreadable where the run has to end.
func (b *brake) garble(err error) error {
	if b.garbled++; b.garbled < brakeAfter {
		return nil
	}
	return fmt.Errorf("%w: %d in a row: %w", ErrUnreadable, brakeAfter, err)
}
