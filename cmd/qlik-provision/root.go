package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// An app is what every command has: the streams, and what is printed on them.
type app struct {
	abort     <-chan struct{}
	stdin     io.Reader
	answers   *bufio.Reader // the lines of stdin, where somebody is asked
	stdout    io.Writer
	out       *output
	program   string  // how the program was called, for the commands that we print
	contacted bool    // a tenant was contacted: from then on no error is one of usage
	summary   summary // what --json prints, as far as it is known
}

// root is the command of the program, with all others below it.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "qlik-provision",
		Short: "Create users on a Qlik Cloud tenant from an HR export",
		Long: `qlik-provision takes a CSV file from HR and creates a user on a Qlik Cloud tenant for every person in it.
It looks up existing users first, keeps to the tenant's rate limit, and writes the outcome of every row
to a result file. From that file a run can always be continued, corrected and undone.`,
		Example: `  qlik-provision plan --offline hr.csv    check the file, contact nobody
  qlik-provision plan hr.csv              show what create would do
  qlik-provision create hr.csv --limit 5  a first small run
  qlik-provision retry hr.results.csv     run the rows that are not done`,
		Version:       versionText(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: a.program},
		Args:          noCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },

		SuggestionsMinimumDistance: 2,
	}
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(a.createCommand(), a.disableCommand(), a.retryCommand(), a.undoCommand(), a.verifyCommand(),
		a.planCommand(), a.reportCommand(), a.sandboxCommand(), a.versionCommand())
	root.AddCommand(topics()...)
	formatHelp(root, a.out.columns())
	root.InitDefaultHelpCmd()
	if help, _, err := root.Find([]string{"help"}); err == nil {
		help.Args = func(_ *cobra.Command, args []string) error {
			if found, _, _ := root.Find(args); found == root {
				return noCommand(root, args)
			}
			return nil
		}
	}
	return root
}

// onFile makes cmd a command on one file, an export or a result file. run gets the config that the flags come to, and
// the file; addFlags add the flags to f and cmd.
func (a *app) onFile(cmd *cobra.Command, f *flags, what string, run func(*config, context.Context, string) error,
	addFlags ...func(*cobra.Command),
) {
	cmd.Args, cmd.ValidArgsFunction = oneFile(what), completeFile("results.csv")
	if what == "export" {
		cmd.ValidArgsFunction = completeFile("csv", "tsv", "txt")
	}
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
	cmd.Flags().SortFlags = false // commands that we print have them as they were typed
	for _, add := range addFlags {
		add(cmd)
	}
	completeFlags(cmd)
}

// oneFile is the rule of the commands that take one file.
func oneFile(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) == 0 || args[0] == "":
			return usage(errors.New("no "+what+" was given"), "")
		case len(args) > 1:
			return usage(errors.New("more than one "+what+" was given: "+strings.Join(args, ", ")),
				"a file name with spaces needs quotes: "+quote(strings.Join(args, " ")))
		}
		return nil
	}
}
