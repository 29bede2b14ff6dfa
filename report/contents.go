package report

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/roster"
	"qlik-provision/provision/text"
)

// parse reads the records of a result file. Where its header does not have our columns it is none.
func parse(in *os.File, name string, read csvfile.Options) (*csvfile.File, error) {
	read.Block, read.LooksLikeHeader = Columns(), roster.LooksLikeHeader
	file, err := csvfile.Read(in, name, read)
	if err != nil || file.Block >= 0 {
		return file, err
	}
	header := file.Header.Cells
	if hasColumns(header, oldColumns()) {
		return nil, &OldResultsError{name}
	}
	missing := slices.DeleteFunc(Columns(), func(c string) bool { return slices.Contains(header, c) })
	why := "the header lacks " + strings.Join(missing, ", ")
	if len(missing) == 0 {
		why = "its columns do not stand next to each other in the order " + strings.Join(Columns(), ",")
	}
	return nil, &NotResultsError{name, why}
}

// hasColumns reports whether columns stand next to each other in a header.
func hasColumns(header, columns []string) bool {
	for i := range len(header) - len(columns) + 1 {
		if slices.Equal(header[i:i+len(columns)], columns) {
			return true
		}
	}
	return false
}

// readRows fills in the rows and the action, and fails with *NotResultsError where they cannot be run.
func (c *contents) readRows() error {
	records := c.File.Records
	entries := make([]Entry, len(records))
	cells := make([][]string, len(records))
	for i := range records {
		cells[i] = c.block(&records[i])
	}
	if err := decodeEntries(cells, entries); err != nil {
		return err
	}
	c.Rows = make([]Row, len(records))
	for i, e := range entries {
		r := &records[i]
		c.Rows[i] = Row{Row: roster.Row{Record: r}, Number: int(e.Row), Line: r.Line, Entry: e}
	}
	if err := c.readAction(); err != nil {
		return err
	}
	return c.checkRows()
}

// block are a record's cells of our columns. Spreadsheets leave empty cells out at the end of a line.
func (c *contents) block(r *csvfile.Record) []string {
	from := min(c.File.Block, len(r.Cells))
	cells := r.Cells[from:min(from+blockSize, len(r.Cells))]
	return append(slices.Clip(cells), make([]string, blockSize-len(cells))...)
}

// refuse is a *NotResultsError.
func (c *contents) refuse(format string, args ...any) error {
	return &NotResultsError{c.Path, fmt.Sprintf(format, args...)}
}

// readAction reads the one action of the rows. A row's cell may be empty.
func (c *contents) readAction() error {
	var first Row
	for i := range c.Rows {
		r := &c.Rows[i]
		switch {
		case r.Entry.Action == "":
			continue
		case first.Entry.Action == "":
			first = *r
		case r.Entry.Action != first.Entry.Action:
			return c.refuse("it has more than one action: row %d (line %d) is for %q, row %d (line %d) for %q",
				first.Number, first.Line, first.Entry.Action, r.Number, r.Line, r.Entry.Action)
		}
		r.Entry.Action = first.Entry.Action // one string for all
	}
	if first.Entry.Action == "" {
		return c.refuse("the action column is empty")
	}
	var err error
	c.actionText = first.Entry.Action
	if c.Action, err = ParseAction(c.actionText); err != nil {
		return c.refuse("the action %q cannot be read: %v", c.actionText, err)
	}
	return nil
}

// checkRows checks that row numbers are unique and outcomes known, and warns of rows that are missing.
func (c *contents) checkRows() error {
	lines := make(map[int]int, len(c.Rows))
	highest := 0
	for i, r := range c.Rows {
		cells := c.block(r.Record)
		last := i == len(c.Rows)-1 && !c.File.Whole
		switch {
		case last && (r.Number == 0 || r.Entry.Check != "" && !r.fits(c.actionText)):
			return c.refuse("line %d: the last line has no end, so the file was probably cut short", r.Line)
		case r.Number == 0 && strings.TrimSpace(strings.Join(cells, "")) == "":
			return c.refuse("line %d: the row was added to the file; only rows of the export can be run", r.Line)
		case r.Number == 0 && cells[blockSize-1] == "":
			return c.refuse("line %d: the row number is missing", r.Line)
		case r.Number == 0:
			return c.refuse("line %d: %q is not a row number", r.Line, cells[blockSize-1])
		case lines[r.Number] > 0:
			return c.refuse("line %d: row %d already stands on line %d", r.Line, r.Number, lines[r.Number])
		case !slices.Contains(provision.Outcomes(), r.Entry.Outcome):
			return c.refuse("line %d: %q is not an outcome", r.Line, r.Entry.Outcome)
		}
		lines[r.Number] = r.Line
		highest = max(highest, r.Number)
	}
	if gone := highest - len(c.Rows); gone > 0 {
		c.Warnings = append(c.Warnings, fmt.Sprintf("%s: %s of at least %s are no longer in the file", c.Path,
			text.Plural(gone, "row", "rows"), text.Grouped(highest)))
	}
	return nil
}
