package report

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"unicode/utf8"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/roster"
	"qlik-provision/provision/text"
)

// A ResultFile is a result file in memory, with the journal beside it merged.
type ResultFile struct {
	Path     string
	File     *csvfile.File // the records; of a new Ledger, the export
	Action   Action        // what the rows are for
	Rows     []Row         // in the file's order
	Running  bool          // Read found that a run holds the lock, or could not tell
	Holder   string        // process, host and start of the run whose the journal is; "" where there is none
	Unmerged bool          // the journal has results that are not in the file yet
	Warnings []string

	info     fs.FileInfo // of the file as it was last read or written; nil where there is none
	byNumber []*Row      // Rows, in the order of their numbers
}

// A Row is a row of a result file.
type Row struct {
	*roster.Row // nil in a Ledger that is not prepared
	Number      int
	Line        int // of the result file that was opened
	Entry       Entry
	Recorded    bool // this run recorded a result of it
}

// Read reads the result file at path: for report, verify and plan. It is not locked, and another run may work on it.
// Persons are derived from the file's action where that can be done.
func Read(path string, read csvfile.Options) (*ResultFile, error) {
	f, err := findFiles(path)
	if err != nil {
		return nil, err
	}
	r, err := load(f, read)
	if err != nil {
		return nil, err
	}
	r.derivePersons()
	r.Running = f.mayBeLocked()
	return r, nil
}

// derivePersons derives the rows' persons, with the subjects that were sent. Where the action no longer fits the
// file's columns they have nothing but those.
func (r *ResultFile) derivePersons() {
	people, err := roster.Read(r.File, r.Action.Sources())
	if err != nil {
		people = &roster.Roster{Rows: make([]roster.Row, len(r.Rows))}
		for i := range people.Rows {
			people.Rows[i].Record = &r.File.Records[i]
		}
	}
	for i := range r.Rows {
		row := &r.Rows[i]
		row.Row = &people.Rows[i]
		row.Person.Subject = cmp.Or(row.Entry.UserSubject, row.Person.Subject)
	}
}

// CheckTenant fails with *TenantError where a row is another tenant's than a run's; "" is a run that contacts nobody.
func (r *ResultFile) CheckTenant(run string) error {
	for i := range r.Rows {
		if file := r.Rows[i].Entry.Tenant; run != "" && file != "" && !strings.EqualFold(run, file) {
			return &TenantError{r.Path, file, run}
		}
	}
	return nil
}

// Promises are what the outcomes of the rows promise, for provision.Run.Verify: of every row with a subject.
func (r *ResultFile) Promises() []provision.Promise {
	promises := make([]provision.Promise, 0, len(r.Rows))
	for _, row := range r.Rows {
		if row.Person.Subject != "" {
			promises = append(promises, provision.Promise{
				Row:     provision.Row{Number: row.Number, Person: row.Person, UserID: string(row.Entry.UserID)},
				Outcome: row.Entry.Outcome, Code: string(row.Entry.Code),
			})
		}
	}
	return promises
}

// load reads a result file and its journal as they belong together. It fails with ErrStrayJournal, ErrOldResults,
// *NotResultsError, a *csvfile.Error, or the system's error. Of a file that is refused because of its rows, File
// is set all the same.
func load(f files, read csvfile.Options) (*ResultFile, error) {
	r := &ResultFile{Path: f.name}
	// The journal comes first: a run that ends in between merges it, and merging it again changes nothing.
	journal, err := openRegular(f.journalPath())
	if ignoreMissing(err) != nil {
		return r, fmt.Errorf("reading %s: %w", f.journalName(), err)
	}
	defer journal.Close() // nothing where there is none
	err = r.readFile(f.path, read)
	isMissing := errors.Is(err, fs.ErrNotExist)
	hasNoHeader := r.info != nil && r.info.Size() < int64(len(columns))
	hasNoRows := r.File != nil && len(r.File.Records) == 0
	switch {
	case journal == nil:
		return r, err
	case isMissing, hasNoHeader, hasNoRows:
		return r, fmt.Errorf("%s %w", f.journalName(), ErrStrayJournal)
	case err != nil:
		return r, err
	}
	j, err := readJournal(journal)
	if err != nil {
		return r, fmt.Errorf("reading %s: %w", f.journalName(), err)
	}
	belonging := r.merge(j)
	r.Holder, r.Unmerged = j.holder, belonging > 0
	if all := len(j.entries) + j.damaged; belonging < all {
		r.Warnings = append(r.Warnings, fmt.Sprintf(
			"%s: %d of %d results dropped: %d cut short or damaged, %d of no row in this file", f.journalName(),
			all-belonging, all, j.damaged, len(j.entries)-belonging))
	}
	return r, nil
}

// readFile reads the file at path. Where its header does not have our columns it is none, and File is nil.
func (r *ResultFile) readFile(path string, read csvfile.Options) error {
	in, err := openRegular(path)
	if err != nil {
		return err
	}
	defer in.Close()
	if r.info, err = in.Stat(); err != nil {
		return err
	}
	read.Size, read.Block, read.LooksLikeHeader = r.info.Size(), Columns(), roster.LooksLikeHeader
	file, err := csvfile.Read(in, r.Path, read)
	if err == nil && file.Block < 0 {
		err = cmp.Or(CheckExport(file), missingColumns(file))
	}
	if err != nil {
		return err
	}
	r.File = file
	return r.readRows()
}

