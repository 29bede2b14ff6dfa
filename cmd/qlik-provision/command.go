package main

import (
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// A command is a command line that we print, to be pasted: the program, the command, the file, and then flags, each with its value where it has one.
type command struct{ words []string }

func (c command) String() string { return quoteAll(c.words) }

// with adds flags and their values, in the place of those of the same name.
func (c command) with(flags ...string) command {
	words := slices.Clone(c.words)
	for len(flags) > 0 {
		n := 2
		if slices.Contains(withoutValue, flags[0]) {
			n = 1
		}
		words = append(drop(words, flags[0]), flags[:n]...)
		flags = flags[n:]
	}
	return command{words}
}

// without leaves flags out.
func (c command) without(flags ...string) command {
	words := slices.Clone(c.words)
	for _, flag := range flags {
		words = drop(words, flag)
	}
	return command{words}
}

// retry is the command that runs a result file, with those of the flags that decide what is sent and to whom.
func (c command) retry(path string) command {
	return c.without(notRetried...).on("retry", path)
}

// on is the same flags with another command and file.
func (c command) on(name, file string) command {
	return command{slices.Concat([]string{c.words[0], name, argument(file)}, c.words[3:])}
}

// argument is a file's name as it is to be typed: one that begins with a dash would be taken for a flag.
func argument(file string) string {
	if len(file) > 1 && file[0] == '-' {
		return "./" + file
	}
	return file
}

var (
	// notRetried are the flags that a retry does not need: the file's own dialect has changed, and the rest is a matter of the moment.
	notRetried = []string{"--out", "-o", "--overwrite", "--delimiter", "--encoding", "--header-row", "--workers", "--attempts", "--patience", "--timeout",
		"--no-lookup", "--offline", "--json", "--quiet", "-q", "--log"}
	withoutValue = []string{"--overwrite", "--no-lookup", "--offline", "--json", "--quiet", "-q", "--sandbox"}
)

// drop takes a flag and its value out of words.
func drop(words []string, flag string) []string {
	same := []string{flag}
	if flag == "-o" || flag == "--out" {
		same = []string{"-o", "--out"}
	}
	for i := 3; i < len(words); {
		end := i + 2
		if slices.Contains(withoutValue, words[i]) {
			end = i + 1
		}
		if slices.Contains(same, words[i]) {
			words = slices.Delete(words, i, end)
		} else {
			i = end
		}
	}
	return words
}

func quoteAll(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = quote(w)
	}
	return strings.Join(quoted, " ")
}

// quote makes one word of s for the shell of the platform.
func quote(s string) string {
	if runtime.GOOS == "windows" {
		return quoteForWindows(s)
	}
	if plain(s, "_-./:,@%+=") {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// quoteForWindows makes one word of s for PowerShell, and for cmd as far as one form serves both: what PowerShell would act on in double quotes stands in
// single ones, which cmd does not know.
func quoteForWindows(s string) string {
	switch {
	case plain(s, `_-./:,+=\`):
		return s
	case strings.ContainsAny(s, "$`\"\u201c\u201d\u201e"):
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	return `"` + s + `"`
}

// plain reports whether s is a word by itself, of ASCII letters, digits and some signs.
func plain(s, signs string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(signs, r))
	}) < 0
}

// programName is how to call us again: by the path from here where that was typed, else by our name.
func programName(arg0 string) string {
	if !strings.ContainsAny(arg0, `/\`) || filepath.IsAbs(arg0) {
		return "qlik-provision"
	}
	return arg0
}

// dated puts the date into a file's name: hr.results.csv → hr.2026-03-02.results.csv.
func dated(path string) string {
	dir, name := filepath.Split(path)
	stem, ext, found := strings.Cut(name, ".")
	name = stem + "." + time.Now().Format(time.DateOnly)
	if found {
		name += "." + ext
	}
	return dir + name
}
