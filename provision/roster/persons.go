package roster

import (
	"fmt"
	"io"
	"slices"

	"github.com/gocarina/gocsv"

	"qlik-provision/provision"
)

// derivePersons sets every row's person, with its own roles and everybody's, each once.
func (r *reader) derivePersons() error {
	c := &r.Columns
	sources := []*Source{&c.Subject, &c.Name, &c.Email, &c.Roles}
	if c.Roles.text == "" {
		sources = sources[:3]
	}
	const batch = 1000 // rows that gocsv maps at once, in memory of its own
	cells := make([]string, batch*len(sources))
	var persons []provision.Person
	for rows := range slices.Chunk(r.Rows, batch) {
		table := make(personTable, len(rows))
		for i := range rows {
			table[i] = cells[i*len(sources) : (i+1)*len(sources)]
			for j, s := range sources {
				table[i][j] = s.value(rows[i].Record.Cells)
			}
		}
		if err := gocsv.UnmarshalCSVWithoutHeaders(table, &persons); err != nil {
			return fmt.Errorf("decoding persons: %w", err)
		}
		for i := range rows {
			p := persons[i]
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

// personTable holds the decided columns' values in the order of the fields of provision.Person, to which gocsv maps
// them. It is a gocsv.CSVReader, of which gocsv calls ReadAll.
type personTable [][]string

func (t personTable) ReadAll() ([][]string, error) { return t, nil }
func (t personTable) Read() ([]string, error)      { return nil, io.EOF }
