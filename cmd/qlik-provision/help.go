package main

import (
	"fmt"
	"regexp"
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

const learnMore = `  qlik-provision help exit-codes | environment
  README.md and docs/, which come with the program; man qlik-provision`

// formatHelp makes the help of all commands as wide as the terminal, but not so wide that it is hard to read, with
// their flags in groups.
func formatHelp(root *cobra.Command, columns int) {
	columns = min(columns, 110)
	root.PersistentFlags().BoolP("help", "h", false, "show the help of a command")
	for _, cmd := range append(root.Commands(), root) {
		if cmd.Runnable() { // the lines of a topic are set as they are
			cmd.Long = strings.TrimSuffix(wrap(cmd.Long, columns, "", ""), "\n")
		}
	}
	root.SetUsageFunc(func(cmd *cobra.Command) error {
		_, err := fmt.Fprint(cmd.OutOrStderr(), usageText(cmd, columns))
		return err
	})
}

func usageText(cmd *cobra.Command, columns int) string {
	var b strings.Builder
	section := func(title, body string) {
		if body != "" {
			fmt.Fprintf(&b, "\n%s\n%s\n", title, strings.TrimRight(body, "\n"))
		}
	}
	use := cmd.UseLine()
	if cmd.HasAvailableSubCommands() {
		use = cmd.CommandPath() + " COMMAND [flags]"
	}
	b.WriteString("USAGE\n  " + use + "\n")
	if len(cmd.Aliases) > 0 {
		section("ALIASES", "  "+strings.Join(cmd.Aliases, ", "))
	}
	section("COMMANDS", commandList(cmd, columns))
	for _, group := range flagGroups {
		section(group.heading, flagList(cmd, group.names, columns))
	}
	section("EXIT CODES", exitCodes(cmd, columns))
	section("EXAMPLES", cmd.Example)
	section("LEARN MORE", learnMore)
	return b.String()
}

func commandList(cmd *cobra.Command, columns int) string {
	var b strings.Builder
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			b.WriteString(wrap(sub.Short, columns, fmt.Sprintf("  %-*s  ", cmd.NamePadding(), sub.Name()),
				strings.Repeat(" ", cmd.NamePadding()+4)))
		}
	}
	return b.String()
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
	return regexp.MustCompile(`(?m) +$`).ReplaceAllString(fs.FlagUsagesWrapped(columns), "")
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
func exitCodes(cmd *cobra.Command, columns int) string {
	var b strings.Builder
	for _, code := range []string{"0", "1", "2", "3", "130"} {
		if meaning := cmd.Annotations[code]; meaning != "" {
			b.WriteString(wrap(meaning, columns, fmt.Sprintf("  %-3s  ", code), "       "))
		}
	}
	return b.String()
}

// topics are commands that only explain themselves: qlik-provision help exit-codes.
func topics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "environment", Short: "The environment variables", Long: environmentText},
		{Use: "exit-codes", Short: "The meaning of an exit code", Long: exitCodesText},
	}
}

// The texts of the topics; their lines are set as they are.
const (
	environmentText = `QLIK_TENANT             the URL of the tenant, if --tenant is not given
QLIK_CLIENT_ID          the M2M OAuth client
QLIK_CLIENT_SECRET      its secret
QLIK_API_KEY            an API key, instead of client and secret
QLIK_CLI_USER_HOME_DIR  the folder that holds .qlik, for --context
HTTPS_PROXY, NO_PROXY   the proxy to the tenant, and hosts that need none
SSL_CERT_FILE           on Linux, a file of certificates to trust, such as a proxy's
NO_COLOR                no colours

A credential flag hides every credential in the environment. With --context or
--sandbox neither tenant nor credentials are read from it.`

	exitCodesText = `0    every row is done (plan, --dry-run: done or can be sent; --limit: what was
     tried is done)
1    the run finished; some rows are not done (with --limit: others than those
     it left); or disable found nobody; or verify found a difference
2    before any request: wrong usage, configuration or file
3    after the first request the run could not go on: credentials refused,
     scope missing, no answer, every write refused, more writes than --max,
     disk full. Unfinished rows stay pending
130  interrupted or declined; requests in flight were waited for (10 s at most,
     not after a second Ctrl-C)

A run that does not end with 0 prints what happened, "error: …", and what to type
next, "hint: …", to standard error. After a 1, rows have to be corrected; after a
2, the command, the settings or the file. After a 3, another try helps if the
tenant, the network or the disk failed; if credentials, scope, address, --role,
--max or the tenant's refusal are the cause, they have to be corrected first. So
limit how often a scheduler tries again.`
)
