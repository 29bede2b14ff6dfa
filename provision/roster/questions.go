package roster

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/text"
)

// ambiguous asks which of several sources a field comes from: it names them with their first values.
func (c *chooser) ambiguous(option csvfile.Option, fitting []Source) error {
	names := make([]string, len(fitting))
	same := true
	for i := range fitting {
		s := &fitting[i]
		names[i] = fmt.Sprintf("%s (first value %s)", s.describe(), quote(firstValue(c.file, s)))
		same = same && s.plain && s.text == fitting[0].text
	}
	if same {
		e := c.refuse("%s columns are called %s, so which of them is the %s is not clear", count(len(names)),
			quote(fitting[0].text), what(option))
		e.Advice = "rename all but the one that is meant"
		return e
	}
	e := c.refuse("%s columns fit the %s: %s", count(len(names)), what(option), strings.Join(names, ", "))
	e.Fix = csvfile.Fix{Option: option, Value: fitting[0].text}
	return e
}

// what is the word for a source that an option names.
func what(option csvfile.Option) string {
	if option == OptionWhere {
		return "condition"
	}
	return string(option)
}

func count(n int) string {
	if n == 2 {
		return "two"
	}
	return fmt.Sprint(n)
}

// wholeOrLast asks whether a column beside a first name is the whole name or the last one. It
// suggests what the values look like: a whole name has the first one in it.
func (c *chooser) wholeOrLast(whole, first int) error {
	w, f := c.headers[whole], c.headers[first]
	one, other := c.single(first), c.single(whole)
	e := c.refuse("beside %s (first value %s), %s (%s) may be the whole name or the last name", quote(f),
		quote(firstValue(c.file, &one)), quote(w), quote(firstValue(c.file, &other)))
	pair := c.pair(first, whole).text
	e.Fix = csvfile.Fix{Option: OptionName, Value: pair}
	e.Advice = fmt.Sprintf("the name is %s where %s is the last name, and %s where it is the whole name",
		pair, quote(w), quote(w))
	held, rows := 0, 0
	for i := range c.file.Records {
		cells := c.file.Records[i].Cells
		if v := cellAt(cells, first); v != "" && cellAt(cells, whole) != "" {
			rows++
			if slices.Contains(strings.FieldsFunc(cellAt(cells, whole), notInName), v) {
				held++
			}
		}
	}
	if held*2 > rows {
		e.Fix.Value = w
	}
	return e
}

func notInName(r rune) bool { return unicode.IsSpace(r) || r == ',' }

// unknown refuses a header that the file does not have, and names those that it has, the nearest
// first. value is the option's whole value: a near header is suggested in its place there.
func (c *chooser) unknown(option csvfile.Option, header, value string) error {
	headers := c.nearest(header)
	near := slices.DeleteFunc(slices.Clone(headers), func(h string) bool {
		return !isNear(header, h) && !isPart(header, h) || strings.Contains(value, "{"+h+"}")
	})
	all := "the headers are "
	switch {
	case len(near) > 1:
		all = "did you mean " + c.withValue(near[0]) + " or " + c.withValue(near[1]) + "? The headers are "
	case len(near) == 1:
		all = "did you mean " + quote(near[0]) + "? The headers are "
	}
	e := c.refuse("there is no column %s; %s%s", quote(header), all, c.list(headers))
	e.Fix.Option = option
	if len(near) > 0 {
		nearest := near[0]
		if braced := "{" + header + "}"; strings.Contains(value, braced) {
			header, nearest = braced, "{"+nearest+"}"
		}
		e.Fix.Value = strings.Replace(value, header, nearest, 1)
	} else {
		e.Advice = "name one of these headers"
	}
	return &missingError{e}
}

// withValue is a header with the first value of its column.
func (c *chooser) withValue(header string) string {
	column := c.single(slices.Index(c.headers, header))
	return fmt.Sprintf("%s (first value %s)", quote(header), quote(firstValue(c.file, &column)))
}

// badTemplate refuses a template, and shows what one looks like.
func (c *chooser) badTemplate(option csvfile.Option, template, why string) error {
	e := c.refuse("%s: the template %s%s", option, quote(template), why)
	e.Fix.Option = option
	e.Advice = "a template has headers in braces: {" + c.nearest(template)[0] + "}"
	return e
}

