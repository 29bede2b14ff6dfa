package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A line of help is as wide as the terminal, within bounds: longer ones are hard to read, shorter ones hold little.
const narrowestHelp, widestHelp = 60, 110

const docsLink = "https://github.com/qlik-provision/qlik-provision/tree/main/docs"

// exitCodes has a line for each code, whose text starts at exitCodeIndent.
const exitCodes = `  0    every row is done (plan, --dry-run: done or can be sent; --limit: what was tried is done)
  1    the run finished; some rows are not done
  2    before any request: wrong usage, configuration or file
  3    after the first request the run could not go on; unsettled rows stay pending
  130  interrupted
`

const exitCodeIndent = len("  130  ")

// formatHelp makes the help of all commands as wide as the terminal, with their flags in groups.
func formatHelp(root *cobra.Command, columns int) {
	columns = max(narrowestHelp, min(columns, widestHelp))
	for _, cmd := range append(root.Commands(), root) {
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

func usageText(cmd *cobra.Command, columns int) string {
	var b strings.Builder
	section := func(title, body string) {
		if body = strings.TrimRight(body, "\n"); body != "" {
			fmt.Fprintf(&b, "\n%s\n%s\n", title, body)
		}
	}
	b.WriteString("USAGE\n  " + cmd.UseLine() + "\n")
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
		section(title, flagsOf(cmd, name).FlagUsagesWrapped(columns))
	}
	if cmd.Runnable() && cmd.HasParent() && cmd.Name() != "version" && cmd.Name() != "sandbox" && cmd.Name() != "report" {
		var codes strings.Builder
		for line := range strings.Lines(exitCodes) {
			codes.WriteString(wrap(line[exitCodeIndent:], columns, line[:exitCodeIndent], strings.Repeat(" ", exitCodeIndent)))
		}
		section("EXIT CODES", codes.String())
	}
	section("EXAMPLES", cmd.Example)
	section("LEARN MORE", "  qlik-provision help exit-codes, help environment, help result-file\n  "+docsLink)
	return b.String()
}

func indented(s string) string {
	if s == "" {
		return ""
	}
	return "  " + s
}

func commandList(cmd *cobra.Command, topics bool) string {
	var b strings.Builder
	for _, sub := range cmd.Commands() {
		shown := sub.IsAvailableCommand() && !topics || sub.IsAdditionalHelpTopicCommand() && topics
		if shown {
			fmt.Fprintf(&b, "  %-*s %s\n", cmd.NamePadding(), sub.Name(), sub.Short)
		}
	}
	return b.String()
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

// resultFiles are the files that a typed prefix may mean: result files, and folders to look into.
func resultFiles(typed string) []string {
	paths, err := filepath.Glob(strings.NewReplacer(`[`, `\[`, `*`, `\*`, `?`, `\?`).Replace(typed) + "*")
	if err != nil {
		return nil
	}
	var found []string
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case err != nil:
		case info.IsDir():
			found = append(found, path+string(filepath.Separator))
		case strings.HasSuffix(path, ".csv") && strings.Contains(filepath.Base(path), "results"):
			found = append(found, path)
		}
	}
	return found
}
