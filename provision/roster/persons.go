package roster

import (
	"fmt"
	"io"
	"slices"

	"github.com/gocarina/gocsv"

	"qlik-provision/provision"
)

// personTable is a table of the decided columns' values: gocsv maps its header to the fields of
// provision.Person. It is a gocsv.CSVReader.
type personTable [][]string

// ReadAll returns the table, with its header.
func (t personTable) ReadAll() ([][]string, error) { return t, nil }

// Read is part of gocsv.CSVReader; gocsv calls ReadAll.
func (t personTable) Read() ([]string, error) { return nil, io.EOF }

// derive sets every row's record and person.
func (r *Roster) derive(everyones []string) error {
	c := &r.Columns
	sources, header := []*Source{&c.Subject, &c.Name, &c.Email}, []string{"subject", "name", "email"}
	if c.Roles.text != "" {
		sources, header = append(sources, &c.Roles), append(header, "roles")
	}
	table := make(personTable, 1, len(r.Rows)+1)
	table[0] = header
	cells := make([]string, len(r.Rows)*len(header))
	for i := range r.Rows {
		row := cells[i*len(header) : (i+1)*len(header)]
		for j, s := range sources {
			row[j] = s.value(r.File.Records[i].Cells)
		}
		table = append(table, row)
	}
	persons := make([]provision.Person, len(r.Rows))
	if err := gocsv.UnmarshalCSV(table, &persons); err != nil {
		return fmt.Errorf("decoding persons: %w", err)
	}
	for i := range r.Rows {
		row := &r.Rows[i]
		row.Record, row.Person = &r.File.Records[i], persons[i]
		row.Person.Roles = withEveryones(row.Person.Roles, everyones)
	}
	return nil
}

// withEveryones is a person's own roles and those of everybody, each once.
func withEveryones(own provision.RoleList, everyones []string) provision.RoleList {
	if len(own) == 0 {
		return slices.Clip(provision.RoleList(everyones))
	}
	for _, name := range everyones {
		if !slices.Contains(own, name) {
			own = append(own, name)
		}
	}
	return own
}
