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

// A shapeChecker compares the records with the header.
type shapeChecker struct {
	*validator
	row      *Row
	last     int // index of the last column that is used
	problems []csvfile.Problem
	uncut    bool              // a record is refused because the delimiter does not cut it
	uneven   []*csvfile.Record // with more or fewer cells than the header, and refused for it
	short    []int             // lines of records that lack cells at the end, none of which is used
	patterns map[string]bool   // of the subjects, once they are needed
}

// checkShape refuses a file with records that have more or fewer cells than the header, that hold
// other records in a quoted cell, or that are not cut into their cells. It accepts surplus cells that
// are empty, missing cells that nobody uses, whose lines it returns, and cells that are missing behind
// the result file's columns, as spreadsheets leave them out. A short record that is a trailer is not a
// person.
func (v *validator) checkShape(rows []Row, conditions []*condition) (short []int, err error) {
	c := &shapeChecker{validator: v, last: -1}
	for i := range v.file.Header.Cells {
		inCondition := func(cond *condition) bool { return cond.column == i }
		if v.columns.uses(i) || slices.ContainsFunc(conditions, inCondition) {
			c.last = i
		}
	}
	if v.file.Block >= 0 {
		c.last = v.file.BlockEnd - 1
	}
	for i := range rows {
		c.row = &rows[i]
		r := c.row.Record
		if c.isUncut(r) {
			c.uncut = true
			c.reject(r.Line, "the row is not cut into its cells: "+quote(r.Raw))
		} else if len(r.Cells) != len(v.file.Header.Cells) {
			c.checkWidth(r)
		}
		if strings.ContainsAny(r.Raw, "\n\r") {
			c.checkSwallowed(r)
		}
	}
	if e := csvfile.Reject(v.file.Name, c.problems); e != nil {
		e.Advice = c.advice()
		return nil, e
	}
	return c.short, nil
}

// isUncut reports whether the record is quoted as one cell, or cut at another delimiter than the
// header: 1;Lee, Ann;a@x.example. Every cell that is not empty holds the delimiter, and all of them
// together as many as the header, or more beside an address. A few pipes may be part of a subject:
// adfs|acme|ann@acme.example.
func (c *shapeChecker) isUncut(r *csvfile.Record) bool {
	want, hasAddress := len(c.file.Header.Cells), strings.Contains(r.Raw, "@")
	if want < 2 || c.file.Block >= 0 || !strings.ContainsAny(c.row.Person.Subject, ",;\t|") {
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

// checkWidth judges a record with more or fewer cells than the header.
func (c *shapeChecker) checkWidth(r *csvfile.Record) {
	header := c.file.Header.Cells
	width, want := len(r.Cells), len(header)
	fields := fmt.Sprintf("%s, where the header has %d: ", text.Plural(width, "field", "fields"), want)
	switch {
	case width > want && allBlank(r.Cells[want:]):
	case width < want && width > c.last:
		if c.file.Block < 0 && !allBlank(header[width:]) {
			c.short = append(c.short, r.Line)
		}
	case c.isTrailer(r):
		if !c.row.Skipped {
			what := trim(strings.Join(r.Cells, " "))
			c.row.reject(provision.CodeNotAPerson, c.columns.Subject.header(), looksLikeTrailer(what))
		}
	case width < want:
		c.uneven = append(c.uneven, r)
		c.reject(r.Line, fields+"cells are missing: "+quote(r.Raw))
	default:
		c.uneven = append(c.uneven, r)
		c.reject(r.Line, fmt.Sprintf("%sa %s in a cell that is not quoted; the first field too many is %s", fields,
			delimiterName(c.file.Dialect.Delimiter), quote(trim(r.Cells[want]))))
	}
}

func (c *shapeChecker) reject(line int, why string) {
	c.problems = append(c.problems, csvfile.Problem{Line: line, Message: why})
}

// isTrailer reports whether a record is a line such as Total: 412, without an address.
func (c *shapeChecker) isTrailer(r *csvfile.Record) bool {
	first := slices.IndexFunc(r.Cells, func(cell string) bool { return trim(cell) != "" })
	if !c.evidence || c.file.Block >= 0 || first < 0 || strings.Contains(r.Raw, "@") {
		return false
	}
	line := trim(r.Cells[first])
	kind := trailerText(line)
	return kind == clearTrailer && strings.ContainsAny(line, " :") ||
		kind != notTrailer && allNoNames(r.Cells[first+1:])
}

// advice says what to do about the records that were found.
func (c *shapeChecker) advice() string {
	records := c.file.Records
	isShort := func(r *csvfile.Record) bool { return len(r.Cells) < len(c.file.Header.Cells) }
	switch {
	case c.uncut:
		return "remove the quotes around these rows, or give them the header's delimiter; or export the file again"
	case len(c.uneven) == 0:
		return "close the quotes in these rows; where a cell is right, replace the line breaks in it by blanks"
	case len(c.problems) == 1 && c.uneven[0] == &records[len(records)-1] && c.isNoPerson(c.uneven[0]):
		return "it is the last row, and looks like a trailer: where it is no person, delete the line"
	case !slices.ContainsFunc(c.uneven, isShort):
		return "quote the cells that hold a " + delimiterName(c.file.Dialect.Delimiter) + ", or export the file again"
	}
	return "give these rows all of their cells, or export the file again"
}

// isNoPerson reports whether a record with missing or surplus cells has nothing of a person: no
// address, no name, and nothing that looks like the other subjects.
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

// checkSwallowed looks for records inside a quoted cell: a quote that is closed too late swallows
// them.
func (c *shapeChecker) checkSwallowed(r *csvfile.Record) {
	want := len(c.file.Header.Cells)
	if want < 3 || c.file.Block >= 0 {
		return
	}
	line := r.Line
	for _, cell := range r.Cells {
		if !strings.ContainsAny(cell, "\n\r") {
			continue
		}
		for i, inner := range strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(cell), "\n") {
			if i > 0 {
				line++
			}
			cells := strings.Split(inner, string(c.file.Dialect.Delimiter))
			if len(cells) == want && c.isRecord(cells) {
				why := fmt.Sprintf("a row inside a quoted cell of the row that begins on line %d: ", r.Line)
				c.reject(line, why+quote(inner))
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

// isLikeSubjects reports whether a value has the pattern of one of the first subjects.
func (c *shapeChecker) isLikeSubjects(v string) bool {
	if c.patterns == nil {
		c.patterns = make(map[string]bool)
		for i := range min(1000, len(c.file.Records)) {
			if r := &c.file.Records[i]; len(r.Cells) == len(c.file.Header.Cells) {
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

// delimiterName is what messages call a delimiter.
func delimiterName(d rune) string {
	switch d {
	case ',':
		return "comma"
	case ';':
		return "semicolon"
	case '\t':
		return "tab"
	case '|':
		return "pipe"
	}
	return fmt.Sprintf("delimiter %q", d)
}

// inBlock reports whether the column at index i is one of the result file's, not the export's.
func inBlock(f *csvfile.File, i int) bool { return f.Block >= 0 && i >= f.Block && i < f.BlockEnd }

// refuseHeader refuses a file whose header is that of another kind of file.
func refuseHeader(f *csvfile.File) error {
	h := f.Header.Cells
	if f.Block == 0 && f.BlockEnd == len(h) {
		return &csvfile.Error{
			File: f.Name, Message: "the file has the columns of a result file, but none of an export",
			Advice: "give the export, or the result file as it was written",
		}
	}
	if len(f.Records) == 0 {
		return &csvfile.Error{File: f.Name, Message: "the file has a header, but no rows"}
	}
	return nil
}
