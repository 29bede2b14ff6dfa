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
func (c *chooser) ambiguous(option csvfile.Option, fitting []Source) *csvfile.Error {
	names, values := make([]string, len(fitting)), make([]string, len(fitting))
	for i, s := range fitting {
		names[i] = fmt.Sprintf("%s (first value %s)", quote(s.text), quote(c.firstValue(s)))
		values[i] = s.text
	}
	count, what := "two", string(option)
	if len(fitting) > 2 {
		count = fmt.Sprint(len(fitting))
	}
	if option == OptionWhere {
		what = "condition"
	}
	if slices.Contains(values[1:], values[0]) {
		e := c.refuse("%s columns are called %s, so which of them is the %s is not clear", count, quote(values[0]), what)
		e.Advice = "rename all but the one that is meant"
		return e
	}
	e := c.refuse("%s columns fit the %s: %s", count, what, strings.Join(names, ", "))
	e.Fix, e.Others = csvfile.Fix{Option: option, Value: values[0]}, values[1:]
	return e
}

// which asks which of several columns a header in an option's value is about. It suggests the value with each.
func (c *chooser) which(option csvfile.Option, columns []int, header, value string) *csvfile.Error {
	e := c.ambiguous(option, c.singles(columns))
	if e.Fix.Value != "" {
		e.Fix.Value = replaceHeader(value, header, e.Fix.Value)
	}
	for i, other := range e.Others {
		e.Others[i] = replaceHeader(value, header, other)
	}
	if option == OptionWhere {
		e.Others = nil // the option can have several values
	}
	return e
}

// unknown refuses a header in an option's value that the file does not have, and names those that it has.
func (c *chooser) unknown(option csvfile.Option, header, value string) *csvfile.Error {
	near, all := c.near(header, value), "the headers are "
	if len(near) > 1 {
		return c.which(option, near, header, value)
	}
	fix, advice := csvfile.Fix{Option: option}, "name one of these headers"
	if len(near) == 1 {
		meant := c.headers[near[0]]
		fix.Value, advice = replaceHeader(value, header, meant), ""
		all = "did you mean " + quote(meant) + "? The headers are "
	}
	e := c.refuse("there is no column %s; %s%s", quote(header), all, list(c.headers, 20))
	e.Fix, e.Advice = fix, advice
	return c.perhapsNoHeader(e)
}

// near are the columns whose headers contain a mistyped one, or else the one that is most like it: two characters
// in five may differ. Columns that the option's value has already are none of them.
func (c *chooser) near(header, value string) []int {
	var containing []int
	typed, words := fold(header), make([]string, len(c.headers))
	for i, h := range c.headers {
		if strings.Contains(value, "{"+h+"}") {
			continue
		}
		words[i] = fold(h)
		if len(typed) > 1 && strings.Contains(words[i], typed) {
			containing = append(containing, i)
		}
	}
	nearest := provision.Nearest(typed, words, len(typed))
	if len(containing) > 0 || nearest == "" {
		return containing
	}
	if provision.Nearest(typed, []string{nearest}, max(len(typed), len(nearest))*2/5) == "" {
		return nil
	}
	return []int{slices.Index(words, nearest)}
}

// replaceHeader is an option's value with another header in the place of one.
func replaceHeader(value, header, other string) string {
	if braced := "{" + header + "}"; strings.Contains(value, braced) {
		return strings.Replace(value, braced, "{"+other+"}", 1)
	}
	return strings.Replace(value, header, other, 1)
}

// noSubject refuses a header in which no column is known to be the subject.
func (c *chooser) noSubject(address *Source) *csvfile.Error {
	e := c.refuse("no column is known to be the subject, or it is empty in every row; the headers are %s",
		list(c.headers, 20))
	e.Fix = csvfile.Fix{Option: OptionSubject, Value: address.text}
	switch {
	case address.text == "":
		e.Advice = "name the column that identifies a person for your identity provider"
	case !strings.ContainsAny(address.text, "{}"):
		e.Fix.Value = "{" + address.text + "}"
	}
	return c.perhapsNoHeader(e)
}

// perhapsNoHeader is an error about a header that lacks a column or, where the header is not the header, one that
// says so.
func (c *chooser) perhapsNoHeader(e *csvfile.Error) *csvfile.Error {
	at, known := c.file.Header.Line, LooksLikeHeader(c.headers)
	if line := c.otherHeader(known); line > 0 {
		e = c.refuse("line %d is no header, but line %d looks like the header", at, line)
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

// otherHeader is the line of a record above the header, or among the first ones below it, that has a header's
// words where the header has fewer, known of them; 0 where there is none.
func (c *chooser) otherHeader(known int) int {
	const titleLines = 20
	below := c.file.Records[:min(titleLines, len(c.file.Records))]
	for _, r := range slices.Concat(c.file.Above, below) {
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
	isNoDigit := func(r rune) bool { return !unicode.IsDigit(r) }
	return cell != "" && (badEmail(cell) == "" || !strings.ContainsFunc(cell, isNoDigit))
}

// refuse is an error about the file.
func (c *chooser) refuse(format string, args ...any) *csvfile.Error {
	return &csvfile.Error{File: c.file.Name, Message: fmt.Sprintf(format, args...)}
}

// list shows values to people: so many at most, then how many there are besides.
func list(values []string, most int) string {
	var b strings.Builder
	for i, v := range values[:min(most, len(values))] {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(quote(v))
	}
	if more := len(values) - most; more > 0 {
		b.WriteString(" and " + text.Grouped(more) + " more")
	}
	return b.String()
}
