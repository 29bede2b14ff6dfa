package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
	"unicode"

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
	kept  bool   // a retry needs it: the result file does not have it
}

// String is the command as commandLine has it.
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

// switched sets a flag that takes no value.
func (c command) switched(name string) command {
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

// on is the command with another name and file. Flags that are not set for it remain: leave them out first.
func (c command) on(name, file string) command {
	c.name, c.file = name, file
	return c
}

// after is a command on a result file, with the flags that the file does not have: the tenant, the credentials,
// the pace.
func (c command) after(name, path string) command {
	c.flags = slices.DeleteFunc(slices.Clone(c.flags), func(f flagValue) bool { return !f.kept })
	return c.on(name, path)
}

// retryFlag marks a flag whose value a retry needs, since no result file has it.
const retryFlag = "retry"

// givenFlags are the flags that were typed.
func givenFlags(fs *pflag.FlagSet) []flagValue {
	var flags []flagValue
	fs.Visit(func(f *pflag.Flag) {
		_, kept := f.Annotations[retryFlag]
		v := flagValue{name: f.Name, value: f.Value.String(), kind: f.Value.Type(), kept: kept}
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

// quote shows s within a sentence as a word of the platform's shell. Where no quotes hold it is in double ones.
func quote(s string) string {
	word, ok := quoteWord(s)
	if !ok {
		return `"` + s + `"`
	}
	return word
}

// quoteWord makes one word of s for the shell of the platform; ok is false where no quotes hold.
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
		return "", false
	}
	return `"` + s + `"`, true
}

// isPlain reports whether s is a word by itself, of ASCII letters, digits and some punctuation.
func isPlain(s, punctuation string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
			strings.ContainsRune(punctuation, r))
	}) < 0
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

// dated puts the date into a file's name, in the place of another one: hr.results.csv → hr.2026-03-02.results.csv. Of a
// name that has this date already it is the time, too.
func dated(path string) string {
	dir, name := filepath.Split(path)
	stem, ending, _ := strings.Cut(name, ".")
	ending = regexp.MustCompile(`^20\d\d-\d\d-\d\d(T\d+)?\.`).ReplaceAllString(ending, "")
	now := time.Now()
	for _, layout := range []string{time.DateOnly, "2006-01-02T150405"} {
		stamped := stem + "." + now.Format(layout) + "." + ending
		if stamped != name {
			name = stamped
			break
		}
	}
	return dir + strings.TrimSuffix(name, ".")
}

// has reports whether a flag is set.
func (c command) has(name string) bool {
	return slices.ContainsFunc(c.flags, func(f flagValue) bool { return f.name == name })
}
