package provision

import "fmt"

// A brake ends a run whose writes are all refused, or whose answers cannot be read.
type brake struct {
	accepted bool           // a write was accepted, or its conflict turned out as an existing user
	refusals int            // writes that were refused, while none was accepted
	codes    map[string]int // of them, by code
	garbled  int            // answers that could not be read, in a row
}

const brakeAfter = 20

// accept notes a write that was accepted, or whose conflict turned out as an existing user.
func (b *brake) accept() { b.accepted, b.garbled = true, 0 }

// refuse notes a write that was refused with a code, and returns an ErrRefusedAll where the run has to end.
func (b *brake) refuse(code string, err error) error {
	b.garbled = 0
	if b.accepted {
		return nil
	}
	if b.codes == nil {
		b.codes = map[string]int{}
	}
	b.refusals++
	b.codes[code]++
	if b.refusals == brakeAfter && b.codes[code] == brakeAfter {
		return fmt.Errorf("%w: the first %d with %s: %w", ErrRefusedAll, brakeAfter, code, err)
	}
	return nil
}

// garble notes an answer that could not be read, and returns an ErrUnreadable where the run has to end.
func (b *brake) garble(err error) error {
	if b.garbled++; b.garbled >= brakeAfter {
		return fmt.Errorf("%w: %d in a row: %w", ErrUnreadable, brakeAfter, err)
	}
	return nil
}
