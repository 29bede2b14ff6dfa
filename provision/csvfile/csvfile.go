// Package csvfile reads a CSV file as an HR system or a spreadsheet wrote it, and writes it back as it was read. It finds
// out encoding, delimiter and line ends. It knows no person.
package csvfile

import "io"

// Options say what is not detected. The zero value detects everything.
type Options struct {
	Delimiter rune   // between two cells; 0: detected
	Encoding  string // any name golang.org/x/text knows: Shift_JIS, ISO-8859-2, macintosh, utf-16le …; "": detected
	HeaderRow int    // the line of the file, from 1, that holds the header; 0: the first record that is not empty

	// LooksLikeHeader scores a record: how many of its cells are words of a header. It decides between delimiters, and
	// finds a header below title lines. nil: no word is known.
	LooksLikeHeader func(cells []string) int
	// Block are columns that decide about a delimiter and a header before anything else, where they stand next to each
	// other in this order. A record may end behind them.
	Block []string
}

// A Dialect is how a file is written.
type Dialect struct {
	Encoding  string // UTF-8, UTF-8 with BOM, UTF-16LE, Windows-1252 …
	Guessed   bool   // Windows-1252, because the bytes are not UTF-8 and nothing named another encoding
	Plain     bool   // UTF-8 without a byte order mark
	Delimiter rune
	LineEnd   string // "\n", "\r\n" or "\r": how the header ends
}

// A Record is one record of a file that has something in it.
type Record struct {
	Line  int      // the line of the file it starts on, from 1
	Raw   string   // the record as it stands in the file, as UTF-8, without its line end
	Cells []string // the values of its cells; their number is the record's own, not the header's
}

// A File is a CSV file in memory. It is not changed after Read, and is safe for concurrent use.
type File struct {
	Name    string // for messages
	Dialect Dialect
	Header  Record
	Records []Record // behind the header, without records that have nothing in them
	Block   int      // index in the header of the first of Options.Block, -1 where it is not there

	// Whole says that the file ends with a line end: its last record was not cut short.
	Whole bool
}

// Read reads all of r. name is for messages. What cannot be read is an *Error; any other error is r's.
func Read(r io.Reader, name string, o Options) (*File, error) { panic("not yet") }

// AppendCells appends the cells [from,to) of a record of the file, delimited, as they stand in the file, quotes and all; cells the
// record does not have are empty. A cell that is not strict CSV is quoted anew.
func (f *File) AppendCells(dst []byte, r *Record, from, to int) []byte { panic("not yet") }

// AppendCell appends one cell, quoted as strict CSV where it has to be: a delimiter, a quote, a line end, a blank in front.
func AppendCell(dst []byte, s string, delimiter rune) []byte { panic("not yet") }

// An Option names a field of Options, or of what is built on them, for errors that suggest a value.
type Option string

// The options that an error may suggest a value for.
const (
	OptionDelimiter Option = "delimiter"
	OptionEncoding  Option = "encoding"
	OptionHeaderRow Option = "header-row"
)

// A Fix is an option under which a file could be read. The zero Fix is none.
type Fix struct {
	Option Option
	Value  string
}

// A Problem is what is wrong with one record.
type Problem struct {
	Line    int    // from 1; 0 where it has none
	Column  string // the header's cell; "" where it is no column's
	Message string
}

// An Error refuses a whole file. Its text names the file; a line for each problem follows.
type Error struct {
	File     string
	Message  string
	Problems []Problem // 20 at most
	More     int       // how many problems there are besides
	Advice   string    // what to do, in words; "" where Fix says it, or nothing can be said
	Fix      Fix
}

// Error is the message, a line for each problem that is listed, and how many there are besides.
func (e *Error) Error() string { panic("not yet") }
