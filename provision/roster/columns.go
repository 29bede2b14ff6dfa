package roster

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/text"
)

// Columns are where a person's fields come from. Name, Email and Roles may have no source.
type Columns struct {
	Subject, Name, Email, Roles Source
}

// sources are the sources in the order of the fields of provision.Person.
func (c *Columns) sources() []*Source { return []*Source{&c.Subject, &c.Name, &c.Email, &c.Roles} }

// uses reports whether a field comes from the column at index i.
func (c *Columns) uses(i int) bool {
	return slices.ContainsFunc(c.sources(), func(s *Source) bool { return slices.Contains(s.columns, i) })
}

// decideColumns finds the columns that the options name or, unless Decided, those whose headers say what they hold.
// Where two fit it asks: no word is better than another.
func (r *reader) decideColumns() error {
	o, c := r.options, &r.Columns
	for _, wanted := range []struct {
		source  *Source
		option  csvfile.Option
		asked   string
		fitting []string // sources as options would give them
	}{
		{&c.Roles, OptionRoles, o.Roles, nil},
		{&c.Email, OptionEmail, o.Email, r.fitting(emailField)},
		{&c.Subject, OptionSubject, o.Subject, r.fitting(subjectField)},
		{&c.Name, OptionName, o.Name, r.names()},
	} {
		choices := wanted.fitting
		if wanted.asked != "" {
			choices = []string{wanted.asked}
		} else if o.Decided {
			choices = nil
		}
		switch {
		case len(choices) > 1:
			return r.ambiguous(wanted.option, choices)
		case len(choices) == 1:
			source, bad := r.source(wanted.option, choices[0])
			if bad != nil {
				return bad
			}
			*wanted.source = source
		case wanted.option == OptionSubject && !o.Decided:
			return r.noSubject()
		}
	}
	r.used = r.columns(c.uses)
	r.hasPersons = c.Name.text != "" || c.Email.text != "" ||
		slices.ContainsFunc(r.fields, func(f field) bool { return f&anyName != 0 })
	return nil
}

// find is the column of a header that stands in an option's value: the very same header, or the only one that matches
// without case, spaces and punctuation. Of columns with one header, those that are empty in every row do not count; of
// several others it is the first, with an error.
func (r *reader) find(option csvfile.Option, header, value string) (Source, *csvfile.Error) {
	same := r.columns(func(i int) bool { return r.headers[i] == header })
	isExact := len(same) > 0
	if folded := fold(header); !isExact && folded != "" {
		same = r.columns(func(i int) bool { return r.folded[i] == folded })
	}
	filled := slices.DeleteFunc(slices.Clone(same), r.isEmpty)
	switch {
	case len(filled) == 1:
		return r.column(filled[0]), nil
	case len(filled) == 0 && len(same) > 0:
		return r.column(same[0]), nil
	case isExact:
		e := r.refuse("%d columns are called %s: which of them is meant is not clear", len(filled), quote(header))
		e.Advice = "rename all but the one that is meant"
		return r.column(filled[0]), e
	}
	return Source{}, r.unknown(option, header, value)
}

// column is the source that is one column.
func (r *reader) column(i int) Source {
	return Source{text: r.headers[i], columns: []int{i}, between: []string{"", ""}}
}

// names are the sources that fit the name: columns of whole names; where there is none, or where such a column may be
// a part of the name, first and last name put together; and a preferred name, which fits as well as these. Where
// nothing does, it is the name as lists sort it.
func (r *reader) names() []string {
	whole, first, last := anyWhole, firstName, lastName
	hasFirst, hasLast := len(r.fitting(first)) > 0, len(r.fitting(last)) > 0
	if hasFirst { // Prénom, Nom
		whole, last = whole&^nameOrLast, last|nameOrLast
	}
	switch {
	case hasFirst && !hasLast: // First Name, Name
		last |= nameOrPart
	case hasLast && !hasFirst: // Nombre, Apellidos; Name, Last Name
		whole, first = whole&^nameOrFirst, first|nameOrFirst|nameOrPart
	}
	names := r.fitting(whole)
	if len(names) == 0 || hasFirst != hasLast && len(r.fitting(nameOrPart)) > 0 {
		between := " "
		if particles := r.fitting(nameParticle); len(particles) == 1 { // van, de, von
			between = " {" + particles[0] + "} "
		}
		for _, f := range r.fitting(first) {
			for _, l := range r.fitting(last) {
				names = append(names, "{"+f+"}"+between+"{"+l+"}")
			}
		}
	}
	names = append(names, r.fitting(preferredName)...)
	if len(names) == 0 {
		names = r.fitting(listedName)
	}
	return names
}

