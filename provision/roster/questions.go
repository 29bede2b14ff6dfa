package roster

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/text"
)

// ambiguous asks which of several sources a field comes from: it names them with their first values.
func (c *chooser) ambiguous(option csvfile.Option, fitting []Source) *csvfile.Error {
	names, count, same := make([]string, len(fitting)), "two", true
	for i := range fitting {
		s := &fitting[i]
		names[i] = fmt.Sprintf("%s (first value %s)", s.describe(), quote(c.firstValue(*s)))
		same = same && s.isHeader() && s.text == fitting[0].text
	}
	if len(fitting) > 2 {
		count = fmt.Sprint(len(fitting))
	}
	what := string(option)
	if option == OptionWhere {
		what = "condition"
	}
	if same {
		e := c.refuse("%s columns are called %s, so which of them is the %s is not clear", count,
			quote(fitting[0].text), what)
		e.Advice = "rename all but the one that is meant"
		return e
	}
	e := c.refuse("%s columns fit the %s: %s", count, what, strings.Join(names, ", "))
	e.Fix = csvfile.Fix{Option: option, Value: fitting[0].text}
	return e
}

// wholeOrPart asks whether a column beside one for first or last names holds whole names or the
// other part. It suggests what the values look like: a whole name has the part in it.
func (c *chooser) wholeOrPart(unclear int, first, last []int) *csvfile.Error {
	beside, other := 0, "first name"
	var pair Source
	if len(first) > 0 {
		beside, other, pair = first[0], "last name", c.pair(first[0], unclear)
	} else {
		beside, pair = last[0], c.pair(unclear, last[0])
	}
	header := quote(c.headers[unclear])
	e := c.refuse("beside %s, %s (%s) may be the whole name or the %s", c.withValue(beside), header,
		quote(c.firstValue(c.single(unclear))), other)
	e.Advice = fmt.Sprintf("the name is %s where %s is the %s, and %s where it is the whole name",
		pair.text, header, other, header)
	e.Fix = csvfile.Fix{Option: OptionName, Value: pair.text}
	if c.containsPart(unclear, beside) {
		e.Fix.Value = c.headers[unclear]
	}
	return e
}

// containsPart reports whether a column has a part of the name in it, in most rows.
func (c *chooser) containsPart(whole, part int) bool {
	held, rows := 0, 0
	for i := range c.file.Records {
		cells := c.file.Records[i].Cells
		if one, all := cellAt(cells, part), cellAt(cells, whole); one != "" && all != "" {
			rows++
			words := strings.FieldsFunc(all, func(r rune) bool { return unicode.IsSpace(r) || r == ',' })
			if slices.Contains(words, one) {
				held++
			}
		}
	}
	return held*2 > rows
}

// badTemplate refuses a template, and shows what one looks like.
func (c *chooser) badTemplate(option csvfile.Option, template, why string, args ...any) *csvfile.Error {
	e := c.refuse("%s: the template %s%s", option, quote(template), fmt.Sprintf(why, args...))
	e.Fix.Option = option
	e.Advice = "a template has headers in braces: {" + c.nearest(template)[0] + "}"
	return e
}

// unknown refuses a header that the file does not have, and names those that it has, the nearest
// first. value is the option's whole value: a near header is suggested in its place there.
func (c *chooser) unknown(option csvfile.Option, header, value string) *csvfile.Error {
	headers := c.nearest(header)
	near := slices.DeleteFunc(slices.Clone(headers), func(h string) bool {
		return !isNear(header, h) || strings.Contains(value, "{"+h+"}")
	})
	all := "the headers are "
	switch {
	case len(near) > 1:
		all = "did you mean " + c.withValue(slices.Index(c.headers, near[0])) + " or " +
			c.withValue(slices.Index(c.headers, near[1])) + "? The headers are "
	case len(near) == 1:
		all = "did you mean " + quote(near[0]) + "? The headers are "
	}
	e := c.refuse("there is no column %s; %s%s", quote(header), all, list(headers, 20))
	e.Fix.Option = option
	switch braced := "{" + header + "}"; {
	case len(near) == 0:
		e.Advice = "name one of these headers"
	case strings.Contains(value, braced):
		e.Fix.Value = strings.Replace(value, braced, "{"+near[0]+"}", 1)
	default:
		e.Fix.Value = strings.Replace(value, header, near[0], 1)
	}
	return c.perhapsNoHeader(e)
}

// withValue is a column's header with its first value.
func (c *chooser) withValue(column int) string {
	return fmt.Sprintf("%s (first value %s)", quote(c.headers[column]), quote(c.firstValue(c.single(column))))
}

