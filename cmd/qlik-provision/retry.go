package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

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
	a.onFile(cmd, &f, "result file", a.retry,
		f.tenantFlags, f.writeFlags, f.columnFlags, f.createFlags, f.readFlags, f.runFlags, f.lookupFlag)
	for _, name := range []string{"subject", "name", "email", "roles", "role", "status", "update", "where"} {
		_ = cmd.Flags().MarkHidden(name) // the file's action has them; they are there to be compared
	}
	return cmd
}

func (a *app) retry(ctx context.Context, c *config, path string) error {
	ledger, err := openResults(c, path)
	if err != nil {
		return err
	}
	if err := a.prepareRetry(ctx, c, ledger); err != nil {
		return errors.Join(err, ledger.Close())
	}
	countRows(c, ledger, path)
	return (&session{app: a, config: c, ledger: ledger, path: path}).run(ctx)
}

// openResults opens a result file to run its rows. The line of the tenant comes before it.
func openResults(c *config, path string) (*report.Ledger, error) {
	if err := c.checkPaths(path); err != nil {
		return nil, err
	}
	c.announceTenant()
	return report.Open(path, c.readOptions, c.ledgerOptions)
}

// prepareRetry takes the action from the file, derives the persons and checks them against the file.
func (a *app) prepareRetry(ctx context.Context, c *config, ledger *report.Ledger) error {
	action := ledger.Action
	if err := sameAction(c, action); err != nil {
		return err
	}
	c.useAction(action)
	if c.runOptions.NoLookup && (c.runOptions.Task != provision.Create || len(action.Update) > 0) {
		return usage(errors.New("--no-lookup: the action of this file needs lookups"),
			c.given.without("no-lookup").String())
	}
	if err := a.requireYes(c); err != nil {
		return err
	}
	people, err := roster.Read(ledger.File, action.Sources())
	if err != nil {
		return err
	}
	err = ledger.Prepare(people, false)
	changed, ok := errors.AsType[*report.ChangedError](err)
	if ok && changed.Kind == report.PersonChanged && (c.yes || a.interactive()) {
		if err := a.confirmChanges(ctx, c, changed); err != nil {
			return err
		}
		err = ledger.Prepare(people, true)
	}
	return err
}

// confirmChanges lists changed names and addresses of pending rows, and asks whether they are intended.
func (a *app) confirmChanges(ctx context.Context, c *config, changed *report.ChangedError) error {
	if c.yes {
		c.note(changed.Error())
		return nil
	}
	a.out.note(changed.Error())
	if yes, err := a.ask(ctx, "are these changes intended? [y/N] ", "y"); yes || err != nil {
		return err
	}
	return &failure{code: exitInterrupted, err: errors.New("declined; nothing was sent"),
		hint: choice("restore these cells, or if the changes are intended", c.given.withSwitch("yes"))}
}

// sameAction refuses flags that are not the file's: its rows were derived with others.
func sameAction(c *config, action report.Action) error {
	for _, f := range []struct{ name, given, file string }{
		{"subject", c.subject, action.Subject}, {"name", c.name, action.Name}, {"email", c.email, action.Email},
		{"roles", c.roles, action.Roles}, {"status", c.status, action.Status},
		{"role", list(c.everyonesRoles), list(action.EveryonesRoles)}, {"update", list(c.update), list(action.Update)},
		{"where", list(c.where), list(action.Where)},
	} {
		if c.given.has(f.name) && f.given != f.file {
			return usage(fmt.Errorf("--%s %s does not fit the action of this file: %s", f.name, f.given, action),
				"to use another one, run the export again with another -o\n"+
					choice("to go on as the file began", c.given.without(f.name)))
		}
	}
	return nil
}

func list(values []string) string {
	sorted := slices.Sorted(slices.Values(values))
	return strings.Join(sorted, ",")
}

// countRows says how many rows a retry runs.
func countRows(c *config, ledger *report.Ledger, path string) {
	total := ledger.Summary()
	said := "nothing to do"
	if total.NotDone > 0 {
		said = countOf(total.NotDone, total.Rows) + " not done, " + text.Grouped(len(ledger.Pending())) + " to run"
	}
	c.note(path + ": " + said)
}
