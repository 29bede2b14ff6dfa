package roster

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"qlik-provision/provision/text"
)

// A Source is a column, or a template of columns and text. The zero Source is none.
type Source struct {
	text  string
	parts []part
	plain bool // text is one header
}

// A part of a template is a column's cell, or text.
type part struct {
	column int    // -1: text
	text   string // the column's header, or the text
}

// String is the source as Options take it: a header or a template; "" for none.
func (s Source) String() string { return s.text }

// describe shows the source to people: its header, or the headers of first and last name, or its
// template.
func (s *Source) describe() string {
	switch {
	case s.plain:
		return quote(s.text)
	case len(s.parts) == 3 && s.parts[0].column >= 0 && s.parts[1].text == " " && s.parts[2].column >= 0:
		return quote(s.parts[0].text) + " and " + quote(s.parts[2].text)
	}
	// A template is copied from here, so its backslashes stay single: corp\{Login}.
	return "the template " + strings.ReplaceAll(quote(s.text), `\\`, `\`)
}

// header is what messages call the source's column: its header, or the template.
func (s *Source) header() string {
	if len(s.parts) == 1 {
		return s.parts[0].text
	}
	return s.text
}

// uses reports whether the source reads the column at index i.
func (s *Source) uses(i int) bool {
	return slices.ContainsFunc(s.parts, func(p part) bool { return p.column == i })
}

// value is the source's value for a record: each cell is trimmed, and so is the whole. Where a cell
// of a template is empty, the blank that would be doubled is left out.
func (s *Source) value(cells []string) string {
	switch len(s.parts) {
	case 0:
		return ""
	case 1:
		return cellAt(cells, s.parts[0].column)
	}
	var b strings.Builder
	doubled := false // an empty cell stands between a blank and what follows
	for _, p := range s.parts {
		piece := p.text
		if p.column >= 0 {
			piece = cellAt(cells, p.column)
			if piece == "" && (b.Len() == 0 || strings.HasSuffix(b.String(), " ")) {
				doubled = true
			}
		} else if doubled {
			piece = strings.TrimPrefix(piece, " ")
		}
		if piece != "" {
			doubled = false
		}
		b.WriteString(piece)
	}
	return trim(b.String())
}

// cellAt is the trimmed cell at index i, "" where the record has none.
func cellAt(cells []string, i int) string {
	if i < len(cells) {
		return trim(cells[i])
	}
	return ""
}

// parseTemplate cuts a template into text and columns: {Header} is a cell, {{ and }} are braces. A
// header ends at the first closing brace; a header of the file that has braces itself is written as
// it is.
func parseTemplate(t string, headers []string) ([]part, error) {
	var (
		parts   []part
		literal strings.Builder
	)
	add := func(header string) {
		if literal.Len() > 0 {
			parts = append(parts, part{-1, literal.String()})
			literal.Reset()
		}
		parts = append(parts, part{0, header})
	}
	for i := 0; i < len(t); {
		if header := bracedHeader(t[i:], headers); header != "" {
			add(header)
			i += len(header) + 2
			continue
		}
		switch {
		case strings.HasPrefix(t[i:], "{{"), strings.HasPrefix(t[i:], "}}"):
			literal.WriteByte(t[i])
			i += 2
		case t[i] == '}':
			return nil, fmt.Errorf("the } at position %d closes nothing; a brace itself is }}", position(t, i))
		case t[i] == '{':
			end := strings.IndexAny(t[i+1:], "{}")
			if end < 0 || t[i+1+end] == '{' {
				return nil, fmt.Errorf("the { at position %d is not closed; a brace itself is {{", position(t, i))
			}
			add(t[i+1 : i+1+end])
			i += end + 2
		default:
			literal.WriteByte(t[i])
			i++
		}
	}
	if literal.Len() > 0 {
		parts = append(parts, part{-1, literal.String()})
	}
	return parts, nil
}

// bracedHeader is the longest header with braces of its own that stands in braces at the beginning
// of t; "" where none does.
func bracedHeader(t string, headers []string) string {
	longest := ""
	if t[0] != '{' {
		return longest
	}
	for _, h := range headers {
		if len(h) > len(longest) && strings.ContainsAny(h, "{}") && strings.HasPrefix(t[1:], h+"}") {
			longest = h
		}
	}
	return longest
}

// position counts the characters up to an index, from 1.
func position(s string, i int) int { return utf8.RuneCountInString(s[:i]) + 1 }

// quote shows a value of the file: in quotes, at most 40 characters of it, control characters
// escaped.
func quote(s string) string {
	const most = 40
	if utf8.RuneCountInString(s) > most {
		n := 0
		for i := range s {
			if n == most-1 {
				s = s[:i] + "…"
				break
			}
			n++
		}
	}
	return strconv.Quote(s)
}

// trim takes away outer white space, Unicode's too, and invisible characters.
func trim(s string) string {
	if s == "" || plainEnd(s[0]) && plainEnd(s[len(s)-1]) {
		return s
	}
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || text.IsInvisible(r) })
}

// plainEnd reports that a byte is ASCII and no white space; a word that begins and ends so has
// nothing to trim.
func plainEnd(c byte) bool { return c > ' ' && c < 0x7f }