// fitting are the headers that allow one of the fields, each once, of columns that are not empty in every row.
func (r *reader) fitting(wanted field) (headers []string) {
	for _, i := range r.columns(func(i int) bool { return r.fields[i]&wanted != 0 && !r.isEmpty(i) }) {
		if !slices.Contains(headers, r.headers[i]) {
			headers = append(headers, r.headers[i])
		}
	}
	return headers
}

// columns are the indexes of the columns that fit.
func (r *reader) columns(fits func(i int) bool) (columns []int) {
	for i := range r.headers {
		if fits(i) {
			columns = append(columns, i)
		}
	}
	return columns
}

// isEmpty reports whether the column at index i is empty in every row.
func (r *reader) isEmpty(i int) bool { return r.firstValue(r.column(i)) == "" }

// firstValue is the first value of a source that is not empty; "" where all are.
func (r *reader) firstValue(s Source) string {
	for i := range r.File.Records {
		if v := s.value(r.File.Records[i].Cells); v != "" {
			return v
		}
	}
	return ""
}

// ambiguous asks which of several sources a field comes from: it names them with their first values.
func (r *reader) ambiguous(option csvfile.Option, choices []string) *csvfile.Error {
	var shown []string
	for _, choice := range choices {
		source, _ := r.source(option, choice) // of columns with one header it is the first
		shown = append(shown, r.withValue(source))
	}
	count := "two"
	if len(choices) > 2 {
		count = fmt.Sprint(len(choices))
	}
	e := r.refuse("%s columns fit the %s: %s", count, option, strings.Join(shown, ", "))
	e.Fix = csvfile.Fix{Option: option, Value: choices[0]}
	e.Others = choices[1:]
	return e
}

// withValue is a source with its first value.
func (r *reader) withValue(s Source) string {
	return fmt.Sprintf("%s (first value %s)", quote(s.text), quote(r.firstValue(s)))
}

// unknown refuses a header in an option's value that the file does not have. It names those that it has, and suggests
// the value with one that contains it, or else with the nearest: two characters in five may differ.
func (r *reader) unknown(option csvfile.Option, header, value string) *csvfile.Error {
	e := r.refuse("there is no column %s; the headers are %s", quote(header), list(r.headers, 20))
	e.Fix.Option, e.Advice = option, "name one of these headers"
	typed := fold(header)
	near := r.columns(func(i int) bool { return len(typed) > 1 && strings.Contains(r.folded[i], typed) })
	nearest := provision.Nearest(typed, r.folded, utf8.RuneCountInString(typed)*2/5)
	if len(near) == 0 && nearest != "" {
		near = []int{slices.Index(r.folded, nearest)}
	}
	var meant, values []string
	for _, i := range near {
		old, name := header, r.headers[i]
		if old != value && option != OptionWhere { // a template
			old, name = "{"+old+"}", "{"+name+"}"
		}
		meant = append(meant, r.withValue(r.column(i)))
		values = append(values, strings.Replace(value, old, name, 1))
	}
	if len(near) > 0 {
		e.Message += "; did you mean " + strings.Join(meant, " or ") + "?"
		e.Fix.Value, e.Advice = values[0], ""
	}
	if len(near) > 1 && option != OptionWhere { // which can have several values, and one is replaced
		e.Others = values[1:]
	}
	return r.perhapsNoHeader(e)
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
	const titleLines = 20
	at, known := r.File.Header.Line, LooksLikeHeader(r.headers)
	isSubject := func(cell string) bool { return fieldsOf(cell)&subjectField != 0 }
	below := r.File.Records[:min(titleLines, len(r.File.Records))]
	for _, record := range slices.Concat(r.File.Above, below) {
		words := LooksLikeHeader(record.Cells)
		if words > max(1, known) || words > known && slices.ContainsFunc(record.Cells, isSubject) {
			e = r.refuse("line %d is no header, but line %d looks like the header", at, record.Line)
			e.Fix = csvfile.Fix{Option: csvfile.OptionHeaderRow, Value: fmt.Sprint(record.Line)}
			return e
		}
	}
	i := slices.IndexFunc(r.headers, isData)
	switch {
	case known > 0:
	case i >= 0:
		e = r.refuse("there is no header: line %d holds %s, so it is a row", at, quote(csvfile.Trim(r.headers[i])))
		e.Advice = "put a line with the columns' names above it"
	case r.File.Dialect.Guessed:
		e.Fix = csvfile.Fix{Option: csvfile.OptionEncoding}
		e.Advice = "the file is not UTF-8 and was read as Windows-1252; where that is wrong, name its encoding: " +
			"Shift_JIS, ISO-8859-2, macintosh …"
	}
	return e
}

// isData reports whether a cell is what no header would hold: an address, or a number.
func isData(cell string) bool {
	cell = csvfile.Trim(cell)
	return cell != "" && (badEmail(cell) == "" || strings.Trim(cell, "0123456789") == "")
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
