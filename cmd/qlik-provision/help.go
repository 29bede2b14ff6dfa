package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// flagGroups are the headings under which help shows flags, in this order.
var flagGroups = []struct {
	heading string
	names   []string
}{
	{"TENANT FLAGS", []string{"tenant", "client-id", "client-secret-file", "client-secret-command", "context", "sandbox"}},
	{"COLUMNS AND ROWS FLAGS", []string{"subject", "name", "email", "roles", "role", "status", "update", "where",
		"delimiter", "encoding", "header-row"}},
	{"RUN FLAGS", []string{"offline", "limit", "max", "yes", "dry-run", "allow-admin-roles", "no-lookup", "rate", "burst",
		"workers", "attempts", "patience", "timeout", "addr", "users", "shell"}},
	{"OUTPUT FLAGS", []string{"out", "overwrite", "open", "json", "quiet", "log"}},
	{"FLAGS", []string{"help", "version"}},
}

// formatHelp makes the help of all commands as wide as the terminal, but not so wide that it is hard to read, with
// their flags in groups.
func formatHelp(root *cobra.Command, columns int) {
	columns = min(columns, 110)
	root.PersistentFlags().BoolP("help", "h", false, "show the help of a command")
	for _, cmd := range append(root.Commands(), root) {
		cmd.Long = strings.TrimSuffix(wrap(cmd.Long, columns, "", ""), "\n")
	}
	root.SetUsageFunc(func(cmd *cobra.Command) error {
		_, err := fmt.Fprint(cmd.OutOrStderr(), usageText(cmd, columns))
		return err
	})
}

func usageText(cmd *cobra.Command, columns int) string {
	var b strings.Builder
	section := func(title, body string) {
		if strings.TrimSpace(body) != "" {
			fmt.Fprintf(&b, "\n%s\n%s\n", title, strings.TrimRight(body, "\n"))
		}
	}
	b.WriteString("USAGE\n  " + cmd.UseLine() + "\n")
	section("ALIASES", "  "+strings.Join(cmd.Aliases, ", "))
	var commands string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			commands += entry(sub.Name(), sub.Short, cmd.NamePadding(), columns)
		}
	}
	section("COMMANDS", commands)
	for _, group := range flagGroups {
		section(group.heading, flagList(cmd, group.names, columns))
	}
	section("EXIT CODES", exitCodes(cmd, columns))
	section("EXAMPLES", cmd.Example)
	section("LEARN MORE", "  README.md and docs/, which come with the program; man qlik-provision")
	return b.String()
}

// entry is a name with what it means, in a list whose names are so wide.
func entry(name, meaning string, width, columns int) string {
	first := fmt.Sprintf("  %-*s  ", width, name)
	return wrap(meaning, columns, first, strings.Repeat(" ", len(first)))
}

// flagList describes those flags of a command that have one of the names.
func flagList(cmd *cobra.Command, names []string, columns int) string {
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	fs.SortFlags = false
	for _, name := range names {
		if f := cmd.LocalFlags().Lookup(name); f != nil {
			shown := *f
			shown.Value = struct{ pflag.Value }{f.Value} // pflag would write --json[=true|false]
			fs.AddFlag(&shown)
		}
	}
	return fs.FlagUsagesWrapped(columns)
}

// exits are the exit codes of a command that contacts a tenant, with what 0 and 1 mean there. They are annotations of
// the command, from which its help takes them.
func exits(done, notDone string) map[string]string {
	return map[string]string{
		"0": done, "1": notDone, "2": "before any request: wrong usage, configuration or file",
		"3": "after the first request the run could not go on", "130": "interrupted or declined",
	}
}

// exitCodes are those of a command, a line each.
func exitCodes(cmd *cobra.Command, columns int) (list string) {
	for _, code := range []string{"0", "1", "2", "3", "130"} {
		if meaning := cmd.Annotations[code]; meaning != "" {
			list += entry(code, meaning, len("130"), columns)
		}
	}
	return list
}
