package roster

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"
	"unicode"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/text"
)

// checkShape refuses a file of which a row's cells cannot be those of the header's columns: the row is not cut, is
// uneven, or holds other rows inside a quoted cell. It accepts surplus cells that are empty, and missing cells behind
// the last one that is used, whose lines it returns. A row that is uneven because it is a trailer becomes invalid.
func (v *validator) checkShape(rows []Row, conditions []*condition) (short []int, err error) {
	var problems []csvfile.Problem
	advice := "" // about the first problem
	add := func(line int, why, whatToDo string) {
		problems = append(problems, csvfile.Problem{Line: line, Message: why})
		advice = cmp.Or(advice, whatToDo)
	}
	width, last := len(v.headers), v.lastUsed(conditions)
	for i := range rows {
		r := rows[i].Record
		n := len(r.Cells)
		switch {
		case v.isUncut(&rows[i]):
			add(r.Line, "the row is not cut into its cells: "+quote(r.Raw),
				"remove the quotes around these rows, or give them the header's delimiter; or export the file again")
		case n == width, n > width && allBlank(r.Cells[width:]):
		case n < width && n > last:
			if v.file.Block < 0 && !allBlank(v.headers[n:]) {
				short = append(short, r.Line)
			}
		case v.isUnevenTrailer(r):
			if !rows[i].Skipped {
				what := trim(strings.Join(r.Cells, " "))
				rows[i].reject(provision.CodeNotAPerson, v.columns.Subject.text, looksLikeTrailer(what))
			}
		default:
			why, whatToDo := v.uneven(r)
			add(r.Line, why, whatToDo)
		}
		for line, inner := range v.swallowed(r) {
			add(line, fmt.Sprintf("a row inside a quoted cell of the row that begins on line %d: %s", r.Line, quote(inner)),
				"close the quotes in these rows; where a cell is right, replace the line breaks in it by blanks")
		}
	}
	if e := csvfile.Reject(v.file.Name, problems); e != nil {
		e.Advice = advice
		return nil, e
	}
	return short, nil
}

// lastUsed is the last column that a row must have a cell of. Spreadsheets leave out empty cells behind a result
// file's own columns.
func (v *validator) lastUsed(conditions []*condition) int {
	if v.file.Block >= 0 {
		return v.file.Block - 1
	}
	last := slices.Max(append(v.used, -1))
	for _, cond := range conditions {
		last = max(last, cond.column)
	}
	return last
}

// isUncut reports whether the row is quoted as one cell, or cut at another delimiter than the header: 1;Lee, Ann;a@x.y.
// Each cell that is not empty holds the delimiter, all together as many as the header, or more beside an address.
func (v *validator) isUncut(row *Row) bool {
	want := len(v.headers)
	if want < 2 || v.file.Block >= 0 || !strings.ContainsAny(row.Person.Subject, ",;\t") {
		return false
	}
	filled := slices.DeleteFunc(slices.Clone(row.Record.Cells), func(cell string) bool { return trim(cell) == "" })
	return slices.ContainsFunc([]string{",", ";", "\t"}, func(d string) bool {
		if d == string(v.file.Dialect.Delimiter) && len(filled) > 1 ||
			slices.ContainsFunc(filled, func(cell string) bool { return !strings.Contains(cell, d) }) {
			return false
		}
		n := strings.Count(strings.Join(filled, ""), d) + 1
		return n == want && want > 2 || n >= want && strings.Contains(row.Record.Raw, "@")
	})
}

// uneven says what is wrong with a row that has more or fewer cells than the header, and what to do about such rows.
func (v *validator) uneven(r *csvfile.Record) (why, advice string) {
	n, width, delimiter := len(r.Cells), len(v.headers), delimiterName(v.file.Dialect.Delimiter)
	why = fmt.Sprintf("%s, where the header has %d: ", text.Plural(n, "field", "fields"), width)
	if n > width {
		why += fmt.Sprintf("a %s in a cell that is not quoted; the first field too many is %s", delimiter,
			quote(trim(r.Cells[width])))
		return why, "quote the cells that hold a " + delimiter + ", or export the file again"
	}
	why += "cells are missing: " + quote(r.Raw)
	isLast := r == &v.file.Records[len(v.file.Records)-1]
	if isLast && !strings.Contains(r.Raw, "@") && allNoNames(r.Cells) && !v.isLikeSubjects(trim(r.Cells[0])) {
		return why, "it is the last row, and looks like a trailer: where it is no person, delete the line"
	}
	return why, "give these rows all of their cells, or export the file again"
}

// swallowed are the rows inside the quoted cells of a record, with their lines: a quote is closed too late.
func (v *validator) swallowed(r *csvfile.Record) iter.Seq2[int, string] {
	return func(yield func(line int, row string) bool) {
		if len(v.headers) < 3 || v.file.Block >= 0 || !strings.ContainsAny(r.Raw, "\n\r") {
			return
		}
		line := r.Line
		for _, cell := range r.Cells {
			for i, inner := range strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(cell), "\n") {
				if i > 0 {
					line++
				}
				cells := strings.Split(inner, string(v.file.Dialect.Delimiter))
				if len(cells) == len(v.headers) && inner != cell && v.isRecord(cells) && !yield(line, inner) {
					return
				}
			}
		}
	}
}

// isRecord reports whether cells cut from a quoted cell are a person: they have an address in the address column or,
// where there is none, a subject shaped like the others.
func (v *validator) isRecord(cells []string) bool {
	if e := &v.columns.Email; e.text != "" {
		email := e.value(cells)
		return email != "" && badEmail(email) == ""
	}
	isPadded := func(cell string) bool { return strings.HasPrefix(cell, " ") }
	return !slices.ContainsFunc(cells[1:], isPadded) && v.isLikeSubjects(v.columns.Subject.value(cells))
}

// isLikeSubjects reports whether a value has the pattern of one of the first subjects.
func (v *validator) isLikeSubjects(value string) bool {
	if v.patterns == nil {
		v.patterns = make(map[string]bool)
		for i := range min(1000, len(v.file.Records)) {
			if cells := v.file.Records[i].Cells; len(cells) == len(v.headers) {
				v.patterns[patternOf(v.columns.Subject.value(cells))] = true
			}
		}
	}
	return v.patterns[patternOf(value)]
}

// patternOf writes a digit for each run of digits and a letter for each run of letters of one case: P-0417 is A-0.
func patternOf(s string) string {
	var b strings.Builder
	last := rune(0)
	for _, r := range s {
		switch {
		case unicode.IsDigit(r):
			r = '0'
		case unicode.IsUpper(r):
			r = 'A'
		case unicode.IsLetter(r):
			r = 'a'
		}
		if r != last {
			b.WriteRune(r)
		}
		last = r
	}
	return b.String()
}

func allBlank(cells []string) bool {
	return !slices.ContainsFunc(cells, func(c string) bool { return trim(c) != "" })
}
