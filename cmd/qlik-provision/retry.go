package main

import (
	"github.com/spf13/cobra"

	"qlik-provision/provision"
	"qlik-provision/report"
)

func (a *app) retryCommand() *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:     "retry RESULTS",
		Aliases: []string{"resume"},
		Short:   "Run the rows of a result file that are not done, and write their outcomes into it",
		Long: `retry goes on where a run ended, runs again what failed, and carries out a plan: all rows of RESULTS that are not done are checked anew and run. Rows
that are done are never sent and never changed. The file may have been mended and saved by a spreadsheet meanwhile.`,
		Example:           `  qlik-provision retry hr.results.csv`,
		Args:              oneFile("result file"),
		ValidArgsFunction: completeFiles("csv"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.check(cmd, args[0], f)
			if err != nil {
				return err
			}
			path := args[0]
			if err := c.checkFiles(path); err != nil {
				return err
			}
			a.announce(c)
			ledger, err := report.Open(path, c.roster, c.ledger)
			if err != nil {
				return a.refusal(err, c.given)
			}
			counts := ledger.Counts()
			switch waiting, invalid := counts[provision.Pending], counts[provision.Invalid]; {
			case waiting == 0 && invalid > 0:
				a.ui.say("%s: nothing to send: %s invalid as before", path, are(invalid))
			case waiting == 0:
				a.ui.say("%s: nothing to do", path)
			default:
				a.ui.say("%s: %s to run, of %s", path, plural(waiting, "row"), grouped(ledger.Rows()))
			}
			p := &performance{app: a, config: c, path: path, ledger: ledger, retry: c.given.retry(path)}
			return p.perform(cmd.Context())
		},
	}
	f.runFlags(cmd)
	f.lookupFlag(cmd)
	return cmd
}
