package roster

import (
	"io"
	"unicode/utf8"
)

// bytesSeen is what the bytes of a file say about its encoding.
type bytesSeen struct {
	invalid       int // bytes that are not UTF-8
	line          int // of the first of them
	wide          int // UTF-8 sequences of more than one byte; counted only where something is invalid
	undefined     int // bytes that Windows-1252 does not have
	undefinedLine int // of the first of them
}

// read counts over the whole text, in pieces. Text that is all UTF-8 goes fast.
func (s *bytesSeen) read(t text) error {
	valid := true
	err := pieces(t.all(), func(b []byte) { valid = valid && utf8.Valid(b) })
	if err != nil || valid {
		return err
	}
	return s.count(t.all())
}

func (s *bytesSeen) count(r io.Reader) error {
	line, last := 1, byte(0)
	return pieces(r, func(b []byte) {
		for i := 0; i < len(b); {
			c, n := utf8.DecodeRune(b[i:])
			switch {
			case c == utf8.RuneError && n == 1:
				if s.invalid++; s.invalid == 1 {
					s.line = line
				}
			case n > 1:
				s.wide++
			case c == '\r' || c == '\n' && last != '\r':
				line++
			}
			for _, x := range b[i : i+n] {
				if x == 0x81 || x == 0x8d || x == 0x8f || x == 0x90 || x == 0x9d {
					if s.undefined++; s.undefined == 1 {
						s.undefinedLine = line
					}
				}
			}
			last = b[i]
			i += n
		}
	})
}

// pieces hands over the text piece by piece; a sequence that the end of a piece cuts comes whole with the next piece, or, at
// the end of the text, as it is. A piece is valid until the next one.
func pieces(r io.Reader, see func([]byte)) error {
	buf, n := make([]byte, 128<<10), 0
	for {
		m, err := io.ReadFull(r, buf[n:])
		n += m
		last := err == io.EOF || err == io.ErrUnexpectedEOF
		if err != nil && !last {
			return err
		}
		keep := cut(buf[:n])
		if last {
			keep = 0
		}
		see(buf[:n-keep])
		if last {
			return nil
		}
		n = copy(buf, buf[n-keep:n])
	}
}

// cut is the length of an unfinished UTF-8 sequence at the end.
func cut(b []byte) int {
	for i := 1; i <= 3 && i <= len(b); i++ {
		if c := b[len(b)-i]; utf8.RuneStart(c) {
			if c >= utf8.RuneSelf && !utf8.FullRune(b[len(b)-i:]) {
				return i
			}
			return 0
		}
	}
	return 0
}