// missingColumns is a *NotResultsError.
func missingColumns(file *csvfile.File) error {
	missing := slices.DeleteFunc(Columns(), func(c string) bool { return slices.Contains(file.Header.Cells, c) })
	why := "the header lacks " + strings.Join(missing, ", ")
	if len(missing) == 0 {
		why = "its columns do not stand next to each other in the order " + columns
	}
	return &NotResultsError{file.Name, why, len(missing) <= 3}
}

// CheckExport fails with ErrResultsGiven or ErrOldResults where a file is a result file, of this version or an earlier
// one's.
func CheckExport(file *csvfile.File) error {
	const old = "outcome,user_id,user_subject,message,error_code,http_status,trace_id,attempts,finished_at,tenant,row"
	switch {
	case file.Block >= 0:
		return fmt.Errorf("%s %w", file.Name, ErrResultsGiven)
	case strings.Contains(strings.Join(file.Header.Cells, ","), old):
		return fmt.Errorf("%s %w", file.Name, ErrOldResults)
	}
	return nil
}

// readRows takes our columns out of the records, fills in the rows and the action, and fails with *NotResultsError
// where they cannot be run.
func (r *ResultFile) readRows() error {
	r.Rows = make([]Row, 0, len(r.File.Records))
	for records := range slices.Chunk(r.File.Records, roster.BatchSize) {
		cells := make([][]string, len(records))
		for i := range records {
			cells[i] = r.cutBlock(&records[i])
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
	r.cutBlock(&r.File.Header)
	r.byNumber = sortByNumber(r.Rows)
	if err := r.readAction(); err != nil {
		return err
	}
	return r.checkRows()
}

// cutBlock cuts our cells out of a record of the file, and returns them: File has the columns of the export alone then,
// and File.Block says where ours stood. Spreadsheets leave empty cells out at the end of a line.
func (r *ResultFile) cutBlock(record *csvfile.Record) []string {
	all := record.Cells
	from, to := min(r.File.Block, len(all)), min(r.File.Block+blockSize, len(all))
	raw := r.File.AppendCells(nil, record, 0, from)
	if from > 0 && to < len(all) {
		raw = utf8.AppendRune(raw, r.File.Dialect.Delimiter)
	}
	record.Raw = string(r.File.AppendCells(raw, record, to, len(all)))
	record.Cells = slices.Concat(all[:from], all[to:])
	return append(all[from:to:to], make([]string, blockSize-(to-from))...)
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
func (r *ResultFile) find(number int) *Row {
	i, found := slices.BinarySearchFunc(r.byNumber, number, func(r *Row, n int) int { return cmp.Compare(r.Number, n) })
	if !found {
		return nil
	}
	return r.byNumber[i]
}

// refuse is a *NotResultsError.
func (r *ResultFile) refuse(format string, args ...any) error {
	return &NotResultsError{r.Path, fmt.Sprintf(format, args...), true}
}

// readAction reads the one action of the rows. A row's cell may be empty: it is filled in.
func (r *ResultFile) readAction() (err error) {
	action := ""
	if len(r.Rows) == 0 {
		return r.refuse("it has no rows")
	}
	for i := range r.Rows {
		row := &r.Rows[i]
		if here := row.Entry.Action; here != "" && action != "" && here != action {
			return r.refuse("it has more than one action: %s is for %q, rows before it are for %q", row.place(), here, action)
		}
		action = cmp.Or(action, row.Entry.Action)
	}
	for i := range r.Rows {
		r.Rows[i].Entry.Action = action // one string for all
	}
	if r.Action, err = parseAction(action); err != nil {
		return r.refuse("the action %q cannot be read: %v", action, err)
	}
	return nil
}

// place is where the row stands in a result file.
func (r *Row) place() string { return fmt.Sprintf("row %d (line %d)", r.Number, r.Line) }

// checkRows checks that row numbers are unique and outcomes known, and warns of rows that are missing.
func (r *ResultFile) checkRows() error {
	for i := range r.Rows {
		row, e := &r.Rows[i], &r.Rows[i].Entry
		why := ""
		switch first := r.find(row.Number); {
		case row.Number == 0 && e.isEmptied():
			why = "the row was added to the file: delete it, and put the person into another export"
		case row.Number == 0:
			why = "it has no row number"
		case first != row:
			why = fmt.Sprintf("row %d already stands on line %d", row.Number, first.Line)
		case !slices.Contains(provision.Outcomes(), e.Outcome):
			why = fmt.Sprintf("%q is not an outcome", e.Outcome)
		}
		if why != "" {
			return r.refuse("line %d: %s", row.Line, why)
		}
	}
	highest := r.byNumber[len(r.Rows)-1].Number
	if gone := highest - len(r.Rows); gone > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%s: of at least %s rows, %s no longer in the file", r.Path,
			text.Grouped(highest), text.Plural(gone, "is", "are")))
	}
	return nil
}
