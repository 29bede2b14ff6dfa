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

// checkShape refuses a file of which a row's cells cannot be those of the header's columns: the row is not cut, is
// uneven, or holds other rows inside a quoted cell. It accepts surplus cells that are empty, and missing cells behind
// the last one that is used, whose lines it keeps. A row that is uneven because it is a trailer becomes invalid.
func (r *reader) checkShape() error {
	var problems []csvfile.Problem
	advice := "" // about the first problem
	add := func(whatToDo string, found ...csvfile.Problem) {
		if len(problems) == 0 && len(found) > 0 {
			advice = whatToDo
		}
		problems = append(problems, found...)
	}
	width, last := len(r.headers), slices.Max(append(r.used, -1))
	for i := range r.Rows {
		row, record := &r.Rows[i], r.Rows[i].Record
		n := len(record.Cells)
		switch {
		case r.isUncut(row):
			add("remove the quotes around these rows, or give them the header's delimiter; or export the file again",
				csvfile.Problem{Line: record.Line, Message: "the row is not cut into its cells: " + quote(record.Raw)})
		case n == width, n > width && allBlank(record.Cells[width:]):
		case n < width && n > last:
			if !allBlank(r.headers[n:]) {
				r.short = append(r.short, record.Line)
			}
		case r.isUnevenTrailer(record):
			if !row.Skipped {
				what := csvfile.Trim(strings.Join(record.Cells, " "))
				row.reject(provision.CodeNotAPerson, r.Columns.Subject.text, looksLikeTrailer(what))
			}
		default:
			why, whatToDo := r.uneven(record)
			add(whatToDo, csvfile.Problem{Line: record.Line, Message: why})
		}
		add("close the quotes in these rows; where a cell is right, replace the line breaks in it by blanks",
			r.swallowed(record)...)
	}
	if e := csvfile.Reject(r.File.Name, problems); e != nil {
		e.Advice = advice
		return e
	}
	return nil
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
	n, width, delimiter := len(record.Cells), len(r.headers), delimiterName(r.File.Dialect.Delimiter)
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

// isLikeSubjects reports whether a value has the pattern of one of the first subjects.
func (r *reader) isLikeSubjects(value string) bool {
	if r.patterns == nil {
		r.patterns = make(map[string]bool)
		for i := range min(1000, len(r.File.Records)) {
			if cells := r.File.Records[i].Cells; len(cells) == len(r.headers) {
				r.patterns[patternOf(r.Columns.Subject.value(cells))] = true
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
