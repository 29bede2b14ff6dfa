package roster

import (
	"strings"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/text"
)

// judge sets the code and message of the rows that cannot be sent.
func (r *reader) judge() {
	InBatches(len(r.Rows), func(from, to int) {
		for i := from; i < to; i++ {
			row := &r.Rows[i]
			if !row.Sendable() {
				continue
			}
			if code, column, why := r.fault(row); code != "" {
				row.reject(code, column, why)
			}
		}
	})
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
func (r *reader) fault(row *Row) (code, column, why string) {
	p, s, emailWhy := &row.Person, &r.Columns.Subject, ""
	if p.Email != "" {
		emailWhy = badEmail(p.Email)
	}
	if r.isHeaderAgain(row.Record.Cells) {
		return provision.CodeHeaderRow, "", "the file's header again, not a person"
	}
	if what := r.trailerIn(row, p.Email != "" && emailWhy == ""); what != "" {
		return provision.CodeNotAPerson, s.text, looksLikeTrailer(what)
	}
	for _, source := range []*Source{s, &r.Columns.Name, &r.Columns.Email} {
		for header, cell := range source.cells(row.Record) {
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
		return provision.CodeBadName, r.Columns.Name.text, hiddenCharacter(p.Name)
	case p.Email == "" && r.options.NeedEmail:
		return provision.CodeNoEmail, r.Columns.Email.text, "no address: an invited user needs one"
	case emailWhy != "":
		return provision.CodeBadEmail, r.Columns.Email.text, emailWhy
	}
	return "", "", ""
}

// isHeaderAgain reports whether a row's cells are the headers: those that are used, two of them at least, or the only
// one as it is written there. One alone may be a login: mail.
func (r *reader) isHeaderAgain(cells []string) bool {
	found, exact := 0, false
	for _, i := range r.used {
		switch c := cellAt(cells, i); {
		case c == "":
		case fold(c) != r.folded[i]:
			return false
		default:
			found, exact = found+1, c == csvfile.Trim(r.headers[i])
		}
	}
	return found > 1 || found == 1 && (exact || len(r.headers) == 1)
}
