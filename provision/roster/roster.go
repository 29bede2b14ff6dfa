// Package roster makes persons of the records of an export: it decides which columns are a person's subject, name,
// address and roles, derives the persons, and judges which rows can be sent. It refuses what it would have to guess.
package roster

import (
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/gocarina/gocsv"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/text"
)

// A Roster is an export with its persons.
type Roster struct {
	File     *csvfile.File
	Columns  Columns
	Rows     []Row     // one for each of File.Records, in their order
	Warnings []Warning // what looks wrong and can be sent: 20 at most, then one that counts the others
}

// A Row is a record with the person that it describes.
type Row struct {
	Record *csvfile.Record
	Person provision.Person
	// Code and Message say why the row cannot be sent; both are empty where it can. Message names the column.
	Code, Message string
	// Skipped says that a condition leaves the row out; Message says which.
	Skipped bool
}

// Sendable reports whether the row can be sent: no condition leaves it out, and nothing is wrong with it.
func (r *Row) Sendable() bool { return r.Code == "" && !r.Skipped }

// Options say where a person's fields come from, and which rows count. The zero value detects the columns.
type Options struct {
	// Subject, Name and Email are a header of the export, or a template with headers in braces:
	// auth0|{Employee ID}. Empty: detected by the header's words. Roles is the header of a column
	// with names of Qlik roles; it is never detected.
	Subject, Name, Email, Roles string
	// Decided says that nothing is detected: an empty source is none. A retry takes its sources
	// from the file's action.
	Decided bool
	// EveryonesRoles are roles that every person has besides those of the column.
	EveryonesRoles []string
	// Where are conditions that a row must meet, all of them: Status=Active,
	// Status!=Terminated,Inactive. Other rows are skipped.
	Where []string
	// NeedEmail makes a row without an address invalid.
	NeedEmail bool
	// Leavers says that the rows are people who leave: a state such as Terminated gives no warning.
	Leavers bool
}

// The options that an error or a warning of this package may suggest a value for, beside those of csvfile.
const (
	OptionSubject csvfile.Option = "subject"
	OptionName    csvfile.Option = "name"
	OptionEmail   csvfile.Option = "email"
	OptionRoles   csvfile.Option = "roles"
	OptionWhere   csvfile.Option = "where"
)

// Read decides the columns of f, derives a person from each record and judges it. A file that cannot be decided or
// trusted as a whole is a *csvfile.Error.
func Read(f *csvfile.File, o Options) (*Roster, error) {
	r := &reader{Roster: &Roster{File: f, Rows: make([]Row, len(f.Records))}, options: o, headers: f.Header.Cells}
	for _, h := range r.headers {
		r.folded = append(r.folded, fold(h))
		r.fields = append(r.fields, fieldsOf(h))
	}
	for i := range r.Rows {
		r.Rows[i].Record = &f.Records[i]
	}
	for _, step := range []func() error{ // the reasons to refuse a file, beside those of csvfile.Read
		r.refuseEmpty, r.decideColumns, r.readConditions, r.derivePersons, r.skipRows, r.checkShape,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	InBatches(len(r.Rows), func(from, to int) {
		for i := from; i < to; i++ {
			if row := &r.Rows[i]; row.Sendable() {
				row.Code, row.Message = r.validate(row)
			}
		}
	})
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
	hasPersons bool     // a column has names or addresses
	used       []int    // columns that a field comes from or a condition is about
	conditions []*condition
	patterns   map[string]bool // of the first subjects, once isLikeSubjects has asked for them
}

// refuseEmpty refuses a file without a column or a row of an export.
func (r *reader) refuseEmpty() error {
	switch {
	case len(r.headers) == 0:
		e := r.refuse("the file has the columns of a result file, but none of an export")
		e.Advice = "give the export, or the result file as it was written"
		return e
	case len(r.Rows) == 0:
		return r.refuse("the file has a header, but no rows")
	}
	return nil
}

// derivePersons sets every row's person, with its own roles and everybody's, each once.
func (r *reader) derivePersons() error {
	sources := r.Columns.sources()
	if r.Columns.Roles.text == "" {
		sources = sources[:3]
	}
	cells := make([]string, 0, BatchSize*len(sources))
	var persons []provision.Person // of a batch: gocsv maps them in memory of its own
	for rows := range slices.Chunk(r.Rows, BatchSize) {
		cells = cells[:0]
		table := make(Table, len(rows))
		for i := range rows {
			for _, s := range sources {
				cells = append(cells, s.value(rows[i].Record.Cells))
			}
			table[i] = cells[i*len(sources):]
		}
		if err := gocsv.UnmarshalCSVWithoutHeaders(table, &persons); err != nil {
			return fmt.Errorf("decoding persons: %w", err)
		}
		for i, p := range persons[:len(rows)] { // behind them are those of a larger batch
			for _, name := range r.options.EveryonesRoles {
				if !slices.Contains(p.Roles, name) {
					p.Roles = append(p.Roles, name)
				}
			}
			rows[i].Person = p
		}
	}
	return nil
}

// A Table is cells in memory, for gocsv, which maps them to fields in their order and calls ReadAll alone. It is a
// gocsv.CSVReader.
type Table [][]string

func (t Table) ReadAll() ([][]string, error) { return t, nil }
func (t Table) Read() ([]string, error)      { return nil, io.EOF }

// BatchSize is how many rows InBatches passes at most.
const BatchSize = 1000

// InBatches calls do for all of n rows, a range of indices at a time, on all processors at once.
func InBatches(n int, do func(from, to int)) {
	var all sync.WaitGroup
	for from := 0; from < n; from += BatchSize {
		all.Go(func() { do(from, min(from+BatchSize, n)) })
	}
	all.Wait()
}

// Describe says in one line how the file was read: read hr.csv: UTF-8, commas, 60 rows, subject
// from "Employee ID" … Where no column holds the name it says how many rows have none.
func (r *Roster) Describe() string {
	said := []string{r.File.Dialect.Encoding, "one column", text.Plural(len(r.Rows), "row", "rows")}
	if len(r.File.Header.Cells) > 1 {
		said[1] = delimiterName(r.File.Dialect.Delimiter, "s")
	}
	for i, source := range r.Columns.sources() {
		option := [...]csvfile.Option{OptionSubject, OptionName, OptionEmail, OptionRoles}[i]
		if source.text != "" {
			said = append(said, fmt.Sprintf("%s from %s", option, quote(source.text)))
		}
	}
	if r.Columns.Name.text == "" {
		unnamed := len(slices.Collect(r.sendable()))
		said = append(said, "no column for the name: "+text.Plural(unnamed, "row", "rows")+" will have none")
	}
	return "read " + r.File.Name + ": " + strings.Join(said, ", ")
}

// delimiterName is what messages call a delimiter; plural is the ending of a word for several.
func delimiterName(d rune, plural string) string {
	if name := map[rune]string{',': "comma", ';': "semicolon", '\t': "tab", '|': "pipe"}[d]; name != "" {
		return name + plural
	}
	return fmt.Sprintf("delimiter %q", d)
}

// sendable are the rows that can be sent.
func (r *Roster) sendable() iter.Seq[*Row] {
	return func(yield func(*Row) bool) {
		for i := range r.Rows {
			if row := &r.Rows[i]; row.Sendable() && !yield(row) {
				return
			}
		}
	}
}

// quote shows a value of the file: in quotes, clipped, control characters escaped.
func quote(s string) string { return csvfile.Quote(text.Clip(s, 60)) }
