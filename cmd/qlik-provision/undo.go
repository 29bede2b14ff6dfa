package main

import (
	"context"

	"github.com/spf13/cobra"

	"qlik-provision/provision"
	"qlik-provision/provision/text"
	"qlik-provision/report"
)

func (a *app) undoCommand() *cobra.Command {
	f := flags{runOptions: provision.Options{Task: provision.Delete}}
	cmd := &cobra.Command{
		Use:   "undo RESULTS",
		Short: "Delete the users that runs of this result file created",
		Long: `undo deletes the users that runs of RESULTS created: by their IDs, and only where the user still has the
row's subject. It is the way back from a wrong column or a wrong encoding. Deleting a user removes its
personal data, keys and sessions; what it owned has no owner afterwards. Without a terminal to ask on it
needs --yes.`,
		Example: `  qlik-provision undo hr.results.csv --dry-run
  qlik-provision undo hr.results.csv`,
		Annotations: exits(
			"every such user is deleted, or left because its subject has changed; with --limit: every one that was tried",
			"some of them could not be deleted"),
	}
	a.onFile(cmd, &f, "result file", runResults((*config).prepareUndo),
		f.tenantFlags, f.readFlags, f.writeFlags, f.dryRunFlag, f.runFlags)
	return cmd
}

// prepareUndo says how many users there are to delete.
func (c *config) prepareUndo(_ context.Context, ledger *report.Ledger) error {
	if err := c.requireYes(); err != nil {
		return err
	}
	if err := ledger.PrepareUndo(c.dryRun); err != nil {
		return err
	}
	if c.sandbox {
		addUsersOf(ledger.Rows, c.inMemory)
	}
	c.note(ledger.Path + ": " + text.Plural(len(ledger.Pending()), "user", "users") + " to delete")
	return nil
}
