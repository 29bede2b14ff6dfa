package main

import (
	"os"
	"runtime"
	"strings"
	"unicode"
)

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
