package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/time/rate"

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
func (f *flags) tenantFlags(fs *pflag.FlagSet) {
	fs.StringVar(&f.tenantURL, "tenant", "",
		"`URL` of the tenant: https://acme.eu.qlikcloud.com, or the host alone (default: $QLIK_TENANT)")
	fs.StringVar(&f.clientID, "client-id", "", "`ID` of the M2M OAuth client (default: $QLIK_CLIENT_ID)")
	fs.StringVar(&f.secretFile, "client-secret-file", "",
		"`FILE` that holds the client secret (default: the secret in $QLIK_CLIENT_SECRET)")
	fs.StringVar(&f.secretCommand, "client-secret-command", "",
		"`COMMAND` that prints the client secret, run by the shell")
	fs.StringVar(&f.context, "context", "", "take tenant and credentials from the qlik-cli context `NAME`")
	fs.BoolVar(&f.sandbox, "sandbox", false, "use an in-memory tenant, for this run only")
}

// columnFlags are for commands that derive persons from rows: which rows, and where a person's fields come from.
func (f *flags) columnFlags(fs *pflag.FlagSet) {
	fs.StringVar(&f.action.Subject, "subject", "",
		"`COLUMN` with the subject, or a template: "+quote(`auth0|{Employee ID}`)+" (default: auto-detected)")
	fs.StringVar(&f.action.Name, "name", "",
		"`COLUMN` with the name, or a template: "+quote(`{First} {Last}`)+" (default: auto-detected)")
	fs.StringVar(&f.action.Email, "email", "",
		"`COLUMN` with the email address, or a template (default: auto-detected)")
	fs.StringArrayVar(&f.action.Where, "where", nil, "run only rows that meet this `CONDITION`: Status=Active, "+
		quote("Status!=Terminated,Inactive")+"; repeatable, all must hold")
	fs.BoolVar(&f.runOptions.AllowAdminRoles, "allow-admin-roles", false,
		"assign admin-level roles, and change or disable users who have one")
}

// createFlags are for commands that create users.
func (f *flags) createFlags(fs *pflag.FlagSet) {
	fs.StringVar(&f.action.Roles, "roles", "", "`COLUMN` with names of Qlik roles, separated by ;")
	fs.StringArrayVar(&f.action.EveryonesRoles, "role", nil,
		"assign the role `NAME` to every person in the file; repeatable")
	fs.StringVar(&f.action.Status, "status", "active", "`STATUS` of new users: active, or invited "+
		"(needs an email address; Qlik Account logins only; no mail is promised)")
	fs.StringSliceVar(&f.action.Update, "update", nil,
		"also update these `FIELDS` of existing users: any of name,roles,status")
}

// exportFlags are for commands that read an export and write a result file.
func (f *flags) exportFlags(fs *pflag.FlagSet) {
	f.readFlags(fs)
	fs.StringVarP(&f.outFile, "out", "o", "", "result `FILE` (default: hr.results.csv beside hr.csv)")
	fs.BoolVar(&f.overwrite, "overwrite", false, "replace an existing result file")
}

// readFlags say how a file is written, where detection is wrong.
func (f *flags) readFlags(fs *pflag.FlagSet) {
	fs.Func("delimiter", "`CHARACTER` between cells, or its name: comma, semicolon, tab, pipe (default: auto-detected)",
		f.setDelimiter)
	fs.StringVar(&f.readOptions.Encoding, "encoding", "",
		"`ENCODING` of the file: windows-1252, shift_jis, iso-8859-2, … (default: auto-detected)")
	fs.IntVar(&f.readOptions.HeaderRow, "header-row", 0,
		"`LINE` that holds the header, if title lines stand above it (default: auto-detected)")
}

// runFlags are for every command that contacts a tenant.
func (f *flags) runFlags(fs *pflag.FlagSet) {
	run := &f.runOptions
	f.rate, run.Rate = "100/m", provision.DefaultRate
	fs.Func("rate", "`RATE` of writes: N/s, N/m, N/h, or off (no limit for lookups either) (default: 100/m)", f.setRate)
	fs.IntVar(&run.Burst, "burst", provision.DefaultBurst, "send up to `N` writes at once")
	fs.IntVar(&run.Workers, "workers", provision.DefaultWorkers, "send at most `N` requests concurrently")
	fs.IntVar(&run.Attempts, "attempts", provision.DefaultAttempts, "try a row at most `N` times when the tenant fails")
	fs.DurationVar(&run.Patience, "patience", provision.DefaultPatience, "end the run after `TIME` without progress")
	fs.DurationVar(&run.Timeout, "timeout", provision.DefaultTimeout, "give up on a request after `TIME`")
	fs.BoolVar(&f.json, "json", false, "print the summary as one JSON object on stdout")
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "print errors only")
	fs.StringVar(&f.log, "log", "",
		"append one JSON line per request to `FILE`, without secrets, names and email addresses")
}

// writeFlags are for commands that write to the tenant.
func (f *flags) writeFlags(fs *pflag.FlagSet) {
	fs.IntVar(&f.runOptions.Limit, "limit", 0,
		"send at most `N` writes, then stop; the other rows stay pending (default: no limit)")
	fs.IntVar(&f.max, "max", 0,
		"look up all rows first, and send nothing if more than `N` writes are needed (default: no maximum)")
	fs.BoolVar(&f.yes, "yes", false, "do not ask for confirmation")
}

func (f *flags) dryRunFlag(fs *pflag.FlagSet) {
	fs.BoolVar(&f.dryRun, "dry-run", false, "look up all rows and show what would be sent; write nothing to the tenant")
}

// lookupFlag is for commands that create users.
func (f *flags) lookupFlag(fs *pflag.FlagSet) {
	fs.BoolVar(&f.runOptions.NoLookup, "no-lookup", false, "do not look up existing users first")
}

