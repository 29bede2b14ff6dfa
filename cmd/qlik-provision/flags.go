package main

import (
	"errors"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"qlik-provision/provision"
)

// flags is what was typed. config is what comes of it.
type flags struct {
	tenant, clientID, secretFile, secretCommand, context string
	sandbox                                              bool

	subject, name, email, roles string
	everyonesRoles, update      []string
	where                       []string
	delimiter, encoding         string
	headerRow                   int
	status                      string

	allowAdminRoles   bool
	limit, max        int
	dryRun, yes       bool
	workers           int
	rate              string
	burst, attempts   int
	patience, timeout time.Duration
	noLookup, offline bool
	out               string
	overwrite         bool
	json, quiet       bool
	log               string
}

// The groups in which help shows flags, in this order.
const (
	groupTenant  = "Tenant"
	groupColumns = "Columns and rows"
	groupRun     = "Run"
	groupOutput  = "Output"

	groupAnnotation = "group"
)

// A flagGroup adds flags to a command under one heading of its help.
type flagGroup struct {
	set  *pflag.FlagSet
	name string
	kept bool // a retry needs them
}

func (g flagGroup) mark(name string) {
	f := g.set.Lookup(name)
	f.Annotations = map[string][]string{groupAnnotation: {g.name}}
	if g.kept {
		f.Annotations[retryFlag] = nil
	}
}

func (g flagGroup) text(p *string, name, value, usage string) {
	g.set.StringVar(p, name, value, usage)
	g.mark(name)
}

func (g flagGroup) list(p *[]string, name, usage string) {
	g.set.StringArrayVar(p, name, nil, usage)
	g.mark(name)
}

func (g flagGroup) number(p *int, name string, value int, usage string) {
	g.set.IntVar(p, name, value, usage)
	g.mark(name)
}

func (g flagGroup) duration(p *time.Duration, name string, value time.Duration, usage string) {
	g.set.Var(newDurationValue(value, p), name, usage)
	g.mark(name)
}

func (g flagGroup) boolean(p *bool, name, usage string) {
	g.set.BoolVar(p, name, false, usage)
	g.mark(name)
}

func group(cmd *cobra.Command, name string) flagGroup {
	cmd.Flags().SortFlags = false
	return flagGroup{set: cmd.Flags(), name: name}
}

// tenantFlags say which tenant, and as whom.
func (f *flags) tenantFlags(cmd *cobra.Command) {
	g := group(cmd, groupTenant)
	g.kept = true
	g.text(&f.tenant, "tenant", "", "`URL` URL of the tenant: https://acme.eu.qlikcloud.com, or the host alone "+
		"(default: $QLIK_TENANT)")
	g.text(&f.clientID, "client-id", "", "`ID` ID of the M2M OAuth client (default: $QLIK_CLIENT_ID)")
	g.text(&f.secretFile, "client-secret-file", "", "`FILE` file that holds the client secret "+
		"(default: the secret in $QLIK_CLIENT_SECRET)")
	g.text(&f.secretCommand, "client-secret-command", "", "`COMMAND` command that prints the client secret, "+
		"run by the shell")
	g.text(&f.context, "context", "", "take tenant and credentials from the qlik-cli context `NAME`")
	g.boolean(&f.sandbox, "sandbox", "use an in-memory tenant, for this run only")
}

// columnFlags say where a person's fields come from.
func (f *flags) columnFlags(cmd *cobra.Command) {
	g := group(cmd, groupColumns)
	g.text(&f.subject, "subject", "", "`COLUMN` column with the subject, or a template: "+
		example(`auth0|{Employee ID}`)+" (default: auto-detected)")
	g.text(&f.name, "name", "", "`COLUMN` column with the name, or a template: "+example(`{First} {Last}`)+
		" (default: auto-detected)")
	g.text(&f.email, "email", "", "`COLUMN` column with the email address, or a template "+
		"(default: auto-detected)")
}

// roleFlags are for commands that create users.
func (f *flags) roleFlags(cmd *cobra.Command) {
	g := group(cmd, groupColumns)
	g.text(&f.roles, "roles", "", "`COLUMN` column with names of Qlik roles, separated by ;")
	g.list(&f.everyonesRoles, "role", "`NAME` role to assign to every person in the file; repeatable")
	g.text(&f.status, "status", "active", "`STATUS` status of new users: active, or invited (needs an email address; "+
		"Qlik Account logins only; no mail is promised)")
	g.set.StringSliceVar(&f.update, "update", nil, "`FIELDS` also update existing users: any of name,roles,status")
	g.mark("update")
}

// exportFlags are for commands that read an export.
func (f *flags) exportFlags(cmd *cobra.Command) {
	g := group(cmd, groupColumns)
	g.list(&f.where, "where", "`CONDITION` run only rows that meet this condition: Status=Active, "+
		example("Status!=Terminated,Inactive")+"; repeatable, all must hold")
	f.readFlags(cmd)
	g = group(cmd, groupOutput)
	g.set.StringVarP(&f.out, "out", "o", "", "`FILE` result file (default: hr.results.csv beside hr.csv)")
	g.mark("out")
	g.boolean(&f.overwrite, "overwrite", "replace an existing result file")
}

