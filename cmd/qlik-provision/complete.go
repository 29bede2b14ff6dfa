package main

import (
	"maps"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"qlik-provision/provision/roster"
	"qlik-provision/report"
)

// completeRunFlags completes the values of the flags of runFlags. Flags that take a file are left to the shell.
func completeRunFlags(cmd *cobra.Command) {
	for name, values := range map[string][]string{
		"match": {"subject", "subject,email"}, "status": {"active", "invited"}, "rate": {"100/m", "10/s", "off"},
		"delimiter": {"comma", "semicolon", "tab", "pipe"}, "encoding": {"windows-1252", "shift_jis", "iso-8859-2", "macintosh", "utf-16le"},
		// What only its user knows is no file either.
		"tenant": nil, "client-id": nil, "workers": nil, "burst": nil, "attempts": nil, "patience": nil, "timeout": nil,
	} {
		complete(cmd, name, values)
	}
	completeWith(cmd, "context", func([]string) []string {
		_, contexts, err := readContexts()
		if err != nil {
			return nil
		}
		return slices.Sorted(maps.Keys(contexts))
	})
	for _, name := range []string{"subject", "name", "email"} {
		completeWith(cmd, name, headersOf)
	}
}

// headersOf lists the columns of the export among args, ours left out. An export that cannot be read has none: whoever presses Tab wants no error.
func headersOf(args []string) []string {
	if len(args) != 1 {
		return nil
	}
	f, err := os.Open(args[0])
	if err != nil {
		return nil
	}
	defer f.Close() // only read
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	export, err := roster.Open(f, info.Size(), args[0], roster.Options{Loose: true, Block: report.Columns()})
	if err != nil {
		return nil
	}
	if export.Block >= 0 {
		return slices.Delete(slices.Clone(export.Header), export.Block, export.Block+len(report.Columns()))
	}
	return export.Header
}

func complete(cmd *cobra.Command, flag string, values []string) {
	completeWith(cmd, flag, func([]string) []string { return values })
}

// completeWith completes a flag with what values makes of the arguments that were typed already.
func completeWith(cmd *cobra.Command, flag string, values func(args []string) []string) {
	// The error is that of a flag that is not there, or completed twice: the completion test would show it.
	_ = cmd.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		return values(args), cobra.ShellCompDirectiveNoFileComp
	})
}

// completeFiles completes a command's argument with files of these endings.
func completeFiles(endings ...string) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return endings, cobra.ShellCompDirectiveFilterFileExt
	}
}
