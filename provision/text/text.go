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
	digits := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	first := (len(digits)-1)%3 + 1
	var b strings.Builder
	b.WriteString(sign + digits[:first])
	for i := first; i < len(digits); i += 3 {
		b.WriteString("," + digits[i:i+3])
	}
	return b.String()
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
func IsBidi(r rune) bool {
	return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' || r == '\u200e' || r == '\u200f' ||
		r == '\u061c'
}

// IsInvisible reports whether r has no width and no meaning of its own in a value: zero-width spaces and joiners, word
// joiners, soft hyphens, byte order marks.
func IsInvisible(r rune) bool {
	switch {
	case r >= '\u200b' && r <= '\u200d', r == '\u2060', r == '\u180e', r == '\u00ad', r == '\ufeff':
		return true
	}
	return IsBidi(r)
}
