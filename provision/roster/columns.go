package roster

import (
	"slices"
	"strings"

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

// A chooser decides which columns of a header are a person's fields. It leaves out the columns of
// the result file: they have no role.
type chooser struct {
	file    *csvfile.File
	headers []string
	roles   []role // of each column
}

func newChooser(f *csvfile.File) *chooser {
	c := &chooser{file: f, headers: f.Header.Cells, roles: make([]role, len(f.Header.Cells))}
	for i, h := range c.headers {
		if !inBlock(f, i) {
			c.roles[i] = rolesOf(h)
		}
	}
	return c
}

// columns finds the columns that the options name or, unless Decided, those whose headers say what
// they hold. Where two fit it asks: no word is better than another.
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

func (c *chooser) email() (Source, error) { return c.one(OptionEmail, c.singles(c.fitting(email))) }

func (c *chooser) subject(address *Source) (Source, error) {
	fitting := c.singles(c.fitting(subject))
	if len(fitting) == 0 {
		return Source{}, c.noSubject(address)
	}
	return c.one(OptionSubject, fitting)
}

// name is the column of the whole name, or else first and last name put together, or else the name
// as lists sort it. A preferred name beside first and last name fits as well as they do.
func (c *chooser) name() (Source, error) {
	wholeName, givenName, familyName := anyWhole, firstName, lastName
	first, last := c.fitting(givenName), c.fitting(familyName)
	// Nom beside Prénom is the last name, but for a Nom that holds the Prénom beside a last name.
	if nom := c.fitting(nameOrLast); len(nom) > 0 && len(first) > 0 &&
		(len(last) == 0 || !c.containsPart(nom[0], first[0])) {
		wholeName, familyName = wholeName&^nameOrLast, familyName|nameOrLast
		last = c.fitting(familyName)
	}
	// Nombre beside Apellidos alone is the first name.
	if len(last) > 0 && len(first) == 0 {
		wholeName, givenName = wholeName&^nameOrFirst, givenName|nameOrFirst
		first = c.fitting(givenName)
	}
	// Name beside one part alone may be the other part: the word does not say.
	if unclear := c.fitting(nameOrPart); len(unclear) > 0 && (len(first) == 0) != (len(last) == 0) {
		return Source{}, c.wholeOrPart(unclear[0], first, last)
	}
	fitting := c.singles(c.fitting(wholeName))
	if len(fitting) == 0 {
		fitting = c.pairs(first, last)
	}
	fitting = append(fitting, c.singles(c.fitting(preferredName))...)
	if len(fitting) == 0 {
		fitting = c.singles(c.fitting(listedName))
	}
	return c.one(OptionName, fitting)
}

// one is the source among those that fit; none where nothing does, an error where several do.
func (c *chooser) one(option csvfile.Option, fitting []Source) (Source, error) {
	switch len(fitting) {
	case 0:
		return Source{}, nil
	case 1:
		return fitting[0], nil
	}
	e := c.ambiguous(option, fitting)
	if e.Fix.Value != "" {
		for i := range fitting[1:] {
			e.Others = append(e.Others, fitting[1+i].text)
		}
	}
	return Source{}, e
}

// fitting are the columns whose header has one of the roles, and that are not empty in every row.
func (c *chooser) fitting(roles role) (columns []int) {
	for i := range c.headers {
		if c.roles[i]&roles != 0 && c.firstValue(c.single(i)) != "" {
			columns = append(columns, i)
		}
	}
	return columns
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

// pairs puts first and last names together: legal ones with legal ones and preferred ones with
// preferred ones, where there are both.
func (c *chooser) pairs(first, last []int) (pairs []Source) {
	sameKind := func(a, b int) bool {
		x, y := fold(c.headers[a]), fold(c.headers[b])
		return strings.Contains(x, "preferred") == strings.Contains(y, "preferred") &&
			strings.Contains(x, "legal") == strings.Contains(y, "legal")
	}
	hasNone := func(a int, others []int) bool {
		return !slices.ContainsFunc(others, func(b int) bool { return sameKind(a, b) })
	}
	for _, f := range first {
		for _, l := range last {
			if sameKind(f, l) || hasNone(f, last) || hasNone(l, first) {
				pairs = append(pairs, c.pair(f, l))
			}
		}
	}
	return pairs
}

// pair is first and last name put together, with the one column for what stands between them: van,
// de, von.
func (c *chooser) pair(first, last int) Source {
	columns := []int{first, last}
	if between := c.fitting(nameParticle); len(between) == 1 {
		columns = []int{first, between[0], last}
	}
	var s Source
	for i, column := range columns {
		if i > 0 {
			s.text, s.parts = s.text+" ", append(s.parts, part{-1, " "})
		}
		h := c.headers[column]
		s.text, s.parts = s.text+"{"+h+"}", append(s.parts, part{column, h})
	}
	return s
}

// asked is the source that an option names: a header, or a template.
func (c *chooser) asked(option csvfile.Option, text string) (Source, error) {
	braces := strings.ContainsAny(text, "{}")
	switch i, bad := c.find(option, text, braces); {
	case bad != nil:
		return Source{}, bad
	case i >= 0:
		return c.single(i), nil
	case braces:
		return c.template(option, text)
	}
	return Source{}, c.unknown(option, text, text)
}

// find is the column of a header: the very same, the same but for outer white space, or one that
// only matches loosely; -1 where there is none. Of columns with one header, those that are empty in
// every row do not count.
func (c *chooser) find(option csvfile.Option, text string, exactly bool) (int, *csvfile.Error) {
	loose := fold(text)
	for _, same := range []func(string) bool{
		func(h string) bool { return h == text },
		func(h string) bool { return trim(h) == trim(text) },
		func(h string) bool { return !exactly && loose != "" && fold(h) == loose },
	} {
		var all, filled []int
		for i, h := range c.headers {
			if !inBlock(c.file, i) && same(h) {
				all = append(all, i)
				if c.firstValue(c.single(i)) != "" {
					filled = append(filled, i)
				}
			}
		}
		switch {
		case len(filled) == 1:
			return filled[0], nil
		case len(filled) > 1:
			return -1, c.ambiguous(option, c.singles(filled))
		case len(all) > 0:
			return all[0], nil // all of them are empty
		}
	}
	return -1, nil
}
