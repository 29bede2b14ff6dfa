package roster

import (
	"bytes"
	"io"
)

// What bounds memory, whatever the file.
const (
	mostField   = 64 << 10 // bytes of a cell
	mostRecord  = 1 << 20  // bytes of a record
	mostColumns = 4096     // of the header
	mostCells   = 8192     // of a record; behind those of the header they may be empty
	chunk       = 64 << 10 // bytes asked for at a time
)

// A cell is a piece of the scanner's buffer.
type cell struct {
	start, end int // as it stands, quotes included
	form       form
}

type form uint8

const (
	bare    form = iota // without quotes
	quoted              // in quotes, with none inside
	doubled             // in quotes, with doubled ones inside
	sloppy              // without quotes around, but with some inside: to be read, not to be written
)

// A fault is why a record cannot be taken as it is.
type fault uint8

const (
	sound      fault = iota
	openQuote        // the file ended inside quotes
	afterQuote       // text between a closing quote and the next delimiter
	nulByte          // a NUL
	tooLong          // longer than mostRecord
	tooMany          // more cells than mostCells
)

// A scanner cuts UTF-8 text into records. Every LF, CR and CRLF outside quotes ends one.
type scanner struct {
	src   io.Reader
	delim string
	stop  [256]bool // bytes that end a run of ordinary ones outside quotes

	buf  []byte // buf[pos:] is still to be scanned
	pos  int
	base int64 // of buf[0], from where the scanner began
	eof  bool
	line int // on which buf[pos] stands, from 1

	// The record that next found.
	cells   []cell
	start   int // of its text in buf
	end     int // of its text, the line end aside
	lineEnd string
	first   int // the line on which it starts
	ends    int // the line on which it ends, as far as it is scanned
	fault   fault
	at      int // the cell in which the fault is
	atLine  int // the line of the fault; where an open quote opened
}

func newScanner(src io.Reader, delim rune, line int) *scanner {
	s := &scanner{src: src, delim: string(delim), line: line, buf: make([]byte, 0, chunk)}
	for _, c := range []byte{'\n', '\r', '"', 0, s.delim[0]} {
		s.stop[c] = true
	}
	return s
}

// next finds the next record. done: there is none. starved: there may be one, but not in the buffer; the caller takes what it
// needs of the records found before, whose text stays where it is until then, and calls fill.
func (s *scanner) next() (done, starved bool) {
	if s.pos == len(s.buf) {
		return s.eof, !s.eof
	}
	return false, !s.scan()
}

// fill reads on, and moves what is still to be scanned to the front of the buffer.
func (s *scanner) fill() error {
	s.base += int64(s.pos)
	n := copy(s.buf, s.buf[s.pos:])
	s.buf, s.pos = s.buf[:n], 0
	if cap(s.buf)-n < chunk/2 {
		grown := make([]byte, n, 2*cap(s.buf))
		copy(grown, s.buf)
		s.buf = grown
	}
	m, err := io.ReadFull(s.src, s.buf[n:cap(s.buf)])
	s.buf = s.buf[:n+m]
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		s.eof = true
		return nil
	}
	return err
}

// scan cuts the record that starts at pos. It is false, and nothing has moved, where the buffer ends before the record does
// and there may be more.
func (s *scanner) scan() bool {
	b, i := s.buf, s.pos
	s.cells, s.start, s.first, s.at, s.fault = s.cells[:0], i, s.line, -1, sound
	s.ends = s.line
	for {
		c := cell{start: i}
		if i < len(b) && b[i] == '"' {
			if i = s.scanQuoted(i, &c); i < 0 {
				return false
			}
		}
		if i = s.scanBare(i, &c); i < 0 {
			return false
		}
		c.end = i
		if len(s.cells) < mostCells {
			s.cells = append(s.cells, c)
		} else {
			s.flaw(tooMany, len(s.cells), s.ends)
		}
		if i == len(b) || b[i] == '\n' || b[i] == '\r' {
			return s.finish(i)
		}
		i += len(s.delim)
	}
}

// scanQuoted goes from a quote that opens behind the one that closes; -1 where the buffer ends before.
func (s *scanner) scanQuoted(i int, c *cell) int {
	b, opened := s.buf, s.ends
	c.form = quoted
	for i++; ; i++ {
		j := bytes.IndexByte(b[i:], '"')
		if j < 0 {
			if !s.eof {
				return -1
			}
			s.fault, s.at, s.atLine = openQuote, len(s.cells), opened
			s.ends += LineEnds(b[i:])
			c.form = sloppy
			return len(b)
		}
		if inside := b[i : i+j]; len(inside) > 0 {
			s.ends += LineEnds(inside)
			if bytes.IndexByte(inside, 0) >= 0 {
				s.flaw(nulByte, len(s.cells), s.ends)
			}
		}
		i += j + 1
		if i == len(b) && !s.eof {
			return -1
		}
		if i < len(b) && b[i] == '"' {
			c.form = doubled
			continue
		}
		if i < len(b) && b[i] != '\n' && b[i] != '\r' && !s.delimAt(i) {
			s.flaw(afterQuote, len(s.cells), s.ends)
			c.form = sloppy
		}
		return i
	}
}

// scanBare goes to the delimiter, the line end or the end of the text; -1 where the buffer ends before.
func (s *scanner) scanBare(i int, c *cell) int {
	b := s.buf
	for ; ; i++ {
		for i < len(b) && !s.stop[b[i]] {
			i++
		}
		if i == len(b) {
			if !s.eof {
				return -1
			}
			return i
		}
		switch b[i] {
		case '\n', '\r':
			return i
		case '"':
			if c.form == bare {
				c.form = sloppy
			}
		case 0:
			s.flaw(nulByte, len(s.cells), s.ends)
		}
		if b[i] == s.delim[0] {
			if s.delimAt(i) {
				return i
			}
			if !s.eof && len(b)-i < len(s.delim) {
				return -1
			}
		}
	}
}

// finish ends the record at i, where a line end or the end of the text stands.
func (s *scanner) finish(i int) bool {
	b := s.buf
	s.end, s.lineEnd = i, ""
	switch {
	case i == len(b):
	case b[i] == '\n':
		s.lineEnd = "\n"
	case i+1 == len(b) && !s.eof:
		return false
	case i+1 < len(b) && b[i+1] == '\n':
		s.lineEnd = "\r\n"
	default:
		s.lineEnd = "\r"
	}
	if s.lineEnd != "" {
		s.ends++
	}
	s.pos, s.line = i+len(s.lineEnd), s.ends
	return true
}

// flaw notes the record's first fault.
func (s *scanner) flaw(f fault, cell, line int) {
	if s.fault == sound {
		s.fault, s.at, s.atLine = f, cell, line
	}
}

func (s *scanner) delimAt(i int) bool {
	return s.buf[i] == s.delim[0] && (len(s.delim) == 1 || bytes.HasPrefix(s.buf[i:], []byte(s.delim)))
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
				s.pos++
				return nil
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
				s.pos++
				return nil
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

// LineEnds is how many lines end in b: with LF, CR or CRLF.
func LineEnds(b []byte) int {
	n := bytes.Count(b, []byte{'\n'})
	if bytes.IndexByte(b, '\r') < 0 {
		return n
	}
	return n + bytes.Count(b, []byte{'\r'}) - bytes.Count(b, []byte("\r\n"))
}
