package roster

import (
	"fmt"
	"slices"
	"strings"
)

// A Source is where a value comes from: a column, a template, or nothing.
type Source struct {
	text  string
	parts []part
	plain bool // text is one header
}

// A part of a template: a column's cell, or text.
type part struct {
	column int // -1: literal
	text   string
}

// String is the header or the template, "" where there is no source.
func (s Source) String() string { return s.text }

// describe shows the source to people: its header, or the headers of first and last name, or its template.
func (s Source) describe() string {
	switch {
	case s.plain:
		return quote(s.text)
	case len(s.parts) == 3 && s.parts[0].column >= 0 && s.parts[1].text == " " && s.parts[2].column >= 0:
		return quote(s.parts[0].text) + " and " + quote(s.parts[2].text)
	}
	// As it was typed: corp\{Login} has one backslash, and is copied from here.
	return "the template " + strings.ReplaceAll(quote(s.text), `\\`, `\`)
}

// of is the value for a record: each cell without its outer white space, and so the whole.
func (s *Source) of(fields []string) string {
	switch len(s.parts) {
	case 0:
		return ""
	case 1:
		return trim(fields[s.parts[0].column])
	}
	var b strings.Builder
	for _, p := range s.parts {
		if p.column < 0 {
			b.WriteString(p.text)
		} else {
			b.WriteString(trim(fields[p.column]))
		}
	}
	return trim(b.String())
}

// empty is the header of the source's first column with nothing in it.
func (s *Source) empty(fields []string) (header string, found bool) {
	for _, p := range s.parts {
		if p.column >= 0 && trim(fields[p.column]) == "" {
			return p.text, true
		}
	}
	return "", false
}

// total is the header of the source's first column that says what a report's last row does: Total, or Total: 412. No identity provider calls a person so.
func (s *Source) total(fields []string) (header string, found bool) {
	for _, p := range s.parts {
		if p.column < 0 {
			continue
		}
		word, count, _ := strings.Cut(trim(fields[p.column]), ":")
		word = strings.ToLower(trim(word))
		if slices.Contains(totals, strings.TrimSuffix(word, "s")) && strings.Trim(count, "0123456789., ") == "" {
			return p.text, true
		}
	}
	return "", false
}

// totals are what reports call the row below their last, in the languages that HR systems have, without a plural's s.
var totals = []string{"total", "grand total", "subtotal", "sum", "row count", "record count", "total record", "total row", "gesamt", "gesamtsumme", "summe", "anzahl", "total général", "totale", "totaal", "suma"}

// column is the header of the source where it is a single column, else its text.
func (s *Source) column() string {
	if len(s.parts) == 1 {
		return s.parts[0].text
	}
	return s.text
}

// A hole is one part of a template before its header is looked up.
type hole struct {
	text    string
	literal bool
}

// parseTemplate cuts a template: {Header} is a cell, {{ and }} are braces. A header ends at the first brace that closes.
func parseTemplate(t string) ([]hole, error) {
	var (
		holes   []hole
		literal strings.Builder
	)
	for i := 0; i < len(t); {
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
			if literal.Len() > 0 {
				holes = append(holes, hole{literal.String(), true})
				literal.Reset()
			}
			holes = append(holes, hole{t[i+1 : i+1+end], false})
			i += end + 2
		default:
			literal.WriteByte(t[i])
			i++
		}
	}
	if literal.Len() > 0 {
		holes = append(holes, hole{literal.String(), true})
	}
	return holes, nil
}

// position counts the signs up to an index, from 1.
func position(s string, i int) int {
	return len([]rune(s[:i])) + 1
}
