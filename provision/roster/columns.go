package roster

import (
	"slices"
	"strings"
	"unicode"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
)

// Columns are where a person's fields come from. Name, Email and Roles may have no source.
type Columns struct {
	Subject, Name, Email, Roles Source
}

// uses reports whether a field comes from the column at index i.
func (c *Columns) uses(i int) bool {
	return c.Subject.uses(i) || c.Name.uses(i) || c.Email.uses(i) || c.Roles.uses(i)
}

// A fieldValue is a value of a person with its source.
type fieldValue struct {
	value  string
	source *Source
}

func (c *Columns) fields(p *provision.Person) [3]fieldValue {
	return [...]fieldValue{{p.Subject, &c.Subject}, {p.Name, &c.Name}, {p.Email, &c.Email}}
}

// A chooser decides which columns of a header are a person's fields.
type chooser struct {
	file    *csvfile.File
	headers []string
	roles   []role // of each column
}

func newChooser(f *csvfile.File) *chooser {
	c := &chooser{file: f, headers: f.Header.Cells, roles: make([]role, len(f.Header.Cells))}
	for i, h := range c.headers {
		c.roles[i] = rolesOf(h)
	}
	return c
}

// columns finds the columns that the options name or, unless Decided, those whose headers say what they hold.
// Where two fit it asks: no word is better than another.
func (c *chooser) columns(o Options) (found Columns, err error) {
	for _, field := range []struct {
		source *Source
		option csvfile.Option
		asked  string
		detect func() (Source, error) // nil: it is never detected
	}{
		{&found.Roles, OptionRoles, o.Roles, nil},
		{&found.Email, OptionEmail, o.Email, c.email},
		{&found.Subject, OptionSubject, o.Subject, func() (Source, error) { return c.subject(&found.Email) }},
		{&found.Name, OptionName, o.Name, c.name},
	} {
		switch {
		case field.asked != "":
			*field.source, err = c.asked(field.option, field.asked)
		case field.detect != nil && !o.Decided:
			*field.source, err = field.detect()
		}
		if err != nil {
			return found, err
		}
	}
	return found, nil
}

// asked is the source that an option names: a header, or a template.
func (c *chooser) asked(option csvfile.Option, text string) (Source, error) {
	if strings.ContainsAny(text, "{}") && !slices.Contains(c.headers, text) {
		return c.template(option, text)
	}
	i, bad := c.find(option, text, text)
	if bad != nil {
		return Source{}, bad
	}
	return c.single(i), nil
}

// find is the column of a header that stands in an option's value: the very same header, or one that matches
// without case, spaces and punctuation. Of columns with one header, those that are empty in every row do not count.
func (c *chooser) find(option csvfile.Option, header, value string) (int, *csvfile.Error) {
	folded := fold(header)
	for _, same := range []func(string) bool{
		func(h string) bool { return h == header },
		func(h string) bool { return folded != "" && fold(h) == folded },
	} {
		var all []int
		for i, h := range c.headers {
			if same(h) {
				all = append(all, i)
			}
		}
		switch filled := c.filled(all); {
		case len(filled) > 1:
			return -1, c.which(option, filled, header, value)
		case len(filled) == 1:
			return filled[0], nil
		case len(all) > 0:
			return all[0], nil
		}
	}
	return -1, c.unknown(option, header, value)
}

func (c *chooser) email() (Source, error) { return c.one(OptionEmail, c.singles(c.fitting(email))) }

func (c *chooser) subject(address *Source) (Source, error) {
	fitting := c.singles(c.fitting(subject))
	if len(fitting) == 0 {
		return Source{}, c.noSubject(address)
	}
	return c.one(OptionSubject, fitting)
}

// name is the column of the whole name, or else first and last name put together, or else the name as lists sort
// it. A preferred name beside first and last name fits as well as they do.
func (c *chooser) name() (Source, error) {
	whole, first, last, unclear := c.nameColumns()
	fitting := c.singles(whole)
	if len(whole) == 0 || unclear {
		pairs, err := c.pairs(first, last)
		if err != nil {
			return Source{}, err
		}
		fitting = append(fitting, pairs...)
	}
	fitting = append(fitting, c.singles(c.fitting(preferredName))...)
	if len(fitting) == 0 {
		fitting = c.singles(c.fitting(listedName))
	}
	return c.one(OptionName, fitting)
}

// nameColumns are the columns for whole names and for their parts. Some words say which only together with the
// other columns; unclear says that not even these decide about a column, which is then both.
func (c *chooser) nameColumns() (whole, first, last []int, unclear bool) {
	given := c.fitting(firstName)
	hasFirst, hasLast := len(given) > 0, len(c.fitting(lastName)) > 0
	for _, i := range c.fitting(anyWhole | firstName | lastName) {
		switch r := c.roles[i]; {
		case r&firstName != 0, r&nameOrFirst != 0 && hasLast && !hasFirst: // Nombre, Apellidos
			first = append(first, i)
		case r&lastName != 0,
			r&nameOrLast != 0 && hasFirst && !(hasLast && c.containsPart(i, given[0])): // Nom, Prénom
			last = append(last, i)
		case r&nameOrPart != 0 && hasFirst && !hasLast: // Name, First Name
			whole, last, unclear = append(whole, i), append(last, i), true
		case r&nameOrPart != 0 && hasLast && !hasFirst: // Name, Last Name
			whole, first, unclear = append(whole, i), append(first, i), true
		default:
			whole = append(whole, i)
		}
	}
	return whole, first, last, unclear
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

// pairs are first and last names put together, with the one column for what stands between them: van, de, von.
func (c *chooser) pairs(first, last []int) (pairs []Source, err error) {
	between := " "
	if particles := c.fitting(nameParticle); len(particles) == 1 {
		between = " {" + c.headers[particles[0]] + "} "
	}
	for _, f := range first {
		for _, l := range last {
			pair, err := c.template(OptionName, "{"+c.headers[f]+"}"+between+"{"+c.headers[l]+"}")
			if err != nil {
				return nil, err
			}
			pairs = append(pairs, pair)
		}
	}
	return pairs, nil
}

// one is the source among those that fit; none where nothing does, an error where several do.
func (c *chooser) one(option csvfile.Option, fitting []Source) (Source, error) {
	switch len(fitting) {
	case 0:
		return Source{}, nil
	case 1:
		return fitting[0], nil
	}
	return Source{}, c.ambiguous(option, fitting)
}

// fitting are the columns whose header has one of the roles, and that are not empty in every row.
func (c *chooser) fitting(roles role) (columns []int) {
	for i := range c.headers {
		if c.roles[i]&roles != 0 {
			columns = append(columns, i)
		}
	}
	return c.filled(columns)
}

// filled are those of the columns that are not empty in every row.
func (c *chooser) filled(columns []int) []int {
	return slices.DeleteFunc(slices.Clone(columns), func(i int) bool { return c.firstValue(c.single(i)) == "" })
}

// firstValue is the first value of a source that is not empty; "" where all are.
func (c *chooser) firstValue(s Source) string {
	for i := range c.file.Records {
		if v := s.value(c.file.Records[i].Cells); v != "" {
			return v
		}
	}
	return ""
}

// single is the source that is one column.
func (c *chooser) single(column int) Source {
	return Source{c.headers[column], []part{{column, c.headers[column]}}}
}

func (c *chooser) singles(columns []int) []Source {
	sources := make([]Source, len(columns))
	for i, column := range columns {
		sources[i] = c.single(column)
	}
	return sources
}
