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
	cells := make([]string, 0, BatchSize*len(sources))
	var persons []provision.Person // of a batch: gocsv maps them in memory of its own
	for rows := range slices.Chunk(r.Rows, BatchSize) {
		cells = cells[:0]
		table := make(personTable, len(rows))
		for i := range rows {
			for _, s := range sources {
				cells = append(cells, s.value(rows[i].Record.Cells))
			}
			table[i] = cells[i*len(sources):]
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
