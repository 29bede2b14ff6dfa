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

// decideColumns finds the columns that the options name or, unless Decided, those whose headers say what they hold.
// Where two fit it asks: no word is better than another.
func (r *reader) decideColumns() (err error) {
	o, found := r.options, &r.Columns
	for _, choice := range []struct {
		source *Source
		option csvfile.Option
		asked  string
		detect func() (Source, error) // nil: it is never detected
	}{
		{&found.Roles, OptionRoles, o.Roles, nil},
		{&found.Email, OptionEmail, o.Email, r.email},
		{&found.Subject, OptionSubject, o.Subject, r.subject},
		{&found.Name, OptionName, o.Name, r.name},
	} {
		switch {
		case choice.asked != "":
			*choice.source, err = r.asked(choice.option, choice.asked)
		case choice.detect != nil && !o.Decided:
			*choice.source, err = choice.detect()
		}
		if err != nil {
			return err
		}
	}
	r.used = r.columns(found.uses)
	return nil
}

// asked is the source that an option names: a header, or a template.
func (r *reader) asked(option csvfile.Option, text string) (Source, error) {
	if strings.ContainsAny(text, "{}") && !slices.Contains(r.headers, text) {
		return r.template(option, text)
	}
	i, bad := r.find(option, text, text)
	if bad != nil {
		return Source{}, bad
	}
	return r.single(i), nil
}

// find is the column of a header that stands in an option's value: the very same header, or the only one that matches
// without case, spaces and punctuation. Of columns with one header, those that are empty in every row do not count.
func (r *reader) find(option csvfile.Option, header, value string) (int, *csvfile.Error) {
	same := r.columns(func(i int) bool { return r.headers[i] == header })
	if folded := fold(header); len(same) == 0 && folded != "" {
		same = r.columns(func(i int) bool { return r.folded[i] == folded })
	}
	switch filled := r.filled(same); {
	case len(filled) == 1:
		return filled[0].parts[0].column, nil
	case len(filled) == 0 && len(same) > 0:
		return same[0], nil
	case len(filled) > 1 && filled[0].text == header:
		return -1, r.ambiguous(option, filled)
	}
	return -1, r.unknown(option, header, value)
}

func (r *reader) email() (Source, error) { return r.one(OptionEmail, r.fitting(email)) }

func (r *reader) subject() (Source, error) {
	fitting := r.fitting(subject)
	if len(fitting) == 0 {
		return Source{}, r.noSubject()
	}
	return r.one(OptionSubject, fitting)
}

// name is the column of the whole name, or else first and last name put together, or else the name as lists sort
// it. A preferred name beside first and last name fits as well as they do.
func (r *reader) name() (Source, error) {
	whole, first, last, unclear := r.nameColumns()
	fitting := whole
	if len(whole) == 0 || unclear {
		pairs, err := r.pairs(first, last)
		if err != nil {
			return Source{}, err
		}
		fitting = append(fitting, pairs...)
	}
	fitting = append(fitting, r.fitting(preferredName)...)
	if len(fitting) == 0 {
		fitting = r.fitting(listedName)
	}
	return r.one(OptionName, fitting)
}

// nameColumns are the columns for whole names and for their parts. Some words say which only together with the
// other columns; unclear says that not even these decide about a column, which is then both.
func (r *reader) nameColumns() (whole, first, last []Source, unclear bool) {
	hasFirst, hasLast := len(r.fitting(firstName)) > 0, len(r.fitting(lastName)) > 0
	for _, s := range r.fitting(anyWhole | firstName | lastName) {
		switch f := r.fields[s.parts[0].column]; {
		case f&firstName != 0, f&nameOrFirst != 0 && hasLast && !hasFirst: // Nombre, Apellidos
			first = append(first, s)
		case f&lastName != 0, f&nameOrLast != 0 && hasFirst: // Nom, Prénom
			last = append(last, s)
		case f&nameOrPart != 0 && hasFirst && !hasLast: // Name, First Name
			whole, last, unclear = append(whole, s), append(last, s), true
		case f&nameOrPart != 0 && hasLast && !hasFirst: // Name, Last Name
			whole, first, unclear = append(whole, s), append(first, s), true
		default:
			whole = append(whole, s)
		}
	}
	return whole, first, last, unclear
}

// pairs are first and last names put together, with the one column for what stands between them: van, de, von.
func (r *reader) pairs(first, last []Source) (pairs []Source, err error) {
	between := " "
	if particles := r.fitting(nameParticle); len(particles) == 1 {
		between = " {" + particles[0].text + "} "
	}
	for _, f := range first {
		for _, l := range last {
			pair, err := r.template(OptionName, "{"+f.text+"}"+between+"{"+l.text+"}")
			if err != nil {
				return nil, err
			}
			pairs = append(pairs, pair)
		}
	}
	return pairs, nil
}

// one is the source among those that fit; none where nothing does, an error where several do.
func (r *reader) one(option csvfile.Option, fitting []Source) (Source, error) {
	switch len(fitting) {
	case 0:
		return Source{}, nil
	case 1:
		return fitting[0], nil
	}
	return Source{}, r.ambiguous(option, fitting)
}

// fitting are the columns whose header allows one of the fields, and that are not empty in every row.
func (r *reader) fitting(wanted field) []Source {
	return r.filled(r.columns(func(i int) bool { return r.fields[i]&wanted != 0 }))
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

// filled are those of the columns that are not empty in every row.
func (r *reader) filled(columns []int) (filled []Source) {
	for _, i := range columns {
		if s := r.single(i); r.firstValue(s) != "" {
			filled = append(filled, s)
		}
	}
	return filled
}

// firstValue is the first value of a source that is not empty; "" where all are.
func (r *reader) firstValue(s Source) string {
	for i := range r.File.Records {
		if v := s.value(r.File.Records[i].Cells); v != "" {
			return v
		}
	}
	return ""
}

// single is the source that is one column.
func (r *reader) single(column int) Source {
	return Source{r.headers[column], []part{{column, r.headers[column]}}}
}
