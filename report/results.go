package report

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/roster"
	"qlik-provision/provision/text"
)

// Results is a result file that was read, with the journal beside it merged in memory; it is not locked, and a run may be on.
type Results struct {
	Path     string
	File     *csvfile.File
	Action   Action
	Rows     []Row
	Running  bool   // a run holds the lock, or may
	Holder   string // whose run: process, host and since when
	Unmerged bool   // the journal has results that are not in the file yet
	Warnings []string
}

// Read reads the result file at path: for report, verify and plan. Persons are derived from the file's action where that
// can be done.
func Read(path string, read csvfile.Options) (*Results, error) {
	f, err := findFiles(path)
	if err != nil {
		return nil, err
	}
	c, err := load(f, read)
	if err != nil {
		return nil, err
	}
	derivePersons(c.file, c.action, c.rows)
	r := &Results{Path: path, File: c.file, Action: c.action, Rows: c.rows, Unmerged: c.merged, Warnings: c.warnings}
	if locked, known := f.isLocked(); locked || !known {
		r.Running, r.Holder = true, c.holder
	}
	return r, nil
}

// Summary counts the rows.
func (r *Results) Summary() *Summary { return summarize(r.Rows) }

// Promises are what the outcomes of the rows promise, for provision.Run.Verify: of every row with a subject.
func (r *Results) Promises() []provision.Promise {
	promises := make([]provision.Promise, 0, len(r.Rows))
	for _, row := range r.Rows {
		e := row.Entry
		person := row.Person
		person.Subject = cmp.Or(e.UserSubject, person.Subject)
		if person.Subject == "" || row.Skipped {
			continue
		}
		promises = append(promises, provision.Promise{
			Row:     provision.Row{Number: row.Number, Person: person, UserID: string(e.UserID)},
			Outcome: e.Outcome, Code: string(e.Code), UserID: string(e.UserID),
		})
	}
	return promises
}

// derivePersons fills in the rows' persons, as far as the file's action allows it.
func derivePersons(file *csvfile.File, action Action, rows []Row) {
	people, err := roster.Read(file, action.Sources())
	if err != nil {
		return // the rows are what is asked for, and have their subjects
	}
	for i := range rows {
		rows[i].Row = people.Rows[i]
	}
}

// contents are a result file as it stands on the disk, with its journal merged into the rows.
type contents struct {
	file       *csvfile.File
	rows       []Row
	action     Action
	actionText string
	info       fs.FileInfo
	holder     string
	merged     bool // the journal has results
	warnings   []string
}

// load reads a result file and its journal as they belong together. It fails with *StrayJournalError, *NotResultsError,
// *OldResultsError, a *csvfile.Error, or the system's error.
func load(f files, read csvfile.Options) (*contents, error) {
	file, journal, err := openTogether(f)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if journal != nil {
		defer journal.Close()
	}
	c := &contents{}
	if c.info, err = file.Stat(); err != nil {
		return nil, err
	}
	if c.file, err = parse(file, f.name, read); err != nil {
		return nil, err
	}
	if err := c.readRows(f.name); err != nil {
		return nil, err
	}
	if journal == nil {
		return c, nil
	}
	j, err := readJournal(journal, f.journalName())
	if err != nil {
		return nil, err
	}
	merged := j.mergeInto(c.rows)
	c.holder, c.merged = j.holder, merged > 0
	if dropped := j.dropped(f.journalName(), merged); dropped != "" {
		c.warnings = append(c.warnings, dropped)
	}
	return c, nil
}

// openTogether opens a result file and its journal, nil where there is none. A run that ends meanwhile replaces the one and removes the
// other; then both are opened again.
func openTogether(f files) (file, journal *os.File, err error) {
	for range 100 {
		file, err := os.Open(f.path)
		if errors.Is(err, fs.ErrNotExist) && exists(f.journal()) {
			err = &StrayJournalError{f.name, f.journalName()}
		}
		if err != nil {
			return nil, nil, err
		}
		journal, err := openJournal(f)
		if err != nil {
			return nil, nil, errors.Join(err, file.Close())
		}
		opened, err := file.Stat()
		if err == nil {
			var now fs.FileInfo
			if now, err = os.Stat(f.path); err == nil && os.SameFile(opened, now) {
				return file, journal, nil
			}
		}
		if journal != nil {
			err = errors.Join(err, journal.Close())
		}
		if err = errors.Join(err, file.Close()); ignoreMissing(err) != nil {
			return nil, nil, err
		}
	}
	return nil, nil, fmt.Errorf("%s is replaced again and again", f.name)
}

