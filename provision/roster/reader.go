package roster

import (
	"fmt"
	"iter"
	"strings"
	"unicode/utf8"

	"qlik-provision/provision"
)

// A Record is a row of the export that has something in it. It and its slices are valid until the next one; its strings stay
// valid, but hold on to those of a few hundred rows: clone what is kept.
type Record struct {
	provision.Row          // Number counts from 1, in the file's order
	Line          int      // the line of the file it starts on, from 1
	Fields        []string // the cells as they were read, as many as the header has

	file   *File
	text   string // cells point into it
	cells  []cell // fewer than Fields where the record ended behind the block
	strict bool   // every cell can be written as it stands
}

// AppendTo appends the cells [from,to), delimited, as they stand in the file, quotes and all. A cell that is not strict CSV,
// because a quote stands in it that is not doubled, is quoted.
func (r *Record) AppendTo(dst []byte, from, to int) []byte {
	whole := min(to, len(r.cells))
	if r.strict && from < whole {
		dst = append(dst, r.text[r.cells[from].start:r.cells[whole-1].end]...)
		from = whole
		for ; from < to; from++ {
			dst = utf8.AppendRune(dst, r.file.Dialect.Delimiter)
		}
		return dst
	}
	for i := from; i < to; i++ {
		if i > from {
			dst = utf8.AppendRune(dst, r.file.Dialect.Delimiter)
		}
		switch {
		case i >= len(r.cells):
		case r.cells[i].form == sloppy:
			dst = AppendField(dst, r.Fields[i], r.file.Dialect.Delimiter)
		default:
			dst = append(dst, r.text[r.cells[i].start:r.cells[i].end]...)
		}
	}
	return dst
}

// AppendField appends one cell, quoted as strict CSV where it has to be: a delimiter, a quote, a line end, a space in front.
func AppendField(dst []byte, s string, delimiter rune) []byte {
	if fitsBare(s, delimiter) {
		return append(dst, s...)
	}
	dst = append(dst, '"')
	for {
		i := strings.IndexByte(s, '"')
		if i < 0 {
			break
		}
		dst = append(append(dst, s[:i]...), `""`...)
		s = s[i+1:]
	}
	return append(append(dst, s...), '"')
}

// fitsBare reports whether a cell needs no quotes.
func fitsBare(s string, delimiter rune) bool {
	if s == "" {
		return true
	}
	comma := byte('"')
	if delimiter < utf8.RuneSelf {
		comma = byte(delimiter)
	} else if strings.ContainsRune(s, delimiter) {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c == comma || c == '"' || c == '\n' || c == '\r' {
			return false
		}
	}
	return s[0] != ' ' && s[0] != '\t'
}

// Records yields the rows, from the first each time; several may be ranged over at once. An error that is a *Problem is one of
// that record, and there may be others behind it; any other is the reader's, and the last. Rows with nothing in them are none.
func (f *File) Records() iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		src, err := f.text.from(f.body)
		if err != nil {
			yield(nil, fmt.Errorf("reading %s: %w", f.Name, err))
			return
		}
		w := walk{file: f, yield: yield, batch: newBatch(f, newScanner(src, f.Dialect.Delimiter, f.line))}
		for more := true; more; {
			if more, err = w.batch.load(batchRecords); err != nil {
				if w.flush(false) {
					yield(nil, fmt.Errorf("reading %s: %w", f.Name, err))
				}
				return
			}
			if !w.batchRows() {
				return
			}
		}
		w.flush(true)
	}
}

// A walk is one way through the rows.
type walk struct {
	file   *File
	yield  func(*Record, error) bool
	batch  *batch
	number int
	uneven *Problem // of the row before: kept back, because the last one of a file may be a trailer
	record Record
}

// batchRows yields the batch's rows; false to stop.
func (w *walk) batchRows() bool {
	b := w.batch
	for i := range b.spans {
		s := &b.spans[i]
		if !w.flush(false) {
			return false
		}
		w.number++
		if s.problem != nil {
			if s.uneven {
				w.uneven = s.problem
			} else if !w.yield(nil, s.problem) {
				return false
			}
			continue
		}
		r := &w.record
		*r = Record{Row: b.rows[i], Line: s.line, Fields: b.fields[s.from:s.to:s.to], file: w.file, text: b.text, cells: b.cells[s.from : s.from+s.read], strict: s.strict}
		r.Number = w.number
		if !w.yield(r, nil) {
			return false
		}
	}
	return true
}

// flush yields the problem that was kept back. At the file's end, a single uneven row is said to look like a trailer.
func (w *walk) flush(end bool) bool {
	p := w.uneven
	if p == nil {
		return true
	}
	w.uneven = nil
	if end && w.number > 1 {
		p.Message += "; it is the last row, and looks like a trailer such as “Total: 412”: delete it"
	}
	return w.yield(nil, p)
}
