package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

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

		PersistentPreRunE: a.checkValues,

		SuggestionsMinimumDistance: 2,
	}
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(a.createCommand(), a.disableCommand(), a.retryCommand(), a.undoCommand(), a.verifyCommand(),
		a.planCommand(), a.reportCommand(), a.sandboxCommand(), a.versionCommand())
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

// noCommand refuses a first word that is no command, and names the command that was probably meant.
func noCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
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
	cmd.Args = oneFile(what)
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

// userAgent names the program to the tenant.
func userAgent() string { return "qlik-provision/" + cmp.Or(version, "devel") }

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
