// Package csvfile reads a CSV file as an HR system or a spreadsheet wrote it, and writes it back as
// it was read. It detects encoding, delimiter and line ends. It knows no person.
package csvfile

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Read reads all of r. name is for messages. A file that cannot be read is an *Error; any other error is r's.
func Read(r io.Reader, name string, o Options) (*File, error) {
	var raw strings.Builder
	raw.Grow(int(o.Size))
	if _, err := io.Copy(&raw, r); err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	if o.LooksLikeHeader == nil {
		o.LooksLikeHeader = func([]string) int { return 0 }
	}
	f := &File{Name: name, Block: -1}
	if err := f.read(raw.String(), o); err != nil {
		err.File = name
		return nil, err
	}
	return f, nil
}

// Options say what is not detected. The zero value detects everything.
type Options struct {
	Delimiter rune   // between two cells; 0: detected
	Size      int64  // in bytes, where it is known: memory for it is taken at once
	Encoding  string // any name golang.org/x/text knows: Shift_JIS, ISO-8859-2, macintosh, utf-16le …; "": detected
	HeaderRow int    // the line of the file, from 1, that holds the header; 0: the first record that is not empty

	// LooksLikeHeader scores a record: how many of its cells are words of a header. It decides
	// between delimiters. nil: no word is known.
	LooksLikeHeader func(cells []string) int
	// Block are columns that decide about a delimiter before anything else, where they stand next
	// to each other in this order.
	Block []string
}

// A Record is one record of a file that has something in it. A cell that holds a line end was in quotes.
type Record struct {
	Line  int      // the line of the file it starts on, from 1
	Raw   string   // the record as it stands in the file, as UTF-8, without its line end
	Cells []string // the values of its cells; their number is the record's own, not the header's
}

// A File is a CSV file in memory. It is safe for concurrent use while nobody changes its records.
type File struct {
	Name    string // for messages
	Dialect Dialect
	Header  Record
	Records []Record // behind the header, without records that have nothing in them; there may be none
	Above   []Record // above a header whose line Options.HeaderRow gave
	Block   int      // index in the header of the first of Options.Block (its last run), -1 where it is not there

	keepBlanks map[int]bool // as the scanner's, for the records behind the header
}

// What a file may hold.
const (
	maxField = 64 << 10 // bytes of a cell's value
	maxCells = 20_000   // of a record: all that a spreadsheet can have, and those of a result file
)

// read reads the file. Each step that returns an error is a reason to refuse it.
func (f *File) read(raw string, o Options) *Error {
	if err := foreign(raw); err != nil {
		return err
	}
	text, dialect, err := decode(raw, o.Encoding)
	if err != nil {
		return err
	}
	f.Dialect = dialect
	if end := strings.Index(text, ctrlZ); end >= 0 && strings.Trim(text[end:], ctrlZ+"\r\n") == "" {
		text = text[:end]
	}
	s, err := f.scanFromHeader(text, o)
	if err != nil {
		return err
	}
	if err := f.readHeader(s, o); err != nil {
		return err
	}
	f.Block = lastRun(f.Header.Cells, o.Block)
	f.Above, _ = readRecords(newScanner(text[:len(text)-len(s.text)], f.Dialect.Delimiter, 1))
	var problems []Problem
	f.Records, problems = readRecords(s)
	if err := f.checkHeader(o); err != nil {
		return err
	}
	return Reject(f.Name, problems)
}

const (
	ctrlZ       = "\x1a" // DOS programs end a text with it
	exportAgain = "export it again"
)

