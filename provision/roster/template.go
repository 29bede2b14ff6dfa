package roster

import (
	"iter"
	"regexp"
	"slices"
	"strings"

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

// value is the source's value for a record: each cell is trimmed, and so is the whole. Where a cell of a template is
// empty, the blank that would be doubled is left out.
func (s *Source) value(cells []string) string {
	if len(s.parts) == 1 {
		return cellAt(cells, s.parts[0].column)
	}
	value, isBehindEmpty := "", false
	for _, p := range s.parts {
		piece := p.text
		switch {
		case p.column >= 0:
			piece = cellAt(cells, p.column)
			isBehindEmpty = piece == ""
		case isBehindEmpty && strings.HasSuffix(value, " "):
			piece = strings.TrimPrefix(piece, " ")
		}
		value += piece
	}
	return csvfile.Trim(value)
}

// cellAt is the trimmed cell at index i, "" where the record has none.
func cellAt(cells []string, i int) string {
	if i < len(cells) {
		return csvfile.Trim(cells[i])
	}
	return ""
}

// template is the source of a template that an option gives: {Header} is a cell, {{ and }} are braces. A header
// of the file that has braces itself is written as it is.
func (r *reader) template(option csvfile.Option, t string) (Source, error) {
	pieces := `\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+`
	for _, h := range r.headers {
		if strings.ContainsAny(h, "{}") {
			pieces = `\{` + regexp.QuoteMeta(h) + `\}|` + pieces
		}
	}
	s := Source{text: t}
	for _, piece := range regexp.MustCompile(pieces).FindAllString(t, -1) {
		switch {
		case piece == "{" || piece == "}":
			return s, r.badTemplate(option, t, "has a "+piece+" without its counterpart; a brace itself is "+piece+piece)
		case piece == "{{" || piece == "}}":
			s.parts = append(s.parts, part{-1, piece[:1]})
		case piece[0] == '{':
			header := piece[1 : len(piece)-1]
			column, bad := r.find(option, header, t)
			if bad != nil {
				return s, bad
			}
			s.parts = append(s.parts, part{column, r.headers[column]})
		default:
			s.parts = append(s.parts, part{-1, piece})
		}
	}
	if !slices.ContainsFunc(s.parts, func(p part) bool { return p.column >= 0 }) {
		return s, r.badTemplate(option, t, "names no column, so every row would have the same")
	}
	return s, nil
}

// badTemplate refuses a template, and shows what one looks like.
func (r *reader) badTemplate(option csvfile.Option, template, why string) *csvfile.Error {
	e := r.refuse("%s: the template %s %s", option, quote(template), why)
	e.Fix.Option = option
	e.Advice = "a template has headers in braces: {" + r.headers[0] + "}"
	return e
}

// quote shows a value of the file: in quotes, clipped, control characters escaped.
func quote(s string) string { return csvfile.Quote(text.Clip(s, 60)) }
