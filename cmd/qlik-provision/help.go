package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A line of help is as wide as the terminal, within bounds: longer ones are hard to read, shorter ones hold little.
const narrowestHelp, widestHelp = 60, 110

// valueAnnotation of a flag is the name of its value: FILE. It is what stands in backquotes in the flag's usage; where
// the usage begins with it, it is left out of the meaning: "`FILE` result file".
const valueAnnotation = "value"

const learnMore = `  qlik-provision help exit-codes | environment | result-file
  README.md and docs/, which come with the program; man qlik-provision
`

// formatHelp makes the help of all commands as wide as the terminal, with their flags in groups.
func formatHelp(root *cobra.Command, columns int) {
	columns = max(narrowestHelp, min(columns, widestHelp))
	root.PersistentFlags().BoolP("help", "h", false, "show the help of a command")
	for _, cmd := range append(root.Commands(), root) {
		cmd.Flags().VisitAll(nameValue)
		if !cmd.Runnable() {
			continue // a topic, whose lines are set as they are
		}
		cmd.Long = strings.TrimSuffix(wrap(cmd.Long, columns, "", ""), "\n")
	}
	root.SetUsageFunc(func(cmd *cobra.Command) error {
		_, err := fmt.Fprint(cmd.OutOrStderr(), usageText(cmd, columns))
		return err
	})
}

// nameValue moves the name of a flag's value from the quotes in its meaning to an annotation: completions show the
// meaning as it is.
func nameValue(f *pflag.Flag) {
	value, meaning := pflag.UnquoteUsage(f)
	if strings.HasPrefix(f.Usage, "`") {
		meaning = strings.TrimPrefix(meaning, value+" ")
	}
	if f.Annotations == nil {
		f.Annotations = map[string][]string{}
	}
	f.Annotations[valueAnnotation], f.Usage = []string{value}, meaning
}

func usageText(cmd *cobra.Command, columns int) string {
	var b strings.Builder
	section := func(title, body string) {
		if body = strings.TrimRight(body, "\n"); body != "" {
			fmt.Fprintf(&b, "\n%s\n%s\n", title, body)
		}
	}
	use := cmd.UseLine()
	if cmd.HasAvailableSubCommands() {
		use = cmd.CommandPath() + " COMMAND [flags]"
	}
	b.WriteString("USAGE\n  " + use + "\n")
	section("ALIASES", indented(strings.Join(cmd.Aliases, ", ")))
	if cmd.HasAvailableSubCommands() {
		section("COMMANDS", commandList(cmd, false))
		section("TOPICS", commandList(cmd, true))
	}
	for _, name := range []string{groupTenant, groupColumns, groupRun, groupOutput, ""} {
		title := "FLAGS"
		if name != "" {
			title = strings.ToUpper(name) + " FLAGS"
		}
		section(title, flagText(flagsOf(cmd, name), columns))
	}
	section("EXIT CODES", exitCodes(cmd, columns))
	section("EXAMPLES", cmd.Example)
	section("LEARN MORE", learnMore)
	return b.String()
}

func indented(s string) string {
	if s == "" {
		return ""
	}
	return "  " + s
}

// commandOrder is the order in which help lists the commands: that of a user's first days.
var commandOrder = []string{"plan", "create", "retry", "report", "verify", "disable", "undo", "sandbox"}

func commandList(cmd *cobra.Command, topics bool) string {
	var b strings.Builder
	commands := slices.Clone(cmd.Commands())
	slices.SortStableFunc(commands, func(a, b *cobra.Command) int { return place(a) - place(b) })
	for _, sub := range commands {
		shown := sub.IsAvailableCommand() && !topics || sub.IsAdditionalHelpTopicCommand() && topics
		if shown {
			fmt.Fprintf(&b, "  %-*s  %s\n", cmd.NamePadding(), sub.Name(), sub.Short)
		}
	}
	return b.String()
}

// place is where a command stands in commandOrder; others come after them.
func place(cmd *cobra.Command) int {
	if i := slices.Index(commandOrder, cmd.Name()); i >= 0 {
		return i
	}
	return len(commandOrder)
}

