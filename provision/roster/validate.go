package roster

import (
	"slices"
	"strings"

	"qlik-provision/provision"
	"qlik-provision/provision/text"
)

// A validator judges rows, each by itself.
type validator struct {
	*chooser
	columns         *Columns
	needEmail       bool
	names           []int // columns for a name, where no source of the name is known
	hasPersonColumn bool  // there is a column for a name or the address, so a trailer can be told from a person
	hasNames        bool  // the source of the name holds names
}

func newValidator(c *chooser, r *Roster, needEmail bool) *validator {
	v := &validator{chooser: c, columns: &r.Columns, needEmail: needEmail}
	v.hasPersonColumn = r.Columns.Name.text != "" || r.Columns.Email.text != ""
	for i := range v.roles {
		if r.Columns.Name.text == "" && v.roles[i]&anyName != 0 {
			v.hasPersonColumn = true
			if !r.Columns.Subject.uses(i) {
				v.names = append(v.names, i)
			}
		}
	}
	v.hasNames = slices.ContainsFunc(r.Rows, func(row Row) bool { return readsAsName(row.Person.Name) })
	return v
}

// judge sets the code and message of the rows that cannot be sent. These rules are all that makes a
// row invalid by itself; the first that finds something decides. Each returns the column and what is
// wrong there, "" where nothing is.
func (v *validator) judge(rows []Row) {
	rules := []struct {
		code string
		find func(*Row) (column, why string)
	}{
		{provision.CodeHeaderRow, v.headerAgain},
		{provision.CodeNotAPerson, v.trailer},
		{provision.CodeErrorValue, v.errorValue},
		{provision.CodeNoSubject, v.noSubject},
		{provision.CodeBadSubject, v.badSubject},
		{provision.CodeBadName, v.badName},
		{provision.CodeNoEmail, v.noEmail},
		{provision.CodeBadEmail, v.badEmail},
	}
	for i := range rows {
		row := &rows[i]
		for _, rule := range rules {
			if !row.Sendable() {
				break
			}
			if column, why := rule.find(row); why != "" {
				row.reject(rule.code, column, why)
			}
		}
	}
}

func (r *Row) reject(code, column, why string) {
	r.Code, r.Message = code, inColumn(column, why)
}

// inColumn names the column of what is wrong, where it is that of one.
func inColumn(column, why string) string {
	if column == "" {
		return why
	}
	return "column " + quote(column) + ": " + why
}

// headerAgain finds the file's header again: the row's cells are the headers, or other words for the
// same columns. Of the columns that are used each must be, and two of them, or the whole row.
func (v *validator) headerAgain(row *Row) (column, why string) {
	cells := row.Record.Cells
	isHeader := func(i int) bool {
		c, h := cellAt(cells, i), v.headers[i]
		return c != "" && c == trim(h) || maybeHeader(c) && (fold(c) == fold(h) || rolesOf(c).overlaps(v.roles[i]))
	}
	exact := false // a cell of the subject is its header in the same case
	for _, p := range v.columns.Subject.parts {
		if p.column >= 0 && !isHeader(p.column) {
			return "", ""
		}
		exact = exact || p.column >= 0 && cellAt(cells, p.column) == trim(p.text)
	}
	used, filled, headers := 0, 0, 0
	for i := range v.headers {
		if cellAt(cells, i) == "" || inBlock(v.file, i) {
			continue
		}
		filled++
		switch isUsed := v.columns.uses(i); {
		case isHeader(i):
			headers++
			if isUsed {
				used++
			}
		case isUsed:
			return "", ""
		}
	}
	if used > 1 || headers == filled && (filled > 1 || len(v.headers) == 1 || exact) {
		why = "the file's header again, not a person"
	}
	return "", why
}

// maybeHeader tells most values of people from headers without comparing words.
func maybeHeader(s string) bool {
	return s != "" && len(s) < 128 && !strings.ContainsAny(s, "0123456789@")
}

// errorValue finds error values of spreadsheets in each cell that a value is made of.
func (v *validator) errorValue(row *Row) (column, why string) {
	for _, f := range v.columns.fields(&row.Person) {
		for header, cell := range f.source.cells(row.Record) {
			if isErrorValue(cell) {
				return header, cell + " is an error value of a spreadsheet"
			}
		}
	}
	return "", ""
}

// noSubject finds an empty cell among those that the subject is made of.
func (v *validator) noSubject(row *Row) (column, why string) {
	s := &v.columns.Subject
	for header, cell := range s.cells(row.Record) {
		if cell == "" {
			return header, "the cell is empty: fill it in"
		}
	}
	if row.Person.Subject == "" { // no column is the subject
		return s.header(), "no subject"
	}
	return "", ""
}

// badSubject judges each cell that the subject is made of.
func (v *validator) badSubject(row *Row) (column, why string) {
	for header, cell := range v.columns.Subject.cells(row.Record) {
		if why := damagedSubject(cell); why != "" {
			return header, why
		}
	}
	return "", ""
}

func (v *validator) badName(row *Row) (column, why string) {
	if name := row.Person.Name; strings.ContainsFunc(name, text.IsControl) {
		return v.columns.Name.header(), hiddenCharacter(name)
	}
	return "", ""
}

func (v *validator) noEmail(row *Row) (column, why string) {
	if v.needEmail && row.Person.Email == "" {
		why = "no address: an invited user needs one"
	}
	return v.columns.Email.header(), why
}

func (v *validator) badEmail(row *Row) (column, why string) {
	if row.Person.Email != "" {
		why = badEmail(row.Person.Email)
	}
	return v.columns.Email.header(), why
}
