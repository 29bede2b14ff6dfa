package roster

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/text"
)

// ambiguous asks which of several sources a field comes from: it names them with their first values.
func (r *reader) ambiguous(option csvfile.Option, fitting []Source) *csvfile.Error {
	var names, values []string
	for _, s := range fitting {
		names, values = append(names, r.withValue(s)), append(values, s.text)
	}
	count := "two"
	if len(fitting) > 2 {
		count = fmt.Sprint(len(fitting))
	}
	if slices.Contains(values[1:], values[0]) {
		e := r.refuse("%s columns are called %s: which of them is meant is not clear", count, quote(values[0]))
		e.Advice = "rename all but the one that is meant"
		return e
	}
	e := r.refuse("%s columns fit the %s: %s", count, option, strings.Join(names, ", "))
	e.Fix, e.Others = csvfile.Fix{Option: option, Value: values[0]}, values[1:]
	return e
}

// withValue is a source with its first value.
func (r *reader) withValue(s Source) string {
	return fmt.Sprintf("%s (first value %s)", quote(s.text), quote(r.firstValue(s)))
}

// unknown refuses a header in an option's value that the file does not have, and names those that it has. It suggests
// the value with each of the nearest in its place.
func (r *reader) unknown(option csvfile.Option, header, value string) *csvfile.Error {
	var meant, values []string
	for _, column := range r.near(header, value) {
		name, old := r.headers[column], header
		meant = append(meant, r.withValue(r.single(column)))
		if braced := "{" + header + "}"; strings.Contains(value, braced) {
			name, old = "{"+name+"}", braced
		}
		values = append(values, strings.Replace(value, old, name, 1))
	}
	all, fix, advice := "the headers are ", csvfile.Fix{Option: option}, "name one of these headers"
	if len(meant) > 0 {
		all, fix.Value, advice = "did you mean "+strings.Join(meant, " or ")+"? The headers are ", values[0], ""
	}
	e := r.refuse("there is no column %s; %s%s", quote(header), all, list(r.headers, 20))
	e.Fix, e.Advice = fix, advice
	if len(values) > 1 && option != OptionWhere { // which can have several values, and one is replaced
		e.Others = values[1:]
	}
	return r.perhapsNoHeader(e)
}

// near are the columns whose headers contain a mistyped one, or else the one that is most like it: two characters
// in five may differ. Columns that the option's value has already are none of them.
func (r *reader) near(header, value string) []int {
	typed := fold(header)
	isNew := func(i int) bool { return !strings.Contains(value, "{"+r.headers[i]+"}") }
	containing := r.columns(func(i int) bool { return len(typed) > 1 && strings.Contains(r.folded[i], typed) && isNew(i) })
	i := slices.Index(r.folded, provision.Nearest(typed, r.folded, len(typed)))
	if len(containing) > 0 || i < 0 || !isNew(i) {
		return containing
	}
	if provision.Nearest(typed, r.folded[i:i+1], max(len(typed), len(r.folded[i]))*2/5) == "" {
		return nil
	}
	return []int{i}
}

// noSubject refuses a header in which no column is known to be the subject.
func (r *reader) noSubject() *csvfile.Error {
	e := r.refuse("no column is known to be the subject, or it is empty in every row; the headers are %s",
		list(r.headers, 20))
	address := r.Columns.Email.text
	e.Fix = csvfile.Fix{Option: OptionSubject, Value: address}
	switch {
	case address == "":
		e.Advice = "name the column that identifies a person for your identity provider"
	case !strings.ContainsAny(address, "{}"):
		e.Fix.Value = "{" + address + "}"
	}
	return r.perhapsNoHeader(e)
}

// perhapsNoHeader is an error about a header that lacks a column or, where the header is not the header, one that
// says so.
func (r *reader) perhapsNoHeader(e *csvfile.Error) *csvfile.Error {
	at, known := r.File.Header.Line, LooksLikeHeader(r.headers)
	if line := r.otherHeader(known); line > 0 {
		e = r.refuse("line %d is no header, but line %d looks like the header", at, line)
		e.Fix = csvfile.Fix{Option: csvfile.OptionHeaderRow, Value: fmt.Sprint(line)}
	} else if i := slices.IndexFunc(r.headers, isData); i >= 0 && known == 0 {
		e = r.refuse("there is no header: line %d holds %s, so it is a row", at, quote(csvfile.Trim(r.headers[i])))
		e.Advice = "put a line with the columns' names above it"
	} else if r.File.Dialect.Guessed && known == 0 {
		e.Fix = csvfile.Fix{Option: csvfile.OptionEncoding}
		e.Advice = "the file is not UTF-8 and was read as Windows-1252; where that is wrong, name its encoding: " +
			"Shift_JIS, ISO-8859-2, macintosh …"
	}
	return e
}

// otherHeader is the line of a record above the header, or among the first ones below it, that has a header's
// words where the header has fewer, known of them; 0 where there is none.
func (r *reader) otherHeader(known int) int {
	const titleLines = 20
	below := r.File.Records[:min(titleLines, len(r.File.Records))]
	for _, record := range slices.Concat(r.File.Above, below) {
		words := LooksLikeHeader(record.Cells)
		hasSubject := slices.ContainsFunc(record.Cells, func(c string) bool { return fieldsOf(c)&subject != 0 })
		if words > max(1, known) || words > known && hasSubject {
			return record.Line
		}
	}
	return 0
}

// isData reports whether a cell is what no header would hold: an address, or a number.
func isData(cell string) bool {
	cell = csvfile.Trim(cell)
	isNoDigit := func(r rune) bool { return !unicode.IsDigit(r) }
	return cell != "" && (badEmail(cell) == "" || !strings.ContainsFunc(cell, isNoDigit))
}

// refuse is an error about the file.
func (r *reader) refuse(format string, args ...any) *csvfile.Error {
	return &csvfile.Error{File: r.File.Name, Message: fmt.Sprintf(format, args...)}
}

// list shows values to people: so many at most, then how many there are besides.
func list(values []string, most int) string {
	var quoted []string
	for _, v := range values[:min(most, len(values))] {
		quoted = append(quoted, quote(v))
	}
	shown := strings.Join(quoted, ", ")
	if more := len(values) - most; more > 0 {
		shown += " and " + text.Grouped(more) + " more"
	}
	return shown
}
