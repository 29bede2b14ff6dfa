package main

import (
	"cmp"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/roster"
	"qlik-provision/report"
)

// completeFlags completes the values of a command's flags. Files are left to the shell; what only the user knows has no
// values, and is no file either.
func completeFlags(cmd *cobra.Command) {
	known := map[string][]string{ // by what help calls the value
		"STATUS": {"active", "invited"}, "RATE": {"100/m", "10/s", "off"}, "FIELDS": {"name", "roles", "status"},
		"CHARACTER": {"comma", "semicolon", "tab", "pipe"},
		"ENCODING":  {"windows-1252", "shift_jis", "iso-8859-2", "macintosh", "utf-16le"},
		"KIND":      {"rolling", "fixed", "bucket", "off"}, "SHELL": {"posix", "powershell", "cmd"},
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		value, _ := pflag.UnquoteUsage(f)
		if value == "" || value == "FILE" {
			return
		}
		// The error is that of a flag that is completed twice: the completion test would show it.
		_ = cmd.RegisterFlagCompletionFunc(f.Name,
			func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
				found := known[value]
				switch {
				case value == "COLUMN" && len(args) == 1:
					found = headersOf(args[0])
				case f.Name == "context":
					_, contexts, _ := readContexts() // whoever presses Tab wants no error
					found = slices.Sorted(maps.Keys(contexts))
				}
				return found, cobra.ShellCompDirectiveNoFileComp
			})
	})
}

// headersOf lists the columns of an export, without ours. An export that cannot be read has none.
func headersOf(export string) []string {
	if info, err := os.Stat(export); err != nil || !info.Mode().IsRegular() {
		return nil
	}
	f, err := os.Open(export)
	if err != nil {
		return nil
	}
	defer f.Close() // only read
	file, err := csvfile.Read(f, export,
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

// completeExport completes a command's argument with files that may be an export.
func completeExport(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return []string{"csv", "tsv", "txt"}, cobra.ShellCompDirectiveFilterFileExt
}

// completeResults completes a command's argument with result files, and folders to look into.
func completeResults(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	dir, prefix := filepath.Split(typed)
	entries, _ := os.ReadDir(cmp.Or(dir, ".")) // whoever presses Tab wants no error
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
	return found, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}

// describePlainly takes the back-quotes that name a value out of the meanings of all flags: a shell shows them as they
// are.
func describePlainly(root *cobra.Command) {
	for _, cmd := range root.Commands() {
		cmd.Flags().VisitAll(func(f *pflag.Flag) { f.Usage = strings.ReplaceAll(f.Usage, "`", "") })
	}
}
