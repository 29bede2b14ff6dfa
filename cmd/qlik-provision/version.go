package main

import (
	"cmp"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// Set by the linker, see the Makefile.
var (
	version = ""
	commit  = ""
	date    = ""
)

// versionText is the version, with the commit and its date in a release; of go install, that of the module.
func versionText() string {
	if info, ok := debug.ReadBuildInfo(); ok && version == "" && info.Main.Version != "(devel)" {
		return cmp.Or(info.Main.Version, "devel")
	}
	return strings.Join(strings.Fields(cmp.Or(version, "devel")+" "+commit+" "+date), " ")
}

// userAgent names the program to the tenant.
func userAgent() string { return "qlik-provision/" + cmp.Or(version, "devel") }

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "version",
		Short:             "Print the version",
		Long:              "version prints the version, the commit it was built from, and the date of that commit.",
		Example:           "  qlik-provision version",
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(a.stdout, "qlik-provision", versionText())
			return err
		},
	}
}
