package roster

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
)

// A condition is a column with the values that a row must have there, or must not have.
type condition struct {
	text   string
	column int
	header string
	not    bool
	values []string // as they were written, cut at commas
	folded []string
	seen   []bool // a row has the value
}

// conditions reads Header=Value and Header!=A,B.
func (c *chooser) conditions(texts []string) ([]*condition, error) {
	conditions := make([]*condition, len(texts))
	for i, t := range texts {
		cond, err := c.condition(t)
		if bad, ok := errors.AsType[*csvfile.Error](err); ok && bad.Fix.Option == OptionWhere && bad.Fix.Value != "" {
			bad.Fix.Was = t
		}
		if err != nil {
			return nil, err
		}
		conditions[i] = cond
	}
	return conditions, nil
}

// condition parses one condition. A header may hold an equals sign itself, so the first one behind
// a known header counts.
func (c *chooser) condition(text string) (*condition, error) {
	first := strings.IndexByte(text, '=')
	if first <= 0 || text[:first] == "!" {
		e := c.refuse("the condition %s has no header and value", quote(text))
		e.Fix.Option = OptionWhere
		e.Advice = "a condition is Header=Value, or Header!=Value,Value"
		return nil, e
	}
	for at, r := range text {
		if r != '=' {
			continue
		}
		header, not := strings.CutSuffix(text[:at], "!")
		i, bad := c.find(OptionWhere, header, false)
		if bad != nil {
			if bad.Fix.Option != "" {
				bad.Fix.Value += text[len(header):]
			}
			return nil, bad
		}
		if i < 0 {
			continue
		}
		cond := &condition{text: text, column: i, header: c.headers[i], not: not}
		cond.values = strings.Split(text[at+1:], ",")
		cond.folded = foldAll(cond.values)
		cond.seen = make([]bool, len(cond.values))
		if len(cond.values) > 1 && slices.Contains(cond.folded, "") {
			return nil, c.emptyValue(cond, text[:at+1])
		}
		return cond, nil
	}
	return nil, c.unknown(OptionWhere, strings.TrimSuffix(text[:first], "!"), text)
}

// emptyValue refuses a condition with an empty value beside others, as in Status=Active, where a comma
// was left at the end: it would be about the rows whose cell is empty, too.
func (c *chooser) emptyValue(cond *condition, upToValues string) *csvfile.Error {
	filled := slices.DeleteFunc(slices.Clone(cond.values), func(v string) bool { return trim(v) == "" })
	e := c.refuse("the condition %s has an empty value beside others", quote(cond.text))
	e.Fix = csvfile.Fix{Option: OptionWhere, Value: upToValues + strings.Join(filled, ",")}
	return e
}

func foldAll(values []string) []string {
	folded := make([]string, len(values))
	for i, v := range values {
		folded[i] = provision.Fold(trim(v))
	}
	return folded
}

// holds reports whether a row meets the condition. A cell that holds a comma is several of the values
// in a row.
func (cond *condition) holds(cells []string) bool {
	parts, found := foldAll(strings.Split(cellAt(cells, cond.column), ",")), false
	for i := 0; i+len(parts) <= len(cond.folded); i++ {
		if slices.Equal(parts, cond.folded[i:i+len(parts)]) {
			found = true
			for j := range parts {
				cond.seen[i+j] = true
			}
		}
	}
	return found != cond.not
}

// skip leaves out the rows that do not meet every condition. Where none is left, the file is refused,
// but for one whose columns are decided: a retry may have nothing to do.
func (r *Roster) skip(conditions []*condition, decided bool) error {
	if len(conditions) == 0 {
		return nil
	}
	left := 0
	for i := range r.Rows {
		row := &r.Rows[i]
		for _, cond := range conditions {
			if cond.holds(row.Record.Cells) || row.Skipped {
				continue // every condition sees every row: its values are looked for
			}
			row.Skipped = true
			cell := quote(cellAt(row.Record.Cells, cond.column))
			row.Message = at(row.Record.Line, cond.header, cell+" does not meet "+cond.text)
		}
		if !row.Skipped {
			left++
		}
	}
	if left == 0 && !decided {
		var b strings.Builder
		for _, cond := range conditions {
			fmt.Fprintf(&b, "; column %s has %s", quote(cond.header), r.valuesOf(cond.column))
		}
		return &csvfile.Error{
			File: r.File.Name, Message: "no row meets the conditions" + b.String(),
			Fix:    csvfile.Fix{Option: OptionWhere},
			Advice: "correct the condition: it is Header=Value, or Header!=Value,Value",
		}
	}
	return nil
}

// valuesOf shows the values of a column, the most frequent first: 8 at most.
func (r *Roster) valuesOf(column int) string {
	var values []string
	for _, v := range r.countValues(column, len(r.Rows), true) {
		values = append(values, quote(v.text))
	}
	return enumerate(values, 8)
}

// A valueCount is how many rows have a value in a column.
type valueCount struct {
	text string // as the first of them writes it
	rows int
}

// countValues counts the values of a column, the most frequent first; nil where there are more than
// most different ones. Skipped rows count only where they are asked for.
func (r *Roster) countValues(column, most int, skipped bool) []valueCount {
	index := make(map[string]int) // by values as they are written, and folded
	var counts []valueCount
	for i := range r.Rows {
		row := &r.Rows[i]
		if row.Skipped && !skipped {
			continue
		}
		v := cellAt(row.Record.Cells, column)
		at, found := index[v]
		if !found {
			key := provision.Fold(v)
			if at, found = index[key]; !found {
				if len(counts) == most {
					return nil
				}
				at = len(counts)
				index[key], counts = at, append(counts, valueCount{text: v})
			}
			index[v] = at
		}
		counts[at].rows++
	}
	slices.SortStableFunc(counts, func(a, b valueCount) int { return b.rows - a.rows })
	return counts
}
