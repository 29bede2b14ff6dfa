package roster

import (
	"cmp"
	"iter"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/text"
)

// A Source is a column, or a template of columns and text. The zero Source is none.
type Source struct {
	text  string // as Options take it: a header, or a template
	parts []part
}

// A part of a template is a column's cell, or text.
type part struct {
	column int    // -1: text
	text   string // the column's header, or the text
}

// String is the source as Options take it: a header or a template; "" for none.
func (s Source) String() string { return s.text }

// isHeader reports whether the source is named by its header, not by a template.
func (s *Source) isHeader() bool { return len(s.parts) == 1 && s.parts[0].text == s.text }

// describe shows the source to people: its header, or the headers of first and last name, or its
// template.
func (s *Source) describe() string {
	switch {
	case s.isHeader():
		return quote(s.text)
	case len(s.parts) == 3 && s.parts[0].column >= 0 && s.parts[1].text == " " && s.parts[2].column >= 0:
		return quote(s.parts[0].text) + " and " + quote(s.parts[2].text)
	}
	// A template is copied from here, so its backslashes stay single: corp\{Login}.
	return "the template " + quote(s.text)
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

// cells are the trimmed cells of a record that the source is made of, behind their columns' headers.
func (s *Source) cells(record *csvfile.Record) iter.Seq2[string, string] {
	return func(yield func(header, cell string) bool) {
		for _, p := range s.parts {
			if p.column >= 0 && !yield(p.text, cellAt(record.Cells, p.column)) {
				return
			}
		}
	}
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
	value, doubled := "", false // doubled: an empty cell stands between a blank and what follows
	for _, p := range s.parts {
		piece := p.text
		if p.column >= 0 {
			piece = cellAt(cells, p.column)
			doubled = doubled || piece == "" && (value == "" || strings.HasSuffix(value, " "))
		} else if doubled {
			piece = strings.TrimPrefix(piece, " ")
		}
		doubled = doubled && piece == ""
		value += piece
	}
	return trim(value)
}

// cellAt is the trimmed cell at index i, "" where the record has none.
func cellAt(cells []string, i int) string {
	if i < len(cells) {
		return trim(cells[i])
	}
	return ""
}

// template is the source of a template that an option gives: {Header} is a cell, {{ and }} are
// braces. A header of the file that has braces itself is written as it is.
func (c *chooser) template(option csvfile.Option, t string) (Source, error) {
	pieces := `\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+`
	for _, h := range c.headers {
		if strings.ContainsAny(h, "{}") {
			pieces = `\{` + regexp.QuoteMeta(h) + `\}|` + pieces
		}
	}
	s := Source{text: t}
	var unknown *csvfile.Error // a brace out of place is said before it
	for _, at := range regexp.MustCompile(pieces).FindAllStringIndex(t, -1) {
		piece := t[at[0]:at[1]]
		position := utf8.RuneCountInString(t[:at[0]]) + 1
		switch {
		case piece == "}":
			return s, c.badTemplate(option, t, ": the } at position %d closes nothing; a brace itself is }}", position)
		case piece == "{":
			return s, c.badTemplate(option, t, ": the { at position %d is not closed; a brace itself is {{", position)
		case piece == "{{" || piece == "}}":
			s.parts = append(s.parts, part{-1, piece[:1]})
		case piece[0] == '{':
			column, bad := c.placeholder(option, t, piece[1:len(piece)-1])
			if unknown = cmp.Or(unknown, bad); unknown == nil {
				s.parts = append(s.parts, part{column, c.headers[column]})
			}
		default:
			s.parts = append(s.parts, part{-1, piece})
		}
	}
	if unknown != nil {
		return s, unknown
	}
	if !slices.ContainsFunc(s.parts, func(p part) bool { return p.column >= 0 }) {
		return s, c.badTemplate(option, t, " names no column, so every row would have the same")
	}
	return s, nil
}

// placeholder is the column of a header in a template's braces.
func (c *chooser) placeholder(option csvfile.Option, template, header string) (int, *csvfile.Error) {
	if trim(header) == "" {
		return -1, c.badTemplate(option, template, " has no header between its braces")
	}
	i, bad := c.find(option, header, false)
	switch {
	case bad != nil && bad.Fix.Option != "":
		bad.Fix.Value = strings.Replace(template, "{"+header+"}", "{"+bad.Fix.Value+"}", 1)
	case bad == nil && i < 0:
		bad = c.unknown(option, header, template)
	}
	return i, bad
}

// quote shows a value of the file: in quotes, clipped, control characters escaped.
func quote(s string) string { return csvfile.Quote(text.Clip(s, 60)) }

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
