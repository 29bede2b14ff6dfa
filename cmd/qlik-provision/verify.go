package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"qlik-provision/provision"
	"qlik-provision/provision/text"
	"qlik-provision/report"
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
	a.onFile(cmd, &f, "result file", a.verify,
		f.tenantFlags, f.readFlags, f.runFlags)
	return cmd
}

func (a *app) verify(ctx context.Context, c *config, path string) error {
	if err := c.checkPaths("", namedPath{"the result file", path}); err != nil {
		return err
	}
	a.announce(c)
	results, err := report.Read(path, c.read)
	if err != nil {
		return refusal(err, c.given)
	}
	if tenant := results.Summary().Tenant; tenant != "" && !strings.EqualFold(tenant, c.tenantName()) {
		return refusal(&report.TenantError{Path: path, File: tenant, Run: c.tenantName()}, c.given)
	}
	c.users = usersOf(results.Rows)
	client, closeClient, err := a.connect(c)
	if err != nil {
		return err
	}
	for _, warning := range results.Warnings {
		a.notify(c)("warning: " + warning)
	}
	promises := results.Promises()
	began := time.Now()
	run := provision.New(client, c.run)
	stop := func() {}
	if !c.quiet {
		stop = a.out.follow(run.Progress, len(promises))
	}
	differences, err := run.Verify(ctx, promises)
	stop()
	if closeErr := closeClient(); closeErr != nil {
		a.out.note(closeErr.Error())
	}
	return a.verified(c, results, differences, time.Since(began), err)
}

// verified says what differs.
func (a *app) verified(c *config, results *report.Results, differences []provision.Difference, took time.Duration,
	err error,
) error {
	total := results.Summary()
	var f *failure
	switch {
	case err != nil:
		f = ended(err, c.given)
		if f.code == exitInterrupted {
			f.err = errors.New("interrupted; not every row was looked up")
		}
	case len(differences) > 0:
		f = &failure{code: exitRows, err: errors.New(countOf(len(differences), total.Rows) + " not as the file says"),
			hint: differenceHint(c, results, differences)}
	}
	note := a.notify(c)
	for _, d := range differences {
		note(fmt.Sprintf("row %d, %s: %s", d.Number, d.Outcome, d.Message))
	}
	if f == nil {
		note(fmt.Sprintf("%s: %s as the file says, in %s", results.Path, text.Plural(total.Rows, "row is", "rows are"),
			duration(took.Seconds())))
	}
	if c.json {
		sum := &summary{Rows: total.Rows, Codes: total.Codes, Results: results.Path, Tenant: c.tenantName(),
			Seconds: seconds(took), Run: map[provision.Outcome]int{}, Columns: columnsOf(results.Action)}
		for outcome, count := range sum.countsOf() {
			n := total.Counts[outcome]
			*count = &n
		}
		differing := len(differences)
		sum.Differing = &differing
		if f != nil {
			sum.Exit, sum.Error, sum.Hint = f.code, f.Error(), f.hint
		}
		if err := sum.write(a.stdout); err != nil {
			return errors.Join(orNil(f), err)
		}
	}
	return orNil(f)
}

// differenceHint proposes a retry only where a differing row is not done: a retry leaves rows alone that are.
func differenceHint(c *config, results *report.Results, differences []provision.Difference) string {
	for _, d := range differences {
		if !d.Outcome.Done() {
			return then("rows that are not done are run by a retry", c.given.after("retry", results.Path))
		}
	}
	return "the lines above name the rows; their users were changed on the tenant after the run"
}
