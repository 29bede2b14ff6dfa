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
	tenantURL, clientID, secretFile, secretCommand, context string
	sandbox                                                 bool

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

// group adds flags to a command, under one heading of its help.
func group(cmd *cobra.Command, heading string, add func(fs *pflag.FlagSet)) {
	fs := pflag.NewFlagSet(heading, pflag.ContinueOnError)
	fs.SortFlags = false
	add(fs)
	fs.VisitAll(func(f *pflag.Flag) {
		if f.Annotations == nil {
			f.Annotations = map[string][]string{}
		}
		f.Annotations[groupAnnotation] = []string{heading}
	})
	cmd.Flags().SortFlags = false
	cmd.Flags().AddFlagSet(fs)
}

// keepForRetry marks flags whose values a retry needs, since no result file has them.
func keepForRetry(fs *pflag.FlagSet, names ...string) {
	for _, name := range names {
		_ = fs.SetAnnotation(name, keptAnnotation, nil) // fails for an unknown flag only
	}
}

// tenantFlags say which tenant, and as whom.
func (f *flags) tenantFlags(cmd *cobra.Command) {
	group(cmd, groupTenant, func(fs *pflag.FlagSet) {
		fs.StringVar(&f.tenantURL, "tenant", "",
			"`URL` of the tenant: https://acme.eu.qlikcloud.com, or the host alone (default: $QLIK_TENANT)")
		fs.StringVar(&f.clientID, "client-id", "", "`ID` of the M2M OAuth client (default: $QLIK_CLIENT_ID)")
		fs.StringVar(&f.secretFile, "client-secret-file", "",
			"`FILE` that holds the client secret (default: the secret in $QLIK_CLIENT_SECRET)")
		fs.StringVar(&f.secretCommand, "client-secret-command", "",
			"`COMMAND` that prints the client secret, run by the shell")
		fs.StringVar(&f.context, "context", "", "take tenant and credentials from the qlik-cli context `NAME`")
		fs.BoolVar(&f.sandbox, "sandbox", false, "use an in-memory tenant, for this run only")
		keepForRetry(fs, "tenant", "client-id", "client-secret-file", "client-secret-command", "context", "sandbox")
	})
}

// columnFlags are for commands that derive persons from rows: which rows, and where a person's fields come from.
func (f *flags) columnFlags(cmd *cobra.Command) {
	group(cmd, groupColumns, func(fs *pflag.FlagSet) {
		fs.StringVar(&f.subject, "subject", "",
			"`COLUMN` with the subject, or a template: "+quote(`auth0|{Employee ID}`)+" (default: auto-detected)")
		fs.StringVar(&f.name, "name", "",
			"`COLUMN` with the name, or a template: "+quote(`{First} {Last}`)+" (default: auto-detected)")
		fs.StringVar(&f.email, "email", "", "`COLUMN` with the email address, or a template (default: auto-detected)")
		fs.StringArrayVar(&f.where, "where", nil, "run only rows that meet this `CONDITION`: Status=Active, "+
			quote("Status!=Terminated,Inactive")+"; repeatable, all must hold")
	})
	group(cmd, groupRun, func(fs *pflag.FlagSet) {
		fs.BoolVar(&f.allowAdminRoles, "allow-admin-roles", false,
			"assign admin-level roles, and change or disable users who have one")
		keepForRetry(fs, "allow-admin-roles") // it is never taken from a file
	})
}

// createFlags are for commands that create users.
func (f *flags) createFlags(cmd *cobra.Command) {
	group(cmd, groupColumns, func(fs *pflag.FlagSet) {
		fs.StringVar(&f.roles, "roles", "", "`COLUMN` with names of Qlik roles, separated by ;")
		fs.StringArrayVar(&f.everyonesRoles, "role", nil, "assign the role `NAME` to every person in the file; repeatable")
		fs.StringVar(&f.status, "status", "active", "`STATUS` of new users: active, or invited (needs an email address; "+
			"Qlik Account logins only; no mail is promised)")
		fs.StringSliceVar(&f.update, "update", nil, "also update these `FIELDS` of existing users: any of name,roles,status")
	})
}