// readHeader reads the first record that is not empty or, where its line was given, the record there.
func (f *File) readHeader(s *scanner, o Options) *Error {
	if err := foreign(s.text); err != nil {
		return err // below sep= or title lines, or in UTF-16
	}
	found := s.next()
	for o.HeaderRow == 0 && found && s.problem == nil && s.blank() {
		found = s.next()
	}
	if !found || s.blank() {
		if o.HeaderRow == 0 {
			return &Error{Message: "the file is empty", Advice: exportAgain}
		}
		message := "there is no header on line %d: the line is empty, or the file ends before it"
		return &Error{Message: fmt.Sprintf(message, o.HeaderRow), Fix: Fix{Option: OptionHeaderRow}}
	}
	f.Header = s.record(nil)
	if s.problem != nil {
		return &Error{Message: "the header cannot be read", Problems: []Problem{*s.problem}, Advice: exportAgain}
	}
	f.keepBlanks = unpaddedColumns(s.text[s.pos:], f.Dialect.Delimiter)
	s.header, s.keepBlanks = f.Header.Cells, f.keepBlanks
	f.Dialect.LineEnd = cmp.Or(s.lineEnd, "\n")
	return nil
}

// unpaddedColumns are the columns in which blanks in front of a quote are no padding, as some cell there begins with
// neither a quote nor a blank.
func unpaddedColumns(text string, delim rune) map[int]bool {
	if !strings.Contains(text, ` "`) && !strings.Contains(text, "\t\"") {
		return nil
	}
	columns := make(map[int]bool)
	for s := newScanner(text, delim, 1); s.next(); {
		for i, c := range s.cells {
			if c.start < c.end && !strings.ContainsRune("\" \t", rune(text[c.start])) {
				columns[i] = true
			}
		}
	}
	return columns
}

// readRecords reads what is left of a text: the records that have something in them, and what is wrong with them.
// The cells of many records share one allocation.
func readRecords(s *scanner) (records []Record, problems []Problem) {
	records = make([]Record, 0, countLineEnds(s.text[s.pos:])+1)
	var cells []string
	for s.next() {
		if s.problem == nil && s.blank() {
			continue
		}
		if cap(cells)-len(cells) < len(s.cells) {
			cells = make([]string, 0, max(1024, len(s.cells)))
		}
		r := s.record(cells[len(cells):])
		cells = cells[:len(cells)+len(r.Cells)]
		if s.problem != nil {
			problems = append(problems, *s.problem)
		}
		records = append(records, r)
	}
	return slices.Clip(records), problems
}

// lastRun is the index at which the last run of exactly these names starts, -1 where there is none.
func lastRun(header, names []string) int {
	for i := len(header) - len(names); i >= 0 && len(names) > 0; i-- {
		if slices.Equal(header[i:i+len(names)], names) {
			return i
		}
	}
	return -1
}

// foreign refuses a file that is no CSV file by how it begins; nil where it may be one.
func foreign(s string) *Error {
	s = strings.TrimLeft(s[:min(len(s), 4096)], "\ufeff \t\r\n")
	kind, _, _ := strings.Cut(http.DetectContentType([]byte(s)), ";")
	switch {
	case strings.HasPrefix(s, "\xd0\xcf\x11\xe0"):
		kind = "application/x-ole-storage"
	case beginsAsJSON.MatchString(s):
		kind = "application/json"
	}
	const saveAs, askForCSV = "open it and save it as “CSV UTF-8”", "ask for the export as CSV"
	found, is := map[string]struct{ what, advice string }{
		"application/zip":           {"an Excel workbook (.xlsx) or another zip archive", saveAs},
		"application/x-ole-storage": {"an old Excel workbook (.xls)", saveAs},
		"application/pdf":           {"a PDF", askForCSV},
		"application/json":          {"JSON", askForCSV},
		"text/xml":                  {"XML", askForCSV},
		"text/html": {"an HTML page",
			"open it in a browser: it may be a login page, or a table that is named .xls; then export it as CSV"},
	}[kind]
	if !is {
		return nil
	}
	return &Error{Message: "the file is " + found.what + ", not a CSV file", Advice: found.advice}
}

// beginsAsJSON is read only.
var beginsAsJSON = regexp.MustCompile(`^(\{\s*["}]|\[\s*[{\["\]])`)
