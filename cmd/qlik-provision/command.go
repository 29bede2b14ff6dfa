package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"unicode"

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

// with sets a flag, in the place of those of the same name; an empty value is that of a flag that takes none.
func (c command) with(name, value string) command { return c.replace(name, "", value) }

// replace sets a flag, in the place of the one of that name with the old value, or of all of them where old is empty.
func (c command) replace(name, old, value string) command {
	c.flags = slices.DeleteFunc(slices.Clone(c.flags), func(f flagValue) bool {
		return f.name == name && (old == "" || f.value == old)
	})
	c.flags = append(c.flags, flagValue{name, value})
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

// typedCommand is a command as it was typed, up to where it was wrong.
func typedCommand(program string, cmd *cobra.Command, args []string) command {
	c := command{program: program, name: cmd.Name()}
	_ = cmd.Flags().ParseAll(args, func(f *pflag.Flag, value string) error {
		switch {
		case f.Value.Type() != "bool":
			c.flags = append(c.flags, flagValue{f.Name, value})
		case value == "true":
			c.flags = append(c.flags, flagValue{name: f.Name})
		}
		return nil
	})
	c.file = cmd.Flags().Arg(0)
	if isStdin(c.file) {
		c.file = "-" // another name of a pipe is gone when the command is pasted
	}
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

// commandLine is a command to be pasted. Where no quotes hold it together it is words in its place: a name that a
// shell would run is never printed as a command.
func commandLine(words ...string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		word, ok := quoteWord(w)
		if !ok {
			return words[1] + ", typed by hand: no quotes keep all of it together in both cmd and PowerShell"
		}
		quoted[i] = word
	}
	line := strings.Join(quoted, " ")
	// PowerShell runs a quoted name only after &, which cmd refuses; cmd sets PROMPT for its programs.
	if runtime.GOOS == "windows" && quoted[0] != words[0] && os.Getenv("PROMPT") == "" {
		line = "& " + line
	}
	return line
}

// quote shows s within a sentence as a word of the platform's shell.
func quote(s string) string {
	word, _ := quoteWord(s)
	return word
}

// quoteWord makes one word of s for the shell of the platform. Where no quotes hold, s is in double ones, and ok false.
func quoteWord(s string) (word string, ok bool) {
	if runtime.GOOS == "windows" {
		return quoteForWindows(s)
	}
	if isPlain(s, "_-./:,@%+=") {
		return s, true
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'", true
}

// quoteForWindows makes one word of s for both cmd and PowerShell, which have only double quotes in common. ok is
// false where one of the two acts on what stands within them: cmd on %X%, PowerShell on $x, on a backtick and on
// every kind of double quote; both on control characters, and programs on a backslash at the end. PowerShell 5.1
// leaves an empty word out. The $ of a share, users$\hr.csv, is safe.
func quoteForWindows(s string) (word string, ok bool) {
	switch {
	case isPlain(s, `_-./:+=\`):
		return s, true
	case s == "", strings.ContainsAny(s, "`\"\u201c\u201d\u201e"), strings.ContainsFunc(s, unicode.IsControl),
		strings.Count(s, "%") > 1, strings.HasSuffix(s, `\`), strings.Contains(strings.ReplaceAll(s, `$\`, ""), "$"):
		return `"` + s + `"`, false
	}
	return `"` + s + `"`, true
}

// isPlain reports whether s is a word by itself, of ASCII letters, digits and some punctuation.
func isPlain(s, punctuation string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	return s != "" && strings.Trim(s, letters+punctuation) == ""
}
