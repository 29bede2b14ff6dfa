package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/roster"
	"qlik-provision/report"
)

func (a *app) createCommand() *cobra.Command {
	f := flags{action: report.Action{Command: "create"}}
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
	a.onFile(cmd, &f, "export", (*config).runExport,
		f.tenantFlags, f.writeFlags, f.dryRunFlag, f.columnFlags, f.createFlags, f.exportFlags, f.runFlags, f.lookupFlag)
	return cmd
}

// pipedResults is a name that is proposed for the result file of standard input.
const pipedResults = "hr.results.csv"

// runExport reads an export, writes its ledger and runs it: create, plan and disable.
func (c *config) runExport(ctx context.Context, file string) error {
	path, err := c.chooseResults(file)
	if err != nil {
		return err
	}
	c.announceTenant()
	ledger, err := c.prepareExport(ctx, file, path)
	if err != nil {
		return err
	}
	s := &session{config: c, ledger: ledger}
	if !c.dryRun && !s.asks() {
		for _, line := range s.firstPersons() {
			c.note(line)
		}
	}
	return s.run(ctx)
}

// chooseResults is the name of the result file: -o, or the export's; "" for a plan that saves none.
func (c *config) chooseResults(export string) (string, error) {
	path := c.outFile
	if path == "" && !c.dryRun {
		if isStdin(export) {
			return "", usage(errors.New("standard input has no file name to derive a result file name from"),
				c.given.with("out", pipedResults).String())
		}
		path = c.resultsOf(export)
	}
	return path, c.preparePaths(path, namedPath{"the export", export})
}

// resultsOf is the name of an export's result file without -o.
func (c *config) resultsOf(export string) string {
	path := strings.TrimSuffix(export, filepath.Ext(export))
	if c.action.Command == "disable" {
		path += ".disable"
	}
	if c.sandbox {
		path += ".sandbox"
	}
	return path + ".results.csv"
}

// prepareExport reads an export into the ledger of a new result file at path, and says how it was read.
func (c *config) prepareExport(ctx context.Context, file, path string) (*report.Ledger, error) {
	defer debug.SetGCPercent(debug.SetGCPercent(600)) // nearly all of what is made here stays in memory for the run
	export, err := c.readFile(ctx, file)
	if err != nil {
		return nil, err
	}
	if err := report.CheckExport(export); err != nil {
		return nil, err
	}
	action := c.action
	sources := action.Sources()
	sources.Decided, sources.Leavers = false, action.Command == "disable"
	people, err := roster.Read(export, sources)
	if err != nil {
		return nil, err
	}
	c.note(people.Describe())
	for _, warning := range people.Warnings {
		line := warning.Text
		if word, ok := quoteWord(warning.Where); ok && warning.Where != "" {
			line += "; to leave them out: --where " + word
		}
		c.note("warning: " + line)
	}
	columns := people.Columns // those that were decided: a retry detects none
	action.Subject, action.Name = columns.Subject.String(), columns.Name.String()
	action.Email, action.Roles = columns.Email.String(), columns.Roles.String()
	c.useAction(action)
	if err := c.requireYes(); err != nil {
		return nil, err
	}
	ledger, err := report.Create(path, export, action, c.ledgerOptions)
	if err != nil {
		return nil, err
	}
	if err := ledger.Prepare(people, false); err != nil {
		return nil, errors.Join(err, ledger.Close())
	}
	return ledger, nil
}

// readFile reads a CSV file, or what can be read only once: standard input, or a pipe with a name.
func (c *config) readFile(ctx context.Context, file string) (*csvfile.File, error) {
	const most = 1 << 30 // bytes
	return untilDone(ctx, func() (*csvfile.File, error) {
		name, in, read := "standard input", c.stdin, c.readOptions
		if file != "-" {
			f, err := os.Open(file)
			if err != nil {
				return nil, err
			}
			defer f.Close() // only read
			if info, err := f.Stat(); err == nil {
				read.Size = min(info.Size(), most)
			}
			name, in = file, f
		}
		limited := &io.LimitedReader{R: in, N: most + 1}
		export, err := csvfile.Read(limited, name, read)
		if limited.N <= 0 {
			return nil, usage(errors.New(name+" is larger than 1 GiB"), "split it into several files")
		}
		return export, err
	})
}
