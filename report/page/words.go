package page

import (
	"fmt"
	"strconv"
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

// percent is a share in words that never round some to none, or not all to all.
func percent(part, whole int) string {
	switch p := 100 * float64(part) / float64(whole); {
	case part == 0:
		return "0%"
	case p < 0.1:
		return "<0.1%"
	case p > 99.9 && part < whole:
		return ">99.9%"
	default:
		return strings.TrimSuffix(strconv.FormatFloat(p, 'f', 1, 64), ".0") + "%"
	}
}

// clock is a moment for people.
func clock(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04:05 UTC") }

// span is a number of milliseconds in its two largest units: 4 min 12 s.
func span(ms int64) string {
	s := (ms + 500) / 1000
	switch {
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return fmt.Sprintf("%d min %d s", s/60, s%60)
	case s < 86400:
		return fmt.Sprintf("%d h %d min", s/3600, s%3600/60)
	}
	return fmt.Sprintf("%d d %d h", s/86400, s%86400/3600)
}
