package main

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// checkDashes returns a usage error if a single dash stands before the name of a long flag: -offline, as PowerShell
// users type it. pflag would read that as -o with the value "ffline". The name may be abbreviated or mistyped. Values
// of flags and arguments after "--" are not checked. args are the arguments of the program.
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
	fs := cmd.Flags()
	for i := 0; i < len(rest); i++ {
		arg := rest[i]
		switch {
		case arg == "--":
			return nil
		case len(arg) < 2 || arg[0] != '-':
			continue // an argument
		case arg[1] != '-' && len(arg) > 2:
			if err := a.checkSingleDash(cmd, arg, args); err != nil {
				return err
			}
		}
		if takesNext(fs, arg) {
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

// checkSingleDash checks an argument of the command cmd that has a single dash and more than one character after it.
// args are the arguments of the program, for the hint.
func (a *app) checkSingleDash(cmd *cobra.Command, arg string, args []string) error {
	help := "see " + cmd.CommandPath() + " --help"
	typed, value := arg[1:], ""
	if i := strings.IndexAny(typed, "=:"); i >= 0 { // PowerShell writes -offline:true
		typed, value = typed[:i], "="+typed[i+1:]
	}
	if name := closestFlag(typed, cmd); name != "" {
		words := append([]string{a.name}, args...)
		words[slices.Index(words, arg)] = "--" + name + value
		return usage(errors.New(arg+": did you mean --"+name+"?"), commandLine(words...))
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

// closestFlag returns the name of the command's long flag that was probably meant: the flag with exactly this
// name, else the first that begins with it, else the first that differs from it by one or two characters; "" if
// there is none.
func closestFlag(typed string, cmd *cobra.Command) string {
	const shortest = 3 // -ov may be meant as -o v
	if len(typed) < shortest {
		return ""
	}
	typed = strings.ToLower(typed)
	var exact, begun, mistyped string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		mistakes := 1
		if len(f.Name) > 5 {
			mistakes = 2
		}
		switch {
		case f.Name == typed:
			exact = f.Name
		case begun == "" && strings.HasPrefix(f.Name, typed):
			begun = f.Name
		case mistyped == "" && f.Name[0] == typed[0] && editDistance(f.Name, typed) <= mistakes:
			mistyped = f.Name
		}
	})
	return cmp.Or(exact, begun, mistyped)
}

// editDistance is how many bytes have to be inserted, removed or replaced to make t of s.
func editDistance(s, t string) int {
	row := make([]int, len(t)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(s) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(t) {
			replaced := diagonal
			if s[i] != t[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(t)]
}