// noSubject refuses a header in which no column is known to be the subject.
func (c *chooser) noSubject(address *Source) *csvfile.Error {
	e := c.refuse("no column is known to be the subject; the headers are %s", list(c.nearest(""), 20))
	var empty []string
	for i, h := range c.headers {
		if c.roles[i]&subject != 0 {
			empty = append(empty, quote(h))
		}
	}
	if len(empty) > 0 {
		e.Message = strings.Join(empty, " and ") + ", which could be the subject, is empty in every row"
	}
	e.Fix = csvfile.Fix{Option: OptionSubject, Value: address.text}
	if address.isHeader() && !strings.ContainsAny(address.text, "{}") {
		e.Fix.Value = "{" + address.text + "}"
	}
	if address.text == "" {
		e.Advice = "name the column that identifies a person for your identity provider"
	} else {
		e.Message += "; the email address can be the subject"
	}
	return c.perhapsNoHeader(e)
}

// perhapsNoHeader is an error about a header that lacks a column or, where the header is not the
// header, one that says so.
func (c *chooser) perhapsNoHeader(e *csvfile.Error) *csvfile.Error {
	at, known := c.file.Header.Line, LooksLikeHeader(c.headers)
	why := "line %d is no header, but line %d looks like the header"
	line := headerAmong(c.file.Above, known)
	if line == 0 {
		why = "line %d has no subject, but line %d looks like the header"
		line = headerAmong(c.file.Records, known)
	}
	if line > 0 {
		e = c.refuse(why, at, line)
		e.Fix = csvfile.Fix{Option: csvfile.OptionHeaderRow, Value: fmt.Sprint(line)}
	} else if i := slices.IndexFunc(c.headers, isData); i >= 0 && known == 0 {
		e = c.refuse("there is no header: line %d holds %s, so it is a row", at, quote(trim(c.headers[i])))
		e.Advice = "put a line with the columns' names above it"
	} else if c.file.Dialect.Guessed && known == 0 {
		e.Fix = csvfile.Fix{Option: csvfile.OptionEncoding}
		e.Advice = "the file is not UTF-8 and was read as Windows-1252; where that is wrong, name its encoding: " +
			"Shift_JIS, ISO-8859-2, macintosh …"
	}
	return e
}

// headerAmong is the line, among the first ones, of a record that has a header's words where the
// header has fewer, known of them; 0 where there is none.
func headerAmong(records []csvfile.Record, known int) int {
	const titleLines = 20
	for i := range min(titleLines, len(records)) {
		r := &records[i]
		words := LooksLikeHeader(r.Cells)
		hasSubject := slices.ContainsFunc(r.Cells, func(c string) bool { return rolesOf(c)&subject != 0 })
		if words > max(1, known) || words > known && hasSubject {
			return r.Line
		}
	}
	return 0
}

// isData reports whether a cell is what no header would hold: an address, or a number.
func isData(cell string) bool {
	cell = trim(cell)
	return strings.Contains(cell, "@") && badEmail(cell) == "" ||
		cell != "" && strings.IndexFunc(cell, func(r rune) bool { return !unicode.IsDigit(r) }) < 0
}

// refuse is an error about the file.
func (c *chooser) refuse(format string, args ...any) *csvfile.Error {
	return &csvfile.Error{File: c.file.Name, Message: fmt.Sprintf(format, args...)}
}

// list shows values to people: so many at most.
func list(values []string, most int) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = quote(v)
	}
	return enumerate(quoted, most)
}

// enumerate lists items with commas between: so many at most, then how many there are besides.
func enumerate(items []string, most int) string {
	if more := len(items) - most; more > 0 {
		return strings.Join(items[:most], ", ") + " and " + text.Grouped(more) + " more"
	}
	return strings.Join(items, ", ")
}

// nearest lists the headers that are the export's, those first that are most like a mistyped one; ""
// leaves them in their order. There is always one.
func (c *chooser) nearest(mistyped string) []string {
	headers := slices.Clone(c.headers)
	if c.file.Block >= 0 {
		headers = slices.Delete(headers, c.file.Block, c.file.BlockEnd)
	}
	typed := fold(mistyped)
	rank := func(header string) int {
		known := fold(header)
		if at := strings.Index(known, typed); at >= 0 && utf8.RuneCountInString(typed) > 1 {
			return min(at, 1) - 2 // begins with it, or contains it
		}
		return distance([]rune(typed), []rune(known))
	}
	if typed != "" {
		slices.SortStableFunc(headers, func(a, b string) int { return rank(a) - rank(b) })
	}
	return headers
}

// isNear reports whether a text is part of a header, or a header mistyped: two characters in five may
// differ.
func isNear(text, header string) bool {
	a, b := fold(text), fold(header)
	x, y := []rune(a), []rune(b)
	return len(x) > 1 && strings.Contains(b, a) || distance(x, y)*5 <= max(len(x), len(y))*2
}

// distance is the Levenshtein distance; of the first 64 characters, so that a strange header costs
// nothing.
func distance(a, b []rune) int {
	a, b = a[:min(len(a), 64)], b[:min(len(b), 64)]
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j := range b {
			step := diagonal
			if a[i] != b[j] {
				step++
			}
			diagonal = row[j+1]
			row[j+1] = min(step, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
