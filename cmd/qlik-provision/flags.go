package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"qlik-provision/provision"
)

// flags is what was typed. config is what comes of it.
type flags struct {
	tenant, clientID, secretFile, context string
	sandbox                               bool

	out                            string
	overwrite                      bool
	subject, name, email           string
	match, delimiter, encoding     string
	headerRow                      int
	status, rate                   string
	burst, workers, attempts       int
	patience, timeout              time.Duration
	noLookup, offline, json, quiet bool
	log                            string
}

// runFlags are the flags of every command that speaks to a tenant.
func (f *flags) runFlags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.StringVar(&f.tenant, "tenant", "", "the tenant's `URL`: https://acme.eu.qlikcloud.com, or the host alone (default $QLIK_TENANT)")
	fs.StringVar(&f.clientID, "client-id", "", "the `ID` of the M2M OAuth client (default $QLIK_CLIENT_ID)")
	fs.StringVar(&f.secretFile, "client-secret-file", "", "a `FILE` that holds the client's secret (default the secret in $QLIK_CLIENT_SECRET)")
	fs.StringVar(&f.context, "context", "", "the `NAME` of a qlik-cli context, which brings tenant and credentials")
	fs.BoolVar(&f.sandbox, "sandbox", false, "run against a tenant in memory, started for this run")
	fs.StringVar(&f.subject, "subject", "", "the subject's `COLUMN`, or a template: 'auth0|{Employee ID}' (default found by header name)")
	fs.StringVar(&f.name, "name", "", "the name's `COLUMN`, or a template: '{First} {Last}' (default found)")
	fs.StringVar(&f.email, "email", "", "the address's `COLUMN`, or a template (default found)")
	fs.StringVar(&f.match, "match", "subject", "the `FIELDS` by which somebody counts as being there already: subject, or subject,email")
	fs.StringVar(&f.delimiter, "delimiter", "", "the `CHARACTER` between the cells, or its name: comma, semicolon, tab, pipe (default found)")
	fs.StringVar(&f.encoding, "encoding", "", "the file's `ENCODING`: windows-1252, shift_jis, iso-8859-2, … (default found)")
	fs.StringVar(&f.status, "status", "active", "the `STATUS` of the new users: active, or invited (which needs an address)")
	fs.IntVar(&f.workers, "workers", provision.DefaultWorkers, "how many requests are in flight, `N` at most")
	fs.StringVar(&f.rate, "rate", "100/m", "the `RATE` at which creates go: N/s, N/m, N/h, or off")
	fs.IntVar(&f.burst, "burst", provision.DefaultBurst, "how many creates may go at once, `N` at most")
	fs.IntVar(&f.attempts, "attempts", provision.DefaultAttempts, "how often one row is tried where the tenant failed, `N` times at most")
	fs.DurationVar(&f.patience, "patience", provision.DefaultPatience, "how long to go on with no create let in")
	fs.DurationVar(&f.timeout, "timeout", 30*time.Second, "how long one request may take")
	fs.BoolVar(&f.json, "json", false, "the summary as one JSON object on stdout")
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "no progress")
	fs.StringVar(&f.log, "log", "", "a `FILE` to write one JSON line a request to: no secret, no name, no address")
	completeRunFlags(cmd)
}

// exportFlags are those of the commands that read an export.
func (f *flags) exportFlags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVarP(&f.out, "out", "o", "", "the result `FILE` (default hr.csv → hr.results.csv beside it)")
	fs.BoolVar(&f.overwrite, "overwrite", false, "throw an existing result file away")
	fs.IntVar(&f.headerRow, "header-row", 0, "the `LINE` the header stands on, where title lines stand above it (default found)")
	complete(cmd, "header-row", nil)
}

func (f *flags) lookupFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.noLookup, "no-lookup", false, "do not ask who exists first")
}

// given is the command as it was typed, as far as its flags are set.
func (a *app) given(cmd *cobra.Command, file string) command {
	words := []string{a.name, cmd.Name(), argument(file)}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		name := "--" + f.Name
		if f.Value.Type() == "bool" {
			if f.Value.String() == "true" {
				words = append(words, name)
			}
			return
		}
		if f.Shorthand != "" {
			name = "-" + f.Shorthand
		}
		words = append(words, name, f.Value.String())
	})
	return command{words}
}

// secret reads the client's secret from a file that is nobody else's.
func secret(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("reading the client's secret: %w", err)
	}
	s, err := readSecret(f)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return s, err
}
