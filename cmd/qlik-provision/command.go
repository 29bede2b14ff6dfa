package main

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A command is a command line that we print, to be pasted: the program, the command, its file, and flags.
type command struct {
	program, name, file string
	flags               []flagValue
}

// A flagValue is a flag of a command.
type flagValue struct {
	name  string // without its dashes
	value string // one of them, where the flag may be given several times; "" for a flag that takes none
}

// String is the command quoted for the shell of the platform, see commandLine.
func (c command) String() string {
	words := []string{c.program, c.name}
	if c.file != "" {
		words = append(words, argument(c.file))
	}
	for _, f := range c.flags {
		name := "--" + f.name
		if f.name == "out" {
			name = "-o"
		}
		words = append(words, name)
		if f.value != "" {
			words = append(words, f.value)
		}
	}
	return commandLine(words...)
}

// with sets a flag, in the place of one of the same name; an empty value is that of a flag that takes none.
func (c command) with(name, value string) command {
	c = c.without(name)
	c.flags = append(c.flags, flagValue{name, value})
	return c
}

// withSwitch sets a flag that takes no value.
func (c command) withSwitch(name string) command { return c.with(name, "") }

// replace replaces one value of a flag that may be given several times.
func (c command) replace(name, was, value string) command {
	c.flags = slices.Clone(c.flags)
	for i, f := range c.flags {
		if f.name == name && f.value == was {
			c.flags[i].value = value
		}
	}
	return c
}

// without leaves flags out.
func (c command) without(names ...string) command {
	c.flags = slices.DeleteFunc(slices.Clone(c.flags), func(f flagValue) bool { return slices.Contains(names, f.name) })
	return c
}

// has reports whether a flag is set.
func (c command) has(name string) bool {
	return slices.ContainsFunc(c.flags, func(f flagValue) bool { return f.name == name })
}

// onResults is a command on a result file, with the flags that it needs and the file does not have.
func (c command) onResults(name, path string) command {
	kept := []string{
		"tenant", "client-id", "client-secret-file", "client-secret-command", "context", "sandbox",
		"allow-admin-roles", "rate", "burst", "limit", "max",
	}
	c.name, c.file = name, path
	c.flags = slices.DeleteFunc(slices.Clone(c.flags), func(f flagValue) bool { return !slices.Contains(kept, f.name) })
	return c
}

// typedCommand is a command as it was typed.
func (a *app) typedCommand(cmd *cobra.Command) command {
	c := command{program: a.program, name: cmd.Name(), file: cmd.Flags().Arg(0)}
	if isStdin(c.file) {
		c.file = "-" // another name of a pipe is gone when the command is pasted
	}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		v, ok := f.Value.(*value)
		switch {
		case ok:
			for _, typed := range v.typed {
				c.flags = append(c.flags, flagValue{f.Name, typed})
			}
		case f.Value.String() == "true":
			c.flags = append(c.flags, flagValue{name: f.Name})
		}
	})
	return c
}

// argument is a file's name as it is typed: one that begins with a dash would be taken for a flag.
func argument(file string) string {
	if len(file) > 1 && file[0] == '-' {
		return "./" + file
	}
	return file
}

// programName is how to call this program again: its bare name where the path finds this very executable, else the path
// that was typed.
func programName(arg0 string) string {
	if !strings.ContainsAny(arg0, `/\`) {
		return arg0
	}
	base := filepath.Base(arg0)
	if found, err := exec.LookPath(base); err == nil && sameFile(found, arg0) {
		return strings.TrimSuffix(base, ".exe")
	}
	return arg0
}
