// Command qlik-provision turns an HR export into users on a Qlik Cloud tenant, and reports the outcome of every row.
package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// errInterrupted is the cause of a run's cancelled context.
var errInterrupted = errors.New("interrupted; rows that were not settled stay as they were")

func main() {
	// net/http reports protocol errors of a peer through package log, with bytes of the connection in them.
	log.SetOutput(io.Discard)
	ctx, abort, stop := signals()
	code := run(ctx, abort, os.Args, os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the program: it takes the arguments, its own name first, and returns the exit code. When ctx is done it
// ends in good order, and when abort is closed at once.
func run(ctx context.Context, abort <-chan struct{}, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{abort: abort, stdin: stdin, answers: bufio.NewReader(stdin), stdout: stdout, out: newOutput(stderr),
		program: programName(args[0]), summary: newSummary()}
	root := a.root()
	root.SetArgs(args[1:])
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

// signals returns a context that the first interrupt cancels, and a channel that the second closes. The third is
// left to the operating system, which ends the process.
//
// Windows delivers Ctrl-C as os.Interrupt and a closing console as SIGTERM. A terminal that goes away (SIGHUP)
// ends a run like Ctrl-C, except under nohup. A reader that goes away (SIGPIPE) does not end a run that is
// creating users.
func signals() (ctx context.Context, abort <-chan struct{}, stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	second, done := make(chan struct{}), make(chan struct{})
	caught := make(chan os.Signal, 2)
	signal.Notify(caught, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(caught, syscall.SIGHUP)
	}
	signal.Ignore(syscall.SIGPIPE)
	go func() {
		defer close(done)
		if _, ok := <-caught; ok {
			cancel(errInterrupted)
		}
		if _, ok := <-caught; ok {
			close(second)
			signal.Stop(caught)
		}
	}()
	return ctx, second, func() {
		signal.Stop(caught)
		close(caught)
		<-done
		cancel(nil)
	}
}

// An app is what every command has: the streams, and what is printed on them.
type app struct {
	abort     <-chan struct{}
	stdin     io.Reader
	answers   *bufio.Reader // the lines of stdin, where somebody is asked
	stdout    io.Writer
	out       *output
	program   string  // how the program was called, for the commands that we print
	given     command // as it was typed
	contacted bool    // a tenant was contacted: from then on no error is one of usage
	summary   summary // what --json prints, as far as it is known
}

// root is the command of the program, with all others below it.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "qlik-provision COMMAND",
		Short: "Create users on a Qlik Cloud tenant from an HR export",
		Long: `qlik-provision takes a CSV file from HR and creates a user on a Qlik Cloud tenant for every person in it.
It looks up existing users first, keeps to the tenant's rate limit, and writes the outcome of every row
to a result file. From that file a run can always be continued, corrected and undone.`,
		Example: `  qlik-provision plan --offline hr.csv    check the file, contact nobody
  qlik-provision plan hr.csv              show what create would do
  qlik-provision create hr.csv --limit 5  a first small run
  qlik-provision retry hr.results.csv     run the rows that are not done`,
		Version:                    versionText(),
		SilenceErrors:              true,
		SilenceUsage:               true,
		Annotations:                map[string]string{cobra.CommandDisplayNameAnnotation: a.program},
		Args:                       noCommand,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE:          a.checkValues,
		SuggestionsMinimumDistance: 2,
	}
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(a.createCommand(), a.disableCommand(), a.retryCommand(), a.undoCommand(), a.verifyCommand(),
		a.planCommand(), a.reportCommand(), a.sandboxCommand(), a.versionCommand())
	root.InitDefaultHelpCmd()
	help, _, _ := root.Find([]string{"help"})
	help.Args = noCommand
	formatHelp(root, a.out.columns())
	return root
}

// noCommand refuses a first word, or one after help, that is no command, and names the command that was probably meant.
func noCommand(cmd *cobra.Command, args []string) error {
	root := cmd.Root()
	if found, _, _ := root.Find(args); len(args) == 0 || found != root {
		return nil
	}
	hint := ""
	if near := root.SuggestionsFor(args[0]); len(near) > 0 {
		hint = "did you mean " + near[0] + "?"
	}
	return usage(fmt.Errorf("unknown command: %s", args[0]), hint)
}

// onFile makes cmd a command on one file, an export or a result file. run gets the config that the flags come to, and
// the file; addFlags add the flags to f and cmd.
func (a *app) onFile(cmd *cobra.Command, f *flags, what string, run func(*config, context.Context, string) error,
	addFlags ...func(*pflag.FlagSet),
) {
	cmd.Args = func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) == 0 || args[0] == "":
			return usage(errors.New("no "+what+" was given"), "")
		case len(args) > 1:
			return usage(errors.New("more than one "+what+" was given: "+strings.Join(args, ", ")),
				"a file name with spaces needs quotes: "+quote(strings.Join(args, " ")))
		}
		return nil
	}
	endings := map[string][]cobra.Completion{"export": {"csv", "tsv", "txt"}, "result file": {"results.csv"}}
	cmd.ValidArgsFunction = cobra.FixedCompletions(endings[what], cobra.ShellCompDirectiveFilterFileExt)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if what == "result file" {
			debug.SetGCPercent(50) // reading it needs its memory twice: as cells, and as entries
		}
		c, err := a.configure(cmd, *f)
		if err != nil {
			return err
		}
		return run(c, cmd.Context(), args[0])
	}
	for _, add := range addFlags {
		add(cmd.Flags())
	}
	finishFlags(cmd)
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
// after it, and help the hint where nothing better is known.
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

// Set by the linker, see the Makefile.
var (
	version = ""
	commit  = ""
	date    = ""
)

// versionText is the version, with the commit and its date in a release; of go install, that of the module.
func versionText() string {
	if info, ok := debug.ReadBuildInfo(); ok && version == "" && info.Main.Version != "(devel)" {
		return cmp.Or(info.Main.Version, "devel")
	}
	return strings.Join(strings.Fields(cmp.Or(version, "devel")+" "+commit+" "+date), " ")
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "version",
		Short:             "Print the version",
		Long:              "version prints the version, the commit it was built from, and the date of that commit.",
		Example:           "  qlik-provision version",
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(a.stdout, "qlik-provision", versionText())
			return err
		},
	}
}
