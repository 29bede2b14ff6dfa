package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"qlik-provision/provision"
)

// noCommand refuses a first word that is no command, and names the command that was probably meant.
func noCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := ""
	if near := root.SuggestionsFor(args[0]); len(near) > 0 {
		hint = "did you mean " + near[0] + "?"
	}
	return usage(fmt.Errorf("unknown command: %s", args[0]), hint)
}

// flagError is pflag's error with the flag that was probably meant.
func flagError(cmd *cobra.Command, err error) error {
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	switch {
	case !ok:
		return usage(err, "")
	case unknown.GetSpecifiedShortnames() != "": // with the value that may stand behind it, perhaps a secret
		return usage(errors.New("unknown flag: -"+unknown.GetSpecifiedName()), "")
	case !cmd.HasParent() && cmd.Flags().NArg() > 0:
		return noCommand(cmd, cmd.Flags().Args())
	case !cmd.HasParent():
		return usage(err, "flags stand after the command: see "+cmd.CommandPath()+" --help")
	}
	if near := nearestFlag(unknown.GetSpecifiedName(), cmd); near != "" {
		return usage(err, "did you mean --"+near+"?")
	}
	return usage(err, "")
}

// checkDashes is a usage error where a long flag has a single dash before its name: -offline, as PowerShell users type
// it. pflag would read that as -o with the value "ffline". A value that looks like such a flag needs an equals sign
// before it: --name=-offline.
func checkDashes(cmd *cobra.Command, args []string) error {
	cmd.InitDefaultHelpFlag()
	cmd.InitDefaultVersionFlag()
	for _, arg := range args {
		if arg == "--" {
			break
		}
		typed, _, _ := strings.Cut(strings.ReplaceAll(arg, ":", "="), "=") // PowerShell writes -offline:true
		name, dash := strings.CutPrefix(typed, "-")
		if !dash || len(name) < 3 || name[0] == '-' { // -ov may be meant as -o v
			continue
		}
		if near := nearestFlag(name, cmd); near != "" {
			return usage(fmt.Errorf("%s: did you mean --%s?", typed, near), "a long flag has two dashes: --"+near)
		}
		for _, other := range cmd.Root().Commands() {
			if near := nearestFlag(name, other); near != "" {
				return usage(fmt.Errorf("%s: %s has no flag --%s", typed, cmd.CommandPath(), near), "")
			}
		}
	}
	return nil
}

// nearestFlag is the flag of a command that was probably meant: one that begins with what was typed, or is different
// from it in a third of the characters at most; "" where there is none.
func nearestFlag(typed string, cmd *cobra.Command) string {
	typed = strings.ToLower(typed)
	var names []string // with the same first letter
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Name[0] == typed[0] {
			names = append(names, f.Name)
		}
	})
	slices.Sort(names) // role comes before roles
	for _, name := range names {
		if strings.HasPrefix(name, typed) {
			return name
		}
	}
	return provision.Nearest(typed, names, len(typed)/3)
}
