package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// shown is a text from the file as the page has it. What would end a line or turn the direction of writing stands there by its number, so that a
// name is what it looks like.
func shown(s string) string {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(s, "\ufffd") {
		switch {
		case r == '\t', r == '\n', r == '\r':
			b.WriteByte(' ')
		case controls(r):
			fmt.Fprintf(&b, "⟨U+%04X⟩", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// grouped writes 12345 as 12,345.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// plural is a count and the word that goes with it.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(n) + " " + many
}

// percent is a share in words that never round some to none, or not all to all.
func percent(part, whole int) string {
	switch p := 100 * float64(part) / float64(whole); {
	case part == 0:
		return "0 %"
	case part == whole:
		return "100 %"
	case p < 0.1:
		return "< 0.1 %"
	case p > 99.9:
		return "> 99.9 %"
	default:
		return strconv.FormatFloat(p, 'f', 1, 64) + " %"
	}
}

// clock is a moment for people.
func clock(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04:05 UTC") }

// lasting is a span of milliseconds in its two largest units: 4 min 12 s.
func lasting(ms int64) string {
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
		text := fmt.Sprintf("%d %s", s/u.seconds, u.name)
		if rest := s % u.seconds / units[i+1].seconds; rest > 0 {
			text += fmt.Sprintf(" %d %s", rest, units[i+1].name)
		}
		return text
	}
	return fmt.Sprintf("%d s", s)
}
