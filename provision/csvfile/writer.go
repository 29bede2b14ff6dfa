package csvfile

import (
	"strings"
	"unicode/utf8"
)

// AppendCells appends the cells [from,to) of a record of the file, delimited, as they stand in the
// file, quotes and all; cells that the record does not have are empty. A cell that is not strict
// CSV is quoted again; blanks around quotes are left out.
func (f *File) AppendCells(dst []byte, r *Record, from, to int) []byte {
	d := f.Dialect.Delimiter
	var s *scanner // nil where no cell is in quotes
	if strings.Contains(r.Raw, `"`) {
		if s = newScanner(r.Raw, d, r.Line); r.Line != f.Header.Line {
			s.keepBlanks = f.keepBlanks
		}
		s.next()
	}
	for i := from; i < to; i++ {
		if i > from {
			dst = utf8.AppendRune(dst, d)
		}
		switch {
		case i >= len(r.Cells):
		case s != nil && s.cells[i].isQuoted:
			dst = append(dst, r.Raw[s.cells[i].start:s.cells[i].end]...)
		case strings.Contains(r.Cells[i], `"`):
			dst = AppendCell(dst, r.Cells[i], d)
		default:
			dst = append(dst, r.Cells[i]...)
		}
	}
	return dst
}

// AppendCell appends one cell, quoted as strict CSV where it has to be: a delimiter, a quote, a
// line end, a blank in front.
func AppendCell(dst []byte, s string, delimiter rune) []byte {
	beginsBlank := strings.HasPrefix(s, " ") || strings.HasPrefix(s, "\t")
	if !beginsBlank && !strings.ContainsAny(s, "\"\r\n") && !strings.ContainsRune(s, delimiter) {
		return append(dst, s...)
	}
	dst = append(dst, '"')
	dst = append(dst, strings.ReplaceAll(s, `"`, `""`)...)
	return append(dst, '"')
}
