package report

import (
	"cmp"
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

// Results is a result file that was read, with the journal beside it merged in memory; it is not locked, and
// another run may work on it.
type Results struct {
	Path     string
	File     *csvfile.File
	Action   Action
	Rows     []Row
	Running  bool   // a run holds the lock, or that cannot be told
	Holder   string // process, host and start of that run
	Unmerged bool   // the journal has results that are not in the file yet
	Warnings []string

	info     fs.FileInfo // of the file that was read
	byNumber []*Row      // Rows, in the order of their numbers
}

// Read reads the result file at path: for report, verify and plan. Persons are derived from the file's action
// where that can be done.
func Read(path string, read csvfile.Options) (*Results, error) {
	f, err := findFiles(files{name: path})
	if err != nil {
		return nil, err
	}
	r, err := load(f, read)
	if err != nil {
		return nil, err
	}
	derivePersons(r.File, r.Action, r.Rows)
	if r.Running = f.mayBeLocked(); !r.Running {
		r.Holder = ""
	}
	return r, nil
}

// derivePersons derives the rows' persons. Where the action no longer fits the file's columns they stay empty:
// the rows have their subjects, and are what is asked for.
func derivePersons(file *csvfile.File, action Action, rows []Row) {
	people, err := roster.Read(file, action.Sources())
	if err != nil {
		people = &roster.Roster{Rows: make([]roster.Row, len(rows))}
		for i := range people.Rows {
			people.Rows[i].Record = &file.Records[i]
		}
	}
	for i := range rows {
		rows[i].Row = &people.Rows[i]
	}
}

// Summary counts the rows.
func (r *Results) Summary() *Summary { return summarize(r.Rows) }

// Promises are what the outcomes of the rows promise, for provision.Run.Verify: of every row with a subject.
func (r *Results) Promises() []provision.Promise {
	promises := make([]provision.Promise, 0, len(r.Rows))
	for _, row := range r.Rows {
		e, person := row.Entry, row.Person
		if e.UserSubject != "" {
			person.Subject = e.UserSubject
		}
		if person.Subject == "" || row.Skipped {
			continue
		}
		promises = append(promises, provision.Promise{
			Row:     provision.Row{Number: row.Number, Person: person, UserID: string(e.UserID)},
			Outcome: e.Outcome, Code: string(e.Code),
		})
	}
	return promises
}

// load reads a result file and its journal as they belong together. It fails with ErrStrayJournal, ErrOldResults,
// *NotResultsError, a *csvfile.Error, or the system's error. Of a file that is refused because of its rows, File
// is set all the same.
func load(f files, read csvfile.Options) (*Results, error) {
	r := &Results{Path: f.name}
	var file, journal *os.File
	err := retryBusy(patienceAtStart, isBusy, func() (err error) { // a run that ends hinders it for a moment
		file, journal, err = openTogether(f)
		return err
	})
	if err != nil {
		return r, err
	}
	defer file.Close()
	defer journal.Close() // nothing where there is none
	if r.info, err = file.Stat(); err != nil {
		return r, err
	}
	if r.info.Size() < minSize && journal != nil { // an editor emptied it: the journal has the results
		return r, f.strayJournal()
	}
	read.Size = r.info.Size()
	if r.File, err = parse(file, f.name, read); err != nil {
		return r, err
	}
	if journal != nil && len(r.File.Records) == 0 {
		return r, f.strayJournal()
	}
	if err := r.readRows(); err != nil || journal == nil {
		return r, err
	}
	j, err := readJournal(journal, f.journalName())
	if err != nil {
		return r, err
	}
	merged := j.mergeInto(r)
	r.Holder, r.Unmerged = j.holder, merged > 0
	if dropped := j.dropped(f.journalName(), merged); dropped != "" {
		r.Warnings = append(r.Warnings, dropped)
	}
	return r, nil
}

// minSize is less than the size of any header with our columns, in bytes.
const minSize = 100

// parse reads the records of a result file. Where its header does not have our columns it is none.
func parse(in *os.File, name string, read csvfile.Options) (*csvfile.File, error) {
	read.Block, read.LooksLikeHeader = Columns(), roster.LooksLikeHeader
	file, err := csvfile.Read(in, name, read)
	if err != nil || file.Block >= 0 {
		return file, err
	}
	header := file.Header.Cells
	if hasColumns(header, oldColumns()) {
		return nil, fmt.Errorf("%s %w", name, ErrOldResults)
	}
	missing := slices.DeleteFunc(Columns(), func(c string) bool { return slices.Contains(header, c) })
	why := "the header lacks " + strings.Join(missing, ", ")
	switch len(missing) {
	case len(Columns()):
		why = "it has none of the columns of one"
	case 0:
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
	r.Rows = make([]Row, 0, len(r.File.Records))
	for records := range slices.Chunk(r.File.Records, batchSize) {
		cells := make([][]string, len(records))
		for i := range records {
			cells[i] = r.block(&records[i])
		}
		entries, err := decodeEntries(cells)
		if err != nil {
			return err
		}
		for i, e := range entries {
			e.trim()
			r.Rows = append(r.Rows, Row{Number: int(e.Row), Line: records[i].Line, Entry: e})
		}
	}
	r.byNumber = sortByNumber(r.Rows)
	err := r.readAction()
	if err == nil {
		err = r.checkRows()
	}
	if err == nil {
		r.dropBlock()
	}
	return err
}

// dropBlock lets go of our cells, which the entries have: they are most of the cells. Where somebody wrote behind
// them everything stays.
func (r *Results) dropBlock() {
	f := r.File
	width := len(f.Header.Cells)
	behind := func(r csvfile.Record) bool { return len(r.Cells) > width }
	if f.BlockEnd < width || slices.ContainsFunc(f.Records, behind) {
		return
	}
	var raw []byte
	drop := func(record *csvfile.Record) {
		raw = f.AppendCells(raw[:0], record, 0, f.Block)
		record.Raw = string(raw)
		record.Cells = slices.Clone(record.Cells[:f.Block])
	}
	drop(&f.Header)
	for i := range f.Records {
		drop(&f.Records[i])
	}
	f.BlockEnd = f.Block
}

// sortByNumber lists rows in the order of their numbers, those of one number in the order of the file.
func sortByNumber(rows []Row) []*Row {
	sorted := make([]*Row, len(rows))
	for i := range rows {
		sorted[i] = &rows[i]
	}
	slices.SortStableFunc(sorted, func(a, b *Row) int { return cmp.Compare(a.Number, b.Number) })
	return sorted
}

// find is the row with a number, nil where there is none.
func find(byNumber []*Row, number int) *Row {
	i, found := slices.BinarySearchFunc(byNumber, number, func(r *Row, n int) int { return cmp.Compare(r.Number, n) })
	if !found {
		return nil
	}
	return byNumber[i]
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
	if r.Action, err = parseAction(first.Entry.Action); err != nil {
		return r.refuse("the action %q cannot be read: %v", first.Entry.Action, err)
	}
	return nil
}

// checkRows checks that row numbers are unique and outcomes known, and warns of rows that are missing.
func (r *Results) checkRows() error {
	for i := range r.Rows {
		row, e := &r.Rows[i], &r.Rows[i].Entry
		last := i == len(r.Rows)-1 && !r.File.Whole
		cells := r.block(&r.File.Records[i])
		switch first := find(r.byNumber, row.Number); {
		case last && (row.Number == 0 || e.Check != "" && !e.fits(e.UserSubject)):
			return r.refuse("line %d: the last line has no end, so the file was probably cut short", row.Line)
		case row.Number == 0 && strings.TrimSpace(strings.Join(cells, "")) == "":
			return r.refuse("line %d: the row was added to the file: delete it, and put the person into another export",
				row.Line)
		case row.Number == 0 && cells[blockSize-1] == "":
			return r.refuse("line %d: the row number is missing", row.Line)
		case row.Number == 0:
			return r.refuse("line %d: %q is not a row number", row.Line, cells[blockSize-1])
		case first != row:
			return r.refuse("line %d: row %d already stands on line %d", row.Line, row.Number, first.Line)
		case !slices.Contains(provision.Outcomes(), e.Outcome):
			return r.refuse("line %d: %q is not an outcome", row.Line, e.Outcome)
		}
	}
	highest := r.byNumber[len(r.Rows)-1].Number
	if gone := highest - len(r.Rows); gone > 0 {
		verb := "are"
		if gone == 1 {
			verb = "is"
		}
		r.Warnings = append(r.Warnings, fmt.Sprintf("%s: %s of at least %s rows %s no longer in the file", r.Path,
			text.Grouped(gone), text.Grouped(highest), verb))
	}
	return nil
}
