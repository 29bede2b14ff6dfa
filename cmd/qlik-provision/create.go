package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/roster"
	"qlik-provision/report"
)

func (a *app) createCommand() *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "create FILE",
		Short: "Create a user for every person in FILE",
		Long: `create reads the export FILE, writes every row of it to the result file, looks up existing users, and
creates a user for every person who has none. FILE may be - for standard input; create then needs -o. On
a terminal it shows what will be sent, and asks.`,
		Example: "  qlik-provision create hr.csv\n" +
			"  qlik-provision create hr.csv --limit 5\n" +
			"  qlik-provision create hr.csv --subject " + quote(`corp\{Login}`) + " --name " +
			quote(`{First} {Last}`) + "\n" +
			"  qlik-provision create hr.csv --sandbox",
		Annotations: exits("every row is done; with --limit: every row that was tried",
			"the run finished; some rows are not done"),
	}
	a.onFile(cmd, &f, "export", func(ctx context.Context, c *config, file string) error {
		return a.runExport(ctx, c, "create", file)
	},
		f.tenantFlags, f.writeFlags, f.dryRunFlag, f.columnFlags, f.createFlags, f.exportFlags, f.runFlags, f.lookupFlag)
	return cmd
}

func (a *app) planCommand() *cobra.Command {
	var f flags
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
	a.onFile(cmd, &f, "export", func(ctx context.Context, c *config, file string) error {
		c.dryRun = true
		return a.runExport(ctx, c, "create", file)
	},
		f.tenantFlags, f.columnFlags, f.createFlags, f.exportFlags, f.runFlags, f.offlineFlag)
	return cmd
}

func (a *app) disableCommand() *cobra.Command {
	var f flags
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
	a.onFile(cmd, &f, "export", func(ctx context.Context, c *config, file string) error {
		if err := a.requireYes(c, "disabling users"); err != nil {
			return err
		}
		return a.runExport(ctx, c, "disable", file)
	},
		f.tenantFlags, f.writeFlags, f.dryRunFlag, f.columnFlags, f.exportFlags, f.runFlags)
	return cmd
}

// pipedResults is a name that is proposed for the result file of standard input.
const pipedResults = "hr.results.csv"

// runExport reads an export, writes its ledger and runs it.
func (a *app) runExport(ctx context.Context, c *config, action, file string) error {
	input, named := file, c.resultsOf(file)
	if isStdin(file) {
		input, c.given.file = "", "-" // another name of a pipe is gone when a command is pasted
	}
	path, proposed := cmp.Or(c.out, named), cmp.Or(named, pipedResults)
	switch {
	case c.out == "-":
		return usage(errors.New("-o -: a result file cannot be written to standard output"),
			c.given.with("out", proposed).String())
	case isFolder(c.out):
		return usage(errors.New(c.out+" is a folder"), choice("name the file in it",
			c.given.with("out", filepath.Join(c.out, filepath.Base(proposed)))))
	case c.dryRun && c.out == "":
		path = ""
	case path == "":
		return usage(errors.New("standard input has no file name to derive a result file name from"),
			c.given.with("out", pipedResults).String())
	}
	if err := c.checkPaths(path, namedPath{"the export", input}); err != nil {
		return err
	}
	c.announceTenant()
	people, err := a.readExport(ctx, c, file)
	if err != nil {
		return err
	}
	act := c.newAction(action, people.Columns)
	c.useAction(act)
	ledger, err := report.Create(path, people.File, act, c.ledgerOptions)
	if err != nil {
		return err
	}
	if err := ledger.Prepare(people, false); err != nil {
		return errors.Join(err, ledger.Close())
	}
	s := &session{app: a, config: c, ledger: ledger, path: path, again: c.given}
	switch {
	case !c.dryRun:
		s.again = c.given.onResults("retry", path)
	case path == "":
		s.existing = existingResults(c, people.File, act)
	}
	if !c.dryRun && !s.asks() {
		for _, line := range s.firstPersons() {
			c.note(line)
		}
	}
	return s.run(ctx)
}

// existingResults is the result file that a create would find, nil where it would find none of which rows were sent.
func existingResults(c *config, export *csvfile.File, act report.Action) *report.ExistsError {
	path := c.resultsOf(c.given.file)
	if path == "" {
		return nil
	}
	ledger, err := report.Create(path, export, act, report.Options{Tenant: c.ledgerOptions.Tenant})
	if err == nil {
		err = ledger.Close()
	}
	exists, _ := errors.AsType[*report.ExistsError](err)
	return exists
}

// readExport reads an export, decides its columns and derives its persons, and says how.
func (a *app) readExport(ctx context.Context, c *config, file string) (*roster.Roster, error) {
	f, err := a.readFile(ctx, c, file)
	if err != nil {
		return nil, err
	}
	if err := report.CheckExport(f); err != nil {
		return nil, err
	}
	people, err := roster.Read(f, roster.Options{
		Subject: c.subject, Name: c.name, Email: c.email, Roles: c.roles, EveryonesRoles: c.everyonesRoles, Where: c.where,
		NeedEmail: c.status == "invited", Forced: c.encoding != "", Leavers: c.given.name == "disable",
	})
	if err != nil {
		return nil, err
	}
	c.note(people.Describe())
	for _, warning := range people.Warnings {
		line := warning.String()
		if word, ok := quoteWord(warning.Fix.Value); ok && warning.Fix.Value != "" {
			line += "; to leave them out: --" + string(warning.Fix.Option) + " " + word
		}
		c.note("warning: " + line)
	}
	return people, nil
}

// maxInput bounds what is read of standard input or a pipe.
const maxInput = 1 << 30 // bytes

// readFile reads a CSV file, or what can be read only once: standard input, or a pipe with a name.
func (a *app) readFile(ctx context.Context, c *config, file string) (*csvfile.File, error) {
	return untilDone(ctx, func() (*csvfile.File, error) {
		name, in, read := "standard input", a.stdin, c.readOptions
		if file != "-" {
			f, err := os.Open(file)
			if err != nil {
				return nil, err
			}
			defer f.Close() // only read
			if info, err := f.Stat(); err == nil && info.IsDir() {
				return nil, usage(errors.New(file+" is a folder"), "name the CSV file in it")
			} else if err == nil {
				read.Size = min(info.Size(), maxInput)
			}
			name, in = file, f
		}
		limited := &io.LimitedReader{R: in, N: maxInput + 1}
		export, err := csvfile.Read(limited, name, read)
		if limited.N <= 0 {
			return nil, usage(errors.New(name+" is larger than 1 GiB"), "split it into several files")
		}
		return export, err
	})
}
