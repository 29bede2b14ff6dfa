// Command qlik-provision turns an HR export into users on a Qlik Cloud tenant, and reports the outcome of every row.
package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"
)

// errInterrupted is the cause of a run's cancelled context.
var errInterrupted = errors.New("interrupted; rows that were not settled stay as they were")

func main() {
	// net/http reports protocol errors of a peer through package log, with bytes of the connection in them.
	log.SetOutput(io.Discard)
	ctx, abort, stop := signals(os.Args)
	code := run(ctx, abort, os.Args, os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the program: it takes the arguments, its own name first, and returns the exit code. When ctx is done it
// ends in good order, and when abort is closed at once.
func run(ctx context.Context, abort <-chan struct{}, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{abort: abort, stdin: stdin, answers: bufio.NewReader(stdin), stdout: stdout, out: newOutput(stderr),
		program: programName(args[0])}
	root := a.root()
	root.SetArgs(args[1:])
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, rest, _ := root.Find(args[1:]) // root where the first word is no command
	err := checkDashes(cmd, rest)
	a.given = typedCommand(a.program, cmd, rest)
	if err == nil {
		_, err = root.ExecuteContextC(ctx)
	}
	help := "see " + cmd.CommandPath() + " --help"
	f := a.failureOf(err, a.given, help)
	if a.given.has("json") {
		if failed := a.summary.write(stdout, f); failed != nil {
			f = a.failureOf(errors.Join(err, failed), a.given, help)
		}
	}
	if f == nil {
		return exitDone
	}
	a.out.failure(f)
	return f.code
}

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

// signals returns a context that the first interrupt cancels, and a channel that the second closes. The third is
// left to the operating system, which ends the process.
//
// Windows delivers Ctrl-C as os.Interrupt and a closing console as SIGTERM. A terminal that goes away (SIGHUP)
// ends a run like Ctrl-C, except under nohup. A reader that goes away (SIGPIPE) does not end a run that is
// creating users.
//
// A sandbox in the background of a shell ignores Ctrl-C, which is typed at the shell's prompt then.
func signals(args []string) (ctx context.Context, abort <-chan struct{}, stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	second, done := make(chan struct{}), make(chan struct{})
	caught := make(chan os.Signal, 2)
	signal.Notify(caught, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(caught, syscall.SIGHUP)
	}
	signal.Ignore(syscall.SIGPIPE)
	serves := len(args) > 1 && args[1] == "sandbox"
	go func() {
		defer close(done)
		for s := range caught {
			switch {
			case s == os.Interrupt && serves && inBackground():
			case ctx.Err() == nil:
				cancel(errInterrupted)
			default:
				close(second)
				signal.Stop(caught)
				return
			}
		}
	}()
	return ctx, second, func() {
		signal.Stop(caught)
		close(caught)
		<-done
		cancel(nil)
	}
}