// flagsOf are the flags of a group; "" is those without one.
func flagsOf(cmd *cobra.Command, name string) *pflag.FlagSet {
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	fs.SortFlags = false
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		if of := f.Annotations[groupAnnotation]; len(of) == 0 && name == "" || len(of) > 0 && of[0] == name {
			fs.AddFlag(f)
		}
	})
	return fs
}

// flagText lists flags, each with what it means and its default.
func flagText(fs *pflag.FlagSet, columns int) string {
	width := 0
	fs.VisitAll(func(f *pflag.Flag) {
		typed, _, _ := describe(f)
		width = max(width, len(typed))
	})
	var b strings.Builder
	fs.VisitAll(func(f *pflag.Flag) {
		typed, meaning, byDefault := describe(f)
		if byDefault != "" {
			meaning += " (default: " + byDefault + ")"
		}
		b.WriteString(wrap(meaning, columns, fmt.Sprintf("  %-*s  ", width, typed), strings.Repeat(" ", width+4)))
	})
	return b.String()
}

// describe says how a flag is typed, as -o, --out FILE, what it means, and its default, "" where it has none.
func describe(f *pflag.Flag) (typed, meaning, byDefault string) {
	typed = "    --" + f.Name
	if f.Shorthand != "" {
		typed = "-" + f.Shorthand + ", --" + f.Name
	}
	if value := f.Annotations[valueAnnotation]; len(value) > 0 && f.Value.Type() != "bool" {
		typed += " " + value[0]
	}
	meaning = f.Usage
	if before, after, found := strings.Cut(meaning, " (default: "); found {
		return typed, before, strings.TrimSuffix(after, ")")
	}
	if f.DefValue != "false" && f.DefValue != "0" && f.DefValue != "[]" {
		byDefault = f.DefValue
	}
	return typed, meaning, byDefault
}

// exitCodes are those of a command, a line each.
func exitCodes(cmd *cobra.Command, columns int) string {
	done, some := "every row is done; with --limit: every row that was tried", "the run finished; some rows are not done"
	switch cmd.Name() {
	case "create", "retry":
	case "plan":
		done, some = "every row is done or can be sent", "some rows cannot be sent"
	case "disable":
		some += ", or nobody in FILE has a user"
	case "undo":
		done = "every such user is deleted, or left because its subject has changed; with --limit: every one that was tried"
		some = "some of them could not be deleted"
	case "verify":
		done, some = "everything is as RESULTS says", "something differs"
	case "report":
		return "  0    the page is written\n  2    it could not be written\n"
	case "sandbox":
		return "  0    interrupted\n  2    it could not start\n  3    it ended by itself\n"
	default:
		return ""
	}
	cut, interrupted := "after the first request the run could not go on; unfinished rows stay pending", "interrupted"
	switch cmd.Name() {
	case "verify":
		cut = "after the first request the comparison could not be finished"
	case "plan":
	default:
		interrupted = "interrupted, or declined when asked"
	}
	var b strings.Builder
	for _, line := range [][2]string{
		{"0", done}, {"1", some}, {"2", "before any request: wrong usage, configuration or file"},
		{"3", cut}, {"130", interrupted},
	} {
		b.WriteString(wrap(line[1], columns, fmt.Sprintf("  %-3s  ", line[0]), "       "))
	}
	return b.String()
}

// resultFiles are the files that a typed prefix may mean: result files, and folders to look into.
func resultFiles(typed string) []string {
	dir, prefix := filepath.Split(typed)
	entries, err := os.ReadDir(cmp.Or(dir, "."))
	if err != nil {
		return nil
	}
	var found []string
	for _, e := range entries {
		name := e.Name()
		switch {
		case !strings.HasPrefix(name, prefix):
		case e.IsDir():
			found = append(found, dir+name+string(filepath.Separator))
		case strings.HasSuffix(name, ".csv") && strings.Contains(name, "results"):
			found = append(found, dir+name)
		}
	}
	return found
}
