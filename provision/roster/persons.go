package roster

import (
	"fmt"
	"io"
	"runtime"
	"slices"

	"github.com/gocarina/gocsv"
	"golang.org/x/sync/errgroup"

	"qlik-provision/provision"
)

// personTable holds the decided columns' values in the order of the fields of provision.Person, to which gocsv maps
// them. It is a gocsv.CSVReader, of which gocsv calls ReadAll.
type personTable [][]string

func (t personTable) ReadAll() ([][]string, error) { return t, nil }
func (t personTable) Read() ([]string, error)      { return nil, io.EOF }

// derivePersons sets every row's person, with its own roles and everybody's, each once.
func (r *reader) derivePersons() error {
	c := &r.Columns
	sources := []*Source{&c.Subject, &c.Name, &c.Email, &c.Roles}
	if c.Roles.text == "" {
		sources = sources[:3]
	}
	return InBatches(r.Rows, func(rows []Row) error {
		table := make(personTable, len(rows))
		for i := range rows {
			for _, s := range sources {
				table[i] = append(table[i], s.value(rows[i].Record.Cells))
			}
		}
		var persons []provision.Person
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
		return nil
	})
}

// InBatches calls do with the rows, 1,000 at a time, on all processors, and returns the first error.
func InBatches[T any](rows []T, do func(batch []T) error) error {
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for batch := range slices.Chunk(rows, 1000) {
		group.Go(func() error { return do(batch) })
	}
	return group.Wait()
}
