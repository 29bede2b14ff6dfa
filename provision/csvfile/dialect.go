package csvfile

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Dialect is how a file is written.
type Dialect struct {
	Encoding  string // UTF-8, UTF-8 with BOM, UTF-16LE, Windows-1252 …
	Guessed   bool   // Windows-1252, because the bytes are not UTF-8 and nothing named another encoding
	Plain     bool   // UTF-8 without a byte order mark
	Delimiter rune
	LineEnd   string // "\n", "\r\n" or "\r": how the header ends
}

// How much of a file decides about its delimiter.
const (
	sampleBytes   = 256 << 10
	sampleRecords = 100
)

// A body is a text from the line on where its header is looked for.
type body struct {
	text string
	line int
}

// findDialect sets the delimiter, and finds where the search for the header begins.
func (f *File) findDialect(text string, o Options) (body, *Error) {
	b := body{text, 1}
	if o.Delimiter != 0 && !canDelimit(o.Delimiter) {
		return b, &Error{
			Message: fmt.Sprintf("%q cannot be a delimiter", o.Delimiter),
			Advice:  "use one character that is no letter, digit, quote or line end",
			Fix:     Fix{Option: OptionDelimiter},
		}
	}
	delimiter := o.Delimiter
	if strings.HasPrefix(text, "#TYPE ") { // PowerShell's Export-Csv
		b.skipLine()
	}
	if named := sepLine(b.text); named != 0 {
		delimiter = cmp.Or(delimiter, named)
		b.skipLine()
	}
	for b.line < o.HeaderRow {
		if !b.skipLine() {
			return b, &Error{
				Message: fmt.Sprintf("there is no line %d for a header: the last line is %d", o.HeaderRow, b.line),
				Fix:     Fix{Option: OptionHeaderRow},
			}
		}
	}
	if delimiter == 0 {
		sample := b.text
		if len(sample) > sampleBytes {
			sample = sample[:sampleBytes]
			sample = sample[:strings.LastIndexAny(sample, "\r\n")+1]
		}
		delimiter = findDelimiter(sample, o, commonDelimiters(), ',')
	}
	f.Dialect.Delimiter = delimiter
	return b, nil
}

// skipLine moves the start behind one line; false where there is no other line.
func (b *body) skipLine() bool {
	i := strings.IndexAny(b.text, "\r\n")
	if i >= 0 && strings.HasPrefix(b.text[i:], "\r\n") {
		i++
	}
	if i < 0 || i+1 == len(b.text) {
		b.text = ""
		return false
	}
	b.text = b.text[i+1:]
	b.line++
	return true
}

// sepLine is the delimiter that Excel's first line, sep=;, names; 0 where there is no such line.
func sepLine(s string) rune {
	if found := namesDelimiter.FindStringSubmatch(s); found != nil {
		if r, _ := utf8.DecodeRuneInString(found[1]); canDelimit(r) {
			return r
		}
	}
	return 0
}

// namesDelimiter is read only.
var namesDelimiter = regexp.MustCompile(`(?i)^"?sep=([^"\r\n])"?(?:[\r\n]|$)`)

func canDelimit(r rune) bool {
	if r == '"' || r == utf8.RuneError || unicode.IsLetter(r) || unicode.IsDigit(r) {
		return false
	}
	return r == '\t' || unicode.IsPrint(r)
}

// A fit is how well a delimiter fits the beginning of a file.
type fit struct {
	block  bool // the header holds Options.Block
	words  int  // cells of the header that are known words
	header bool // the header has as many cells as most records, half of them at least
	agree  int  // records with that many cells, in thousandths
	cells  int  // of most records
	first  int  // cells of the header
}

func (a fit) better(b fit) bool {
	switch {
	case a.block != b.block:
		return a.block
	case a.words != b.words:
		return a.words > b.words
	case a.header != b.header:
		return a.header
	case a.agree != b.agree:
		return a.agree > b.agree
	}
	return a.first > 1 && b.first < 2
}

// findDelimiter takes the delimiter that cuts the header into most known words. Where that says
// nothing, as below title lines, it takes the one that cuts most of the first records into as many
// cells as the first, two at least, and then the one that is rarer in text: candidates are in that
// order. none is for a file of one column.
func findDelimiter(sample string, o Options, candidates []rune, none rune) rune {
	best, found := fit{}, none
	if d := blockDelimiter(sample, o.Block); d != 0 {
		candidates = append(candidates, d)
	}
	for _, d := range candidates {
		if f := fitOf(sample, d, o); f.cells > 1 && f.better(best) {
			best, found = f, d
		}
	}
	return found
}

// blockDelimiter is what stands behind the block's first name: a result file keeps whatever
// delimiter its export had.
func blockDelimiter(text string, block []string) rune {
	if len(block) < 2 {
		return 0
	}
	between := regexp.MustCompile(regexp.QuoteMeta(block[0]) + `"?([^"\pL\pN])"?` + regexp.QuoteMeta(block[1]))
	for _, found := range between.FindAllStringSubmatch(text, -1) {
		if d, _ := utf8.DecodeRuneInString(found[1]); canDelimit(d) {
			return d
		}
	}
	return 0
}

func fitOf(sample string, delimiter rune, o Options) fit {
	var f fit
	counts := make(map[int]int)
	records := 0
	for s := newScanner(sample, delimiter, 1, columns{}); records < sampleRecords && s.next(); {
		if s.blank() {
			continue
		}
		if records++; records == 1 {
			cells := s.values(nil)
			f.first = len(cells)
			f.block = lastRun(cells, o.Block) >= 0
			f.words = o.LooksLikeHeader(cells)
		}
		if s.fault == noFault {
			counts[len(s.cells)]++
		}
	}
	most := 0
	for n, times := range counts {
		if n > 1 && (times > most || times == most && n > f.cells) {
			most, f.cells = times, n
		}
	}
	if records > 0 {
		f.agree = most * 1000 / records
	}
	f.header = f.cells == f.first && f.agree >= 500
	return f
}

// paddedColumns finds the columns whose quotes have blanks in front of them, as in "Name",
// "Employee ID": in every cell that is not empty stands a quote, or a blank in front.
func paddedColumns(b body, delimiter rune) columns {
	if !strings.Contains(b.text, ` "`) && !strings.Contains(b.text, "\t\"") {
		return columns{}
	}
	var padding, other []bool // columns with such a quote, and with a cell that is not quoted so
	s := newScanner(b.text, delimiter, 1, columns{all: true})
	for header := true; s.next(); {
		if s.fault == noFault && s.blank() {
			continue
		}
		for i, c := range s.cells {
			if i == len(padding) {
				padding, other = append(padding, false), append(other, false)
			}
			t := s.text[c.start:c.end]
			switch {
			case header || t == "":
			case c.form == sloppy, c.form == bare && t[0] != ' ' && t[0] != '\t':
				other[i] = true
			case c.form&padded != 0 && t[0] != '"':
				padding[i] = true
			}
		}
		header = false
	}
	for i := range padding {
		padding[i] = padding[i] && !other[i]
	}
	return columns{some: padding}
}
