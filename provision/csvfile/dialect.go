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

// scanFromHeader is a scanner of the text from where the header is looked for, with the delimiter that it finds.
func (f *File) scanFromHeader(text string, o Options) (*scanner, *Error) {
	if o.Delimiter != 0 && !wholeDelimiter.MatchString(string(o.Delimiter)) {
		return nil, &Error{
			Message: fmt.Sprintf("%q cannot be a delimiter", o.Delimiter),
			Advice:  "use one character that is no letter, digit, quote or line end",
			Fix:     Fix{Option: OptionDelimiter},
		}
	}
	line := 1
	skipLine := func() {
		text = text[len(wholeLine.FindString(text)):]
		line++
	}
	if strings.HasPrefix(text, "#TYPE ") { // PowerShell's Export-Csv
		skipLine()
	}
	named := firstGroup(sepLine, text)
	if named != 0 {
		skipLine()
	}
	for line < o.HeaderRow && text != "" {
		skipLine()
	}
	f.Dialect.Delimiter = cmp.Or(o.Delimiter, named)
	if f.Dialect.Delimiter == 0 {
		f.Dialect.Delimiter, _ = findDelimiter(text, o, commonDelimiters)
	}
	return newScanner(text, f.Dialect.Delimiter, line), nil
}

// anyDelimiter is a group that matches what can delimit: no letter, digit, quote or line end.
const anyDelimiter = `([\t ]|[^"\pL\pN\pC\pZ\x{fffd}])`

// They are read only. A sepLine is Excel's first line that names the delimiter: sep=;
var (
	sepLine        = regexp.MustCompile(`(?i)^"?sep=` + anyDelimiter + `"?(?:[\r\n]|$)`)
	wholeDelimiter = regexp.MustCompile("^" + anyDelimiter + "$")
	wholeLine      = regexp.MustCompile("^[^\r\n]*(\r\n?|\n)?")
)

// firstGroup is the character that the first group of a pattern matches, 0 where nothing matches.
func firstGroup(pattern *regexp.Regexp, s string) rune {
	groups := pattern.FindStringSubmatch(s)
	if groups == nil {
		return 0
	}
	return []rune(groups[1])[0]
}

// findDelimiter takes the delimiter that cuts the header into most known words. Where that says
// nothing, as below title lines, it takes the one that cuts most of the first records into as many
// cells as the first, two at least, and then the one that is rarer in text: candidates are in that
// order. It is a comma, with the zero fit, for a file of one column.
func findDelimiter(text string, o Options, candidates string) (rune, fit) {
	if len(o.Block) > 1 { // a result file keeps whatever delimiter its export had
		between := regexp.QuoteMeta(o.Block[0]) + `"?` + anyDelimiter + `"?` + regexp.QuoteMeta(o.Block[1])
		if d := firstGroup(regexp.MustCompile(between), text[:min(len(text), sampleBytes)]); d != 0 {
			candidates += string(d)
		}
	}
	best, found := fit{}, ','
	for _, d := range candidates {
		if f := fitOf(text, d, o); f.compare(best) > 0 {
			best, found = f, d
		}
	}
	return found, best
}

const (
	commonDelimiters = "\t;|,"
	rareDelimiters   = ":^~，；¦\u00a7\u00b6"

	// How much of a file decides about its delimiter.
	sampleBytes   = 256 << 10
	sampleRecords = 100
)

// A fit is how well a delimiter fits the beginning of a file. It is zero where no record has two cells.
type fit struct {
	words int // cells of the header that are known words, or Options.Block's
	even  int // 1 where the header has as many cells as most records have, otherwise 0
	agree int // of 1000 records, how many have the most frequent number of cells, two at least
}

func (a fit) compare(b fit) int { return cmp.Or(a.words-b.words, a.even-b.even, a.agree-b.agree) }

func fitOf(text string, delimiter rune, o Options) (f fit) {
	times := make(map[int]int) // by the number of cells
	header, records, most := 0, 0, 0
	for s := newScanner(text, delimiter, 1); records < sampleRecords && s.next(); {
		if s.blank() {
			continue
		}
		records++
		if records == 1 {
			cells := s.record(nil).Cells
			header = len(cells)
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
		if n > times[most] || n == times[most] && cells > most {
			most = cells
		}
	}
	if most == 0 {
		return fit{}
	}
	f.agree = times[most] * 1000 / records
	switch {
	case header == most && f.agree > 500:
		f.even = 1
	case header > 1:
		f.agree++ // it is better than one that does not cut the header
	}
	return f
}

// checkHeader refuses a file whose header shows that it is not read as it was meant: other quotes,
// whole lines in quotes, another delimiter.
func (f *File) checkHeader(o Options) *Error {
	if opening := foreignQuotes(f.Header.Cells); opening != "" {
		return &Error{
			Message: fmt.Sprintf("the file quotes with %s, which are no quotes in CSV", opening),
			Advice:  `export it with double quotes ("), or without`,
		}
	}
	if len(f.Header.Cells) > 1 {
		return nil
	}
	header, records := f.Header.Cells[0], f.Records[:min(len(f.Records), sampleRecords)]
	lines := []string{header}
	for _, r := range records {
		line := r.Raw
		if len(r.Cells) == 1 {
			line = r.Cells[0] // what its quotes hold may be the cells
		}
		lines = append(lines, line)
	}
	d, best := findDelimiter(strings.Join(lines, "\n"), o, commonDelimiters+rareDelimiters)
	isQuoted := func(r Record) bool { return strings.HasPrefix(Trim(r.Raw), `"`) }
	switch {
	case best.words < 2 && (best.even == 0 || len(records) == 0):
		return nil
	case !isQuoted(f.Header):
		message := fmt.Sprintf("the header is one column: %s", quote(header))
		if o.Delimiter != 0 {
			message = fmt.Sprintf("with %q as delimiter %s", o.Delimiter, message)
		}
		return &Error{Message: message, Fix: Fix{Option: OptionDelimiter, Value: string(d)}}
	case o.Delimiter != 0 && strings.Count(header, string(d)) < 2:
		return nil // a column of values such as "Last, First"
	}
	message := "the header is quoted as one cell"
	if len(records) > 0 && len(records[0].Cells) == 1 && isQuoted(records[0]) {
		message = "every line is quoted as one cell"
	}
	return &Error{
		Message:  message,
		Problems: []Problem{{Line: f.Header.Line, Message: quote(header)}},
		Advice:   "remove the quotes at both ends of the line, or export it again without them",
	}
}

// foreignQuotes is the quote with which every cell begins, "" where there is none.
func foreignQuotes(cells []string) (found string) {
	for _, c := range cells {
		if c = Trim(c); c == "" {
			continue
		}
		quotes := inForeignQuotes.FindStringSubmatch(c)
		if quotes == nil {
			return ""
		}
		found = cmp.Or(found, quotes[1])
	}
	return found
}

// inForeignQuotes is a cell in quotes that stand in place of a double quote. It is read only.
var inForeignQuotes = regexp.MustCompile("(?s)^(['‘’‚‛“”„‟«»‹›`´＂＇]).*['‘’‚‛“”„‟«»‹›`´＂＇]$")