func (f *flags) setDelimiter(s string) error {
	named := map[string]string{"comma": ",", "semicolon": ";", "tab": "\t", `\t`: "\t", "pipe": "|"}
	runes := []rune(cmp.Or(named[strings.ToLower(s)], s))
	if len(runes) != 1 || strings.ContainsRune("\"\r\n\x00\ufeff\ufffd", runes[0]) {
		return errors.New("comma, semicolon, tab, pipe, or one character")
	}
	f.readOptions.Delimiter = runes[0]
	return nil
}

// setRate reads N/s, N/m, N/h, or off.
func (f *flags) setRate(s string) error {
	amount, unit, _ := strings.Cut(s, "/")
	per, known := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour}[unit]
	n, err := strconv.ParseFloat(amount, 64)
	limit := rate.Limit(n / per.Seconds()) // writes a second
	switch {
	case s == "off":
		limit = rate.Inf
	case err != nil || !known || !(limit > 0) || math.IsInf(n, 0):
		return errors.New("a rate is N/s, N/m, N/h, or off")
	}
	f.rate, f.runOptions.Rate = s, limit
	return nil
}

// choices are the words that a flag takes, by what help calls its value.
func choices() map[string][]string {
	return map[string][]string{
		"STATUS": {"active", "invited"}, "FIELDS": {"name", "roles", "status"},
		"KIND": {"rolling", "fixed", "bucket", "off"}, "SHELL": {"posix", "powershell", "cmd"},
	}
}

// finishFlags adds the defaults of a command's flags to their meanings, and completes their values. Files are left to
// the shell; what only the user knows has no values, and is no file either.
func finishFlags(cmd *cobra.Command) {
	known := choices()
	known["RATE"] = []string{"100/m", "10/s", "off"}
	known["CHARACTER"] = []string{"comma", "semicolon", "tab", "pipe"}
	known["ENCODING"] = []string{"windows-1252", "shift_jis", "iso-8859-2", "macintosh", "utf-16le"}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !slices.Contains([]string{"", "0", "false", "[]"}, f.DefValue) {
			f.Usage += " (default: " + strings.Replace(f.DefValue, "m0s", "m", 1) + ")"
		}
		f.DefValue = "" // pflag would write it its own way
		value, _ := pflag.UnquoteUsage(f)
		complete := cobra.FixedCompletions(known[value], cobra.ShellCompDirectiveNoFileComp)
		switch {
		case value == "" || value == "FILE":
			return
		case f.Name == "context":
			complete = completeContext
		}
		// The error is that of a flag that is completed twice: the completion test would show it.
		_ = cmd.RegisterFlagCompletionFunc(f.Name, complete)
	})
}

// completeContext completes the name of one of qlik-cli's contexts.
func completeContext(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	_, contexts, _ := readContexts() // whoever presses Tab wants no error
	return slices.Sorted(maps.Keys(contexts)), cobra.ShellCompDirectiveNoFileComp
}

// flagError is pflag's error with the flag that was probably meant.
func flagError(cmd *cobra.Command, err error) error {
	wrong, isWrong := errors.AsType[*pflag.InvalidValueError](err)
	unknown, isUnknown := errors.AsType[*pflag.NotExistError](err)
	switch {
	case isWrong && wrong.GetFlag().Value.Type() == "duration":
		return usage(err, "a time has a unit: 5s or 15m")
	case !isUnknown:
		return usage(err, "")
	case unknown.GetSpecifiedShortnames() != "": // with the value that may stand behind it, perhaps a secret
		return usage(errors.New("unknown flag: -"+unknown.GetSpecifiedName()), "")
	case !cmd.HasParent() && cmd.Flags().NArg() > 0:
		return noCommand(cmd, cmd.Flags().Args())
	}
	hint := ""
	if near := nearestFlag(unknown.GetSpecifiedName(), cmd); near != "" {
		hint = "did you mean --" + near + "?"
	}
	return usage(err, hint)
}

// checkDashes is a usage error where a long flag, of this command or of another, has a single dash before its name:
// -offline, as PowerShell users type it. pflag would read that as -o with the value "ffline". A value that looks like
// such a flag needs an equals sign before it: --name=-offline.
func checkDashes(cmd *cobra.Command, args []string) error {
	cmd.InitDefaultHelpFlag()
	cmd.InitDefaultVersionFlag()
	for _, arg := range args {
		if arg == "--" {
			break
		}
		typed, _, _ := strings.Cut(strings.ReplaceAll(arg, ":", "="), "=") // PowerShell writes -offline:true
		name, dash := strings.CutPrefix(typed, "-")
		if !dash || len(name) < 3 || name[0] == '-' { // -ov may be meant as -o v
			continue
		}
		for _, c := range append([]*cobra.Command{cmd}, cmd.Root().Commands()...) {
			if near := nearestFlag(name, c); near != "" {
				return usage(fmt.Errorf("%s: did you mean --%s?", typed, near),
					"a long flag has two dashes: --"+near+"; see "+c.CommandPath()+" --help")
			}
		}
	}
	return nil
}

// nearestFlag is the flag of a command that was probably meant: one that begins with what was typed, or is different
// from it in a third of the characters at most; "" where there is none.
func nearestFlag(typed string, cmd *cobra.Command) string {
	typed = strings.ToLower(typed)
	var names []string // with the same first letter, sorted: role comes before roles
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Name[0] == typed[0] {
			names = append(names, f.Name)
		}
	})
	for _, name := range names {
		if strings.HasPrefix(name, typed) {
			return name
		}
	}
	return provision.Nearest(typed, names, len(typed)/3)
}
