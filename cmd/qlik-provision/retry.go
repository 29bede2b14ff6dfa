package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"qlik-provision/provision"
	"qlik-provision/provision/roster"
	"qlik-provision/provision/text"
	"qlik-provision/report"
)

func (a *app) retryCommand() *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:     "retry RESULTS",
		Aliases: []string{"resume"},
		Short:   "Run the rows of a result file that are not done",
		Long: `retry continues a run that was interrupted, runs failed rows again, and carries out a saved plan: every
row of RESULTS that is not done is checked again and run. Rows that are done are never sent or changed.
The action column of the file says what the rows are for, so no column flags are needed. The file may
have been corrected and saved by a spreadsheet in the meantime.`,
		Example: `  qlik-provision retry hr.results.csv
  qlik-provision retry hr.results.csv --limit 20`,
		Annotations: exits("every row is done; with --limit: every row that was tried",
			"the run finished; some rows are not done"),
	}
	a.onFile(cmd, &f, "result file", runResults((*config).prepareRetry),
		f.tenantFlags, f.writeFlags, f.columnFlags, f.createFlags, f.readFlags, f.runFlags, f.lookupFlag)
	new(report.Action).Flags().VisitAll(func(f *pflag.Flag) {
		_ = cmd.Flags().MarkHidden(f.Name) // the file's action has them; they are there to be compared
	})
	return cmd
}

// runResults opens a result file, prepares its rows and runs them: retry and undo.
func runResults(prepare func(*config, context.Context, *report.Ledger) error,
) func(*config, context.Context, string) error {
	return func(c *config, ctx context.Context, path string) error {
		if err := c.preparePaths(path); err != nil {
			return err
		}
		c.announceTenant()
		ledger, err := report.Open(path, c.readOptions, c.ledgerOptions)
		if err != nil {
			return err
		}
		if err := prepare(c, ctx, ledger); err != nil {
			return errors.Join(err, ledger.Close())
		}
		return (&session{config: c, ledger: ledger}).run(ctx)
	}
}

// prepareRetry takes the action from the file, derives the persons, checks them against the file, and says how many
// rows will run.
func (c *config) prepareRetry(ctx context.Context, ledger *report.Ledger) error {
	action := ledger.Action
	if err := c.checkAction(action); err != nil {
		return err
	}
	c.useAction(action)
	if c.runOptions.NoLookup && (c.runOptions.Task != provision.Create || len(action.Update) > 0) {
		return usage(errors.New("--no-lookup: the action of this file needs lookups"),
			c.given.without("no-lookup").String())
	}
	if err := c.requireYes(); err != nil {
		return err
	}
	people, err := roster.Read(ledger.File, action.Sources())
	if err != nil {
		return err
	}
	err = ledger.Prepare(people, false)
	if changed, ok := errors.AsType[*report.ChangedError](err); ok && changed.Kind == report.PersonChanged {
		if err = c.confirmChanges(ctx, changed); err == nil {
			err = ledger.Prepare(people, true)
		}
	}
	if err != nil {
		return err
	}
	said := "nothing to do"
	if total := ledger.Summary(); total.NotDone > 0 {
		said = countOf(total.NotDone, total.Rows) + " not done, " + text.Grouped(len(ledger.Pending())) + " to run"
	}
	c.note(ledger.Path + ": " + said)
	return nil
}

// confirmChanges lists changed names and addresses of pending rows, and asks whether they are intended. Where nobody
// can be asked the changes are an error.
func (c *config) confirmChanges(ctx context.Context, changed *report.ChangedError) error {
	switch {
	case c.yes:
		c.note(changed.Error())
		return nil
	case !c.interactive():
		return changed
	}
	return c.ask(ctx, printable(changed.Error())+"\nare these changes intended? [y/N] ", "y", hintFor(changed, c.given))
}

// checkAction refuses flags that are not of the file's action: its rows were derived with others.
func (c *config) checkAction(action report.Action) error {
	typed, names := action, []string{}
	flags := typed.Flags()
	for _, f := range c.given.flags {
		if flags.Lookup(f.name) != nil {
			names = append(names, f.name)
			_ = flags.Set(f.name, f.value) // the value was checked when it was parsed
		}
	}
	if typed.String() == action.String() {
		return nil
	}
	return usage(fmt.Errorf("--%s does not fit the action of this file: %s", strings.Join(names, ", --"), action),
		"to use another one, run the export again with another -o\n"+
			choice("to go on as the file began", c.given.without(names...)))
}
