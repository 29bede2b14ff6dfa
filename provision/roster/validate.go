package roster

import (
	"fmt"
	"slices"
	"strings"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/text"
)

// A validator judges rows, each by itself.
type validator struct {
	file      *csvfile.File
	columns   *Columns
	roles     []role // of the columns
	needEmail bool
	names     []int // columns of first or last names, where none is known to be the name
	evidence  bool  // the file has a column for a name or the address, so a trailer can be told from a person
	named     bool  // the column for the name holds names
	row       *Row
}

// newValidator prepares judging the rows.
func (r *Roster) newValidator(roles []role, needEmail bool) *validator {
	v := &validator{file: r.File, columns: &r.Columns, needEmail: needEmail, roles: roles}
	v.evidence = r.Columns.Name.text != "" || r.Columns.Email.text != ""
	for i := range v.roles {
		if r.Columns.Name.text == "" && v.roles[i]&anyName != 0 {
			v.evidence = true
			if !r.Columns.Subject.uses(i) {
				v.names = append(v.names, i)
			}
		}
	}
	v.named = slices.ContainsFunc(r.Rows, func(row Row) bool { return readsAsName(row.Person.Name) })
	return v
}

// judge sets a row's code and message where it cannot be sent.
func (v *validator) judge(row *Row) {
	v.row = row
	p := &row.Person
	switch {
	case !row.Sendable():
	case v.headerAgain(), v.trailer():
	case v.errorValue(&v.columns.Subject, p.Subject), v.errorValue(&v.columns.Name, p.Name),
		v.errorValue(&v.columns.Email, p.Email):
	case v.badSubject():
	case v.badName():
	case p.Email == "" && v.needEmail:
		v.invalid(provision.CodeNoEmail, v.columns.Email.header(), "no address: an invited user needs one")
	case p.Email != "":
		if why := badEmail(p.Email); why != "" {
			v.invalid(provision.CodeBadEmail, v.columns.Email.header(), why)
		}
	}
}

// invalid sets the row's code and message.
func (v *validator) invalid(code, column, why string) bool {
	v.row.Code, v.row.Message = code, at(v.row.Record.Line, column, why)
	return true
}

// at names line and column of what is wrong.
func at(line int, column, why string) string {
	if column == "" {
		return fmt.Sprintf("line %d: %s", line, why)
	}
	return fmt.Sprintf("line %d, column %s: %s", line, quote(column), why)
}

func (v *validator) notAPerson(what string) bool {
	return v.invalid(provision.CodeNotAPerson, v.columns.Subject.header(),
		quote(what)+" looks like a total or section line: delete the row; "+
			"if it is a person, fill in a name or an address")
}

// errorValue looks for error values of spreadsheets: in the value and, where that is a template's,
// in each of its cells.
func (v *validator) errorValue(s *Source, value string) bool {
	if !strings.ContainsAny(value, "#:.") {
		return false
	}
	for _, p := range s.parts {
		if p.column < 0 {
			continue
		}
		if cell := cellAt(v.row.Record.Cells, p.column); isErrorValue(cell) {
			return v.invalid(provision.CodeErrorValue, p.text, cell+" is an error value of a spreadsheet")
		}
	}
	return false
}

// badSubject judges each cell that the subject is made of.
func (v *validator) badSubject() bool {
	s := &v.columns.Subject
	for _, p := range s.parts {
		if p.column < 0 {
			continue
		}
		cell := cellAt(v.row.Record.Cells, p.column)
		if cell == "" {
			return v.invalid(provision.CodeNoSubject, p.text, "the cell is empty: fill it in")
		}
		if why := damagedSubject(cell); why != "" {
			return v.invalid(provision.CodeBadSubject, p.text, why)
		}
	}
	if v.row.Person.Subject == "" { // no column is the subject
		return v.invalid(provision.CodeNoSubject, s.header(), "no subject")
	}
	return false
}

func (v *validator) badName() bool {
	name := v.row.Person.Name
	for _, r := range name {
		if text.IsControl(r) {
			why := "a control character in " + quote(name)
			if r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029' {
				why = "a line break in " + quote(name)
			}
			return v.invalid(provision.CodeBadName, v.columns.Name.header(), why)
		}
	}
	return false
}

// headerAgain reports whether the row is the file's header again: its cells are the headers, or other
// words for the same columns. Of the columns that are used each must be, and two of them, or the whole
// row.
func (v *validator) headerAgain() bool {
	cells, header := v.row.Record.Cells, v.file.Header.Cells
	isHeader := func(i int) bool {
		c, h := cellAt(cells, i), header[i]
		return c != "" && c == trim(h) || maybeHeader(c) && (fold(c) == fold(h) || rolesOf(c)&v.roles[i] != 0)
	}
	exact := false
	for _, p := range v.columns.Subject.parts {
		if p.column >= 0 && !isHeader(p.column) {
			return false
		}
		exact = exact || p.column >= 0 && cellAt(cells, p.column) == trim(p.text)
	}
	used, filled, all := 0, 0, true
	for i := range header {
		if cellAt(cells, i) == "" || inBlock(v.file, i) {
			continue
		}
		filled++
		same := isHeader(i)
		switch {
		case v.columns.uses(i) && !same:
			return false
		case v.columns.uses(i):
			used++
		}
		all = all && same
	}
	if used > 1 || all && (filled > 1 || len(header) == 1 || exact) {
		return v.invalid(provision.CodeHeaderRow, "", "the file's header again, not a person")
	}
	return false
}

// maybeHeader tells most values of people from headers without comparing words.
func maybeHeader(s string) bool {
	return s != "" && len(s) < 128 && !strings.ContainsAny(s, "0123456789@")
}
