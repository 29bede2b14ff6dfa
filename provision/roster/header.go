package roster

import (
	"fmt"
	"slices"
	"strings"
)

// readHeader reads the first record that is not empty or, where its line was given, the record there.
func (f *File) readHeader(row int) error {
	src, err := f.text.from(f.body)
	if err != nil {
		return fmt.Errorf("reading %s: %w", f.Name, err)
	}
	s := newScanner(src, f.Dialect.Delimiter, f.line)
	b := newBatch(f, s)
	for more := true; more && len(b.spans) == 0; {
		if more, err = b.load(1); err != nil {
			return fmt.Errorf("reading %s: %w", f.Name, err)
		}
	}
	switch {
	case len(b.spans) == 0 || row > 0 && b.spans[0].line != row:
		if row > 0 && row < f.line {
			return &Error{
				Message: fmt.Sprintf("%s: line %d, where the header should stand, only says what the delimiter is", f.Name, row),
				Hint:    fmt.Sprintf("leave --header-row out, or try --header-row %d", row+1),
			}
		}
		if row > 0 {
			return &Error{Message: fmt.Sprintf("%s: line %d, where the header should stand, is empty", f.Name, row)}
		}
		return &Error{Message: f.Name + " is empty"}
	case b.spans[0].problem != nil:
		return &Error{Message: f.Name + ": the header cannot be read", Problems: []*Problem{b.spans[0].problem}}
	}
	f.Header = slices.Clone(b.fields)
	f.head = &Record{Line: b.spans[0].line, Fields: f.Header, file: f, text: strings.Clone(b.text), cells: slices.Clone(b.cells), strict: b.spans[0].strict}
	if k := foreign([]byte(f.head.text)); k != nil {
		return k.refuse(f.Name) // below title lines or sep=;
	}
	if len(f.Header) > mostColumns {
		return &Error{Message: fmt.Sprintf("%s: the header has %d columns, more than %d", f.Name, len(f.Header), mostColumns)}
	}
	f.Dialect.LineEnd = s.lineEnd
	if s.lineEnd == "" {
		f.Dialect.LineEnd = "\n"
	}
	if strings.HasPrefix(f.Header[0], "\ufeff") {
		f.Dialect.Plain = false // at the start of a file of ours it would be taken for a mark
	}
	f.body += s.base + int64(s.pos)
	f.line = s.line
	return nil
}
