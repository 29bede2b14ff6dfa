package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"qlik-provision/provision"
	"qlik-provision/provision/text"
)

func (a *app) verifyCommand() *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "verify RESULTS",
		Short: "Check a result file against the tenant",
		Long: `verify looks up every row of RESULTS and compares the tenant with the outcomes: that created users
exist and are not disabled, that deleted users are gone, that pending and failed rows have no user.
It sends lookups only, and changes nothing.`,
		Example:     `  qlik-provision verify hr.results.csv`,
		Annotations: exits("everything is as RESULTS says", "something differs"),
	}
	a.onFile(cmd, &f, "result file", (*config).verify, f.tenantFlags, f.readFlags, f.runFlags)
	return cmd
}

func (c *config) verify(ctx context.Context, path string) error {
	if err := c.preparePaths(path); err != nil {
		return err
	}
	c.announceTenant()
	results, err := c.readResults(path)
	if err != nil {
		return err
	}
	if err := results.CheckTenant(c.tenantName()); err != nil {
		return err
	}
	if c.sandbox {
		addUsersOf(results.Rows, c.inMemory)
	}
	total := results.Summary()
	c.summary.addFile(results, total)
	promises, began := results.Promises(), time.Now() // the rows are not needed any longer
	var differences []provision.Result
	_, err = c.contact(ctx, len(promises), func(run *provision.Run) (err error) {
		differences, err = run.Verify(ctx, promises)
		return err
	})
	c.summary["seconds"], c.summary["differing"] = seconds(time.Since(began)), len(differences)
	for _, d := range differences {
		c.note(fmt.Sprintf("row %d, %s: %s", d.Number, d.Outcome, d.Message))
	}
	switch {
	case err != nil:
		return err
	case len(differences) > 0:
		hint := "the lines above name the rows; their users were changed on the tenant after the run"
		if slices.ContainsFunc(differences, func(d provision.Result) bool { return !d.Outcome.Done() }) {
			hint = choice("rows that are not done are run by a retry", c.given.onResults("retry", path))
		}
		return &failure{code: exitRows, hint: hint,
			err: errors.New(countOf(len(differences), total.Rows) + " not as the file says")}
	}
	c.note(fmt.Sprintf("%s: %s as the file says, %s of them done", path, text.Plural(total.Rows, "row is", "rows are"),
		text.Grouped(total.Rows-total.NotDone)))
	return nil
}
