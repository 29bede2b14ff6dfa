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
	return nil, &NotResultsError{name, why, len(missing) <= 3}
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
func (r *Results) readRows() error {
	records := r.File.Records
	cells := make([][]string, len(records))
	for i := range records {
		cells[i] = r.block(&records[i])
	}
	entries, err := decodeEntries(cells)
	if err != nil {
		return err
	}
	r.Rows = make([]Row, len(records))
	for i, e := range entries {
		e.trim()
		r.Rows[i] = Row{Row: roster.Row{Record: &records[i]}, Number: int(e.Row), Line: records[i].Line, Entry: e}
	}
	if err := r.readAction(); err != nil {
		return err
	}
	return r.checkRows()
}

// block are a record's cells of our columns. Spreadsheets leave empty cells out at the end of a line.
func (r *Results) block(record *csvfile.Record) []string {
	from := min(r.File.Block, len(record.Cells))
	cells := record.Cells[from:min(from+blockSize, len(record.Cells))]
	return append(slices.Clip(cells), make([]string, blockSize-len(cells))...)
}

// trim removes the blanks that an editor may have left around values that have none.
func (e *Entry) trim() {
	for _, value := range []*string{&e.Action, (*string)(&e.Outcome), &e.UserSubject, &e.Tenant, &e.Check} {
		*value = strings.TrimSpace(*value)
	}
	e.Outcome = provision.Outcome(strings.ToLower(string(e.Outcome)))
	if e.Outcome == "" { // a cell that was emptied: the row is to be run
		e.Outcome = provision.Pending
	}
}

// refuse is a *NotResultsError.
func (r *Results) refuse(format string, args ...any) error {
	return &NotResultsError{r.Path, fmt.Sprintf(format, args...), true}
}

// readAction reads the one action of the rows. A row's cell may be empty: it is filled in.
func (r *Results) readAction() error {
	var first *Row
	for i := range r.Rows {
		row := &r.Rows[i]
		switch action := row.Entry.Action; {
		case action == "":
		case first == nil:
			first = row
		case action != first.Entry.Action:
			return r.refuse("it has more than one action: row %d (line %d) is for %q, row %d (line %d) for %q",
				first.Number, first.Line, first.Entry.Action, row.Number, row.Line, action)
		}
	}
	if first == nil {
		return r.refuse("the action column is empty")
	}
	for i := range r.Rows {
		r.Rows[i].Entry.Action = first.Entry.Action // one string for all
	}
	var err error
	if r.Action, err = ParseAction(first.Entry.Action); err != nil {
		return r.refuse("the action %q cannot be read: %v", first.Entry.Action, err)
	}
	return nil
}

// checkRows checks that row numbers are unique and outcomes known, and warns of rows that are missing.
func (r *Results) checkRows() error {
	r.index = make(map[int]int, len(r.Rows))
	highest := 0
	for i, row := range r.Rows {
		number := row.Number
		at, twice := r.index[number]
		last := i == len(r.Rows)-1 && !r.File.Whole
		cells := r.block(row.Record)
		switch {
		case last && (number == 0 || row.Entry.Check != "" && !row.fits(row.Entry.UserSubject)):
			return r.refuse("line %d: the last line has no end, so the file was probably cut short", row.Line)
		case number == 0 && strings.TrimSpace(strings.Join(cells, "")) == "":
			return r.refuse("line %d: the row was added to the file: delete it, and put the person into another export",
				row.Line)
		case number == 0 && cells[blockSize-1] == "":
			return r.refuse("line %d: the row number is missing", row.Line)
		case number == 0:
			return r.refuse("line %d: %q is not a row number", row.Line, cells[blockSize-1])
		case twice:
			return r.refuse("line %d: row %d already stands on line %d", row.Line, number, r.Rows[at].Line)
		case !slices.Contains(provision.Outcomes(), row.Entry.Outcome):
			return r.refuse("line %d: %q is not an outcome", row.Line, row.Entry.Outcome)
		}
		r.index[number] = i
		highest = max(highest, number)
	}
	if gone := highest - len(r.Rows); gone > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%s: %s of at least %s are no longer in the file", r.Path,
			text.Plural(gone, "row", "rows"), text.Grouped(highest)))
	}
	return nil
}
