package main

import (
	"github.com/spf13/cobra"

	"qlik-provision/report"
)

func (a *app) planCommand() *cobra.Command {
	f := flags{dryRun: true, action: report.Action{Command: "create"}}
	cmd := &cobra.Command{
		Use:   "plan FILE",
		Short: "Show what create would do (create --dry-run)",
		Long: `plan reads and checks the export FILE, looks up existing users, and shows what create would send, and how
long it takes. It writes nothing to the tenant. With -o it saves the plan as a result file, which retry
carries out. With --offline it checks the file without contacting the tenant: the first thing to
run on a new export.`,
		Example: `  qlik-provision plan --offline hr.csv
  qlik-provision plan hr.csv
  qlik-provision plan hr.csv -o planned.csv    # save the plan
  qlik-provision retry planned.csv             # carry it out`,
		Annotations: exits("every row is done or can be sent", "some rows cannot be sent"),
	}
	cmd.Flags().BoolVar(&f.offline, "offline", false, "check the file without contacting the tenant")
	a.onFile(cmd, &f, "export", (*config).runExport,
		f.tenantFlags, f.columnFlags, f.createFlags, f.exportFlags, f.runFlags)
	return cmd
}
