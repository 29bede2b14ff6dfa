package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// checkDashes returns a usage error where a long flag has a single dash before its name: -offline, as PowerShell users
// type it. pflag would read that as -o with the value "ffline". The hint is the command with the flag that was meant.
// args are those of cmd, its flags included; values of flags and arguments after "--" are not checked.
func (a *app) checkDashes(cmd *cobra.Command, args []string) error {
	if len(a.args) > 0 && strings.HasPrefix(a.args[0], cobra.ShellCompRequestCmd) {
		return nil // a shell completes a line that is not finished
	}
	cmd.InitDefaultHelpFlag()
	cmd.InitDefaultVersionFlag()
	for i := 0; i < len(args) && args[i] != "--"; i++ {
		arg := args[i]
		if len(arg) < 2 || arg[0] != '-' {
			continue // an argument
		}
		if len(arg) > 2 && arg[1] != '-' {
			if err := a.checkSingleDash(cmd, arg); err != nil {
				return err
			}
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

// checkSingleDash checks an argument of cmd that has a single dash and more than one character after it.
func (a *app) checkSingleDash(cmd *cobra.Command, arg string) error {
	typed, value := arg[1:], ""
	if i := strings.IndexAny(typed, "=:"); i >= 0 { // PowerShell writes -offline:true
		typed, value = typed[:i], "="+typed[i+1:]
	}
	if name := closestFlag(typed, cmd); name != "" {
		return usage(errors.New(arg+": did you mean --"+name+"?"),
			a.retyped(replaceArgument(a.args, arg, "--"+name+value)))
	}
	for _, other := range cmd.Root().Commands() {
		if name := closestFlag(typed, other); name != "" {
			return usage(errors.New(arg+": "+cmd.CommandPath()+" has no flag --"+name), "")
		}
	}
	if cmd.Flags().ShorthandLookup(arg[1:2]) == nil {
		return usage(errors.New("unknown flag: "+arg), "") // pflag ignores -test.v and the like
	}
	return nil
}
