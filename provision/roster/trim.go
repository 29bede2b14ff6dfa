package roster

import (
	"strings"
	"unicode"
)

// trim takes away outer white space: Unicode's, the no-break space among it, and what has no width and comes with copy and paste.
func trim(s string) string {
	if s == "" || plainEnd(s[0]) && plainEnd(s[len(s)-1]) {
		return s
	}
	return strings.TrimFunc(s, isSpace)
}

// plainEnd reports that a byte is ASCII and no white space; a word that begins and ends so has nothing to trim.
func plainEnd(c byte) bool {
	return c > ' ' && c < 0x7f
}

func isSpace(r rune) bool {
	switch r {
	case '\u200b', '\u200c', '\u200d', '\u2060', '\ufeff':
		return true
	}
	return unicode.IsSpace(r)
}
