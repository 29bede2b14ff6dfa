package roster

import (
	"bytes"
	"strings"
)

// value is what a cell says, of the text that it is in the file.
func (c cell) value(s string) string {
	switch c.form {
	case quoted:
		return s[1 : len(s)-1]
	case doubled:
		return strings.ReplaceAll(s[1:len(s)-1], `""`, `"`)
	}
	return s
}

func blank(cells []string) bool {
	for _, c := range cells {
		if trim(c) != "" {
			return false
		}
	}
	return true
}

// blank reports whether the record has nothing in it.
func (s *scanner) blank() bool {
	if c := s.cells[0]; c.end > c.start && c.form == bare && plainEnd(s.buf[c.start]) {
		return false
	}
	return s.empty(0)
}

// empty reports whether the record has nothing in it from a cell on.
func (s *scanner) empty(from int) bool {
	for _, c := range s.cells[from:] {
		b := s.buf[c.start:c.end]
		if c.form == quoted || c.form == doubled {
			b = b[1 : len(b)-1]
		}
		if len(bytes.TrimFunc(b, isSpace)) > 0 {
			return false
		}
	}
	return true
}

// skip reads over a record that is longer than mostRecord, and keeps nothing of it. Its fault is a cell that is too long, or an
// open quote where the text ends in one.
func (s *scanner) skip() error {
	s.cells, s.first, s.fault, s.at, s.atLine = s.cells[:0], s.line, tooLong, -1, s.line
	var (
		quoting, closing bool // inside quotes; just behind one that may close them
		column, size     int
		opened, began    int // lines: where the quote opened, where the cell began
		last             byte
	)
	for {
		for s.pos < len(s.buf) {
			c := s.buf[s.pos]
			if size == 0 {
				began = s.line
			}
			if c == '\n' && last == '\r' && !quoting {
				return s.skipped()
			}
			if last == '\r' && !quoting {
				return nil
			}
			if c == '\n' && last != '\r' || c == '\r' {
				s.line++
			}
			switch {
			case quoting:
				if c == '"' {
					quoting, closing = false, true
				}
			case c == '"' && (size == 0 || closing):
				if size == 0 {
					opened = s.line
				}
				quoting, closing = true, false
			case c == '\n':
				return s.skipped()
			case c == s.delim[0] && s.delimAt(s.pos):
				column, size, closing = column+1, -1, false
			default:
				closing = false
			}
			if size++; size > mostField && s.at < 0 {
				s.at, s.atLine = column, began
			}
			last = c
			s.pos++
		}
		if s.eof {
			if quoting {
				s.fault, s.at, s.atLine = openQuote, column, opened
			}
			return nil
		}
		if err := s.fill(); err != nil {
			return err
		}
	}
}

func (s *scanner) skipped() error {
	s.pos++
	return nil
}