// noSubject refuses a header in which no column is known to be the subject.
func (c *chooser) noSubject(address Source) error {
	e := c.refuse("no column is known to be the subject; the headers are %s", c.list(c.exportHeaders()))
	e.Fix.Option = OptionSubject
	var empty []string
	for i, h := range c.headers {
		if c.roles[i]&subject != 0 {
			empty = append(empty, quote(h))
		}
	}
	if len(empty) > 0 {
		e.Message = strings.Join(empty, " and ") + ", which could be the subject, is empty in every row"
	}
	switch {
	case address.plain && strings.ContainsAny(address.text, "{}"):
		e.Fix.Value = address.text
	case address.plain:
		e.Fix.Value = "{" + address.text + "}"
	case address.text != "":
		e.Fix.Value = address.text
	default:
		e.Advice = "name the column that identifies a person for your identity provider"
	}
	if e.Fix.Value != "" {
		e.Message += "; the address can be the subject"
	}
	return &missingError{e}
}

// A missingError says that the header lacks a column: perhaps it is not the header.
type missingError struct{ err *csvfile.Error }

func (e *missingError) Error() string { return e.err.Error() }

// explain makes a missingError the *csvfile.Error that it holds, or one that says why the header is
// not the header.
func (c *chooser) explain(err error) error {
	var missing *missingError
	if !errors.As(err, &missing) {
		return err
	}
	e, at := missing.err, c.file.Header.Line
	known := LooksLikeHeader(c.headers)
	if line := headerAmong(c.file.Above, known); line > 0 {
		e = c.refuse("line %d is no header, but line %d looks like the header", at, line)
		e.Fix = csvfile.Fix{Option: csvfile.OptionHeaderRow, Value: fmt.Sprint(line)}
	} else if line := headerAmong(c.file.Records, known); line > 0 {
		e = c.refuse("line %d has no subject, but line %d looks like the header", at, line)
		e.Fix = csvfile.Fix{Option: csvfile.OptionHeaderRow, Value: fmt.Sprint(line)}
	} else if v := dataLike(c.headers); v != "" && known == 0 {
		e = c.refuse("there is no header: line %d holds %s, so it is a row", at, quote(v))
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

// dataLike is the first cell that no header would hold: an address, or a number.
func dataLike(cells []string) string {
	for _, c := range cells {
		c = trim(c)
		if strings.Contains(c, "@") && badAddress(c) == "" {
			return c
		}
		if c != "" && strings.IndexFunc(c, func(r rune) bool { return !unicode.IsDigit(r) }) < 0 {
			return c
		}
	}
	return ""
}

// exportHeaders lists the headers that are not the result file's.
func (c *chooser) exportHeaders() []string {
	headers := make([]string, 0, len(c.headers))
	for i, h := range c.headers {
		if !inBlock(c.file, i) {
			headers = append(headers, h)
		}
	}
	return headers
}

// nearest lists the export's headers, the nearest to a text first: those that begin with it, those
// that contain it, the others by their distance. There is always one.
func (c *chooser) nearest(mistyped string) []string {
	headers := c.exportHeaders()
	if len(headers) == 0 {
		return []string{""}
	}
	typed := fold(mistyped)
	rank := func(header string) int {
		switch h := fold(header); {
		case isPart(mistyped, header) && strings.HasPrefix(h, typed):
			return -2
		case isPart(mistyped, header):
			return -1
		default:
			return distance([]rune(typed), []rune(h))
		}
	}
	slices.SortStableFunc(headers, func(a, b string) int { return rank(a) - rank(b) })
	return headers
}

// isPart reports whether a header contains a text of two characters or more.
func isPart(text, header string) bool {
	text = fold(text)
	return utf8.RuneCountInString(text) > 1 && strings.Contains(fold(header), text)
}

// list shows headers to people: 20 at most.
func (c *chooser) list(headers []string) string {
	quoted := make([]string, len(headers))
	for i, h := range headers {
		quoted[i] = quote(h)
	}
	return enumerate(quoted, 20)
}

// enumerate lists items with commas between: so many at most, then how many there are besides.
func enumerate(items []string, most int) string {
	if more := len(items) - most; more > 0 {
		return strings.Join(items[:most], ", ") + " and " + text.Grouped(more) + " more"
	}
	return strings.Join(items, ", ")
}

// isNear reports whether a text is another one mistyped: two characters in five may differ.
func isNear(a, b string) bool {
	x, y := []rune(fold(a)), []rune(fold(b))
	return distance(x, y)*5 <= max(len(x), len(y))*2
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
