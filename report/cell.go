package report

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"qlik-provision/provision/text"
)

// Text is what the tenant says, or may have said. As a cell it has no control characters, and no spreadsheet
// takes it or a part of it for a formula, whichever separator the file is opened with: an apostrophe stands in
// front of the character that would begin it.
type Text string

// maxText is the size of a Text's cell in bytes, apostrophes aside: enough for any message, and far below what
// a cell may hold.
const maxText = 4 << 10

// MarshalCSV escapes the text. Escaping it again changes nothing.
func (t Text) MarshalCSV() (string, error) {
	return escapeFormulas(cleanCell(text.Clip(string(t), maxText))), nil
}

// UnmarshalCSV takes an apostrophe away that MarshalCSV wrote in front, so that an ID is what it was.
func (t *Text) UnmarshalCSV(cell string) error {
	if rest, found := strings.CutPrefix(cell, "'"); found && rest != "" {
		if first, _ := utf8.DecodeRuneInString(rest); startsFormula(first) {
			cell = rest
		}
	}
	*t = Text(cell)
	return nil
}

// cleanCell replaces each control character, and each that changes the direction of writing, by a space.
func cleanCell(s string) string {
	return strings.Map(func(r rune) rune {
		if text.IsControl(r) || text.IsBidi(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

// escapeFormulas puts an apostrophe in front of each character that may begin a formula: where a cell begins,
// or would begin if s were cut at a separator.
func escapeFormulas(s string) string {
	if !strings.ContainsFunc(s, startsFormula) {
		return s
	}
	var b strings.Builder
	begins, blank := true, false // a cell may begin here; only because of a blank
	for i, r := range s {
		size := utf8.RuneLen(r)
		switch {
		case unicode.IsSpace(r):
			blank = blank || !begins
			begins = true
		case unicode.Is(unicode.Cf, r): // has no width
		case startsFormula(r):
			next, _ := utf8.DecodeRuneInString(s[i+size:])
			if begins && !(blank && unicode.IsSpace(next)) { // a dash between blanks is a dash
				b.WriteByte('\'')
			}
			begins, blank = false, false
		default:
			begins, blank = separatesCells(r), false
		}
		b.WriteRune(r)
	}
	return b.String()
}

// startsFormula reports whether a spreadsheet takes a cell that begins with r for a formula.
func startsFormula(r rune) bool { return strings.ContainsRune("=+-@＝＋－＠", r) }

// separatesCells reports whether r is used to separate cells, besides blanks.
func separatesCells(r rune) bool { return strings.ContainsRune(",;|:^~\"，；", r) }
