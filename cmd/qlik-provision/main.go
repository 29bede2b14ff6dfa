// Command qlik-provision makes users of a Qlik Cloud tenant out of an HR export, and says what became of every row.
package main

import (
	"context"
	"errors"
	"io"
	"log"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

// errInterrupted is why a run's context was cancelled.
var errInterrupted = errors.New("interrupted")

func main() {
	// net/http reports through package log what it reads on an idle connection: secrets and personal data, where a
	// gateway sends back what it was sent.
	log.SetOutput(io.Discard)
	collectLess()
	ctx, hurry, stop := signals()
	code := run(ctx, hurry, os.Args, os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// mostHeap is what the heap may grow to before it is collected as often as it takes: far more than a run holds on to, and less than anybody minds.
const mostHeap = 96 << 20 // bytes

// collectLess has the garbage collector run a few times a second, and not a hundred times: what a run holds on to are some MiB, and by itself the
// collector would begin anew with each 4 MiB that a hundred requests leave behind. GOGC and GOMEMLIMIT, where they are set, say otherwise.
func collectLess() {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(400)
		debug.SetMemoryLimit(mostHeap)
	}
}

// signals gives a context that the first interrupt cancels, and a channel that the second closes. The third one is left to the system, which ends
// the process.
//
// Windows has Ctrl-C as os.Interrupt, and delivers closing the console as SIGTERM. A terminal that goes away (SIGHUP) ends a run like Ctrl-C, except
// under nohup. A reader that went away (SIGPIPE) must not end a run that is creating users.
func signals() (ctx context.Context, hurry <-chan struct{}, stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	hurried := make(chan struct{})
	caught := make(chan os.Signal, 2)
	signal.Notify(caught, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(caught, syscall.SIGHUP)
	}
	signal.Ignore(syscall.SIGPIPE)
	go func() {
		if _, ok := <-caught; !ok {
			return
		}
		cancel(errInterrupted)
		if _, ok := <-caught; !ok {
			return
		}
		close(hurried)
		signal.Stop(caught)
	}()
	return ctx, hurried, func() {
		signal.Stop(caught)
		close(caught)
		cancel(nil)
	}
}