// parse reads the records of a result file. Where its header does not have our columns it is no result file.
func parse(in *os.File, name string, read csvfile.Options) (*csvfile.File, error) {
	read.Block = Columns()
	if read.LooksLikeHeader == nil {
		read.LooksLikeHeader = roster.LooksLikeHeader
	}
	file, err := csvfile.Read(in, name, read)
	if err != nil {
		return nil, err
	}
	if file.Block >= 0 {
		return file, nil
	}
	header := file.Header.Cells
	if hasColumns(header, oldColumns()) {
		return nil, &OldResultsError{name}
	}
	missing := slices.DeleteFunc(Columns(), func(c string) bool { return slices.Contains(header, c) })
	switch {
	case len(missing) == 0:
		return nil, &NotResultsError{name, "its columns do not stand next to each other in the order " + strings.Join(Columns(), ",")}
	case len(missing) <= blockSize/2:
		return nil, &NotResultsError{name, "the header lacks " + strings.Join(missing, ", ")}
	}
	return nil, &NotResultsError{name, "its header has none of the columns " + strings.Join(Columns(), ",")}
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

// readRows fills in the rows and the action, and fails with *NotResultsError where they cannot be a result file's.
func (c *contents) readRows(name string) error {
	records := c.file.Records
	if len(records) == 0 {
		return &NotResultsError{name, "it has a header, but no rows"}
	}
	entries := make([]Entry, len(records))
	cells := make([][]string, len(records))
	for i := range records {
		cells[i] = c.block(&records[i])
	}
	if err := decodeEntries(cells, entries); err != nil {
		return err
	}
	c.rows = make([]Row, len(records))
	for i := range records {
		c.rows[i] = Row{Row: roster.Row{Record: &records[i]}, Number: int(entries[i].Row), Line: records[i].Line, Entry: entries[i]}
	}
	if err := c.readAction(name); err != nil {
		return err
	}
	return c.checkRows(name)
}

// block are a record's cells of our columns. Spreadsheets leave empty cells out at the end of a line.
func (c *contents) block(r *csvfile.Record) []string {
	from := min(c.file.Block, len(r.Cells))
	cells := r.Cells[from:min(from+blockSize, len(r.Cells))]
	if len(cells) < blockSize {
		cells = append(slices.Clone(cells), make([]string, blockSize-len(cells))...)
	}
	return cells
}

// readAction reads the one action of the rows.
func (c *contents) readAction(name string) error {
	first := -1
	for i := range c.rows {
		e := &c.rows[i].Entry
		switch {
		case e.Action == "":
			continue
		case first < 0:
			first, c.actionText = i, e.Action
		case e.Action != c.actionText:
			a, b := c.rows[first], c.rows[i]
			return &NotResultsError{name, fmt.Sprintf("it has more than one action: row %d (line %d) is for %q, row %d (line %d) for %q",
				a.Number, a.Line, c.actionText, b.Number, b.Line, e.Action)}
		}
		e.Action = c.actionText // one string for all
	}
	if first < 0 {
		return &NotResultsError{name, "the action column is empty"}
	}
	var err error
	if c.action, err = ParseAction(c.actionText); err != nil {
		return &NotResultsError{name, fmt.Sprintf("line %d: the action %q cannot be read: %v", c.rows[first].Line, c.actionText, err)}
	}
	return nil
}

// checkRows checks that row numbers are unique and outcomes known, and warns of rows that are missing.
func (c *contents) checkRows(name string) error {
	lines := make(map[int]int, len(c.rows))
	highest := 0
	for i, r := range c.rows {
		cells := c.block(r.Record)
		number, last := cells[blockSize-1], i == len(c.rows)-1 && !c.file.Whole
		var why string
		switch {
		case r.Number == 0 && last, last && !c.fits(r):
			why = "the last line has no end, so the file was probably cut short"
		case r.Number == 0 && strings.TrimSpace(strings.Join(cells, "")) == "":
			why = "the row was added to the file; only rows of the export can be run"
		case r.Number == 0 && number == "":
			why = "the row number is missing"
		case r.Number == 0:
			why = fmt.Sprintf("%q is not a row number", number)
		case lines[r.Number] > 0:
			why = fmt.Sprintf("row %d already stands on line %d", r.Number, lines[r.Number])
		case !slices.Contains(provision.Outcomes(), r.Entry.Outcome):
			why = fmt.Sprintf("%q is not an outcome", r.Entry.Outcome)
		}
		if why != "" {
			return &NotResultsError{name, fmt.Sprintf("line %d: %s", r.Line, why)}
		}
		lines[r.Number] = r.Line
		highest = max(highest, r.Number)
	}
	if gone := highest - len(c.rows); gone > 0 {
		c.warnings = append(c.warnings, fmt.Sprintf("%s: %s of at least %s are no longer in the file", name,
			text.Plural(gone, "row", "rows"), text.Grouped(highest)))
	}
	return nil
}

// fits reports whether a row's check fits what the file says of it, or there is none.
func (c *contents) fits(r Row) bool {
	ofSubject, _ := cutCheck(r.Entry.Check)
	return r.Entry.Check == "" || ofSubject == subjectCheck(c.actionText, r.Entry.UserSubject, r.Number)
}
