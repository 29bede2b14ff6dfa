package main

import (
	"runtime/debug"

	"github.com/spf13/cobra"
)

// Set by the linker, see the Makefile; the module's build information stands in where they are not.
var (
	version = ""
	commit  = ""
	date    = ""
)

// versionText is the version with its commit and date, as far as they are known.
func versionText() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	return versionOf(version, commit, date, info)
}

func versionOf(v, c, d string, info *debug.BuildInfo) string {
	if v == "" && info.Main.Version != "(devel)" {
		v = info.Main.Version
	}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && c == "":
			c = s.Value
		case s.Key == "vcs.time" && d == "":
			d = s.Value
		}
	}
	if v == "" {
		v = "devel"
	}
	if len(c) > 12 {
		c = c[:12]
	}
	for _, more := range []string{c, d} {
		if more != "" {
			v += " " + more
		}
	}
	return v
}

// userAgent names the program to the tenant.
func userAgent() string {
	if version == "" {
		return "qlik-provision/devel"
	}
	return "qlik-provision/" + version
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "version",
		Short:             "Print the version",
		Long:              "version prints the version, the commit it was built from, and the date of that commit.",
		Example:           "  qlik-provision version",
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error {
			return writeAll(a.stdout, "qlik-provision "+versionText()+"\n")
		},
	}
}