// exportFlags are for commands that read an export and write a result file.
func (f *flags) exportFlags(cmd *cobra.Command) {
	f.readFlags(cmd)
	group(cmd, groupOutput, func(fs *pflag.FlagSet) {
		fs.StringVarP(&f.out, "out", "o", "", "result `FILE` (default: hr.results.csv beside hr.csv)")
		fs.BoolVar(&f.overwrite, "overwrite", false, "replace an existing result file")
	})
}

// readFlags say how a file is written, where detection is wrong.
func (f *flags) readFlags(cmd *cobra.Command) {
	group(cmd, groupColumns, func(fs *pflag.FlagSet) {
		fs.StringVar(&f.delimiter, "delimiter", "",
			"`CHARACTER` between cells, or its name: comma, semicolon, tab, pipe (default: auto-detected)")
		fs.StringVar(&f.encoding, "encoding", "",
			"`ENCODING` of the file: windows-1252, shift_jis, iso-8859-2, … (default: auto-detected)")
		fs.IntVar(&f.headerRow, "header-row", 0,
			"`LINE` that holds the header, if title lines stand above it (default: auto-detected)")
	})
}

// runFlags are for every command that contacts a tenant.
func (f *flags) runFlags(cmd *cobra.Command) {
	group(cmd, groupRun, func(fs *pflag.FlagSet) {
		fs.StringVar(&f.rate, "rate", "100/m", "`RATE` of writes: N/s, N/m, N/h, or off (no limit for lookups either)")
		fs.IntVar(&f.burst, "burst", provision.DefaultBurst, "send up to `N` writes at once")
		keepForRetry(fs, "rate", "burst")
		fs.IntVar(&f.workers, "workers", provision.DefaultWorkers, "send at most `N` requests concurrently")
		fs.IntVar(&f.attempts, "attempts", provision.DefaultAttempts, "try a row at most `N` times when the tenant fails")
		fs.Var(newDurationValue(provision.DefaultPatience, &f.patience), "patience",
			"end the run after `TIME` without progress")
		fs.Var(newDurationValue(30*time.Second, &f.timeout), "timeout", "give up on a request after `TIME`")
	})
	group(cmd, groupOutput, func(fs *pflag.FlagSet) {
		fs.BoolVar(&f.json, "json", false, "print the summary as one JSON object on stdout")
		fs.BoolVarP(&f.quiet, "quiet", "q", false, "print errors only")
		fs.StringVar(&f.log, "log", "",
			"append one JSON line per request to `FILE`, without secrets, names and email addresses")
	})
}

// writeFlags are for commands that write to the tenant.
func (f *flags) writeFlags(cmd *cobra.Command) {
	group(cmd, groupRun, func(fs *pflag.FlagSet) {
		fs.IntVar(&f.limit, "limit", 0,
			"send at most `N` writes, then stop; the other rows stay pending (default: no limit)")
		fs.IntVar(&f.max, "max", 0,
			"look up all rows first, and send nothing if more than `N` writes are needed (default: no maximum)")
		keepForRetry(fs, "limit", "max")
		fs.BoolVar(&f.yes, "yes", false, "do not ask for confirmation")
	})
}

func (f *flags) dryRunFlag(cmd *cobra.Command) {
	group(cmd, groupRun, func(fs *pflag.FlagSet) {
		fs.BoolVar(&f.dryRun, "dry-run", false, "look up all rows and show what would be sent; write nothing to the tenant")
	})
}

func (f *flags) lookupFlag(cmd *cobra.Command) {
	group(cmd, groupRun, func(fs *pflag.FlagSet) {
		fs.BoolVar(&f.noLookup, "no-lookup", false, "do not look up existing users first")
	})
}

func (f *flags) offlineFlag(cmd *cobra.Command) {
	group(cmd, groupRun, func(fs *pflag.FlagSet) {
		fs.BoolVar(&f.offline, "offline", false, "check the file without contacting the tenant")
	})
}

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
		byDefault := d.String()
		return errors.New("a time needs a unit: " + s + byDefault[len(byDefault)-1:])
	}
	return errors.New("a time like 30s or 15m")
}

func (d *durationValue) Type() string { return "duration" }

func (d *durationValue) String() string { return withoutZeroSeconds(time.Duration(*d)) }
