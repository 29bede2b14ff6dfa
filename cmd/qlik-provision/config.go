package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

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
	given  command // as it was typed

	ledgerOptions report.Options
	users         []sandbox.User // with --sandbox: those it starts with
}

// configure makes a config of the flags, the environment and the context. An error says which of them is wrong.
func (a *app) configure(cmd *cobra.Command, f flags) (*config, error) {
	c := &config{app: a, flags: f, given: a.typedCommand(cmd)}
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
