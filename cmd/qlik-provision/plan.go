package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

func (a *app) planCommand() *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "plan FILE",
		Short: "Say what create would do; changes nothing on the tenant",
		Long: `plan reads and checks the export FILE, asks the tenant who is there already, and says what create would do, how many creates that costs, and how
long it will take. With -o it writes the plan as a result file, which retry carries out. With --offline it asks nobody: that is what one runs first on a new export.`,
		Example: `  qlik-provision plan --offline hr.csv
  qlik-provision plan hr.csv -o hr.results.csv && qlik-provision retry hr.results.csv`,
		Args:              oneFile("export"),
		ValidArgsFunction: completeFiles("csv", "tsv", "txt"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.check(cmd, args[0], f)
			if err != nil {
				return err
			}
			return a.plan(cmd.Context(), c, args[0])
		},
	}
	f.runFlags(cmd)
	f.exportFlags(cmd)
	cmd.Flags().BoolVar(&f.offline, "offline", false, "check the file, ask nobody")
	return cmd
}

// plan writes a ledger like create, where nobody asked for one into a folder that goes away, and looks up who is there.
func (a *app) plan(ctx context.Context, c *config, file string) error {
	path := c.out
	if path == "" {
		dir, err := os.MkdirTemp("", "qlik-provision-plan-")
		if err != nil {
			return usage(err, "a plan needs a temporary folder (TMPDIR)")
		}
		defer func() {
			if err := os.RemoveAll(dir); err != nil {
				a.ui.say("the plan's temporary folder is left behind: %v", err)
			}
		}()
		path = filepath.Join(dir, "plan.results.csv")
	}
	ledger, err := a.begin(ctx, c, file, path)
	if err != nil {
		return err
	}
	p := &performance{app: a, config: c, path: path, ledger: ledger, look: true, retry: c.given.retry(path)}
	if c.out == "" {
		p.retry = c.given
		p.unnamed = true
	}
	return p.perform(ctx)
}
