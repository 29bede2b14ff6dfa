package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/time/rate"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/roster"
	"qlik-provision/provision/sandbox"
	"qlik-provision/report"
)

// sandboxTenant is what a result file calls the tenant of --sandbox.
const sandboxTenant = "sandbox"

// A config is what flags, environment and context come to. It is made by configure and by nothing else.
type config struct {
	flags
	tenant qlik.Tenant // not set with --sandbox and --offline
	creds  qlik.Credentials
	given  command      // as it was typed
	note   func(string) // prints a line that is worth knowing, except with --quiet

	readOptions   csvfile.Options
	ledgerOptions report.Options
	runOptions    provision.Options
	users         []sandbox.User // with --sandbox: those it starts with
}

// tenantName is how the result file calls the tenant.
func (c *config) tenantName() string {
	switch {
	case c.offline:
		return ""
	case c.sandbox:
		return sandboxTenant
	}
	return c.tenant.Host()
}

// announceTenant says which tenant a run is for: the first line of every run.
func (c *config) announceTenant() {
	switch {
	case c.offline:
		c.note("tenant: not contacted (offline)")
	case c.sandbox:
		c.note("tenant: sandbox, in memory, for this run only")
	default:
		c.note("tenant: " + c.tenantName())
	}
}

// configure makes a config of the flags, the environment and the context, or says which of them is wrong.
func (a *app) configure(cmd *cobra.Command, file string, f flags) (*config, error) {
	c := &config{
		flags: f, given: command{a.name, cmd.Name(), file, givenFlags(cmd.Flags())}, note: a.out.note,
	}
	if c.quiet {
		c.note = func(string) {}
	}
	for _, check := range []func() error{c.checkGiven, c.checkRun, c.checkTask, c.checkReading} {
		if err := check(); err != nil {
			return nil, err
		}
	}
	err := c.chooseTenant(cmd.Context())
	if err == nil {
		err = checkSendable(c.creds)
	}
	if err != nil {
		return nil, orUsage(err, credentialsHint)
	}
	c.ledgerOptions = report.Options{
		Tenant: c.tenantName(), Overwrite: c.overwrite, Notify: c.note,
	}
	return c, nil
}

// checkGiven is an error where a flag was given a value that nobody means: an empty one, as by a variable that is not
// set, or a number below 1, which would count as left out; or one in the single quotes that cmd.exe does not take off.
func (c *config) checkGiven() error {
	for _, f := range c.given.flags {
		switch n := len(f.value) - 1; {
		case f.kind == "bool":
		case f.value == "":
			return usage(fmt.Errorf("--%s has an empty value", f.name), "give it a value, or leave it out")
		case f.kind == "int" && (f.value == "0" || f.value[0] == '-'):
			return usage(fmt.Errorf("--%s %s: a number from 1", f.name, f.value), "give it a number from 1, or leave it out")
		case n > 0 && f.value[0] == '\'' && f.value[n] == '\'' &&
			slices.Contains([]string{"subject", "name", "email", "roles", "role", "where"}, f.name):
			return usage(
				fmt.Errorf("--%s has single quotes in it: %s; this shell does not remove them", f.name, f.value),
				fmt.Sprintf(`use double quotes: --%s "%s"`, f.name, f.value[1:n]))
		}
	}
	return nil
}

func (c *config) checkRun() error {
	if c.rate == "" {
		return nil // a command that sends nothing has no such flags
	}
	pace, err := parseRate(c.rate)
	if err != nil {
		return err
	}
	switch {
	case c.workers > 1000:
		return fmt.Errorf("--workers %d: a number from 1 to 1000", c.workers)
	case c.patience <= 0:
		return fmt.Errorf("--patience %v: a time like 15m", c.patience)
	case c.timeout <= 0:
		return fmt.Errorf("--timeout %v: a time like 30s", c.timeout)
	case c.noLookup && c.max > 0:
		return errors.New("--no-lookup and --max: without lookups the number of writes is not known")
	case c.noLookup && len(c.update) > 0:
		return errors.New("--no-lookup and --update: without lookups the differences are not known")
	}
	c.runOptions = provision.Options{
		AllowAdminRoles: c.allowAdminRoles, Workers: c.workers, Rate: pace, Burst: c.burst, Attempts: c.attempts,
		Patience: c.patience, Timeout: c.timeout, Limit: c.limit, NoLookup: c.noLookup,
	}
	return nil
}

// checkTask checks what decides what is sent.
func (c *config) checkTask() error {
	if c.status != "" && c.status != "active" && c.status != "invited" {
		return fmt.Errorf("--status %q: active or invited", c.status)
	}
	for i, field := range c.update {
		c.update[i] = strings.TrimSpace(field)
		if !slices.Contains([]string{"name", "roles", "status"}, c.update[i]) {
			return fmt.Errorf("--update %q: any of name,roles,status", strings.Join(c.update, ","))
		}
	}
	return nil
}

func (c *config) checkReading() error {
	delimiter, err := parseDelimiter(c.delimiter)
	c.readOptions = csvfile.Options{
		Delimiter: delimiter, Encoding: c.encoding, HeaderRow: c.headerRow,
		LooksLikeHeader: roster.LooksLikeHeader, Block: report.Columns(),
	}
	return err
}

// newAction is what the rows of a new file are for, once the columns are decided.
func (c *config) newAction(columns roster.Columns) report.Action {
	a := report.Action{
		Command: "create", Subject: columns.Subject.String(), Name: columns.Name.String(), Email: columns.Email.String(),
		Roles: columns.Roles.String(), EveryonesRoles: c.everyonesRoles, Update: c.update, Where: c.where, Status: c.status,
	}
	if c.given.name == "disable" {
		a.Command = "disable"
	}
	return a
}

// useAction makes the options of a run those of an action.
func (c *config) useAction(a report.Action) {
	c.runOptions.Task = provision.Create
	if a.Command == "disable" {
		c.runOptions.Task = provision.Disable
	}
	c.runOptions.Status, c.runOptions.EveryonesRoles = a.Status, a.EveryonesRoles
	c.runOptions.Update = provision.Update{
		Name: slices.Contains(a.Update, "name"), Roles: slices.Contains(a.Update, "roles"),
		Status: slices.Contains(a.Update, "status"),
	}
}

// parseRate reads N/s, N/m, N/h, or off: writes a second.
func parseRate(s string) (rate.Limit, error) {
	if s == "off" {
		return rate.Inf, nil
	}
	number, unit, _ := strings.Cut(s, "/")
	per, known := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour}[unit]
	n, err := strconv.ParseFloat(number, 64)
	limit := rate.Limit(n / per.Seconds())
	if err != nil || !known || !(limit > 0) || math.IsInf(n, 0) {
		return 0, fmt.Errorf("--rate %q: N/s, N/m, N/h, or off", s)
	}
	return limit, nil
}

func parseDelimiter(s string) (rune, error) {
	named := map[string]rune{"": 0, "comma": ',', "semicolon": ';', "tab": '\t', `\t`: '\t', "pipe": '|'}
	if r, ok := named[strings.ToLower(s)]; ok {
		return r, nil
	}
	runes := []rune(s)
	if len(runes) != 1 || strings.ContainsRune("\"\r\n\x00\ufeff\ufffd", runes[0]) {
		return 0, fmt.Errorf("--delimiter %q: comma, semicolon, tab, pipe, or one character", s)
	}
	return runes[0], nil
}
