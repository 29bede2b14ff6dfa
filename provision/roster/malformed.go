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

// A shapeChecker compares the rows with the header.
type shapeChecker struct {
	*validator
	problems []csvfile.Problem
	found    map[shapeFault]int // how many rows have which fault
	short    []int              // lines of rows that lack cells at the end, none of which is used
	patterns map[string]bool    // of the subjects, once they are needed
}

// A shapeFault is why a row's cells cannot be those of the header's columns. There are no others: a
// row that csvfile cannot cut refuses the file before.
type shapeFault int

const (
	uncut     shapeFault = iota // the row is one cell, or is cut at another delimiter than the header
	tooFew                      // fewer cells than the header
	tooMany                     // more cells than the header
	swallowed                   // a quoted cell holds other rows: the quote is closed too late
)

// checkShape refuses a file of which a row has a shapeFault. It accepts surplus cells that are empty,
// and missing cells behind the last one that is used, whose lines it returns. A row that is uneven
// because it is a trailer becomes invalid.
func (v *validator) checkShape(rows []Row, last int) (short []int, err error) {
	c := &shapeChecker{validator: v, found: make(map[shapeFault]int)}
	width := len(v.headers)
	for i := range rows {
		row := &rows[i]
		n := len(row.Record.Cells)
		switch {
		case c.isUncut(row):
			c.add(uncut, row.Record.Line, "the row is not cut into its cells: "+quote(row.Record.Raw))
		case n == width, n > width && allBlank(row.Record.Cells[width:]):
		case n < width && n > last:
			if v.file.Block < 0 && !allBlank(v.headers[n:]) {
				c.short = append(c.short, row.Record.Line)
			}
		case v.isUnevenTrailer(row.Record):
			if !row.Skipped {
				what := trim(strings.Join(row.Record.Cells, " "))
				row.reject(provision.CodeNotAPerson, v.columns.Subject.header(), looksLikeTrailer(what))
			}
		default:
			c.refuseUneven(row.Record)
		}
		c.checkSwallowed(row.Record)
	}
	if e := csvfile.Reject(v.file.Name, c.problems); e != nil {
		e.Advice = c.advice()
		return nil, e
	}
	return c.short, nil
}

func (c *shapeChecker) add(f shapeFault, line int, why string) {
	c.found[f]++
	c.problems = append(c.problems, csvfile.Problem{Line: line, Message: why})
}

// isUncut reports whether the record is quoted as one cell, or cut at another delimiter than the
// header: 1;Lee, Ann;a@x.example. Every cell that is not empty holds the delimiter, and all of them
// together as many as the header, or more beside an address. A few pipes may be part of a subject:
// adfs|acme|ann@acme.example.
func (c *shapeChecker) isUncut(row *Row) bool {
	r, want, hasAddress := row.Record, len(c.headers), strings.Contains(row.Record.Raw, "@")
	if want < 2 || c.file.Block >= 0 || !strings.ContainsAny(row.Person.Subject, ",;\t|") {
		return false
	}
	filled := slices.DeleteFunc(slices.Clone(r.Cells), func(cell string) bool { return trim(cell) == "" })
	return slices.ContainsFunc([]string{",", ";", "\t", "|"}, func(d string) bool {
		lacks := func(cell string) bool { return !strings.Contains(cell, d) }
		n := strings.Count(strings.Join(filled, ""), d) + 1
		switch {
		case d == string(c.file.Dialect.Delimiter) && len(filled) > 1, slices.ContainsFunc(filled, lacks):
			return false
		case d == "|":
			return n == want && want > 3 && hasAddress
		}
		return n == want && want > 2 || n >= want && hasAddress
	})
}

// refuseUneven refuses a row with more or fewer cells than the header.
func (c *shapeChecker) refuseUneven(r *csvfile.Record) {
	width, want := len(r.Cells), len(c.headers)
	fields := fmt.Sprintf("%s, where the header has %d: ", text.Plural(width, "field", "fields"), want)
	if width < want {
		c.add(tooFew, r.Line, fields+"cells are missing: "+quote(r.Raw))
		return
	}
	c.add(tooMany, r.Line, fmt.Sprintf("%sa %s in a cell that is not quoted; the first field too many is %s",
		fields, delimiterName(c.file.Dialect.Delimiter), quote(trim(r.Cells[want]))))
}

// checkSwallowed looks for rows inside a quoted cell.
func (c *shapeChecker) checkSwallowed(r *csvfile.Record) {
	want := len(c.headers)
	if want < 3 || c.file.Block >= 0 || !strings.ContainsAny(r.Raw, "\n\r") {
		return
	}
	line := r.Line
	for _, cell := range r.Cells {
		for i, inner := range strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(cell), "\n") {
			if i > 0 {
				line++
			}
			cells := strings.Split(inner, string(c.file.Dialect.Delimiter))
			if len(cells) == want && inner != cell && c.isRecord(cells) {
				why := fmt.Sprintf("a row inside a quoted cell of the row that begins on line %d: ", r.Line)
				c.add(swallowed, line, why+quote(inner))
			}
		}
	}
}

// isRecord reports whether cells cut from a quoted cell are a person: they have an address in the
// address column or, where there is none, a subject shaped like the others.
func (c *shapeChecker) isRecord(cells []string) bool {
	if e := &c.columns.Email; e.text != "" {
		v := e.value(cells)
		return v != "" && badEmail(v) == ""
	}
	isPadded := func(cell string) bool { return strings.HasPrefix(cell, " ") }
	return !slices.ContainsFunc(cells[1:], isPadded) && c.isLikeSubjects(c.columns.Subject.value(cells))
}

// advice says what to do about the rows that were found.
func (c *shapeChecker) advice() string {
	last := &c.file.Records[len(c.file.Records)-1]
	switch {
	case c.found[uncut] > 0:
		return "remove the quotes around these rows, or give them the header's delimiter; or export the file again"
	case c.found[tooFew]+c.found[tooMany] == 0:
		return "close the quotes in these rows; where a cell is right, replace the line breaks in it by blanks"
	case len(c.problems) == 1 && c.problems[0].Line == last.Line && c.isNoPerson(last):
		return "it is the last row, and looks like a trailer: where it is no person, delete the line"
	case c.found[tooFew] == 0:
		return "quote the cells that hold a " + delimiterName(c.file.Dialect.Delimiter) + ", or export the file again"
	}
	return "give these rows all of their cells, or export the file again"
}

// isNoPerson reports whether an uneven row has nothing of a person: no address, no name, and nothing
// that looks like the other subjects.
func (c *shapeChecker) isNoPerson(r *csvfile.Record) bool {
	s := &c.columns.Subject
	if strings.Contains(r.Raw, "@") || !allNoNames(r.Cells[1:]) {
		return false
	}
	if len(s.parts) == 1 && s.parts[0].column == 0 {
		return !c.isLikeSubjects(trim(r.Cells[0]))
	}
	return len(r.Cells) == 1
}

// isLikeSubjects reports whether a value has the pattern of one of the first subjects.
func (c *shapeChecker) isLikeSubjects(v string) bool {
	if c.patterns == nil {
		c.patterns = make(map[string]bool)
		for i := range min(1000, len(c.file.Records)) {
			if r := &c.file.Records[i]; len(r.Cells) == len(c.headers) {
				c.patterns[patternOf(c.columns.Subject.value(r.Cells))] = true
			}
		}
	}
	return c.patterns[patternOf(v)]
}

// patternOf writes a digit for each run of digits and a letter for each run of letters of one case:
// P-0417 is A-0.
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
