package roster

import (
	"fmt"
	"io"
	"slices"

	"github.com/gocarina/gocsv"

	"qlik-provision/provision"
)

// personTable has the values of provision.Person's fields, in their order; gocsv maps them. It is a gocsv.CSVReader, of
// which gocsv calls ReadAll.
type personTable [][]string

func (t personTable) ReadAll() ([][]string, error) { return t, nil }
func (t personTable) Read() ([]string, error)      { return nil, io.EOF }

// derivePersons sets every row's person, with its own roles and everybody's, each once.
func (r *reader) derivePersons() error {
	c := &r.Columns
	for rows := range slices.Chunk(r.Rows, 1000) { // gocsv maps them at once, in memory of its own
		table := make(personTable, len(rows))
		for i := range rows {
			cells := rows[i].Record.Cells
			table[i] = []string{c.Subject.value(cells), c.Name.value(cells), c.Email.value(cells), c.Roles.value(cells)}
		}
		var persons []provision.Person
		if err := gocsv.UnmarshalCSVWithoutHeaders(table, &persons); err != nil {
			return fmt.Errorf("decoding persons: %w", err)
		}
		for i := range rows {
			p := &rows[i].Person
			*p = persons[i]
			for _, name := range r.options.EveryonesRoles {
				if !slices.Contains(p.Roles, name) {
					p.Roles = append(p.Roles, name)
				}
			}
		}
	}
	return nil
}
