package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// widestHelp is how wide a line of help is at most, in columns: longer ones are hard to read.
const widestHelp = 110

// commandOrder is the order in which help lists the commands: that of a user's first days.
var commandOrder = []string{"plan", "create", "retry", "report", "verify", "disable", "undo", "sandbox"}

const learnMore = `  qlik-provision help exit-codes | environment | result-file
  README.md and docs/, which come with the program; man qlik-provision`

// formatHelp makes the help of all commands as wide as the terminal, with their flags in groups.
func formatHelp(root *cobra.Command, columns int) {
	columns = min(columns, widestHelp)
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
	section("COMMANDS", commandList(cmd, (*cobra.Command).IsAvailableCommand, columns))
	section("TOPICS", commandList(cmd, (*cobra.Command).IsAdditionalHelpTopicCommand, columns))
	for _, heading := range []string{groupTenant, groupColumns, groupRun, groupOutput, ""} {
		section(strings.TrimSpace(strings.ToUpper(heading)+" FLAGS"), flagText(flagsOf(cmd, heading), columns))
	}
	section("EXIT CODES", exitCodes(cmd, columns))
	section("EXAMPLES", cmd.Example)
	section("LEARN MORE", learnMore)
	return b.String()
}

func commandList(cmd *cobra.Command, shown func(*cobra.Command) bool, columns int) string {
	var b strings.Builder
	for _, sub := range inOrder(cmd.Commands()) {
		if shown(sub) {
			b.WriteString(wrap(sub.Short, columns, fmt.Sprintf("  %-*s  ", cmd.NamePadding(), sub.Name()),
				strings.Repeat(" ", cmd.NamePadding()+4)))
		}
	}
	return b.String()
}

// inOrder sorts commands by commandOrder; others come after them.
func inOrder(commands []*cobra.Command) []*cobra.Command {
	place := func(cmd *cobra.Command) int {
		if i := slices.Index(commandOrder, cmd.Name()); i >= 0 {
			return i
		}
		return len(commandOrder)
	}
	return slices.SortedStableFunc(slices.Values(commands), func(a, b *cobra.Command) int { return place(a) - place(b) })
}

// flagsOf are the flags that stand under a heading; those without one stand under "".
func flagsOf(cmd *cobra.Command, heading string) *pflag.FlagSet {
	fs := pflag.NewFlagSet(heading, pflag.ContinueOnError)
	fs.SortFlags = false
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if slices.Equal(f.Annotations[groupAnnotation], []string{heading}) || heading == "" && f.Annotations == nil {
			shown := *f
			shown.Value = struct{ pflag.Value }{f.Value} // pflag would write --json[=true|false]
			shown.Usage, shown.DefValue = usageOf(f), ""
			fs.AddFlag(&shown)
		}
	})
	return fs
}

// usageOf says what a flag means, and its default.
func usageOf(f *pflag.Flag) string {
	if slices.Contains([]string{"", "false", "0", "[]"}, f.DefValue) {
		return f.Usage
	}
	return f.Usage + " (default: " + f.DefValue + ")"
}

func flagText(fs *pflag.FlagSet, columns int) string {
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
