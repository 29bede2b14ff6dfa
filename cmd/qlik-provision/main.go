// Command qlik-provision turns an HR export into users on a Qlik Cloud tenant, and reports the outcome of every row.
package main

import (
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
