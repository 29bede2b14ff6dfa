package csvfile

import (
	"strings"
	"unicode"

	"qlik-provision/provision/text"
)

// A scanner cuts UTF-8 text into records. Every LF, CR and CRLF outside quotes ends one.
type scanner struct {
	text   string
	delim  string
	stop   [256]bool // bytes that end a run of ordinary ones outside quotes
	padded columns   // columns in which blanks may stand in front of a quote that opens

	pos  int // text[pos:] is still to be scanned
	line int // on which text[pos] stands, from 1

	// The record that next found.
	cells   []cell
	start   int // of its text
	end     int // of its text, without the line end
	lineEnd string
	first   int   // the line on which it starts
	ends    int   // the line on which it ends, as far as it is scanned
	fault   fault // the first one
	at      int   // the cell that has the fault
	atLine  int   // the line of the fault; of an open quote, where it opened
}

// A cell is a piece of the text: with its quotes, and the blanks around them.
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
	padded  form = 8    // added to quoted and doubled: blanks around the quotes
)

// A fault is why a record cannot be read.
type fault string

const (
	noFault    fault = ""
	openQuote  fault = "the quote that opens here is never closed"
	afterQuote fault = "text behind a closing quote"
	nulByte    fault = "a NUL byte"
	tooLong    fault = "longer than 64 KiB"
	tooMany    fault = "more than 8192 cells"
)

// columns is a set of columns.
type columns struct {
	all  bool
	some []bool
}

func (c columns) has(i int) bool { return c.all || i < len(c.some) && c.some[i] }

