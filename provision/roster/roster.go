// Package roster reads an export of people, as an HR system or a spreadsheet wrote it: it finds out how the file is written,
// which of its columns are a person's subject, name and address, and yields its rows. It refuses what it would have to guess.
package roster

import (
	"fmt"
	"io"
	"strings"
)

// Options say what is not to be found out. The zero value finds everything.
type Options struct {
	Delimiter rune   // between two cells; 0: found
	Encoding  string // any name golang.org/x/text knows: Shift_JIS, ISO-8859-2, macintosh, utf-16le …; "": found
	HeaderRow int    // the line of the file, from 1, on which the header stands; 0: the first record that is not empty

	// A header of the export, or a template with headers in braces: auth0|{Employee ID}. Empty: found by the header's words.
	Subject, Name, Email string

	// Block names a run of columns that are not the export's. Where the header has exactly these beside each other, in this
	// order, they are a candidate for nothing, and a record may end behind them. The last such run counts.
	Block []string

	// Loose leaves a column that cannot be decided without a source, where that refuses the file otherwise: for showing a file.
	Loose bool
}

// A File is an export whose header is read and whose columns are decided. Its methods may be called at once.
type File struct {
	Name    string   // for messages
	Dialect Dialect  // how it is written
	Header  []string // cells as they were read
	Block   int      // index in Header of the first of Options.Block, -1 where there is none
	Columns Columns  // where subject, name and email come from

	text  text // the file's bytes as UTF-8
	body  int64
	line  int // of the first record behind the header
	block int // length of the block
	head  *Record
}

// Open finds out how the export in r is written, reads its header and decides its columns. It reads the whole file once. name
// is for messages. What cannot be decided or trusted is an *Error; any other error is r's.
func Open(r io.ReaderAt, size int64, name string, o Options) (*File, error) {
	f := &File{Name: name, Block: -1, block: len(o.Block)}
	if err := f.findEncoding(r, size, o.Encoding); err != nil {
		return nil, err
	}
	sample, err := f.sample()
	if err != nil {
		return nil, err
	}
	if err := f.findDialect(sample, o); err != nil {
		return nil, err
	}
	if err := f.readHeader(o.HeaderRow); err != nil {
		return nil, err
	}
	f.Block = lastRun(f.Header, o.Block)
	if o.Loose {
		f.Columns = loosely(f.Header, f.ours, o)
		return f, nil
	}
	if f.Block == 0 && f.block == len(f.Header) {
		return nil, &Error{Message: f.Name + " has the columns of a result file, but none of an export", Hint: "give the export, or the result file as it was written"}
	}
	if f.Columns, err = decide(f.Header, f.ours, o); err != nil {
		return nil, f.explain(err, sample, o)
	}
	for _, err := range f.Records() {
		if _, problem := err.(*Problem); err != nil && !problem {
			return nil, err
		}
		return f, nil
	}
	return nil, &Error{Message: f.Name + " has a header, but no rows"}
}

// ours reports whether the column at index i belongs to Options.Block, not to the export.
func (f *File) ours(i int) bool {
	return f.Block >= 0 && i >= f.Block && i < f.Block+f.block
}

// AppendHeader appends the header's cells [from,to) as they stand in the file, delimited; see Record.AppendTo.
func (f *File) AppendHeader(dst []byte, from, to int) []byte {
	return f.head.AppendTo(dst, from, to)
}

// Decision says in one line what was found, for a file of so many rows: read hr.csv: Windows-1252, semicolons, 412 rows, …
func (f *File) Decision(rows int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "read %s: %s, %s, ", f.Name, f.Dialect.Encoding, f.layout())
	if rows == 1 {
		b.WriteString("1 row")
	} else {
		fmt.Fprintf(&b, "%d rows", rows)
	}
	for _, c := range []struct {
		role   string
		source Source
	}{{"subject", f.Columns.Subject}, {"name", f.Columns.Name}, {"email", f.Columns.Email}} {
		if c.source.String() != "" {
			fmt.Fprintf(&b, ", %s from %s", c.role, c.source.describe())
		}
	}
	return b.String()
}

// Note is what has to be said about how the file was read, a sentence for a line of its own, "" where there is nothing.
func (f *File) Note() string {
	if !f.Dialect.Guessed {
		return ""
	}
	return f.Name + " is not UTF-8, so it was read as Windows-1252; where that is wrong, name its encoding with --encoding"
}

func (f *File) layout() string {
	if len(f.Header) == 1 {
		return "one column"
	}
	switch f.Dialect.Delimiter {
	case ',':
		return "commas"
	case ';':
		return "semicolons"
	case '\t':
		return "tabs"
	case '|':
		return "pipes"
	}
	return fmt.Sprintf("delimiter %q", f.Dialect.Delimiter)
}

// lastRun is the index at which the last run of exactly these names starts, -1 where there is none.
func lastRun(header, names []string) int {
	if len(names) == 0 {
		return -1
	}
	for i := len(header) - len(names); i >= 0; i-- {
		n := 0
		for n < len(names) && header[i+n] == names[n] {
			n++
		}
		if n == len(names) {
			return i
		}
	}
	return -1
}
