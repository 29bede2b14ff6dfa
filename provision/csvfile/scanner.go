package csvfile

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"qlik-provision/provision/text"
)

// A scanner cuts UTF-8 text into records. Every LF, CR and CRLF outside quotes ends one.
type scanner struct {
	text   string
	delim  string
	stop   [256]bool // bytes that end a run of ordinary ones outside quotes
	header []string  // names the columns in problems; nil while it is not read

	// keepBlanks are the columns in which blanks in front of a quote belong to the value, and the quote is ordinary.
	keepBlanks []bool

	pos  int // text[pos:] is still to be scanned
	line int // on which text[pos] stands, from 1

	// The record that next found.
	cells   []cell
	start   int // of its text
	lineEnd string
	first   int      // the line on which it starts
	last    int      // the line up to which it is scanned
	problem *Problem // the first one: why it cannot be read; nil where it can
}

// A cell is a piece of the text, with its quotes, but without blanks around them.
type cell struct {
	start, end int
	form       form
}

type form uint8

const (
	bare    form = iota // without quotes
	quoted              // in quotes, without quotes inside
	doubled             // in quotes, with doubled quotes inside
	sloppy              // with quotes that are not strict CSV
)

// newScanner scans a text whose first line is line of its file.
func newScanner(text string, delim rune, line int) *scanner {
	s := &scanner{text: text, delim: string(delim), line: line, cells: make([]cell, 0, 16)}
	for _, c := range []byte{'\n', '\r', '"', s.delim[0]} {
		s.stop[c] = true
	}
	return s
}

// next finds the next record; false at the end of the text.
func (s *scanner) next() bool {
	if s.pos == len(s.text) {
		return false
	}
	i := s.pos
	s.cells, s.start, s.first, s.last, s.problem = s.cells[:0], i, s.line, s.line, nil
	for {
		var c cell
		c, i = s.scanCell(i)
		if len(s.cells) < maxCells {
			s.cells = append(s.cells, c)
		} else {
			s.fail(s.first, -1, fmt.Sprintf("more than %d cells", maxCells))
		}
		if i == len(s.text) || s.text[i] == '\n' || s.text[i] == '\r' {
			s.finish(i)
			return true
		}
		i += len(s.delim)
	}
}

// scanCell scans the cell that starts at i, and returns where the text goes on. Blanks around quotes are
// no part of the cell, but for keepBlanks. Behind blanks, quotes that are not closed at the end of the cell
// are ordinary characters; without blanks they are a problem.
func (s *scanner) scanCell(i int) (cell, int) {
	start, column := i, len(s.cells)
	if column >= len(s.keepBlanks) || !s.keepBlanks[column] {
		start = s.skipBlanks(i)
	}
	if start == len(s.text) || s.text[start] != '"' {
		return s.scanBare(i)
	}
	opened := s.last
	c := s.scanQuoted(start)
	next := s.skipBlanks(c.end)
	switch {
	case c.form != sloppy && s.atEnd(next):
		return c, next
	case start > i:
		s.last = opened
		return s.scanBare(i)
	case c.form == sloppy:
		s.problem = nil // all that follows is in this cell
		s.fail(opened, len(s.cells), "the quote that opens here is never closed")
		return c, c.end
	}
	rest, next := s.scanBare(c.end)
	c.form, c.end = sloppy, rest.end
	s.fail(s.last, len(s.cells), "text behind a closing quote: "+quote(s.text[c.start:c.end]))
	return c, next
}

// scanQuoted scans from the quote at i to the one that closes it; sloppy is a cell that none closes.
func (s *scanner) scanQuoted(i int) cell {
	t, c := s.text, cell{start: i, form: quoted}
	for i++; ; i++ {
		size := strings.IndexByte(t[i:], '"')
		if size < 0 {
			s.last += countLineEnds(t[i:])
			c.form, c.end = sloppy, len(t)
			return c
		}
		s.last += countLineEnds(t[i : i+size])
		i += size + 1
		if i == len(t) || t[i] != '"' {
			c.end = i
			return c
		}
		c.form = doubled
	}
}

