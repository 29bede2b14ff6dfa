package csvfile

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// checkHeader refuses a file whose header shows that it is not read as it was meant: another delimiter, other quotes,
// whole lines in quotes.
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
	if e := f.checkQuotedLines(o); e != nil {
		return e
	}
	return f.checkDelimiter(o)
}

// foreignQuotes is the quote in which every cell stands, "" where there is none.
func foreignQuotes(cells []string) string {
	found := ""
	for _, c := range cells {
		c = strings.TrimFunc(c, isBlank)
		if c == "" {
			continue
		}
		opening, n := utf8.DecodeRuneInString(c)
		closing, m := utf8.DecodeLastRuneInString(c)
		i := strings.IndexRune(otherQuotes, opening)
		if n+m > len(c) || i < 0 || !strings.ContainsRune(otherQuotes, closing) {
			return ""
		}
		if found == "" {
			found = string(opening)
		}
	}
	return found
}

// otherQuotes stand around cells in place of a double quote.
const otherQuotes = "'‘’‚‛“”„‟«»‹›`´＂＇"

// checkQuotedLines refuses a file of lines that are one quoted cell each, which holds the delimiters.
func (f *File) checkQuotedLines(o Options) *Error {
	if !inQuotes(&f.Header) {
		return nil
	}
	d := findDelimiter(sample{f.Header.Cells[0], true}, o, commonDelimiters(), 0)
	if d == 0 {
		return nil
	}
	cells := strings.Split(f.Header.Cells[0], string(d))
	quotedLines := 0
	for i := range f.Records {
		r := &f.Records[i]
		if len(r.Cells) == 1 && inQuotes(r) && strings.Count(r.Cells[0], string(d)) == len(cells)-1 {
			quotedLines++
		}
	}
	sure := len(cells) > 2 || o.Delimiter == 0 && o.words(cells) > 1
	switch {
	case sure && quotedLines > 0 && quotedLines*10 >= len(f.Records)*9:
		return &Error{
			Message: "every line is quoted as one cell",
			Advice:  "remove the quotes at both ends of each line, or export it again without them",
		}
	case sure && o.words(cells) > 1 || len(cells) > 2 && len(f.Records) > 0 && len(f.Records[0].Cells) == len(cells):
		return &Error{
			Message:  "the header is quoted as one cell",
			Problems: []Problem{{Line: f.Header.Line, Message: quote(f.Header.Cells[0])}},
			Advice:   "remove the quotes at both ends of the line",
		}
	}
	return nil
}

// inQuotes reports whether a record begins with a quote.
func inQuotes(r *Record) bool { return strings.HasPrefix(strings.TrimLeftFunc(r.Raw, isBlank), `"`) }

// checkDelimiter refuses a header of one column that another delimiter would cut.
func (f *File) checkDelimiter(o Options) *Error {
	candidates := []rune{':', '^', '~', '，', '；', '¦', '\u00a7', '\u00b6'}
	if o.Delimiter != 0 {
		candidates = append(candidates, commonDelimiters()...)
	}
	text := f.Header.Raw + "\n"
	for i := range min(len(f.Records), sampleRecords) {
		text += f.Records[i].Raw + "\n"
	}
	s := sample{text, true}
	d := findDelimiter(s, o, candidates, 0)
	if d == 0 || d == o.Delimiter {
		return nil
	}
	best := fitOf(s, d, o)
	if best.first < 2 || (!best.header || best.agree <= 500 || len(f.Records) == 0) && best.words < 2 {
		return nil
	}
	message := fmt.Sprintf("the header is one column: %s", quote(f.Header.Cells[0]))
	if o.Delimiter != 0 {
		message = fmt.Sprintf("with %s the header is one column: %s", delimiterName(o.Delimiter), quote(f.Header.Cells[0]))
	}
	return &Error{Message: message, Fix: Fix{Option: OptionDelimiter, Value: string(d)}}
}

func commonDelimiters() []rune { return []rune{'\t', ';', '|', ','} }

// delimiterName is a delimiter in words.
func delimiterName(d rune) string {
	switch d {
	case ',':
		return "comma"
	case ';':
		return "semicolon"
	case '\t':
		return "tab"
	case '|':
		return "pipe"
	}
	return fmt.Sprintf("%q", d)
}
