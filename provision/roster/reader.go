package roster

import (
	"qlik-provision/provision/csvfile"
)

// Read decides the columns of f, derives a person from each record and judges it. A file that cannot be decided or
// trusted as a whole is a *csvfile.Error.
func Read(f *csvfile.File, o Options) (*Roster, error) {
	r := newReader(f, o)
	for _, step := range []func() error{ // the reasons to refuse a file, beside those of csvfile.Read
		r.refuseEmpty, r.decideColumns, r.readConditions, r.derivePersons, r.skipRows, r.checkShape,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	r.judge()
	r.warn()
	return r.Roster, nil
}

// A reader makes the roster of an export.
type reader struct {
	*Roster
	options    Options
	headers    []string
	folded     []string // the headers, as fold leaves them
	fields     []field  // of each column
	used       []int    // columns that a field comes from or a condition is about
	conditions []*condition
	patterns   map[string]bool // of the subjects, once they are needed
	short      []int           // lines of rows that lack cells which are not used
	more       int             // warnings that are not listed
}

func newReader(f *csvfile.File, o Options) *reader {
	r := &reader{
		Roster: &Roster{File: f, Rows: make([]Row, len(f.Records))}, options: o,
		headers: f.Header.Cells, fields: make([]field, len(f.Header.Cells)),
	}
	for i, h := range r.headers {
		r.folded = append(r.folded, fold(h))
		r.fields[i] = fieldsOf(h)
	}
	for i := range r.Rows {
		r.Rows[i].Record = &f.Records[i]
	}
	return r
}

// refuseEmpty refuses a file without a column or a row of an export.
func (r *reader) refuseEmpty() error {
	if len(r.headers) == 0 {
		e := r.refuse("the file has the columns of a result file, but none of an export")
		e.Advice = "give the export, or the result file as it was written"
		return e
	}
	if len(r.Rows) == 0 {
		return r.refuse("the file has a header, but no rows")
	}
	return nil
}
