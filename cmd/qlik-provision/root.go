package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// An app is what every command has: the streams, and what is said on them.
type app struct {
	hurry  <-chan struct{}
	stdin  io.Reader
	stdout io.Writer
	ui     *ui
	name   string // how the program was called, for the commands that we print
}

// run is the program: it takes the arguments, its own name first, and returns the exit code. When ctx is done it ends what it does in good order, and when hurry is closed
// it does so at once.
func run(ctx context.Context, hurry <-chan struct{}, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{hurry: hurry, stdin: stdin, stdout: stdout, ui: newUI(stderr), name: programName(args[0])}
	root := a.root()
	root.SetArgs(args[1:])
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := a.checkDashes(root, args[1:])
	if err == nil {
		err = root.ExecuteContext(ctx)
	}
	f := failureOf(err)
	if f == nil {
		return exitDone
	}
	a.ui.failure(f)
	if f.summary == nil && wantsJSON(args[1:]) {
		f.summary = &summary{Exit: f.code, Error: f.Error(), Hint: f.hint}
		if err := f.summary.write(stdout); err != nil {
			a.ui.failure(&failure{code: f.code, err: err})
		}
	}
	return f.code
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "qlik-provision",
		Short: "Make users of a Qlik Cloud tenant out of an HR export",
		Long: `qlik-provision takes a CSV from HR and makes every person in it a user of a Qlik Cloud tenant. It looks first who is there already, keeps to
the tenant's rate limit, and writes what became of every row to a result file, from which it can always go on.`,
		Example: `  qlik-provision create testdata/exports/new-hires.csv --sandbox
  qlik-provision plan --offline hr.csv
  qlik-provision create hr.csv
  qlik-provision retry hr.results.csv`,
		Version:       versionText(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage(err, "see "+cmd.CommandPath()+" --help")
	})
	root.AddCommand(a.createCommand(), a.retryCommand(), a.planCommand(), a.reportCommand(), a.sandboxCommand())
	root.AddCommand(topics()...)
	fold(root, max(narrowestHelp, min(a.ui.columns(), widestHelp)))
	return root
}

// A line of help is as wide as the terminal, within bounds: longer ones are hard to read, shorter ones hold little.
const narrowestHelp, widestHelp = 60, 110

// fold makes the help of the commands as wide as the terminal.
func fold(root *cobra.Command, columns int) {
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), "FlagUsages ", fmt.Sprintf("FlagUsagesWrapped %d ", columns)))
	for _, cmd := range append(root.Commands(), root) {
		if !cmd.Runnable() {
			continue // a topic: its lines are set as they are meant
		}
		cmd.Long = strings.TrimSuffix(wrap(cmd.Long, columns, "", ""), "\n")
	}
}

// oneFile is the rule of the commands that take one file.
func oneFile(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		hint := "see " + cmd.CommandPath() + " --help"
		switch {
		case len(args) == 0:
			return usage(errors.New("no "+what+" was given"), hint)
		case len(args) > 1:
			return usage(errors.New("more than one "+what+" was given: "+quoteAll(args)), hint)
		case args[0] == "":
			return usage(errors.New("the name of the "+what+" is empty"), hint)
		}
		return nil
	}
}

func wantsJSON(args []string) bool {
	return slices.Contains(args, "--json") || slices.Contains(args, "--json=true")
}
