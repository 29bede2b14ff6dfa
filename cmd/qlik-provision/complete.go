package main

import (
	"maps"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/roster"
	"qlik-provision/report"
)

// completeFlags completes the values of a command's flags. Flags that take a file are left to the shell.
func completeFlags(cmd *cobra.Command) {
	for name, values := range map[string][]string{
		"status": {"active", "invited"}, "rate": {"100/m", "10/s", "off"}, "update": {"name", "roles", "status"},
		"delimiter": {"comma", "semicolon", "tab", "pipe"},
		"encoding":  {"windows-1252", "shift_jis", "iso-8859-2", "macintosh", "utf-16le"},
		// What only its user knows is no file either.
		"tenant": nil, "client-id": nil, "client-secret-command": nil, "role": nil, "where": nil, "header-row": nil,
		"limit": nil, "max": nil, "workers": nil, "burst": nil, "attempts": nil, "patience": nil, "timeout": nil,
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
	for _, name := range []string{"subject", "name", "email", "roles"} {
		completeWith(cmd, name, headersOf)
	}
}

// headersOf lists the columns of the export among args, without ours. An export that cannot be read has none: whoever
// presses Tab wants no error.
func headersOf(args []string) []string {
	if len(args) != 1 {
		return nil
	}
	info, err := os.Stat(args[0])
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	f, err := os.Open(args[0])
	if err != nil {
		return nil
	}
	defer f.Close() // only read
	file, err := csvfile.Read(f, args[0],
		csvfile.Options{LooksLikeHeader: roster.LooksLikeHeader, Block: report.Columns()})
	if err != nil {
		return nil
	}
	headers := slices.Clone(file.Header.Cells)
	if file.Block >= 0 {
		headers = slices.Delete(headers, file.Block, file.Block+len(report.Columns()))
	}
	return headers
}

func complete(cmd *cobra.Command, flag string, values []string) {
	completeWith(cmd, flag, func([]string) []string { return values })
}

// completeWith completes a flag, where the command has it, with what values makes of the arguments that were typed.
func completeWith(cmd *cobra.Command, flag string, values func(args []string) []string) {
	if cmd.Flags().Lookup(flag) == nil {
		return
	}
	// The error is that of a flag that is completed twice: the completion test would show it.
	_ = cmd.RegisterFlagCompletionFunc(flag,
		func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
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

// completeResults completes a command's argument with result files.
func completeResults(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return resultFiles(typed), cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}
