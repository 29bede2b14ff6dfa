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
	if ms < 10_000 {
		return strconv.FormatFloat(float64(ms)/1000, 'f', -1, 64) + " s"
	}
	s := (ms + 500) / 1000
	units := []struct {
		seconds int64
		name    string
	}{{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}}
	for i, u := range units[:len(units)-1] {
		if s < u.seconds {
			continue
		}
		words := fmt.Sprintf("%d %s", s/u.seconds, u.name)
		if rest := s % u.seconds / units[i+1].seconds; rest > 0 {
			words += fmt.Sprintf(" %d %s", rest, units[i+1].name)
		}
		return words
	}
	return fmt.Sprintf("%d s", s)
}