// scanBare scans a cell that is not in quotes, up to the delimiter, the line end or the end of the text.
func (s *scanner) scanBare(i int) (cell, int) {
	t, c := s.text, cell{start: i}
	for ; ; i++ {
		for i < len(t) && !s.stop[t[i]] {
			i++
		}
		if s.atEnd(i) {
			c.end = i
			return c, i
		}
		if t[i] == '"' {
			c.form = sloppy
		}
	}
}

// skipBlanks goes over spaces and tabs that are no delimiters.
func (s *scanner) skipBlanks(i int) int {
	for i < len(s.text) && (s.text[i] == ' ' || s.text[i] == '\t') && s.text[i] != s.delim[0] {
		i++
	}
	return i
}

// atEnd reports whether a cell ends at i.
func (s *scanner) atEnd(i int) bool {
	return i == len(s.text) || s.text[i] == '\n' || s.text[i] == '\r' || strings.HasPrefix(s.text[i:], s.delim)
}

// skipLine goes to the start of the next line, or to the end of the text.
func (s *scanner) skipLine() {
	rest := s.text[s.pos:]
	size := strings.IndexAny(rest, "\r\n")
	if size < 0 {
		size = len(rest)
	}
	s.last = s.line
	s.finish(s.pos + size)
}

// finish ends the record at i, where a line end or the end of the text is.
func (s *scanner) finish(i int) {
	s.lineEnd = ""
	if rest := s.text[i:]; rest != "" {
		s.lineEnd = rest[:1]
		if strings.HasPrefix(rest, "\r\n") {
			s.lineEnd = rest[:2]
		}
		s.last++
	}
	s.pos, s.line = i+len(s.lineEnd), s.last
}

// fail keeps the record's first problem. column is the index of its cell, -1 for none.
func (s *scanner) fail(line, column int, message string) {
	if s.problem != nil {
		return
	}
	s.problem = &Problem{Line: line, Message: message}
	if column >= 0 && column < len(s.header) {
		s.problem.Column = s.header[column]
	}
}

// record is the record that next found; its cells are appended to dst. A value that must not be in a
// file is a problem, too.
func (s *scanner) record(dst []string) Record {
	for _, c := range s.cells {
		dst = append(dst, s.value(c))
	}
	r := Record{Line: s.first, Raw: s.text[s.start : s.pos-len(s.lineEnd)], Cells: slices.Clip(dst)}
	if nul := strings.IndexByte(r.Raw, 0); nul >= 0 || len(r.Raw) > maxField {
		for i, c := range r.Cells {
			if len(c) > maxField {
				s.fail(r.Line, i, "longer than 64 KiB")
			}
			if strings.IndexByte(c, 0) >= 0 {
				s.fail(r.Line+countLineEnds(r.Raw[:nul]), i, "a NUL byte")
			}
		}
	}
	return r
}

// value is what a cell says.
func (s *scanner) value(c cell) string {
	v := s.text[c.start:c.end]
	switch c.form {
	case quoted:
		return v[1 : len(v)-1]
	case doubled:
		return strings.ReplaceAll(v[1:len(v)-1], `""`, `"`)
	}
	return v
}

// blank reports whether the record has nothing in it.
func (s *scanner) blank() bool {
	return !slices.ContainsFunc(s.cells, func(c cell) bool { return Trim(s.value(c)) != "" })
}

// Trim takes outer white space, Unicode's too, and invisible characters from a value.
func Trim(value string) string {
	isPlain := func(c byte) bool { return c > ' ' && c < 0x7f }
	if value == "" || isPlain(value[0]) && isPlain(value[len(value)-1]) {
		return value
	}
	return strings.TrimFunc(value, func(r rune) bool { return unicode.IsSpace(r) || text.IsInvisible(r) })
}

// countLineEnds counts each LF, CR and CRLF.
func countLineEnds(s string) int {
	n := strings.Count(s, "\n")
	if strings.IndexByte(s, '\r') >= 0 {
		n += strings.Count(s, "\r") - strings.Count(s, "\r\n")
	}
	return n
}
