package roster

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/text"
)

// validate returns the code and the message that say why a row cannot be sent; both are empty where it can. These rules
// are all that makes a row invalid by itself; the first that finds something decides.
func (r *reader) validate(row *Row) (code, message string) {
	p, columns, cells := &row.Person, &r.Columns, row.Record.Cells
	emailWhy := ""
	if p.Email != "" {
		emailWhy = badEmail(p.Email)
	}
	if r.isHeaderAgain(cells) {
		return provision.CodeHeaderRow, "the file's header again, not a person"
	}
	if what := r.trailerIn(row, p.Email != "" && emailWhy == ""); what != "" {
		return provision.CodeNotAPerson, r.trailerMessage(what)
	}
	for _, source := range [...]*Source{&columns.Subject, &columns.Name, &columns.Email} {
		for _, i := range source.columns {
			if cell := cellAt(cells, i); isErrorValue(cell) {
				return provision.CodeErrorValue, inColumn(r.headers[i], cell+" is an error value of a spreadsheet")
			}
		}
	}
	for _, i := range columns.Subject.columns {
		cell := cellAt(cells, i)
		if cell == "" {
			return provision.CodeNoSubject, inColumn(r.headers[i], "the cell is empty: fill it in")
		}
		if why := damagedSubject(cell); why != "" {
			return provision.CodeBadSubject, inColumn(r.headers[i], why)
		}
	}
	switch {
	case p.Subject == "": // no column is the subject
		return provision.CodeNoSubject, "no subject"
	case strings.ContainsFunc(p.Name, text.IsControl):
		return provision.CodeBadName, inColumn(columns.Name.text, hiddenCharacter(p.Name))
	case p.Email == "" && r.options.NeedEmail:
		return provision.CodeNoEmail, inColumn(columns.Email.text, "no address: an invited user needs one")
	case emailWhy != "":
		return provision.CodeBadEmail, inColumn(columns.Email.text, emailWhy)
	}
	return "", ""
}

// inColumn names the column of what is wrong, where it is that of one.
func inColumn(column, why string) string {
	if column == "" {
		return why
	}
	return "column " + quote(column) + ": " + why
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
			found++
			exact = c == csvfile.Trim(r.headers[i])
		}
	}
	return found > 1 || found == 1 && (exact || len(r.headers) == 1)
}

// checkShape refuses a file of which a row's cells cannot be those of the header's columns: the row holds other rows
// inside a quoted cell, is not cut, or is uneven. It accepts surplus cells that are empty, and warns of missing cells
// behind the last one that is used. A row that is uneven because it is a trailer becomes invalid.
func (r *reader) checkShape() error {
	var problems []csvfile.Problem
	var short []int // lines of the rows with missing cells
	advice := ""    // about the first problem
	width, last := len(r.headers), slices.Max(append(r.used, -1))
	for i := range r.Rows {
		row, record := &r.Rows[i], r.Rows[i].Record
		found := r.swallowed(record)
		why, whatToDo := "", ""
		switch n := len(record.Cells); {
		case len(found) > 0:
			whatToDo = "close the quotes in these rows; where a cell is right, replace the line breaks in it by blanks"
		case r.isUncut(row):
			why = "the row is not cut into its cells: " + quote(record.Raw)
			whatToDo = "remove the quotes around these rows, or give them the header's delimiter; or export the file again"
		case n == width, n > width && allBlank(record.Cells[width:]):
		case n < width && n > last:
			if !allBlank(r.headers[n:]) {
				short = append(short, record.Line)
			}
		case !r.isUnevenTrailer(record):
			why, whatToDo = r.uneven(record)
		case !row.Skipped:
			row.Code = provision.CodeNotAPerson
			row.Message = r.trailerMessage(csvfile.Trim(strings.Join(record.Cells, " ")))
		}
		if why != "" {
			found = append(found, csvfile.Problem{Line: record.Line, Message: why})
		}
		if len(problems) == 0 {
			advice = whatToDo
		}
		problems = append(problems, found...)
	}
	if e := csvfile.Reject(r.File.Name, problems); e != nil {
		e.Advice = advice
		return e
	}
	if len(short) > 0 {
		r.addWarning("%s cells at the end, of columns that are not used; the first is on line %d",
			text.Plural(len(short), "row lacks", "rows lack"), short[0])
	}
	return nil
}

