package roster

import (
	"slices"
	"strings"

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

// A chooser decides which columns of a header are a person's fields. It leaves out the columns of
// the result file.
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
func (c *chooser) columns(o Options) (Columns, error) {
	var found Columns
	for _, field := range []struct {
		source *Source
		option csvfile.Option
		asked  string
		detect func() (Source, error)
	}{
		{&found.Roles, OptionRoles, o.Roles, func() (Source, error) { return Source{}, nil }},
		{&found.Email, OptionEmail, o.Email, func() (Source, error) { return c.one(OptionEmail, c.singles(email)) }},
		{&found.Subject, OptionSubject, o.Subject, func() (Source, error) {
			s, err := c.one(OptionSubject, c.singles(subject))
			if err == nil && s.text == "" {
				err = c.noSubject(found.Email)
			}
			return s, err
		}},
		{&found.Name, OptionName, o.Name, c.name},
	} {
		var err error
		if field.asked != "" || o.Decided {
			*field.source, err = c.asked(field.option, field.asked)
		} else {
			*field.source, err = field.detect()
		}
		if err != nil {
			return found, err
		}
	}
	return found, nil
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

// fitting are the columns whose header has one of the role's words, and that are not empty in every
// row.
func (c *chooser) fitting(r role) []int {
	var found []int
	for i := range c.headers {
		if c.roles[i]&r != 0 && !c.isEmpty(i) {
			found = append(found, i)
		}
	}
	return found
}

func (c *chooser) isEmpty(column int) bool {
	s := c.single(column)
	return firstValue(c.file, &s) == ""
}

// firstValue is the first value of a source that is not empty; "" where all are.
func firstValue(f *csvfile.File, s *Source) string {
	for i := range f.Records {
		if v := s.value(f.Records[i].Cells); v != "" {
			return v
		}
	}
	return ""
}

// single is the source that is one column.
func (c *chooser) single(i int) Source {
	return Source{text: c.headers[i], parts: []part{{i, c.headers[i]}}, plain: true}
}

// singles are the sources of one column that fit a role.
func (c *chooser) singles(r role) []Source { return c.sources(c.fitting(r)) }

func (c *chooser) sources(columns []int) []Source {
	sources := make([]Source, len(columns))
	for i, column := range columns {
		sources[i] = c.single(column)
	}
	return sources
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

// name is the full name's column, or else first and last name put together, or else the name as
// lists sort it. A preferred name beside first and last name fits as well as they do.
func (c *chooser) name() (Source, error) {
	whole, first, last := c.fitting(name), c.fitting(firstName), c.fitting(lastName)
	// In some languages the word for the whole name is also that for a part of it: Nom beside
	// Prénom, Nombre beside Apellidos.
	if rest, moved := c.move(whole, surnameBeside); len(first) > 0 && len(moved) > 0 &&
		(len(last) == 0 || !c.holds(moved[0], first[0])) {
		whole, last = rest, append(moved, last...)
	}
	if len(last) > 0 && len(first) == 0 {
		whole, first = c.move(whole, givenBeside)
	}
	if _, bare := c.move(whole, bareName); len(bare) > 0 {
		switch {
		case len(first) > 0 && len(last) == 0:
			return Source{}, c.wholeOrPart(bare[0], first[0], "last name", c.pair(first[0], bare[0]))
		case len(last) > 0 && len(first) == 0:
			return Source{}, c.wholeOrPart(bare[0], last[0], "first name", c.pair(bare[0], last[0]))
		}
	}
	fitting := c.sources(whole)
	if len(whole) == 0 {
		fitting = c.pairs(first, last)
	}
	fitting = append(fitting, c.singles(preferredName)...)
	if len(fitting) == 0 {
		fitting = c.singles(listedName)
	}
	return c.one(OptionName, fitting)
}

// pairs puts first and last names together: legal ones with legal ones and preferred ones with
// preferred ones, where there are both.
func (c *chooser) pairs(first, last []int) []Source {
	alike := func(a, b int) bool {
		x, y := fold(c.headers[a]), fold(c.headers[b])
		return strings.Contains(x, "preferred") == strings.Contains(y, "preferred") &&
			strings.Contains(x, "legal") == strings.Contains(y, "legal")
	}
	single := func(a int, others []int) bool {
		return !slices.ContainsFunc(others, func(b int) bool { return alike(a, b) })
	}
	var pairs []Source
	for _, f := range first {
		for _, l := range last {
			if alike(f, l) || single(f, last) || single(l, first) {
				pairs = append(pairs, c.pair(f, l))
			}
		}
	}
	return pairs
}

// move takes the columns that have the role from some.
func (c *chooser) move(some []int, r role) (rest, moved []int) {
	for _, i := range some {
		if c.roles[i]&r != 0 {
			moved = append(moved, i)
		} else {
			rest = append(rest, i)
		}
	}
	return rest, moved
}

// asked is the source that an option names: a header, or a template.
func (c *chooser) asked(option csvfile.Option, text string) (Source, error) {
	if text == "" {
		return Source{}, nil
	}
	braces := strings.ContainsAny(text, "{}")
	if i, bad := c.find(option, text, braces); bad != nil {
		return Source{}, bad
	} else if i >= 0 {
		return c.single(i), nil
	}
	if !braces {
		return Source{}, c.unknown(option, text, text)
	}
	parts, err := parseTemplate(text, c.headers)
	if err != nil {
		return Source{}, c.badTemplate(option, text, ": "+err.Error())
	}
	columns := 0
	for i := range parts {
		p := &parts[i]
		if p.column < 0 {
			continue
		}
		if p.column, err = c.placeholder(option, text, p.text); err != nil {
			return Source{}, err
		}
		p.text = c.headers[p.column]
		columns++
	}
	if columns == 0 {
		return Source{}, c.badTemplate(option, text, " names no column, so every row would have the same")
	}
	return Source{text: text, parts: parts}, nil
}

// placeholder is the column of a header in a template's braces.
func (c *chooser) placeholder(option csvfile.Option, template, header string) (int, error) {
	if trim(header) == "" {
		return -1, c.badTemplate(option, template, " has no header between its braces")
	}
	i, bad := c.find(option, header, false)
	switch {
	case bad != nil && bad.Fix.Option != "":
		bad.Fix.Value = strings.Replace(template, "{"+header+"}", "{"+bad.Fix.Value+"}", 1)
	case bad == nil && i < 0:
		bad = c.unknown(option, header, template)
	}
	if bad != nil {
		return -1, bad
	}
	return i, nil
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
				if !c.isEmpty(i) {
					filled = append(filled, i)
				}
			}
		}
		switch {
		case len(filled) == 1:
			return filled[0], nil
		case len(filled) > 1:
			return -1, c.ambiguous(option, c.sources(filled))
		case len(all) > 0:
			return all[0], nil // all of them are empty
		}
	}
	return -1, nil
}
