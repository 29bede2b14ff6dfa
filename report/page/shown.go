package page

import (
	"fmt"
	"strings"

	"qlik-provision/provision/text"
)

// shown is a text of the file as the page shows it, on one line. Characters that are invisible or change the direction
// of writing stand there by their number, so that a name is what it looks like.
func shown(s string) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	isSpecial := func(r rune) bool { return text.IsControl(r) || text.IsBidi(r) }
	if !strings.ContainsFunc(s, isSpecial) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\t', r == '\n', r == '\r':
			b.WriteByte(' ')
		case isSpecial(r):
			fmt.Fprintf(&b, "⟨U+%04X⟩", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
