package csvfile

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
)

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
	return f.checkOneColumn(o)
}

// foreignQuotes is the quote with which every cell begins, "" where there is none.
func foreignQuotes(cells []string) string {
	found := ""
	for _, c := range cells {
		c = Trim(c)
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

// checkOneColumn refuses a header of one column that another delimiter would cut, or that would be cut
// without the quotes around it.
func (f *File) checkOneColumn(o Options) *Error {
	lines := []string{f.Header.Cells[0]}
	for _, r := range f.Records[:min(len(f.Records), sampleRecords)] {
		if len(r.Cells) == 1 {
			lines = append(lines, r.Cells[0])
		} else {
			lines = append(lines, r.Raw)
		}
	}
	sample := strings.Join(lines, "\n")
	rare := []rune{':', '^', '~', '，', '；', '¦', '\u00a7', '\u00b6'}
	d := findDelimiter(sample, o, append(commonDelimiters(), rare...))
	if d == 0 {
		return nil
	}
	fit := fitOf(sample, d, o)
	if fit.words < 2 && (fit.even == 0 || len(f.Records) == 0) {
		return nil
	}
	switch isQuoted := inQuotes(&f.Header); {
	case isQuoted && (o.Delimiter == 0 || fit.first > 2):
		message := "the header is quoted as one cell"
		if len(f.Records) > 0 && len(f.Records[0].Cells) == 1 && inQuotes(&f.Records[0]) {
			message = "every line is quoted as one cell"
		}
		return &Error{
			Message:  message,
			Problems: []Problem{{Line: f.Header.Line, Message: quote(f.Header.Cells[0])}},
			Advice:   "remove the quotes at both ends of the line, or export it again without them",
		}
	case isQuoted || d == f.Dialect.Delimiter:
		return nil
	}
	message := fmt.Sprintf("the header is one column: %s", quote(f.Header.Cells[0]))
	if o.Delimiter != 0 {
		message = fmt.Sprintf("with %q as delimiter %s", o.Delimiter, message)
	}
	return &Error{Message: message, Fix: Fix{Option: OptionDelimiter, Value: string(d)}}
}

// inQuotes reports whether a record begins with a quote.
func inQuotes(r *Record) bool { return strings.HasPrefix(Trim(r.Raw), `"`) }
