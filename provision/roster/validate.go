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
	columns   *Columns
	needEmail bool
	used      []int           // columns that a field comes from
	folded    []string        // the headers, as fold leaves them
	names     []int           // columns for a name, where no source of the name is known
	hasNames  bool            // the source of the name holds names
	patterns  map[string]bool // of the subjects, once they are needed
}

func newValidator(c *chooser, r *Roster, needEmail bool) *validator {
	v := &validator{chooser: c, columns: &r.Columns, needEmail: needEmail}
	for i, h := range c.headers {
		v.folded = append(v.folded, fold(h))
		if r.Columns.uses(i) {
			v.used = append(v.used, i)
		}
		if r.Columns.Name.text == "" && c.roles[i]&anyName != 0 {
			v.names = append(v.names, i)
		}
	}
	v.hasNames = slices.ContainsFunc(r.Rows, func(row Row) bool { return readsAsName(row.Person.Name) })
	return v
}

// judge sets the code and message of the rows that cannot be sent.
func (v *validator) judge(rows []Row) {
	for i := range rows {
		if row := &rows[i]; row.Sendable() {
			if code, column, why := v.fault(row); code != "" {
				row.reject(code, column, why)
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

// fault is why a row cannot be sent, with the column; "" where it can. These rules are all that makes a row invalid
// by itself; the first that finds something decides.
func (v *validator) fault(row *Row) (code, column, why string) {
	p, s, emailWhy := &row.Person, &v.columns.Subject, ""
	if p.Email != "" {
		emailWhy = badEmail(p.Email)
	}
	if v.isHeaderAgain(row.Record.Cells) {
		return provision.CodeHeaderRow, "", "the file's header again, not a person"
	}
	if what := v.trailerIn(row, p.Email != "" && emailWhy == ""); what != "" {
		return provision.CodeNotAPerson, s.text, looksLikeTrailer(what)
	}
	for _, f := range v.columns.fields(p) {
		for header, cell := range f.source.cells(row.Record) {
			if isErrorValue(cell) {
				return provision.CodeErrorValue, header, cell + " is an error value of a spreadsheet"
			}
		}
	}
	for header, cell := range s.cells(row.Record) {
		if cell == "" {
			return provision.CodeNoSubject, header, "the cell is empty: fill it in"
		}
		if why := damagedSubject(cell); why != "" {
			return provision.CodeBadSubject, header, why
		}
	}
	switch {
	case p.Subject == "": // no column is the subject
		return provision.CodeNoSubject, s.text, "no subject"
	case strings.ContainsFunc(p.Name, text.IsControl):
		return provision.CodeBadName, v.columns.Name.text, hiddenCharacter(p.Name)
	case p.Email == "" && v.needEmail:
		return provision.CodeNoEmail, v.columns.Email.text, "no address: an invited user needs one"
	case emailWhy != "":
		return provision.CodeBadEmail, v.columns.Email.text, emailWhy
	}
	return "", "", ""
}

// isHeaderAgain reports whether a row's cells are the headers. Of the columns that are used each must be, and two of
// them, or the whole row: mail alone may be a login.
func (v *validator) isHeaderAgain(cells []string) bool {
	isHeader := func(i int) bool { return fold(cellAt(cells, i)) == v.folded[i] }
	used, exact := 0, false
	for _, i := range v.used {
		c := cellAt(cells, i)
		switch {
		case c == "":
			continue
		case !isHeader(i):
			return false
		}
		used, exact = used+1, c == trim(v.headers[i])
	}
	if used != 1 {
		return used > 1
	}
	filled := 0
	for i := range v.headers {
		if cellAt(cells, i) == "" {
			continue
		}
		if filled++; !isHeader(i) {
			return false
		}
	}
	return exact || filled > 1 || len(v.headers) == 1
}
