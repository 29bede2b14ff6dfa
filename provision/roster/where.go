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
	source, bad := r.find(OptionWhere, header, given)
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
	return &condition{given, source.columns[0], not, values, foldList(allowed)}, nil
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

// has reports whether a list of values, as foldList leaves it, holds a cell's. A cell with a comma is several in a row.
func has(folded, cell string) bool { return strings.Contains(","+folded+",", ","+foldList(cell)+",") }

// skipRows leaves out the rows that do not meet every condition. Where none is left, the file is refused, but for one
// whose columns are decided: a retry may have nothing to do.
func (r *reader) skipRows() error {
	left := len(r.Rows)
	for i := range r.Rows {
		row := &r.Rows[i]
		for _, cond := range r.conditions {
			cell := cellAt(row.Record.Cells, cond.column)
			if has(cond.folded, cell) == cond.not {
				row.Skipped = true
				row.Message = inColumn(r.headers[cond.column], quote(cell)+" does not meet "+cond.text)
				left--
				break
			}
		}
	}
	if left > 0 || r.options.Decided {
		return nil
	}
	message := "no row meets the conditions"
	for _, cond := range r.conditions {
		values, _ := r.valuesOf(cond.column, len(r.Rows), true)
		message += fmt.Sprintf("; column %s has %s", quote(r.headers[cond.column]), list(values, 8))
	}
	e := r.refuse("%s", message)
	e.Fix.Option, e.Advice = OptionWhere, "correct the condition: it is Header=Value, or Header!=Value,Value"
	return e
}

// valuesOf are the different values of a column, the most frequent first, with how many rows have each; none where
// there are more than most. Skipped rows count only where they are asked for.
func (r *reader) valuesOf(column, most int, skipped bool) (values []string, rows map[string]int) {
	rows = make(map[string]int)
	for i := range r.Rows {
		if r.Rows[i].Skipped && !skipped {
			continue
		}
		v := cellAt(r.Rows[i].Record.Cells, column)
		rows[v]++
		if rows[v] == 1 {
			values = append(values, v)
		}
		if len(values) > most {
			return nil, nil
		}
	}
	slices.SortStableFunc(values, func(a, b string) int { return rows[b] - rows[a] })
	return values, rows
}
