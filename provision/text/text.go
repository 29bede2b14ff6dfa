// Package text holds the few functions on text that every package may use: counts as they are written for people,
// clipping, and predicates for characters that do not belong in a value.
package text

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Grouped writes n with a comma between groups of three digits: 1,866.
func Grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Plural writes a count with its noun: 1 row, 1,866 rows.
func Plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Grouped(n) + " " + many
}

// Clip cuts s to at most size bytes on a character's boundary, and ends it with … where something was cut.
func Clip(s string, size int) string {
	const ellipsis = "…"
	if len(s) <= size {
		return s
	}
	end := max(size-len(ellipsis), 0)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + ellipsis
}

// IsControl reports whether r is a control character or ends a line: Unicode's Cc, U+2028 and U+2029.
func IsControl(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }

// IsBidi reports whether r changes the direction of writing.
func IsBidi(r rune) bool { return unicode.Is(unicode.Bidi_Control, r) }

// IsInvisible reports whether r has no width and no meaning of its own in a value: zero-width spaces and joiners, word
// joiners, soft hyphens, byte order marks.
func IsInvisible(r rune) bool {
	return IsBidi(r) || strings.ContainsRune("\u200b\u200c\u200d\u2060\u180e\u00ad\ufeff", r)
}
