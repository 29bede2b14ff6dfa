package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// completeFlags completes the values of a command's flags. Files are left to the shell; what only the user knows has no
// values, and is no file either.
func completeFlags(cmd *cobra.Command) {
	known := map[string][]cobra.Completion{ // by what help calls the value
		"STATUS": {"active", "invited"}, "RATE": {"100/m", "10/s", "off"}, "FIELDS": {"name", "roles", "status"},
		"CHARACTER": {"comma", "semicolon", "tab", "pipe"},
		"ENCODING":  {"windows-1252", "shift_jis", "iso-8859-2", "macintosh", "utf-16le"},
		"KIND":      {"rolling", "fixed", "bucket", "off"}, "SHELL": {"posix", "powershell", "cmd"},
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
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

// completeFile completes a command's one argument with files that have one of these endings.
func completeFile(endings ...cobra.Completion) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return endings, cobra.ShellCompDirectiveFilterFileExt
	}
}

// describePlainly takes the back-quotes that name a value out of the meanings of all flags: a shell shows them as they
// are.
func describePlainly(root *cobra.Command) {
	for _, cmd := range root.Commands() {
		cmd.Flags().VisitAll(func(f *pflag.Flag) { f.Usage = strings.ReplaceAll(f.Usage, "`", "") })
	}
}
