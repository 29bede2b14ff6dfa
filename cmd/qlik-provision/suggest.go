package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"qlik-provision/provision"
)

// checkCommand refuses a first word that is no command, and names the nearest.
func (a *app) checkCommand(root *cobra.Command) error {
	args := a.args
	if len(args) == 0 || strings.HasPrefix(args[0], "-") || strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		return nil
	}
	at := 0 // of the command's name
	if args[0] == "help" && len(args) > 1 {
		at = 1
	}
	if cmd, _, _ := root.Find(args[at:]); cmd != root || args[at] == "help" || args[at] == "completion" {
		return nil
	}
	unknown := fmt.Errorf("there is no command %q", args[at])
	if near := root.SuggestionsFor(args[at]); len(near) > 0 {
		return usage(unknown, a.didYouMean(near[0], args[at], near[0]))
	}
	return usage(unknown, "")
}

// didYouMean is a hint that names what was probably meant, with the command line in which it is corrected.
func (a *app) didYouMean(meant, typed, corrected string) string {
	return "did you mean " + meant + "?\n  " + a.retyped(replaceArgument(a.args, typed, corrected))
}

// replaceArgument returns the arguments with another one in the place of was.
func replaceArgument(args []string, was, is string) []string {
	args = slices.Clone(args)
	args[slices.Index(args, was)] = is
	return args
}

// retyped is this program with other arguments. Where a secret was typed it is not repeated: errors end in logs and
// mails.
func (a *app) retyped(args []string) string {
	for _, arg := range a.args {
		name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		switch {
		case !strings.HasPrefix(arg, "-"), name == "client-secret-file", name == "client-secret-command":
		case strings.Contains(name, "secret"), strings.Contains(name, "key"), strings.Contains(name, "password"):
			return "see " + a.name + " --help: no flag takes a secret"
		}
	}
	return commandLine(append([]string{a.name}, args...)...)
}

// flagError words what pflag says of the flags.
func (a *app) flagError(cmd *cobra.Command, err error) error {
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		return a.unknownFlag(cmd, unknown)
	}
	invalid, ok := errors.AsType[*pflag.InvalidValueError](err)
	if !ok {
		return usage(err, "")
	}
	flag, value, hint := invalid.GetFlag(), invalid.GetValue(), ""
	name := "--" + flag.Name
	if _, err := time.ParseDuration(value + "s"); err == nil && flag.Value.Type() == "duration" {
		unit := flag.DefValue[len(flag.DefValue)-1:]
		hint = a.retyped(replaceFlagValue(a.args, name, value, value+unit))
	}
	return usage(fmt.Errorf("%s %s: %w", name, value, invalid.Unwrap()), hint)
}

// unknownFlag names the flag that was probably meant.
func (a *app) unknownFlag(cmd *cobra.Command, unknown *pflag.NotExistError) error {
	name := unknown.GetSpecifiedName()
	switch {
	case !cmd.HasParent():
		return usage(fmt.Errorf("there is no flag --%s before the command", name),
			"flags stand after the command: see "+cmd.CommandPath()+" --help")
	case unknown.GetSpecifiedShortnames() != "":
		return usage(errors.New("there is no flag -"+name), "")
	}
	hint := ""
	if near := closestFlag(name, cmd); near != "" {
		for _, arg := range a.args {
			if value, ok := strings.CutPrefix(arg, "--"+name); ok && (value == "" || value[0] == '=') {
				hint = a.didYouMean("--"+near, arg, "--"+near+value)
				break
			}
		}
	}
	return usage(errors.New("there is no flag --"+name), hint)
}

// replaceFlagValue returns the arguments with another value of a flag.
func replaceFlagValue(args []string, name, was, value string) []string {
	args = slices.Clone(args)
	for i := range args {
		if args[i] == name+"="+was {
			args[i] = name + "=" + value
		} else if i > 0 && args[i-1] == name && args[i] == was {
			args[i] = value
		}
	}
	return args
}

// joinedName says that a file name with blanks needs quotes. words are the arguments of a command on one file.
func (a *app) joinedName(cmd *cobra.Command, words []string) string {
	name := strings.Join(words, " ")
	_, err := os.Stat(name)
	for i := range a.args {
		if err == nil && i+len(words) <= len(a.args) && slices.Equal(a.args[i:i+len(words)], words) {
			return "a file name with spaces needs quotes:\n  " +
				a.retyped(slices.Concat(a.args[:i], []string{name}, a.args[i+len(words):]))
		}
	}
	if strings.Contains(name, "'") && runtime.GOOS == "windows" {
		return "use double quotes: cmd.exe leaves single ones where they are"
	}
	return "one file at a time; a file name with spaces needs quotes; see " + cmd.CommandPath() + " --help"
}

// nearFile is the file whose name differs from path's in one or two characters, "" where there is none.
func nearFile(path string) string {
	dir, name := filepath.Split(path)
	entries, err := os.ReadDir(cmp.Or(dir, "."))
	if err != nil {
		return ""
	}
	var files []string
	for _, e := range entries {
		if e.Type().IsRegular() {
			files = append(files, e.Name())
		}
	}
	nearest := provision.Nearest(name, files, min(2, len(name)-1))
	return prefixed(dir, nearest)
}

// closestFlag returns the name of the command's long flag that was probably meant: the flag with exactly this
// name, else the first that begins with it, else the one nearest to it, one or two characters apart; "" if
// there is none.
func closestFlag(typed string, cmd *cobra.Command) string {
	const shortest = 3 // -ov may be meant as -o v
	if len(typed) < shortest {
		return ""
	}
	typed = strings.ToLower(typed)
	var exact, begun string
	var long, short []string // names that begin with the same letter
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		switch {
		case f.Name == typed:
			exact = f.Name
		case begun == "" && strings.HasPrefix(f.Name, typed):
			begun = f.Name
		case f.Name[0] == typed[0] && len(f.Name) > 5:
			long = append(long, f.Name)
		case f.Name[0] == typed[0]:
			short = append(short, f.Name)
		}
	})
	return cmp.Or(exact, begun, provision.Nearest(typed, short, 1), provision.Nearest(typed, long, 2))
}
