package csvfile

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
)

// A Dialect is how a file is written.
type Dialect struct {
	Encoding  string // UTF-8, UTF-8 with BOM, UTF-16LE, Windows-1252 …
	Guessed   bool   // Windows-1252, because the bytes are not UTF-8 and nothing named another encoding
	Delimiter rune
	LineEnd   string // "\n", "\r\n" or "\r": how the header ends
}

// Plain reports UTF-8 without a byte order mark.
func (d Dialect) Plain() bool { return d.Encoding == "UTF-8" }

// How much of a file decides about its delimiter.
const (
	sampleBytes   = 256 << 10
	sampleRecords = 100
)

// findDialect finds the delimiter. It returns a scanner of the text from where the header is looked for.
func (f *File) findDialect(text string, o Options) (*scanner, *Error) {
	if o.Delimiter != 0 && !canDelimit(o.Delimiter) {
		return nil, &Error{
			Message: fmt.Sprintf("%q cannot be a delimiter", o.Delimiter),
			Advice:  "use one character that is no letter, digit, quote or line end",
			Fix:     Fix{Option: OptionDelimiter},
		}
	}
	s := newScanner(text, ',', 1)
	if strings.HasPrefix(text, "#TYPE ") { // PowerShell's Export-Csv
		s.skipLine()
	}
	named := sepLine(text[s.pos:])
	if named != 0 {
		s.skipLine()
	}
	for s.line < o.HeaderRow && s.pos < len(text) {
		s.skipLine()
	}
	text = text[s.pos:]
	f.Dialect.Delimiter = cmp.Or(o.Delimiter, named)
	if f.Dialect.Delimiter == 0 {
		sample := text
		if len(sample) > sampleBytes {
			sample = sample[:strings.LastIndexAny(sample[:sampleBytes], "\r\n")+1]
		}
		f.Dialect.Delimiter = cmp.Or(findDelimiter(sample, o, commonDelimiters()), ',')
	}
	return newScanner(text, f.Dialect.Delimiter, s.line), nil
}

// sepLine is the delimiter that Excel's first line, sep=;, names; 0 where there is no such line.
func sepLine(s string) rune { return firstGroup(namesDelimiter, s) }

// namesDelimiter is read only.
var namesDelimiter = regexp.MustCompile(`(?i)^"?sep=` + anyDelimiter + `"?(?:[\r\n]|$)`)

// anyDelimiter is a group that matches what can delimit: no letter, digit, quote or line end.
const anyDelimiter = `([\t ]|[^"\pL\pN\pC\pZ\x{fffd}])`

// firstGroup is the character that the first group of a pattern matches, 0 where nothing matches.
func firstGroup(pattern *regexp.Regexp, s string) rune {
	groups := pattern.FindStringSubmatch(s)
	if groups == nil {
		return 0
	}
	return []rune(groups[1])[0]
}

func canDelimit(r rune) bool { return firstGroup(wholeDelimiter, string(r)) == r }

// wholeDelimiter is read only.
var wholeDelimiter = regexp.MustCompile("^" + anyDelimiter + "$")

func commonDelimiters() []rune { return []rune{'\t', ';', '|', ','} }

// findDelimiter takes the delimiter that cuts the header into most known words. Where that says
// nothing, as below title lines, it takes the one that cuts most of the first records into as many
// cells as the first, two at least, and then the one that is rarer in text: candidates are in that
// order. It is 0 for a file of one column.
func findDelimiter(sample string, o Options, candidates []rune) rune {
	best, found := fit{}, rune(0)
	if d := blockDelimiter(sample, o.Block); d != 0 {
		candidates = append(candidates, d)
	}
	for _, d := range candidates {
		if f := fitOf(sample, d, o); f.most > 0 && f.compare(best) > 0 {
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
	between := regexp.QuoteMeta(block[0]) + `"?` + anyDelimiter + `"?` + regexp.QuoteMeta(block[1])
	return firstGroup(regexp.MustCompile(between), text)
}

// A fit is how well a delimiter fits the beginning of a file.
type fit struct {
	words int // cells of the header that are known words, or Options.Block's
	first int // cells of the header
	most  int // cells of most records, two at least; 0 where no record has two
	agree int // records with that many cells, in thousandths
	even  int // 1 where the header has that many, too, and most records do
}

// compare is positive where a fits better than b.
func (a fit) compare(b fit) int {
	return cmp.Or(a.words-b.words, a.even-b.even, a.agree-b.agree, min(a.first, 2)-min(b.first, 2))
}

func fitOf(sample string, delimiter rune, o Options) fit {
	var f fit
	times := make(map[int]int) // by the number of cells
	records := 0
	for s := newScanner(sample, delimiter, 1); records < sampleRecords && s.next(); {
		if s.blank() {
			continue
		}
		if records++; records == 1 {
			cells := s.record(nil).Cells
			f.first = len(cells)
			f.words = o.LooksLikeHeader(cells)
			if lastRun(cells, o.Block) >= 0 {
				f.words += len(o.Block)
			}
		}
		if s.problem == nil && len(s.cells) > 1 {
			times[len(s.cells)]++
		}
	}
	for cells, n := range times {
		if n > times[f.most] || n == times[f.most] && cells > f.most {
			f.most = cells
		}
	}
	f.agree = times[f.most] * 1000 / max(records, 1)
	if f.first == f.most && f.agree > 500 {
		f.even = 1
	}
	return f
}
