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
	header []string // names the columns in problems; nil while it is not read

	// keepBlanks are the columns in which blanks in front of a quote belong to the value, and the quote is ordinary.
	keepBlanks map[int]bool

	pos  int // text[pos:] is still to be scanned
	line int // on which text[pos] stands, from 1

	// The record that next found.
	cells   []cell
	start   int    // of its text
	raw     string // its text, without the line end
	lineEnd string
	first   int      // the line on which it starts
	problem *Problem // the first one: why it cannot be read; nil where it can
}

// A cell is a piece of the text, with its quotes, but without blanks around them.
type cell struct {
	start, end int
	isQuoted   bool // as strict CSV has it
}

// newScanner scans a text whose first line is line of its file.
func newScanner(text string, delim rune, line int) *scanner {
	return &scanner{text: text, delim: string(delim), line: line, cells: make([]cell, 0, 16)}
}

// next finds the next record; false at the end of the text.
func (s *scanner) next() bool {
	if s.pos == len(s.text) {
		return false
	}
	s.cells, s.start, s.first, s.problem = s.cells[:0], s.pos, s.line, nil
	for i := s.pos; ; i += len(s.delim) {
		var c cell
		c, i = s.scanCell(i)
		if len(s.cells) < maxCells {
			s.cells = append(s.cells, c)
		} else {
			s.fail(s.start, -1, fmt.Sprintf("more than %d cells", maxCells))
		}
		if rest := s.text[i:]; !strings.HasPrefix(rest, s.delim) {
			s.raw, s.lineEnd = s.text[s.start:i], rest[:min(len(rest), 1)]
			if strings.HasPrefix(rest, "\r\n") {
				s.lineEnd = "\r\n"
			}
			s.pos = i + len(s.lineEnd)
			s.line += countLineEnds(s.text[s.start:s.pos])
			return true
		}
	}
}

// scanCell scans the cell that starts at i, and returns where the text goes on. Blanks around quotes are
// no part of the cell, but for keepBlanks. Behind blanks, quotes that are not closed at the end of the cell
// are ordinary characters; without blanks they are a problem.
func (s *scanner) scanCell(i int) (cell, int) {
	column := len(s.cells)
	bare := i // from here on, characters are ordinary
	opening := i
	if !s.keepBlanks[column] {
		opening = s.skipBlanks(i)
	}
	if strings.HasPrefix(s.text[opening:], `"`) {
		end, isClosed := s.closingQuote(opening)
		next := s.skipBlanks(end)
		switch {
		case isClosed && next == s.bareEnd(next):
			return cell{opening, end, true}, next
		case opening > i: // an ordinary quote
		case isClosed:
			bare = end
			s.fail(end, column, "text behind a closing quote: "+quote(s.text[i:s.bareEnd(end)]))
		default:
			bare = end // all that follows is in this cell
			s.problem = nil
			s.fail(i, column, "the quote that opens here is never closed")
		}
	}
	end := s.bareEnd(bare)
	return cell{i, end, false}, end
}

// closingQuote is where the text goes on behind the quote that closes the one at i; false where none does.
func (s *scanner) closingQuote(i int) (int, bool) {
	for {
		size := strings.IndexByte(s.text[i+1:], '"')
		if size < 0 {
			return len(s.text), false
		}
		i += size + 2
		if !strings.HasPrefix(s.text[i:], `"`) {
			return i, true
		}
	}
}

// bareEnd is where a cell that is not in quotes ends: at the delimiter, the line end or the end of the text.
func (s *scanner) bareEnd(i int) int {
	for i < len(s.text) && s.text[i] != '\n' && s.text[i] != '\r' &&
		(s.text[i] != s.delim[0] || !strings.HasPrefix(s.text[i:], s.delim)) {
		i++
	}
	return i
}

// skipBlanks goes over spaces and tabs that are no delimiters.
func (s *scanner) skipBlanks(i int) int {
	for i < len(s.text) && (s.text[i] == ' ' || s.text[i] == '\t') && s.text[i] != s.delim[0] {
		i++
	}
	return i
}

// fail keeps the record's first problem. at is where in the text it is, column the index of its cell, -1 for none.
func (s *scanner) fail(at, column int, message string) {
	if s.problem != nil {
		return
	}
	s.problem = &Problem{Line: s.first + countLineEnds(s.text[s.start:at]), Message: message}
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
	r := Record{Line: s.first, Raw: s.raw, Cells: slices.Clip(dst)}
	if nul := strings.IndexByte(r.Raw, 0); nul >= 0 || len(r.Raw) > maxField {
		for i, c := range r.Cells {
			if len(c) > maxField {
				s.fail(s.start, i, "longer than 64 KiB")
			}
			if strings.IndexByte(c, 0) >= 0 {
				s.fail(s.start+nul, i, "a NUL byte")
			}
		}
	}
	return r
}

// value is what a cell says.
func (s *scanner) value(c cell) string {
	if !c.isQuoted {
		return s.text[c.start:c.end]
	}
	return strings.ReplaceAll(s.text[c.start+1:c.end-1], `""`, `"`)
}

// blank reports whether the record has nothing in it.
func (s *scanner) blank() bool {
	return !slices.ContainsFunc(s.cells, func(c cell) bool { return Trim(s.value(c)) != "" })
}

// Trim takes outer white space, Unicode's too, and invisible characters from a value.
func Trim(value string) string {
	isPlain := func(c byte) bool { return c > ' ' && c < 0x7f }
	if value == "" || isPlain(value[0]) && isPlain(value[len(value)-1]) {
		return value // as most are
	}
	return strings.TrimFunc(value, func(r rune) bool { return unicode.IsSpace(r) || text.IsInvisible(r) })
}

// countLineEnds counts each LF, CR and CRLF.
func countLineEnds(s string) int {
	return strings.Count(s, "\n") + strings.Count(s, "\r") - strings.Count(s, "\r\n")
}
