package roster

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"qlik-provision/provision/csvfile"
)

// A Source is a column, or a template of columns and text. The zero Source is none.
type Source struct {
	text    string   // as Options take it: a header, or a template
	columns []int    // the columns that it is made of
	between []string // the text in front of each column, and behind the last
}

// String is the source as Options take it: a header or a template; "" for none.
func (s Source) String() string { return s.text }

// value is the source's value for a record: each cell is trimmed, and so is the whole. Where a cell of a template is
// empty, the blank that would be doubled is left out.
func (s *Source) value(cells []string) string {
	if len(s.columns) == 0 {
		return ""
	}
	value := s.between[0]
	for i, column := range s.columns {
		cell, behind := cellAt(cells, column), s.between[i+1]
		if cell == "" && strings.HasSuffix(value, " ") {
			behind = strings.TrimPrefix(behind, " ")
		}
		value += cell + behind
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

// source is the source that an option gives: a header, or a template in which {Header} is a cell, and {{ and }} are
// braces. A header of the file that has braces itself is written as it is.
func (r *reader) source(option csvfile.Option, given string) (s Source, bad *csvfile.Error) {
	if !strings.ContainsAny(given, "{}") || slices.Contains(r.headers, given) {
		return r.find(option, given, given)
	}
	pieces := `\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+`
	for _, h := range r.headers {
		if strings.ContainsAny(h, "{}") {
			pieces = `\{` + regexp.QuoteMeta(h) + `\}|` + pieces
		}
	}
	s.text = given
	between := ""
	for _, piece := range regexp.MustCompile(pieces).FindAllString(given, -1) {
		switch {
		case piece == "{" || piece == "}":
			why := "has a " + piece + " without its counterpart; a brace itself is " + piece + piece
			return s, r.badTemplate(option, given, why)
		case piece == "{{" || piece == "}}":
			between += piece[:1]
		case piece[0] == '{':
			column, err := r.find(option, piece[1:len(piece)-1], given)
			bad = cmp.Or(bad, err)
			s.columns = append(s.columns, column.columns...)
			s.between = append(s.between, between)
			between = ""
		default:
			between += piece
		}
	}
	if bad == nil && len(s.columns) == 0 {
		return s, r.badTemplate(option, given, "names no column, so every row would have the same")
	}
	s.between = append(s.between, between)
	return s, bad
}

// badTemplate refuses a template, and shows what one looks like.
func (r *reader) badTemplate(option csvfile.Option, template, why string) *csvfile.Error {
	e := r.refuse("%s: the template %s %s", option, quote(template), why)
	e.Fix.Option = option
	e.Advice = "a template has headers in braces: {" + r.headers[0] + "}"
	return e
}