// newScanner scans a text whose first line is line of its file.
func newScanner(text string, delim rune, line int, padded columns) *scanner {
	s := &scanner{text: text, delim: string(delim), line: line, padded: padded, cells: make([]cell, 0, 16)}
	for _, c := range []byte{'\n', '\r', '"', 0, s.delim[0]} {
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
	s.cells, s.start, s.first, s.ends, s.fault, s.at = s.cells[:0], i, s.line, s.line, noFault, -1
	for {
		c := cell{start: i}
		i = s.scanQuoted(i, &c)
		i = s.scanBare(i, &c)
		c.end = i
		switch {
		case len(s.cells) == maxCells:
			s.setFault(tooMany, -1, s.first)
		case c.end-c.start > maxField && len(s.value(c)) > maxField:
			s.setFault(tooLong, len(s.cells), s.first)
		}
		if len(s.cells) < maxCells {
			s.cells = append(s.cells, c)
		}
		if i == len(s.text) || s.text[i] == '\n' || s.text[i] == '\r' {
			s.finish(i)
			return true
		}
		i += len(s.delim)
	}
}

// nextHeader is next, but blanks in front of quotes are skipped in every column if all cells of the
// record are in quotes.
func (s *scanner) nextHeader(padded columns) bool {
	pos, line := s.pos, s.line
	s.padded = columns{all: true}
	found := s.next()
	s.padded = padded
	for _, c := range s.cells {
		if c.form == bare || c.form == sloppy {
			s.pos, s.line = pos, line
			return s.next()
		}
	}
	return found
}

// scanQuoted goes from the start of a cell behind the quote that closes it; it stays where the cell
// is not in quotes.
func (s *scanner) scanQuoted(i int, c *cell) int {
	t := s.text
	if i < len(t) && (t[i] == ' ' || t[i] == '\t') && s.padded.has(len(s.cells)) {
		if j := s.skipBlanks(i); j < len(t) && t[j] == '"' {
			i, c.form = j, padded
		}
	}
	if i == len(t) || t[i] != '"' {
		return i
	}
	opened := s.ends
	form := quoted
	for i++; ; i++ {
		for i < len(t) && t[i] != '"' {
			if t[i] < ' ' {
				s.noteControl(i)
			}
			i++
		}
		if i == len(t) {
			s.fault, s.at, s.atLine = openQuote, len(s.cells), opened
			c.form = sloppy
			return i
		}
		i++
		if i == len(t) || t[i] != '"' {
			break
		}
		form = doubled
	}
	if !s.atEnd(i) {
		if j := s.skipBlanks(i); s.atEnd(j) {
			c.form |= form | padded
			return j
		}
		s.setFault(afterQuote, len(s.cells), s.ends)
		c.form = sloppy
		return i
	}
	c.form |= form
	return i
}

// noteControl takes note of a control character inside quotes.
func (s *scanner) noteControl(i int) {
	switch s.text[i] {
	case '\n':
		if s.text[i-1] != '\r' {
			s.ends++
		}
	case '\r':
		s.ends++
	case 0:
		s.setFault(nulByte, len(s.cells), s.ends)
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

// scanBare goes to the delimiter, the line end or the end of the text.
func (s *scanner) scanBare(i int, c *cell) int {
	t := s.text
	for ; ; i++ {
		for i < len(t) && !s.stop[t[i]] {
			i++
		}
		if i == len(t) {
			return i
		}
		switch t[i] {
		case '\n', '\r':
			return i
		case '"':
			if c.form == bare {
				c.form = sloppy
			}
		case 0:
			s.setFault(nulByte, len(s.cells), s.ends)
		}
		if t[i] == s.delim[0] && (len(s.delim) == 1 || strings.HasPrefix(t[i:], s.delim)) {
			return i
		}
	}
}

// finish ends the record at i, where a line end or the end of the text is.
func (s *scanner) finish(i int) {
	s.end, s.lineEnd = i, ""
	if rest := s.text[i:]; rest != "" {
		s.lineEnd = rest[:1]
		if strings.HasPrefix(rest, "\r\n") {
			s.lineEnd = rest[:2]
		}
		s.ends++
	}
	s.pos, s.line = i+len(s.lineEnd), s.ends
}

// setFault keeps the record's first fault.
func (s *scanner) setFault(f fault, cell, line int) {
	if s.fault == noFault {
		s.fault, s.at, s.atLine = f, cell, line
	}
}

// problem says in words what the record's fault is; nil where it has none.
func (s *scanner) problem(header []string) *Problem {
	if s.fault == noFault {
		return nil
	}
	p := &Problem{Line: s.atLine, Column: cellAt(header, s.at), Message: string(s.fault)}
	if s.fault == afterQuote {
		p.Message += ": " + quote(s.written(s.cells[s.at]))
	}
	return p
}

// record is the record that next found; its cells are appended to dst.
func (s *scanner) record(dst []string) Record {
	cells := s.values(dst)
	return Record{Line: s.first, Raw: s.text[s.start:s.end], Cells: cells[:len(cells):len(cells)]}
}

// values appends the values of the record's cells.
func (s *scanner) values(dst []string) []string {
	for _, c := range s.cells {
		dst = append(dst, s.value(c))
	}
	return dst
}

// value is what a cell says.
func (s *scanner) value(c cell) string {
	v := s.written(c)
	switch c.form &^ padded {
	case quoted:
		return v[1 : len(v)-1]
	case doubled:
		return strings.ReplaceAll(v[1:len(v)-1], `""`, `"`)
	}
	return v
}

// written is a cell as it stands in the text, without blanks around quotes.
func (s *scanner) written(c cell) string {
	t := s.text[c.start:c.end]
	if c.form&padded != 0 {
		return strings.Trim(t, " \t")
	}
	return t
}

// blank reports whether the record has nothing in it.
func (s *scanner) blank() bool {
	for _, c := range s.cells {
		if !blank(s.value(c)) {
			return false
		}
	}
	return true
}

// blank reports whether there is nothing in s but white space and characters without width.
func blank(s string) bool {
	if s != "" && s[0] > ' ' && s[0] < 0x7f {
		return false
	}
	return strings.TrimFunc(s, isBlank) == ""
}

func isBlank(r rune) bool { return unicode.IsSpace(r) || text.IsInvisible(r) }
