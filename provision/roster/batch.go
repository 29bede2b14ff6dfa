package roster

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"qlik-provision/provision"
)

// batchRecords is how many records are decoded at a time.
const batchRecords = 256

// A span is one record of a batch.
type span struct {
	line     int
	from, to int // of its cells in fields
	read     int // of those, how many the file has
	strict   bool
	uneven   bool // the problem is the number of cells
	problem  *Problem
}

// A batch is some records, in memory that is used again for the next ones.
type batch struct {
	file    *File
	scanner *scanner
	people  *people

	text   string
	cells  []cell
	fields []string
	spans  []span
	rows   []provision.Row
}

func newBatch(f *File, s *scanner) *batch {
	return &batch{file: f, scanner: s, people: newPeople()}
}

// load reads up to most records; false at the end of the text.
func (b *batch) load(most int) (bool, error) {
	b.cells, b.spans, b.fields, b.rows, b.text = b.cells[:0], b.spans[:0], b.fields[:0], b.rows[:0], ""
	s := b.scanner
	begin, more := s.pos, true
	for len(b.spans) < most {
		done, starved := s.next()
		if done {
			more = false
			break
		}
		if starved {
			if len(b.spans) > 0 {
				break
			}
			if err := b.more(); err != nil {
				return false, err
			}
			begin = s.pos
			if s.fault != sound {
				b.spans = append(b.spans, span{line: s.first, problem: b.fault()})
			}
			continue
		}
		b.take(begin)
	}
	b.text = string(s.buf[begin:s.pos])
	b.cut()
	return more, b.people.decode(b)
}

// more reads on, over a record that is too long where there is one.
func (b *batch) more() error {
	s := b.scanner
	s.fault = sound
	if len(s.buf)-s.pos > mostRecord {
		return s.skip()
	}
	return s.fill()
}

// take adds the scanner's record, unless there is nothing in it; its cells count from begin.
func (b *batch) take(begin int) {
	s := b.scanner
	if s.fault == sound && s.blank() {
		return
	}
	sp := span{line: s.first, from: len(b.cells), strict: true}
	for i, c := range s.cells {
		if c.form == sloppy {
			sp.strict = false
		}
		if c.end-c.start > mostField && len(c.value(string(s.buf[c.start:c.end]))) > mostField {
			s.flaw(tooLong, i, s.first)
		}
		b.cells = append(b.cells, cell{c.start - begin, c.end - begin, c.form})
	}
	if s.fault != sound {
		sp.problem = b.fault()
	} else {
		b.even(&sp)
	}
	sp.read = min(sp.read, len(b.cells)-sp.from)
	sp.to = len(b.cells)
	b.spans = append(b.spans, sp)
}

// even makes the record's cells as many as the header's, where that takes nothing from it: surplus empty ones go, and behind a
// block missing ones are empty.
func (b *batch) even(sp *span) {
	s, f := b.scanner, b.file
	want := len(f.Header)
	sp.read = len(s.cells)
	switch {
	case want == 0 || sp.read == want:
	case sp.read > want && s.empty(want):
		b.cells = b.cells[:sp.from+want]
	case sp.read < want && f.Block >= 0 && sp.read >= f.Block+f.block:
		for i := sp.read; i < want; i++ {
			b.cells = append(b.cells, cell{})
		}
	default:
		sp.uneven = true
		sp.problem = &Problem{File: f.Name, Line: s.first, Message: b.unevenness(want)}
	}
}

// unevenness tells how many fields there are, and shows where to look.
func (b *batch) unevenness(want int) string {
	s := b.scanner
	m := fmt.Sprintf("%s, where the header has %d", plural(len(s.cells), "field", "fields"), want)
	if len(s.cells) < want {
		return m + ": " + quote(string(s.buf[s.start:s.end]))
	}
	c := s.cells[want]
	return m + "; the first one too many is " + quote(string(s.buf[c.start:c.end]))
}

// fault is the problem that the scanner found.
func (b *batch) fault() *Problem {
	s, f := b.scanner, b.file
	p := &Problem{File: f.Name, Line: s.atLine}
	if s.at >= 0 && s.at < len(f.Header) {
		p.Column = f.Header[s.at]
	}
	switch s.fault {
	case openQuote:
		p.Message = "the quote that opens here is never closed"
	case nulByte:
		p.Message = "a NUL byte"
	case tooLong:
		p.Message = "longer than 64 KiB"
		if s.at < 0 {
			p.Message = "a row longer than 1 MiB"
		}
	case tooMany:
		p.Message = fmt.Sprintf("more than %d fields", mostCells)
	case afterQuote:
		c := s.cells[s.at]
		p.Message = fmt.Sprintf("text behind a closing quote: %s", quote(string(s.buf[c.start:c.end])))
	}
	return p
}

// cut makes the cells' values.
func (b *batch) cut() {
	for _, c := range b.cells {
		b.fields = append(b.fields, c.value(b.text[c.start:c.end]))
	}
	// A decoder puts U+FFFD in the place of what it cannot read; in a file that is UTF-8 already, that is a sign like others.
	garbled := func(s string) bool { return strings.ContainsRune(s, utf8.RuneError) }
	if b.file.text.decode == nil {
		garbled = func(s string) bool { return !utf8.ValidString(s) }
	}
	if b.file.text.checked || !garbled(b.text) {
		return
	}
	for i := range b.spans {
		s := &b.spans[i]
		for j, v := range b.fields[s.from:s.to] {
			if s.problem == nil && garbled(v) {
				s.problem = &Problem{File: b.file.Name, Line: s.line, Message: fmt.Sprintf("bytes that are not %s: %s", b.file.Dialect.Encoding, quote(v))}
				if j < len(b.file.Header) {
					s.problem.Column = b.file.Header[j]
				}
			}
		}
	}
}
