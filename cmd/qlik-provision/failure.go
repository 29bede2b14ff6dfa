package main

import (
	"errors"
	"strings"
)

// The exit codes. They are part of the contract: schedulers decide by them.
const (
	exitDone        = 0   // every row is done
	exitRows        = 1   // the run finished; some rows are not done
	exitUsage       = 2   // before any request: wrong usage, configuration or file
	exitRun         = 3   // after the first request the run could not go on
	exitInterrupted = 130 // as a shell says of a command ended by Ctrl-C
)

// A failure is an end that is not 0: what happened, and what to type next.
type failure struct {
	code    int
	err     error
	hint    string // every command in it stands on a line of its own
	printed bool   // in the summary of --json
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// usage is a failure before any request. With no hint it refers to the help of the command.
func usage(err error, hint string) error { return &failure{code: exitUsage, err: err, hint: hint} }

// orUsage is err where it is a failure already, else a failure before any request.
func orUsage(err error, hint string) error {
	if is[*failure](err) {
		return err
	}
	return usage(err, hint)
}

// interrupted is a failure before any request, since somebody ended the program. given is the command as it was typed.
func interrupted(given command) error {
	return &failure{code: exitInterrupted, err: errors.New("interrupted; nothing was sent"), hint: given.String()}
}

// failureOf makes a failure of any error. What nobody gave a code arose before the first request, unless
// contacted is true.
func failureOf(err error, contacted bool) *failure {
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*failure](err); ok {
		if error(f) == err { //nolint:errorlint // a failure that was wrapped or joined has more to say
			return f
		}
		return &failure{code: f.code, err: err, hint: f.hint, printed: f.printed}
	}
	code := exitUsage
	if contacted {
		code = exitRun
	}
	return &failure{code: code, err: err}
}

// is reports whether an error of type E is in err's chain.
func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// orNil is f as an error, nil where f is nil. It marks f as one that stands in a summary.
func orNil(f *failure) error {
	if f == nil {
		return nil
	}
	f.printed = true
	return f
}

// except is err without the errors joined in it that are target; nil where none is left.
func except(err, target error) error {
	if !errors.Is(err, target) {
		return err // its text may be more than that of the errors in it
	}
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		return nil
	}
	var rest []error
	for _, e := range joined.Unwrap() {
		if !errors.Is(e, target) {
			rest = append(rest, e)
		}
	}
	return errors.Join(rest...)
}

// then joins what to do with the command to type after it.
func then(what string, next command) string {
	if what == "" {
		return next.String()
	}
	return what + ", then:\n  " + next.String()
}

// choice is a command with what it is for.
func choice(purpose string, next command) string {
	if !strings.HasSuffix(purpose, "?") {
		purpose += ":"
	}
	return purpose + "\n  " + next.String()
}
