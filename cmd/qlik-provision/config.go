package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/time/rate"

	"qlik-provision/provision"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/roster"
	"qlik-provision/provision/sandbox"
	"qlik-provision/report"
)

// A config is what the flags of a command, environment and context come to; the steps of the command are its methods.
// It is made by configure and by nothing else.
type config struct {
	*app
	flags
	tenant qlik.Tenant // not set with --offline
	creds  qlik.Credentials

	ledgerOptions report.Options
	inMemory      *sandbox.Tenant // of --sandbox
	requests      *requestLog     // of --log, when the paths were checked
}

// configure makes a config of the flags, the environment and the context. An error says which of them is wrong.
func (a *app) configure(cmd *cobra.Command, f flags) (*config, error) {
	c := &config{app: a, flags: f}
	c.readOptions.LooksLikeHeader, c.readOptions.Block = roster.LooksLikeHeader, report.Columns()
	if err := checkExclusive(cmd); err != nil {
		return nil, err
	}
	if err := c.chooseTenant(cmd.Context()); err != nil {
		return nil, err
	}
	c.ledgerOptions = report.Options{Tenant: c.tenantName(), Overwrite: c.overwrite, Notify: c.note}
	return c, nil
}

// checkExclusive is a usage error where two flags exclude each other.
func checkExclusive(cmd *cobra.Command) error {
	for _, flags := range [][]string{ // the first excludes each of the others
		{"context", "sandbox", "tenant", "client-id", "client-secret-file", "client-secret-command"},
		{"sandbox", "tenant", "client-id", "client-secret-file", "client-secret-command"},
		{"client-secret-file", "client-secret-command"},
		{"no-lookup", "max", "update", "dry-run"},
	} {
		for _, other := range flags[1:] {
			if cmd.Flags().Changed(flags[0]) && cmd.Flags().Changed(other) {
				return usage(fmt.Errorf("--%s and --%s exclude each other", flags[0], other), "leave one of them out")
			}
		}
	}
	return nil
}

// note prints a line that is worth knowing, except with --quiet.
func (c *config) note(line string) {
	if !c.quiet {
		c.out.note(line)
	}
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

// checkValues is a usage error where a flag was given a value that it cannot have.
func (a *app) checkValues(cmd *cobra.Command, _ []string) error {
	for _, typed := range a.given.flags {
		f := cmd.Flags().Lookup(typed.name)
		if f == nil || f.Value.Type() == "bool" { // nil where the line is one to complete
			continue
		}
		if why := wrongValue(f, typed.value); why != "" {
			return usage(fmt.Errorf("invalid argument %q for %q flag: %s", typed.value, "--"+f.Name, why), "")
		}
	}
	return nil
}

// wrongValue says why a flag cannot have a value of its type, "" where it can.
func wrongValue(f *pflag.Flag, value string) string {
	kind, _ := pflag.UnquoteUsage(f)
	number := f.Value.Type() == "int" || f.Value.Type() == "duration"
	words, parts := choices()[kind], []string{value}
	if f.Value.Type() == "stringSlice" {
		parts = strings.Split(value, ",")
	}
	switch {
	case value == "": // a variable that is not set leaves it behind
		return "give it a value, or leave it out"
	case kind != "COMMAND" && len(value) > 1 && value[0] == '\'' && value[len(value)-1] == '\'':
		return `this shell does not remove single quotes, use double ones: "` + value[1:len(value)-1] + `"`
	case number && strings.ContainsAny(f.Value.String()[:1], "-0"):
		return "must be more than 0"
	case words != nil && slices.ContainsFunc(parts, func(p string) bool { return !slices.Contains(words, p) }):
		return "must be one of " + strings.Join(words, ", ")
	case f.Name != "out":
		return ""
	case value == "-":
		return "name a file: it is not written to standard output"
	}
	if info, err := os.Stat(value); err == nil && info.IsDir() || os.IsPathSeparator(value[len(value)-1]) {
		return "it is a folder: name the file in it"
	}
	return ""
}

// parseRate reads N/s, N/m, N/h, or off: writes a second.
func parseRate(s string) (rate.Limit, error) {
	if s == "off" {
		return rate.Inf, nil
	}
	amount, unit, _ := strings.Cut(s, "/")
	per, known := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour}[unit]
	n, err := strconv.ParseFloat(amount, 64)
	limit := rate.Limit(n / per.Seconds())
	if err != nil || !known || !(limit > 0) || math.IsInf(n, 0) {
		return 0, errors.New("a rate is N/s, N/m, N/h, or off")
	}
	return limit, nil
}

func parseDelimiter(s string) (rune, error) {
	named := map[string]rune{"comma": ',', "semicolon": ';', "tab": '\t', `\t`: '\t', "pipe": '|'}
	if r, ok := named[strings.ToLower(s)]; ok {
		return r, nil
	}
	runes := []rune(s)
	if len(runes) != 1 || strings.ContainsRune("\"\r\n\x00\ufeff\ufffd", runes[0]) {
		return 0, errors.New("comma, semicolon, tab, pipe, or one character")
	}
	return runes[0], nil
}
