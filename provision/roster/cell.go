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
