package page

import (
	"fmt"
	"strings"
	"time"

	"qlik-provision/provision/text"
)

// shown is a text of the file as the page shows it, on one line. Characters that are invisible or change the direction
// of writing stand there by their number, so that a name is what it looks like.
func shown(s string) string {
	if strings.IndexFunc(s, isSpecial) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(s, "\ufffd") {
		switch {
		case r == '\t', r == '\n', r == '\r':
			b.WriteByte(' ')
		case isSpecial(r) && r != '\ufffd':
			fmt.Fprintf(&b, "⟨U+%04X⟩", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// isSpecial reports whether shown replaces r. U+FFFD stands for what is not UTF-8.
func isSpecial(r rune) bool { return text.IsControl(r) || text.IsBidi(r) || r == '\ufffd' }

// clock is a moment for people.
func clock(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04:05 UTC") }

// span is a length of time for people, without parts of a second.
func span(d time.Duration) string { return d.Round(time.Second).String() }
