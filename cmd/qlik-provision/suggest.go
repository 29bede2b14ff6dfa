package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// knownCommand refuses a word that is no command, and names the nearest.
func (a *app) knownCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("there is no command %q", args[0])
	if near := root.SuggestionsFor(args[0]); len(near) > 0 {
		return usage(err, "did you mean: "+strings.Join(near, ", "))
	}
	return usage(err, "see "+root.CommandPath()+" --help")
}

// flagError says which flag was meant where one is not known.
func flagError(cmd *cobra.Command, err error) error {
	hint := "see " + cmd.CommandPath() + " --help"
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return usage(err, hint)
	}
	name := unknown.GetSpecifiedName()
	if near := nearestFlag(cmd, name); near != "" {
		hint = "did you mean --" + near + "?"
	}
	return usage(fmt.Errorf("there is no flag --%s", strings.TrimLeft(name, "-")), hint)
}

// nearestFlag is the flag of cmd with the name most like name, "" where none is.
func nearestFlag(cmd *cobra.Command, name string) string {
	best, least := "", 3
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if d := editDistance(name, f.Name); !f.Hidden && d < least && d < len(f.Name)/2+1 {
			best, least = f.Name, d
		}
	})
	return best
}

// checkDashes refuses a long flag with a single dash: pflag reads -offline as -o ffline.
func checkDashes(root *cobra.Command, args []string) error {
	cmd, rest, err := root.Find(args)
	if err != nil {
		return nil //nolint:nilerr // the command itself reports it
	}
	for i := 0; i < len(rest); i++ {
		arg := rest[i]
		switch {
		case arg == "--":
			return nil
		case strings.HasPrefix(arg, "--"):
			if f := cmd.Flags().Lookup(strings.TrimPrefix(arg, "--")); f != nil && f.NoOptDefVal == "" {
				i++ // its value
			}
			continue
		case len(arg) == 2 && arg[0] == '-':
			if f := cmd.Flags().ShorthandLookup(arg[1:]); f != nil && f.NoOptDefVal == "" {
				i++
			}
			continue
		case len(arg) < 3 || arg[0] != '-':
			continue
		}
		name, _, _ := strings.Cut(arg[1:], "=")
		if near := longFlag(cmd, name); near != "" {
			return usage(fmt.Errorf("%s: did you mean --%s?", arg, strings.Replace(arg[1:], name, near, 1)),
				"a long flag has two dashes: --"+near)
		}
	}
	return nil
}

// longFlag is the long flag that was meant by a name with one dash, "" where a short one may be.
func longFlag(cmd *cobra.Command, name string) string {
	if cmd.Flags().Lookup(name) != nil || name == "help" || name == "version" {
		return name
	}
	if len(name) < 3 || strings.ContainsAny(name, `./\ `) {
		return ""
	}
	return nearestFlag(cmd, name)
}

// joinedName says that a file name with blanks needs quotes, where the words make one.
func joinedName(args []string, hint string) string {
	name := strings.Join(args, " ")
	if _, err := os.Stat(name); err == nil {
		return "a name with blanks needs quotes: " + quote(name)
	}
	return "one file at a time; a name with blanks needs quotes: " + quote(name) + "; " + hint
}

// editDistance is Levenshtein's.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			step := diagonal
			if a[i] != b[j] {
				step++
			}
			diagonal = row[j+1]
			row[j+1] = min(step, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