// swallowed are the rows inside the quoted cells of a record: a quote is closed too late.
func (r *reader) swallowed(record *csvfile.Record) (problems []csvfile.Problem) {
	if len(r.headers) < 3 || r.options.Decided || !strings.ContainsAny(record.Raw, "\n\r") {
		return nil
	}
	line := record.Line
	for _, cell := range record.Cells {
		for i, inner := range strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(cell), "\n") {
			if i > 0 {
				line++
			}
			cells := strings.Split(inner, string(r.File.Dialect.Delimiter))
			if len(cells) == len(r.headers) && inner != cell && r.isRecord(cells) {
				why := fmt.Sprintf("a row inside a quoted cell of the row that begins on line %d: %s", record.Line, quote(inner))
				problems = append(problems, csvfile.Problem{Line: line, Message: why})
			}
		}
	}
	return problems
}

// isRecord reports whether cells cut from a quoted cell are a person: they have an address in the address column or,
// where there is none, a subject shaped like the others.
func (r *reader) isRecord(cells []string) bool {
	if e := &r.Columns.Email; e.text != "" {
		email := e.value(cells)
		return email != "" && badEmail(email) == ""
	}
	isPadded := func(cell string) bool { return strings.HasPrefix(cell, " ") }
	return !slices.ContainsFunc(cells[1:], isPadded) && r.isLikeSubjects(r.Columns.Subject.value(cells))
}

// isUncut reports whether the row is quoted as one cell, or cut at another delimiter than the header: 1;Lee, Ann;a@x.y.
// Each cell that is not empty holds the delimiter, all together as many as the header, or more beside an address.
func (r *reader) isUncut(row *Row) bool {
	want := len(r.headers)
	if want < 2 || r.options.Decided || !strings.ContainsAny(row.Person.Subject, ",;\t") {
		return false
	}
	filled := slices.DeleteFunc(slices.Clone(row.Record.Cells), func(cell string) bool { return csvfile.Trim(cell) == "" })
	return slices.ContainsFunc([]string{",", ";", "\t"}, func(d string) bool {
		if d == string(r.File.Dialect.Delimiter) && len(filled) > 1 ||
			slices.ContainsFunc(filled, func(cell string) bool { return !strings.Contains(cell, d) }) {
			return false
		}
		n := strings.Count(strings.Join(filled, ""), d) + 1
		return n == want && want > 2 || n >= want && strings.Contains(row.Record.Raw, "@")
	})
}

// uneven says what is wrong with a row that has more or fewer cells than the header, and what to do about such rows.
func (r *reader) uneven(record *csvfile.Record) (why, advice string) {
	n, width, delimiter := len(record.Cells), len(r.headers), delimiterName(r.File.Dialect.Delimiter, "")
	why = fmt.Sprintf("%s, where the header has %d: ", text.Plural(n, "field", "fields"), width)
	if n > width {
		why += fmt.Sprintf("a %s in a cell that is not quoted; the first field too many is %s", delimiter,
			quote(csvfile.Trim(record.Cells[width])))
		return why, "quote the cells that hold a " + delimiter + ", or export the file again"
	}
	why += "cells are missing: " + quote(record.Raw)
	first, isLast := csvfile.Trim(record.Cells[0]), record == &r.File.Records[len(r.File.Records)-1]
	if isLast && !strings.Contains(record.Raw, "@") && allNoNames(record.Cells) && !r.isLikeSubjects(first) {
		return why, "it is the last row, and looks like a trailer: where it is no person, delete the line"
	}
	return why, "give these rows all of their cells, or export the file again"
}

// isLikeSubjects reports whether a value has the pattern of one of the first subjects.
func (r *reader) isLikeSubjects(value string) bool {
	if r.patterns == nil {
		r.patterns = make(map[string]bool)
		for _, record := range r.File.Records[:min(1000, len(r.File.Records))] {
			if len(record.Cells) == len(r.headers) {
				r.patterns[patternOf(r.Columns.Subject.value(record.Cells))] = true
			}
		}
	}
	return r.patterns[patternOf(value)]
}

// patternOf writes a digit for each run of digits and a letter for each run of letters of one case: P-0417 is A-0.
func patternOf(s string) string {
	kinds := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsDigit(r):
			return '0'
		case unicode.IsUpper(r):
			return 'A'
		case unicode.IsLetter(r):
			return 'a'
		}
		return r
	}, s)
	return string(slices.Compact([]rune(kinds)))
}

func allBlank(cells []string) bool {
	return !slices.ContainsFunc(cells, func(c string) bool { return csvfile.Trim(c) != "" })
}
