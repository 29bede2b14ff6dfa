package main

import (
	"cmp"
	"context"
	"errors"
)

// A failure is an end that is not 0: what happened, and what to type next.
type failure struct {
	code int
	err  error
	hint string // every command in it stands on a line of its own
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// The exit codes. They are part of the contract: schedulers decide by them.
const (
	exitDone        = 0   // every row is done
	exitRows        = 1   // the run finished; some rows are not done
	exitUsage       = 2   // before any request: wrong usage, configuration or file
	exitRun         = 3   // after the first request the run could not go on
	exitInterrupted = 130 // as a shell says of a command ended by Ctrl-C
)

// usage is a failure before any request. With no hint it refers to the help of the command.
func usage(err error, hint string) error { return &failure{code: exitUsage, err: err, hint: hint} }

// failureOf is the failure that a command ends with because of err, nil for none. next is the command that goes on
// after it; help stands in for a hint that there is not.
func (a *app) failureOf(err error, next command, help string) *failure {
	if err == nil {
		return nil
	}
	f, explained := errors.AsType[*failure](err)
	hint := hintFor(err, next)
	switch {
	case explained:
		return &failure{code: f.code, err: err, hint: cmp.Or(f.hint, help)} // err may be more, wrapped or joined
	case errors.Is(err, errInterrupted), errors.Is(err, context.Canceled):
		return &failure{code: exitInterrupted, err: err, hint: next.String()}
	case !a.contacted:
		return &failure{code: exitUsage, err: err, hint: cmp.Or(hint, help)}
	}
	return &failure{code: exitRun, err: err, hint: cmp.Or(hint, next.String())}
}
