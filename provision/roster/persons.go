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
	const batch = 1000 // what gocsv maps at a time
	for from := 0; from < len(r.Rows); from += batch {
		rows, table := r.Rows[from:min(from+batch, len(r.Rows))], personTable{header}
		for i := range rows {
			rows[i].Record = &r.File.Records[from+i]
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
			p.Roles = withEveryones(p.Roles, everyones)
			rows[i].Person = p
		}
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
