package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
	"qlik-provision/report"
)

// flags is what was typed. config is what comes of it.
type flags struct {
	tenantURL, clientID, secretFile, secretCommand, context string
	sandbox, offline                                        bool

	action      report.Action
	readOptions csvfile.Options

	runOptions  provision.Options
	rate        string
	max         int
	dryRun, yes bool

	outFile                string
	overwrite, json, quiet bool
	log                    string
}

// tenantFlags say which tenant, and as whom.
func (f *flags) tenantFlags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.Var(into(&f.tenantURL, nonEmpty), "tenant",
		"`URL` of the tenant: https://acme.eu.qlikcloud.com, or the host alone (default: $QLIK_TENANT)")
	fs.Var(into(&f.clientID, nonEmpty), "client-id", "`ID` of the M2M OAuth client (default: $QLIK_CLIENT_ID)")
	fs.Var(into(&f.secretFile, nonEmpty), "client-secret-file",
		"`FILE` that holds the client secret (default: the secret in $QLIK_CLIENT_SECRET)")
	fs.Var(into(&f.secretCommand, nonEmpty), "client-secret-command",
		"`COMMAND` that prints the client secret, run by the shell")
	fs.Var(into(&f.context, nonEmpty), "context", "take tenant and credentials from the qlik-cli context `NAME`")
	fs.BoolVar(&f.sandbox, "sandbox", false, "use an in-memory tenant, for this run only")
}

// columnFlags are for commands that derive persons from rows: which rows, and where a person's fields come from.
func (f *flags) columnFlags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.Var(into(&f.action.Subject, unquoted), "subject",
		"`COLUMN` with the subject, or a template: "+quote(`auth0|{Employee ID}`)+" (default: auto-detected)")
	fs.Var(into(&f.action.Name, unquoted), "name",
		"`COLUMN` with the name, or a template: "+quote(`{First} {Last}`)+" (default: auto-detected)")
	fs.Var(into(&f.action.Email, unquoted), "email",
		"`COLUMN` with the email address, or a template (default: auto-detected)")
	fs.Var(each(&f.action.Where, unquoted), "where", "run only rows that meet this `CONDITION`: Status=Active, "+
		quote("Status!=Terminated,Inactive")+"; repeatable, all must hold")
	fs.BoolVar(&f.runOptions.AllowAdminRoles, "allow-admin-roles", false,
		"assign admin-level roles, and change or disable users who have one")
}

// createFlags are for commands that create users.
func (f *flags) createFlags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.Var(into(&f.action.Roles, unquoted), "roles", "`COLUMN` with names of Qlik roles, separated by ;")
	fs.Var(each(&f.action.EveryonesRoles, unquoted), "role",
		"assign the role `NAME` to every person in the file; repeatable")
	f.action.Status = "active"
	fs.Var(into(&f.action.Status, oneOf("active", "invited")), "status", "`STATUS` of new users: active, or invited "+
		"(needs an email address; Qlik Account logins only; no mail is promised) (default: active)")
	fs.Var(&value{set: f.addFields}, "update", "also update these `FIELDS` of existing users: any of name,roles,status")
}

// addFields reads names of fields, with commas between them.
func (f *flags) addFields(list string) error {
	for field := range strings.SplitSeq(list, ",") {
		field, err := oneOf("name", "roles", "status")(strings.TrimSpace(field))
		if err != nil {
			return err
		}
		f.action.Update = append(f.action.Update, field)
	}
	return nil
}

// exportFlags are for commands that read an export and write a result file.
func (f *flags) exportFlags(cmd *cobra.Command) {
	f.readFlags(cmd)
	fs := cmd.Flags()
	fs.VarP(into(&f.outFile, outputFile), "out", "o", "result `FILE` (default: hr.results.csv beside hr.csv)")
	fs.BoolVar(&f.overwrite, "overwrite", false, "replace an existing result file")
}

// readFlags say how a file is written, where detection is wrong.
func (f *flags) readFlags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.Var(into(&f.readOptions.Delimiter, parseDelimiter), "delimiter",
		"`CHARACTER` between cells, or its name: comma, semicolon, tab, pipe (default: auto-detected)")
	fs.Var(into(&f.readOptions.Encoding, nonEmpty), "encoding",
		"`ENCODING` of the file: windows-1252, shift_jis, iso-8859-2, … (default: auto-detected)")
	fs.Var(into(&f.readOptions.HeaderRow, parseNumber), "header-row",
		"`LINE` that holds the header, if title lines stand above it (default: auto-detected)")
}

// runFlags are for every command that contacts a tenant.
func (f *flags) runFlags(cmd *cobra.Command) {
	fs, run := cmd.Flags(), &f.runOptions
	f.rate, run.Rate, run.Burst = "100/m", provision.DefaultRate, provision.DefaultBurst
	run.Workers, run.Attempts = provision.DefaultWorkers, provision.DefaultAttempts
	run.Patience, run.Timeout = provision.DefaultPatience, provision.DefaultTimeout
	fs.Var(&value{set: f.setRate}, "rate",
		"`RATE` of writes: N/s, N/m, N/h, or off (no limit for lookups either) (default: 100/m)")
	fs.Var(into(&run.Burst, parseNumber), "burst", fmt.Sprintf("send up to `N` writes at once (default: %d)", run.Burst))
	fs.Var(into(&run.Workers, parseWorkers), "workers",
		fmt.Sprintf("send at most `N` requests concurrently (default: %d)", run.Workers))
	fs.Var(into(&run.Attempts, parseNumber), "attempts",
		fmt.Sprintf("try a row at most `N` times when the tenant fails (default: %d)", run.Attempts))
	fs.Var(into(&run.Patience, parseTime), "patience",
		"end the run after `TIME` without progress (default: "+withoutZeroSeconds(run.Patience)+")")
	fs.Var(into(&run.Timeout, parseTime), "timeout",
		"give up on a request after `TIME` (default: "+run.Timeout.String()+")")
	fs.BoolVar(&f.json, "json", false, "print the summary as one JSON object on stdout")
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "print errors only")
	fs.Var(into(&f.log, nonEmpty), "log",
		"append one JSON line per request to `FILE`, without secrets, names and email addresses")
}

func (f *flags) setRate(s string) (err error) {
	f.rate = s
	f.runOptions.Rate, err = parseRate(s)
	return err
}

// writeFlags are for commands that write to the tenant.
func (f *flags) writeFlags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.Var(into(&f.runOptions.Limit, parseNumber), "limit",
		"send at most `N` writes, then stop; the other rows stay pending (default: no limit)")
	fs.Var(into(&f.max, parseNumber), "max",
		"look up all rows first, and send nothing if more than `N` writes are needed (default: no maximum)")
	fs.BoolVar(&f.yes, "yes", false, "do not ask for confirmation")
}

func (f *flags) dryRunFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false,
		"look up all rows and show what would be sent; write nothing to the tenant")
}

// lookupFlag is for commands that create users.
func (f *flags) lookupFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.runOptions.NoLookup, "no-lookup", false, "do not look up existing users first")
}
