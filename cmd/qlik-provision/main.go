// Command qlik-provision turns an HR export into users on a Qlik Cloud tenant, and reports the outcome of every row.
package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
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
	var err error
	if len(args) > 1 && strings.HasPrefix(args[1], cobra.ShellCompRequestCmd) {
		describePlainly(root)
	} else {
		err = checkDashes(cmd, rest)
	}
	if err == nil {
		_, err = root.ExecuteContextC(ctx)
	}
	given, help := a.typedCommand(cmd), "see "+cmd.CommandPath()+" --help"
	f := a.failureOf(err, given, help)
	if wantsJSON(cmd, args[1:]) {
		if failed := a.summary.write(stdout, f); failed != nil {
			f = a.failureOf(errors.Join(err, failed), given, help)
		}
	}
	if f == nil {
		return exitDone
	}
	a.out.failure(f)
	return f.code
}

// wantsJSON reports whether --json was given, also where another flag could not be parsed.
func wantsJSON(cmd *cobra.Command, args []string) bool {
	on, err := cmd.Flags().GetBool("json")
	return err == nil && (on || !cmd.Flags().Parsed() && slices.Contains(args, "--json"))
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
