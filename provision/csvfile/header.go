package csvfile

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
)

// checkHeader refuses a file whose header shows that it is not read as it was meant: other quotes,
// whole lines in quotes, another delimiter. text begins with the header.
func (f *File) checkHeader(text string, o Options) *Error {
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
	return f.checkDelimiter(sampleOf(text), o)
}

// foreignQuotes is the quote with which every cell begins, "" where there is none.
func foreignQuotes(cells []string) string {
	found := ""
	for _, c := range cells {
		c = strings.TrimFunc(c, isBlank)
		quotes := inForeignQuotes.FindStringSubmatch(c)
		switch {
		case c == "":
		case quotes == nil:
			return ""
		default:
			found = cmp.Or(found, quotes[1])
		}
	}
	return found
}

// inForeignQuotes is a cell in quotes that stand in place of a double quote. It is read only.
var inForeignQuotes = regexp.MustCompile("(?s)^(['‘’‚‛“”„‟«»‹›`´＂＇]).*['‘’‚‛“”„‟«»‹›`´＂＇]$")

// checkQuotedLines refuses a file whose header, or whose every line, is one quoted cell that holds
// the delimiters.
func (f *File) checkQuotedLines(o Options) *Error {
	header := f.Header.Cells[0]
	d := findDelimiter(header, o, commonDelimiters())
	if d == 0 || !inQuotes(&f.Header) {
		return nil
	}
	cells := strings.Split(header, string(d))
	known := o.LooksLikeHeader(cells) > 1 && (o.Delimiter == 0 || len(cells) > 2)
	var first Record
	if len(f.Records) > 0 {
		first = f.Records[0]
	}
	message, confirmed := "the header is quoted as one cell", len(first.Cells) == len(cells)
	if len(first.Cells) == 1 && inQuotes(&first) && strings.Count(first.Cells[0], string(d)) == len(cells)-1 {
		message, confirmed = "every line is quoted as one cell", true
	}
	if !known && !(confirmed && len(cells) > 2) {
		return nil
	}
	return &Error{
		Message:  message,
		Problems: []Problem{{Line: f.Header.Line, Message: quote(header)}},
		Advice:   "remove the quotes at both ends of the line, or export it again without them",
	}
}

// inQuotes reports whether a record begins with a quote.
func inQuotes(r *Record) bool { return strings.HasPrefix(strings.TrimLeftFunc(r.Raw, isBlank), `"`) }

// checkDelimiter refuses a header of one column that another delimiter would cut.
func (f *File) checkDelimiter(sample string, o Options) *Error {
	rare := []rune{':', '^', '~', '，', '；', '¦', '\u00a7', '\u00b6'}
	d := findDelimiter(sample, o, append(commonDelimiters(), rare...))
	if d == 0 || d == f.Dialect.Delimiter {
		return nil
	}
	best := fitOf(sample, d, o)
	if best.words < 2 && !(best.even > 0 && best.agree > 500 && len(f.Records) > 0) {
		return nil
	}
	message := fmt.Sprintf("the header is one column: %s", quote(f.Header.Cells[0]))
	if o.Delimiter != 0 {
		message = fmt.Sprintf("with %q as delimiter %s", o.Delimiter, message)
	}
	return &Error{Message: message, Fix: Fix{Option: OptionDelimiter, Value: string(d)}}
}
