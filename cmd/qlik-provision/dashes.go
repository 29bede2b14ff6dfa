package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// checkDashes returns a usage error where a long flag is not known, or has a single dash before its name: -offline, as
// PowerShell users type it. pflag would read that as -o with the value "ffline". The hint is the command with the flag
// that was meant. Values of flags and arguments after "--" are not checked. args are the arguments of the program.
func (a *app) checkDashes(root *cobra.Command, args []string) error {
	if len(args) > 0 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		return nil // a shell completes a line that is not finished
	}
	cmd, rest, err := root.Find(args)
	if err != nil {
		return nil // an unknown command, which cobra reports
	}
	cmd.InitDefaultHelpFlag()
	cmd.InitDefaultVersionFlag()
	for i := 0; i < len(rest); i++ {
		arg := rest[i]
		var err error
		switch {
		case arg == "--":
			return nil
		case len(arg) < 2 || arg[0] != '-':
			continue // an argument
		case arg[1] == '-':
			err = a.checkLongFlag(cmd, arg, args)
		case len(arg) > 2:
			err = a.checkSingleDash(cmd, arg, args)
		}
		if err != nil {
			return err
		}
		if takesNext(cmd.Flags(), arg) {
			i++
		}
	}
	return nil
}

// takesNext reports whether the value of the flag arg is the argument after it.
func takesNext(fs *pflag.FlagSet, arg string) bool {
	if name, long := strings.CutPrefix(arg, "--"); long {
		f := fs.Lookup(name)
		return f != nil && f.NoOptDefVal == ""
	}
	for i := 1; i < len(arg); i++ { // -qo FILE is -q -o FILE
		f := fs.ShorthandLookup(arg[i : i+1])
		if f == nil {
			return false
		}
		if f.NoOptDefVal == "" {
			return i == len(arg)-1
		}
	}
	return false
}

// checkLongFlag checks an argument of cmd that begins with two dashes.
func (a *app) checkLongFlag(cmd *cobra.Command, arg string, args []string) error {
	name, value, valued := strings.Cut(arg[2:], "=")
	if !cmd.HasParent() || cmd.Flags().Lookup(name) != nil {
		return nil
	}
	unknown := errors.New("there is no flag --" + name)
	near := closestFlag(name, cmd)
	if near == "" {
		return usage(unknown, "see "+cmd.CommandPath()+" --help")
	}
	meant := "--" + near
	if valued {
		meant += "=" + value
	}
	return usage(unknown, a.didYouMean("--"+near, exchanged(args, arg, meant)))
}

// checkSingleDash checks an argument of cmd that has a single dash and more than one character after it.
func (a *app) checkSingleDash(cmd *cobra.Command, arg string, args []string) error {
	help := "see " + cmd.CommandPath() + " --help"
	typed, value := arg[1:], ""
	if i := strings.IndexAny(typed, "=:"); i >= 0 { // PowerShell writes -offline:true
		typed, value = typed[:i], "="+typed[i+1:]
	}
	if name := closestFlag(typed, cmd); name != "" {
		return usage(errors.New(arg+": did you mean --"+name+"?"),
			a.line(exchanged(args, arg, "--"+name+value)))
	}
	for _, other := range cmd.Root().Commands() {
		if name := closestFlag(typed, other); name != "" {
			return usage(errors.New(arg+": "+cmd.CommandPath()+" has no flag --"+name), help)
		}
	}
	if cmd.Flags().ShorthandLookup(arg[1:2]) == nil {
		return usage(errors.New("unknown flag: "+arg), help) // pflag ignores -test.v and the like
	}
	return nil
}

// exchanged are the arguments with another one in the place of was.
func exchanged(args []string, was, is string) []string {
	args = slices.Clone(args)
	args[slices.Index(args, was)] = is
	return args
}
