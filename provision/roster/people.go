package roster

import (
	"fmt"
	"io"

	"github.com/gocarina/gocsv"

	"qlik-provision/provision"
)

// A person is what gocsv makes of the decided columns.
type person struct {
	Subject string `csv:"subject"`
	Name    string `csv:"name"`
	Email   string `csv:"email"`
}

// people decodes batches of rows; it is gocsv's reader of them, and its memory is used again.
type people struct {
	table [][]string // the header, then subject, name and email of each row
	found []person
}

func newPeople() *people {
	return &people{table: [][]string{{"subject", "name", "email"}}, found: make([]person, batchRecords)}
}

// decode sets the batch's rows, one for each span.
func (p *people) decode(b *batch) error {
	c := &b.file.Columns
	if len(b.file.Header) == 0 || len(b.spans) == 0 {
		return nil // it is the header, or nothing
	}
	if c.none() {
		b.rows = append(b.rows, make([]provision.Row, len(b.spans))...)
		return nil
	}
	p.table = p.table[:1]
	for _, s := range b.spans {
		row := p.next()
		if s.problem != nil {
			clear(row)
			continue
		}
		fields := b.fields[s.from:s.to]
		row[0], row[1], row[2] = c.Subject.of(fields), c.Name.of(fields), c.Email.of(fields)
	}
	if err := gocsv.UnmarshalCSV(p, &p.found); err != nil {
		return fmt.Errorf("decoding rows: %w", err)
	}
	for i := range b.spans {
		who := &p.found[i]
		b.rows = append(b.rows, provision.Row{Subject: who.Subject, Name: who.Name, Email: who.Email})
	}
	return nil
}

// next is the table's next row, one that was used before if there is one.
func (p *people) next() []string {
	n := len(p.table)
	if n < cap(p.table) && p.table[:n+1][n] != nil {
		p.table = p.table[:n+1]
	} else {
		p.table = append(p.table, make([]string, 3))
	}
	return p.table[n]
}

// ReadAll is the table; with Read it makes a gocsv.CSVReader.
func (p *people) ReadAll() ([][]string, error) { return p.table, nil }

// Read is never called: a batch is decoded at once.
func (p *people) Read() ([]string, error) { return nil, io.EOF }
