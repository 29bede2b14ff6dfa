package main

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

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
	value string // one of them, where the flag may be given several times
	kind  string // pflag's type: bool for a flag that takes no value
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
		if f.kind != "bool" {
			words = append(words, f.value)
		}
	}
	return commandLine(words...)
}

// with sets a flag that takes a value, in the place of one of the same name.
func (c command) with(name, value string) command {
	return c.set(flagValue{name: name, value: value})
}

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

// withSwitch sets a flag that takes no value.
func (c command) withSwitch(name string) command {
	return c.set(flagValue{name: name, kind: "bool"})
}

func (c command) set(f flagValue) command {
	c = c.without(f.name)
	c.flags = append(c.flags, f)
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

// on is the command with another name and file. Flags that are not set for it remain: leave them out first.
func (c command) on(name, file string) command {
	c.name, c.file = name, file
	return c
}

// onResults is a command on a result file, with the flags that it needs and the file does not have.
func (c command) onResults(name, path string) command {
	kept := []string{
		"tenant", "client-id", "client-secret-file", "client-secret-command", "context", "sandbox",
		"allow-admin-roles", "rate", "burst", "limit", "max",
	}
	c.flags = slices.DeleteFunc(slices.Clone(c.flags), func(f flagValue) bool { return !slices.Contains(kept, f.name) })
	return c.on(name, path)
}

// givenFlags are the flags that were typed.
func givenFlags(fs *pflag.FlagSet) []flagValue {
	var flags []flagValue
	fs.Visit(func(f *pflag.Flag) {
		v := flagValue{name: f.Name, value: f.Value.String(), kind: f.Value.Type()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			values := list.GetSlice()
			if len(values) == 0 {
				values = []string{""} // pflag has none for --update=
			}
			for _, v.value = range values {
				flags = append(flags, v)
			}
			return
		}
		if v.kind != "bool" || v.value == "true" {
			flags = append(flags, v)
		}
	})
	return flags
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
