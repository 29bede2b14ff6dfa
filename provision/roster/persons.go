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

// derive sets every row's person, with its own roles and everybody's, each once.
func (r *Roster) derive(everyones []string) error {
	c := &r.Columns
	sources, header := []*Source{&c.Subject, &c.Name, &c.Email}, []string{"subject", "name", "email"}
	if c.Roles.text != "" {
		sources, header = append(sources, &c.Roles), append(header, "roles")
	}
	for rows := range slices.Chunk(r.Rows, 1000) { // gocsv maps them at once, in memory of its own
		table := personTable{header}
		for i := range rows {
			cells := make([]string, len(sources))
			for j, s := range sources {
				cells[j] = s.value(rows[i].Record.Cells)
			}
			table = append(table, cells)
		}
		var persons []provision.Person
		if err := gocsv.UnmarshalCSV(table, &persons); err != nil {
			return fmt.Errorf("decoding persons: %w", err)
		}
		for i, p := range persons {
			for _, name := range everyones {
				if !slices.Contains(p.Roles, name) {
					p.Roles = append(p.Roles, name)
				}
			}
			rows[i].Person = p
		}
	}
	return nil
}
