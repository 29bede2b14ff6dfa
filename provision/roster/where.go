package roster

import (
	"fmt"
	"slices"
	"strings"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
)

// A condition is a column with the values that a row must have there, or must not have.
type condition struct {
	text   string // as it was given
	column int
	not    bool
	values []string // cut at commas
	folded string   // all of them, as foldList leaves them
}

// readConditions reads Header=Value and Header!=A,B.
func (r *reader) readConditions() error {
	for _, t := range r.options.Where {
		cond, bad := r.condition(t)
		if bad != nil {
			if bad.Fix.Value != "" {
				bad.Fix.Was = t
			}
			return bad
		}
		r.conditions = append(r.conditions, cond)
		if !slices.Contains(r.used, cond.column) {
			r.used = append(r.used, cond.column)
		}
	}
	return nil
}

// condition reads one condition. An empty value beside others is refused, as in Status=Active, where a comma was left
// at the end: it would be about the rows whose cell is empty, too.
func (r *reader) condition(given string) (*condition, *csvfile.Error) {
	header, allowed, found := strings.Cut(given, "=")
	header, not := strings.CutSuffix(header, "!")
	if !found || header == "" {
		e := r.refuse("the condition %s has no header and value", quote(given))
		e.Fix.Option, e.Advice = OptionWhere, "a condition is Header=Value, or Header!=Value,Value"
		return nil, e
	}
	column, bad := r.find(OptionWhere, header, given)
	if bad != nil {
		return nil, bad
	}
	values := strings.Split(allowed, ",")
	if hasEmptyValue(allowed) {
		filled := slices.DeleteFunc(values, func(v string) bool { return csvfile.Trim(v) == "" })
		e := r.refuse("the condition %s has an empty value beside others", quote(given))
		e.Fix = csvfile.Fix{Option: OptionWhere, Value: strings.TrimSuffix(given, allowed) + strings.Join(filled, ",")}
		return nil, e
	}
	return &condition{given, column, not, values, foldList(allowed)}, nil
}

// hasEmptyValue reports whether one of several values is empty.
func hasEmptyValue(list string) bool {
	values := strings.Split(foldList(list), ",")
	return len(values) > 1 && slices.Contains(values, "")
}

// foldList makes lists of values equal that are the same to people.
func foldList(list string) string {
	values := strings.Split(list, ",")
	for i, v := range values {
		values[i] = provision.Fold(csvfile.Trim(v))
	}
	return strings.Join(values, ",")
}

// holds reports whether a row meets the condition. A cell that holds a comma is several of the values in a row.
func (cond *condition) holds(cells []string) bool {
	return has(cond.folded, cellAt(cells, cond.column)) != cond.not
}

// has reports whether one list of values, as foldList leaves them, holds those of another in a row.
func has(folded, list string) bool { return strings.Contains(","+folded+",", ","+foldList(list)+",") }

// skipRows leaves out the rows that do not meet every condition. Where none is left, the file is refused, but for one
// whose columns are decided: a retry may have nothing to do.
func (r *reader) skipRows() error {
	left := len(r.Rows)
	for i := range r.Rows {
		row := &r.Rows[i]
		isUnmet := func(cond *condition) bool { return !cond.holds(row.Record.Cells) }
		if unmet := slices.IndexFunc(r.conditions, isUnmet); unmet >= 0 {
			cond := r.conditions[unmet]
			cell := quote(cellAt(row.Record.Cells, cond.column))
			row.Skipped, row.Message = true, inColumn(r.headers[cond.column], cell+" does not meet "+cond.text)
			left--
		}
	}
	if left > 0 || r.options.Decided {
		return nil
	}
	message := "no row meets the conditions"
	for _, cond := range r.conditions {
		message += fmt.Sprintf("; column %s has %s", quote(r.headers[cond.column]), r.valuesOf(cond.column))
	}
	e := r.refuse("%s", message)
	e.Fix.Option, e.Advice = OptionWhere, "correct the condition: it is Header=Value, or Header!=Value,Value"
	return e
}

// valuesOf shows the values of a column, the most frequent first: 8 at most.
func (r *reader) valuesOf(column int) string {
	var values []string
	for _, v := range r.countValues(column, len(r.Rows), true) {
		values = append(values, v.text)
	}
	return list(values, 8)
}

// A valueCount is how many rows have a value in a column.
type valueCount struct {
	text string
	rows int
}

// countValues counts the values of a column, the most frequent first; nil where there are more than most different
// ones. Skipped rows count only where they are asked for.
func (r *reader) countValues(column, most int, skipped bool) []valueCount {
	index := make(map[string]int)
	var counts []valueCount
	for i := range r.Rows {
		row := &r.Rows[i]
		if row.Skipped && !skipped {
			continue
		}
		v := cellAt(row.Record.Cells, column)
		at, found := index[v]
		if !found {
			if len(counts) == most {
				return nil
			}
			at = len(counts)
			index[v], counts = at, append(counts, valueCount{text: v})
		}
		counts[at].rows++
	}
	slices.SortStableFunc(counts, func(a, b valueCount) int { return b.rows - a.rows })
	return counts
}
