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
	needEmail bool
	names     []int // columns of first or last names, where none is known to be the name
	evidence  bool  // the file has a column for a name or the address, so a trailer can be told from a person
	named     bool  // the column for the name holds names
	row       *Row
}

// validate sets code and message of the rows that cannot be sent. trailers are the indexes of rows
// that are known as such.
func (r *Roster) validate(o Options, trailers []int) *validator {
	v := &validator{file: r.File, columns: &r.Columns, needEmail: o.NeedEmail}
	v.evidence = r.Columns.Name.text != "" || r.Columns.Email.text != ""
	for i, h := range r.File.Header.Cells {
		if r.Columns.Name.text == "" && rolesOf(h)&anyName != 0 && !inBlock(r.File, i) {
			v.evidence = true
			if !r.Columns.Subject.uses(i) {
				v.names = append(v.names, i)
			}
		}
	}
	v.named = slices.ContainsFunc(r.Rows, func(row Row) bool { return readsAsName(row.Person.Name) })
	for i := range r.Rows {
		v.row = &r.Rows[i]
		trailer := len(trailers) > 0 && trailers[0] == i
		if trailer {
			trailers = trailers[1:]
		}
		switch {
		case v.row.Skipped:
		case trailer:
			v.notAPerson(trim(strings.Join(v.row.Record.Cells, " ")))
		default:
			v.judge()
		}
	}
	return v
}

// judge sets the row's code and message where it cannot be sent.
func (v *validator) judge() {
	p := &v.row.Person
	switch {
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
		quote(what)+" looks like a total or section line: delete the row; if it is a person, fill in a name or an address")
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

// headerAgain reports whether the row is the file's header again.
func (v *validator) headerAgain() bool {
	if !v.isHeader() {
		return false
	}
	return v.invalid(provision.CodeHeaderRow, "", "the file's header again, not a person")
}

// isHeader reports whether the row's cells are its headers, or its subject and name or address are
// words that head such columns.
func (v *validator) isHeader() bool {
	cells := v.row.Record.Cells
	same := func(p part, r role) bool {
		cell := cellAt(cells, p.column)
		return cell == p.text || maybeHeader(cell) && (rolesOf(cell)&r != 0 || fold(cell) == fold(p.text))
	}
	heads := func(s *Source, r role) bool {
		found := false
		for _, p := range s.parts {
			if p.column >= 0 {
				if !same(p, r) {
					return false
				}
				found = true
			}
		}
		return found
	}
	if !heads(&v.columns.Subject, subject) {
		return false
	}
	if heads(&v.columns.Name, anyName) || heads(&v.columns.Email, email) {
		return true
	}
	header, filled := v.file.Header.Cells, 0
	for i, c := range cells {
		if c = trim(c); c == "" || inBlock(v.file, i) {
			continue
		}
		if i >= len(header) || fold(c) != fold(header[i]) {
			return false
		}
		filled++
	}
	s := &v.columns.Subject
	return filled > 1 || len(header) == 1 || filled == 1 && v.row.Person.Subject == trim(s.header())
}

// maybeHeader tells most values of people from headers without comparing words.
func maybeHeader(s string) bool {
	return s != "" && len(s) < 128 && !strings.ContainsAny(s, "0123456789@")
}
