package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"qlik-provision/provision/roster"
	"qlik-provision/report"
)

func (a *app) createCommand() *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "create FILE",
		Short: "Create every person in FILE; the outcome of each row goes to FILE's result file",
		Long: `create reads the export FILE, writes every row of it into the result file, and then makes a user of every row that can be sent. It looks first who
is there already. FILE may be - for standard input; create then needs -o.`,
		Example: `  qlik-provision create hr.csv
  qlik-provision create hr.csv --subject 'corp\{Login}' --name '{First} {Last}'
  qlik-provision create hr.csv --sandbox`,
		Args:              oneFile("export"),
		ValidArgsFunction: completeFiles("csv", "tsv", "txt"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.check(cmd, args[0], f)
			if err != nil {
				return err
			}
			path := c.resultsOf(args[0])
			if path == "" {
				return usage(errors.New("standard input has no name to make one for the result file of"), c.given.with("-o", "hr.results.csv").String())
			}
			ledger, err := a.begin(cmd.Context(), c, args[0], path)
			if err != nil {
				return err
			}
			p := &performance{app: a, config: c, path: path, ledger: ledger, retry: c.given.retry(path)}
			return p.perform(cmd.Context())
		},
	}
	f.runFlags(cmd)
	f.exportFlags(cmd)
	f.lookupFlag(cmd)
	return cmd
}

// resultsOf is the name of the export's result file, "" where it has none of its own.
func (c *config) resultsOf(export string) string {
	if c.out != "" {
		return c.out
	}
	if export == "-" {
		return ""
	}
	dir, name := filepath.Split(export)
	stem := strings.TrimSuffix(name, filepath.Ext(name))
	if stem == "" {
		stem = name
	}
	if c.sandbox {
		stem += ".sandbox"
	}
	return dir + stem + ".results.csv"
}

// begin reads the export and writes its ledger to path.
func (a *app) begin(ctx context.Context, c *config, file, path string) (*report.Ledger, error) {
	in := file
	if file == "-" {
		in = ""
	}
	if err := c.checkFiles(path, namedPath{"the export", in}); err != nil {
		return nil, err
	}
	a.announce(c)
	f, done, err := a.open(ctx, file)
	switch {
	case errors.Is(err, errInterrupted):
		return nil, &failure{code: exitInterrupted, err: errors.New("interrupted; nothing was sent"), hint: c.given.String()}
	case err != nil:
		return nil, a.refusal(err, c.given)
	}
	ledger, err := a.write(c, f, displayName(file), path)
	if doneErr := done(); err == nil && doneErr != nil {
		return nil, errors.Join(usage(doneErr, c.given.retry(path).String()), ledger.Close())
	}
	return ledger, err
}

func displayName(file string) string {
	if file == "-" {
		return "standard input"
	}
	return file
}

func (a *app) write(c *config, f *os.File, name, path string) (*report.Ledger, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, a.refusal(err, c.given)
	}
	if info.IsDir() {
		return nil, usage(fmt.Errorf("%s is a folder", name), "name the CSV file in it")
	}
	export, err := roster.Open(f, info.Size(), name, c.roster)
	if err != nil {
		return nil, a.refusal(err, c.given)
	}
	ledger, err := report.Create(path, export, c.ledger)
	if err != nil {
		return nil, a.refusal(err, c.given)
	}
	a.ui.note(export.Decision(ledger.Rows()))
	if note := export.Note(); note != "" {
		a.ui.note(note)
	}
	return ledger, nil
}

// announce says whom a run is for: the first line of every run.
func (a *app) announce(c *config) {
	switch {
	case c.offline:
		a.ui.note("tenant: nobody is asked")
	case c.sandbox:
		a.ui.note("tenant: sandbox, in memory, for this run only")
	default:
		a.ui.note("tenant: " + c.tenantName())
	}
}

// open opens a file. What can be read only once, standard input or a pipe with a name, is kept in a temporary one, 0600, that done removes.
func (a *app) open(ctx context.Context, file string) (f *os.File, done func() error, err error) {
	if file != "-" {
		info, err := os.Stat(file)
		if err != nil || info.IsDir() || info.Mode().IsRegular() {
			if f, err = os.Open(file); err != nil {
				return nil, nil, err
			}
			return f, f.Close, nil
		}
	}
	f, err = os.CreateTemp("", "qlik-provision-*.csv")
	if err != nil {
		return nil, nil, fmt.Errorf("keeping %s: %w", displayName(file), err)
	}
	done = func() error { return errors.Join(f.Close(), os.Remove(f.Name())) }
	// Nothing ends a read from outside, so an interrupt leaves it behind.
	copied := make(chan error, 1)
	go func() { copied <- a.copyTo(f, file) }()
	select {
	case err = <-copied:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("keeping %s: %w", displayName(file), err), done())
	}
	return f, done, nil
}

func (a *app) copyTo(to io.Writer, file string) error {
	from := a.stdin
	if file != "-" {
		pipe, err := os.Open(file)
		if err != nil {
			return err
		}
		defer pipe.Close()
		from = pipe
	}
	_, err := io.Copy(to, from)
	return err
}
