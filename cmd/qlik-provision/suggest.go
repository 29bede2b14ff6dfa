package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// checkCommand refuses a first word that is no command, and names the nearest. args are the arguments of the program.
func (a *app) checkCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") || strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		return nil
	}
	if args[0] == "help" && len(args) > 1 {
		return a.checkCommand(root, args[1:])
	}
	cmd, _, err := root.Find(args)
	if err == nil && cmd != root || args[0] == "help" || args[0] == "completion" {
		return nil
	}
	unknown := fmt.Errorf("there is no command %q", args[0])
	if near := root.SuggestionsFor(args[0]); len(near) > 0 {
		return usage(unknown, "did you mean "+near[0]+"?\n  "+commandLine(append([]string{a.name, near[0]}, args[1:]...)...))
	}
	return usage(unknown, "see "+root.CommandPath()+" --help")
}

// flagError says which flag was meant where one is not known.
func flagError(cmd *cobra.Command, err error) error {
	hint := "see " + cmd.CommandPath() + " --help"
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return usage(err, hint)
	}
	name := unknown.GetSpecifiedName()
	if near := closestFlag(name, cmd); near != "" {
		hint = "did you mean --" + near + "?"
	}
	return usage(fmt.Errorf("there is no flag --%s", strings.TrimLeft(name, "-")), hint)
}

// joinedName says that a file name with blanks needs quotes, where the words make one.
func joinedName(args []string, hint string) string {
	name := strings.Join(args, " ")
	if strings.Contains(name, "'") && runtime.GOOS == "windows" {
		return "use double quotes: cmd.exe leaves single ones where they are"
	}
	if _, err := os.Stat(name); err == nil {
		return "a file name with spaces needs quotes: " + quote(name)
	}
	return "one file at a time; a file name with spaces needs quotes: " + quote(name) + "; " + hint
}
