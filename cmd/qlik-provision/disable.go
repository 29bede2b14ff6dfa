package main

import (
	"github.com/spf13/cobra"

	"qlik-provision/report"
)

func (a *app) disableCommand() *cobra.Command {
	f := flags{action: report.Action{Command: "disable"}}
	cmd := &cobra.Command{
		Use:   "disable FILE",
		Short: "Disable the users of the people in FILE (leavers)",
		Long: `disable looks up the people in FILE and disables their users: they can no longer log in, and keep what
they own. It never disables a user that belongs to another person. Without a terminal to ask on it needs
--yes.`,
		Example: `  qlik-provision disable leavers.csv --dry-run
  qlik-provision disable leavers.csv`,
		Annotations: exits("every row is done; with --limit: every row that was tried",
			"the run finished; some rows are not done, or nobody in FILE has a user"),
	}
	a.onFile(cmd, &f, "export", (*config).runExport,
		f.tenantFlags, f.writeFlags, f.dryRunFlag, f.columnFlags, f.exportFlags, f.runFlags)
	return cmd
}