// readFlags say how a file is written, where detection is wrong.
func (f *flags) readFlags(cmd *cobra.Command) {
	g := group(cmd, groupColumns)
	g.text(&f.delimiter, "delimiter", "", "`CHARACTER` character between cells, or its name: comma, semicolon, tab, pipe "+
		"(default: auto-detected)")
	g.text(&f.encoding, "encoding", "", "`ENCODING` encoding of the file: windows-1252, shift_jis, iso-8859-2, … "+
		"(default: auto-detected)")
	g.number(&f.headerRow, "header-row", 0, "`LINE` line that holds the header, if title lines stand above it "+
		"(default: auto-detected)")
}

// runFlags are for every command that contacts a tenant.
func (f *flags) runFlags(cmd *cobra.Command) {
	g := group(cmd, groupRun)
	g.kept = true
	g.text(&f.rate, "rate", "100/m", "`RATE` rate of writes: N/s, N/m, N/h, or off (no limit for lookups either)")
	g.number(&f.burst, "burst", provision.DefaultBurst, "send up to `N` writes at once")
	g.kept = false
	g.number(&f.workers, "workers", provision.DefaultWorkers, "send at most `N` requests concurrently")
	g.number(&f.attempts, "attempts", provision.DefaultAttempts, "try a row at most `N` times when the tenant fails")
	g.duration(&f.patience, "patience", provision.DefaultPatience, "end the run after `TIME` without progress")
	g.duration(&f.timeout, "timeout", 30*time.Second, "give up on a request after `TIME`")
	g = group(cmd, groupOutput)
	g.boolean(&f.json, "json", "print the summary as one JSON object on stdout")
	g.set.BoolVarP(&f.quiet, "quiet", "q", false, "print errors only")
	g.mark("quiet")
	g.text(&f.log, "log", "", "append one JSON line per request to `FILE`, without secrets, names and "+
		"email addresses")
}

// writeFlags are for commands that write to the tenant.
func (f *flags) writeFlags(cmd *cobra.Command) {
	g := group(cmd, groupRun)
	g.number(&f.limit, "limit", 0, "send at most `N` writes, then stop; the other rows stay pending (default: no limit)")
	g.number(&f.max, "max", 0, "look up all rows first, and send nothing if more than `N` writes are needed "+
		"(default: no maximum)")
	g.boolean(&f.yes, "yes", "do not ask for confirmation")
}

func (f *flags) dryRunFlag(cmd *cobra.Command) {
	group(cmd, groupRun).boolean(&f.dryRun, "dry-run",
		"look up all rows and show what would be sent; write nothing to the tenant")
}

// adminFlag is kept for a retry, since it is never taken from a file.
func (f *flags) adminFlag(cmd *cobra.Command) {
	g := group(cmd, groupRun)
	g.kept = true
	g.boolean(&f.allowAdminRoles, "allow-admin-roles",
		"assign admin-level roles, and change or disable users who have one")
}

func (f *flags) lookupFlag(cmd *cobra.Command) {
	group(cmd, groupRun).boolean(&f.noLookup, "no-lookup", "do not look up existing users first")
}

func (f *flags) offlineFlag(cmd *cobra.Command) {
	group(cmd, groupRun).boolean(&f.offline, "offline", "check the file without contacting the tenant")
}

// actionFlags are those that a retry compares with its file's action, and no other group has.
func (f *flags) actionFlags(cmd *cobra.Command) {
	group(cmd, groupColumns).list(&f.where, "where", "`CONDITION` of the file's action")
}

// example quotes an example for help, as the platform's shell takes it.
func example(s string) string { return quote(s) }

// A durationValue is a duration flag whose error says what a duration looks like.
type durationValue time.Duration

func newDurationValue(value time.Duration, p *time.Duration) *durationValue {
	*p = value
	return (*durationValue)(p)
}

func (d *durationValue) Set(s string) error {
	v, err := time.ParseDuration(s)
	if err == nil {
		*d = durationValue(v)
		return nil
	}
	if _, unitless := time.ParseDuration(s + "s"); unitless == nil {
		return errors.New("a time needs a unit: " + s + "s")
	}
	return errors.New("a time like 30s or 15m")
}

func (d *durationValue) Type() string   { return "duration" }
func (d *durationValue) String() string { return shortDuration(time.Duration(*d)) }

// shortDuration writes a duration as people type it: 15m, not 15m0s.
func shortDuration(d time.Duration) string {
	s := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if len(s) > len(zero) && s[len(s)-len(zero):] == zero {
			s = s[:len(s)-len(zero)+1]
		}
	}
	return s
}
