package roster

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Dialect is how a file is written.
type Dialect struct {
	Encoding  string // UTF-8, UTF-8 with BOM, UTF-16LE, Windows-1252 …
	Guessed   bool   // Windows-1252, because the bytes are not UTF-8; see File.Note
	Delimiter rune
	LineEnd   string // "\n", "\r\n" or "\r": how the header ends
	Plain     bool   // UTF-8 without a byte order mark
}

// How much of a file decides about its delimiter.
const (
	sampleBytes   = 256 << 10
	sampleRecords = 100
	titleLines    = 20 // a header is looked for in so many records, to say that --header-row is missing
)

// A sample is the beginning of a file's text.
type sample struct {
	b     []byte
	whole bool // there is no more
}

func (f *File) sample() (sample, error) {
	b, err := io.ReadAll(io.LimitReader(f.text.all(), sampleBytes+1))
	if err != nil {
		return sample{}, fmt.Errorf("reading %s: %w", f.Name, err)
	}
	if k := foreignText(string(b[:min(len(b), 4096)])); k != nil {
		return sample{}, k.refuse(f.Name)
	}
	if len(b) > sampleBytes {
		return sample{b: b[:sampleBytes]}, nil
	}
	if len(bytes.TrimFunc(b, isSpace)) == 0 {
		return sample{}, &Error{Message: f.Name + " is empty"}
	}
	return sample{b: b, whole: true}, nil
}

// findDialect sets the delimiter, and where the search for the header begins.
func (f *File) findDialect(s sample, o Options) error {
	f.line = 1
	if o.Delimiter != 0 && !canDelimit(o.Delimiter) {
		return &Error{Message: fmt.Sprintf("%q cannot be a delimiter", o.Delimiter), Hint: "use one sign that is no letter, digit, quote or line end"}
	}
	delimiter := o.Delimiter
	if said := sepLine(s.b); said != 0 {
		f.skipLine(s)
		if delimiter == 0 {
			delimiter = said
		}
	}
	for f.line < o.HeaderRow {
		if !f.skipLine(s) {
			if !s.whole {
				return &Error{Message: fmt.Sprintf("%s: line %d is not among the first %d KiB, where the header has to stand", f.Name, o.HeaderRow, sampleBytes>>10), Hint: "delete the lines above the header"}
			}
			return &Error{Message: fmt.Sprintf("%s has no line %d for a header, only %d", f.Name, o.HeaderRow, f.line)}
		}
	}
	if delimiter == 0 {
		delimiter = findDelimiter(sample{s.b[f.body:], s.whole}, o.Block)
	}
	f.Dialect.Delimiter = delimiter
	return nil
}

// skipLine moves the start of the header behind one line; false where there is no other line.
func (f *File) skipLine(s sample) bool {
	rest := s.b[f.body:]
	i := bytes.IndexAny(rest, "\r\n")
	if i < 0 {
		return false
	}
	if bytes.HasPrefix(rest[i:], []byte("\r\n")) {
		i++
	}
	if i+1 == len(rest) {
		return false
	}
	f.body += int64(i + 1)
	f.line++
	return true
}

// sepLine is the delimiter that Excel's first line, sep=;, names; 0 where there is no such line.
func sepLine(b []byte) rune {
	line := b
	if i := bytes.IndexAny(b, "\r\n"); i >= 0 {
		line = b[:i]
	}
	if len(line) > 12 {
		return 0
	}
	s := strings.TrimSuffix(strings.TrimPrefix(string(line), `"`), `"`)
	if len(s) < 5 || !strings.EqualFold(s[:4], "sep=") {
		return 0
	}
	if r, n := utf8.DecodeRuneInString(s[4:]); n == len(s)-4 && canDelimit(r) {
		return r
	}
	return 0
}

func canDelimit(r rune) bool {
	return r != '"' && r != utf8.RuneError && (r == '\t' || unicode.IsPrint(r)) && !unicode.IsLetter(r) && !unicode.IsDigit(r)
}

// A fit is how well a delimiter fits the beginning of a file.
type fit struct {
	block  bool // the header holds Options.Block
	words  int  // cells of the header whose words are known
	header bool // the header has as many cells as most records, half of them at least
	agree  int  // records with that many cells, in thousandths
	cells  int  // of most records
}

func (a fit) better(b fit) bool {
	switch {
	case a.block != b.block:
		return a.block
	case a.words != b.words:
		return a.words > b.words
	case a.header != b.header:
		return a.header
	}
	return a.agree > b.agree
}

// findDelimiter takes the delimiter that cuts the header into most known words. Where that says nothing, as below title lines,
// it takes the one that cuts most of the first records into as many cells as the first, two at least, and then the one that is
// rarer in text. A file of one column has commas.
func findDelimiter(s sample, block []string) rune {
	best, found := fit{}, ','
	candidates := []rune{'\t', ';', '|', ','}
	if d := blockDelimiter(s.b, block); d != 0 {
		candidates = append(candidates, d)
	}
	for _, d := range candidates {
		if f := fitOf(s, d, block); f.cells > 1 && f.better(best) {
			best, found = f, d
		}
	}
	return found
}

// blockDelimiter is what stands behind the block's first name: a result file keeps whatever delimiter its export had.
func blockDelimiter(b []byte, block []string) rune {
	if len(block) < 2 {
		return 0
	}
	for rest := b; ; {
		_, after, found := bytes.Cut(rest, []byte(block[0]))
		if !found {
			return 0
		}
		rest = after
		d, n := utf8.DecodeRune(bytes.TrimPrefix(after, []byte{'"'}))
		next := bytes.TrimPrefix(bytes.TrimPrefix(after, []byte{'"'})[n:], []byte{'"'})
		if canDelimit(d) && bytes.HasPrefix(next, []byte(block[1])) {
			return d
		}
	}
}

func fitOf(s sample, delimiter rune, block []string) fit {
	var f fit
	counts := make(map[int]int)
	records, first := 0, 0
	s.records(delimiter, func(_ int, cells []string, sound bool) bool {
		records++
		if records == 1 {
			first = len(cells)
			f.block = lastRun(cells, block) >= 0
			f.words = known(cells)
		}
		if sound {
			counts[len(cells)]++
		}
		return records < sampleRecords
	})
	most := 0
	for n, times := range counts {
		if n > 1 && (times > most || times == most && n > f.cells) {
			most, f.cells = times, n
		}
	}
	if records > 0 {
		f.agree = most * 1000 / records
	}
	f.header = f.cells == first && f.agree >= 500
	return f
}

// records hands over the cells of the records that have something in them, and the line each starts on, until told to stop.
func (s sample) records(delimiter rune, see func(line int, cells []string, sound bool) bool) {
	sc := newScanner(nil, delimiter, 1)
	sc.buf, sc.eof = s.b, true
	for {
		if done, _ := sc.next(); done {
			return
		}
		if !s.whole && sc.pos == len(sc.buf) {
			return // the sample's end may have cut it
		}
		cells := make([]string, len(sc.cells))
		for i, c := range sc.cells {
			cells[i] = c.value(string(sc.buf[c.start:c.end]))
		}
		if !blank(cells) && !see(sc.first, cells, sc.fault == sound) {
			return
		}
	}
}
