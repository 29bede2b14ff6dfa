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
	header string
	not    bool
	values []string // as they were written, cut at commas
	folded []string
	seen   []bool // a row has the value
}

// conditions reads Header=Value and Header!=A,B.
func (c *chooser) conditions(texts []string) (conditions []*condition, err error) {
	for _, t := range texts {
		cond, bad := c.condition(t)
		if bad != nil {
			if bad.Fix.Option == OptionWhere && bad.Fix.Value != "" {
				bad.Fix.Was = t
			}
			return nil, bad
		}
		conditions = append(conditions, cond)
	}
	return conditions, nil
}

// condition parses one condition. A header may hold an equals sign itself, so the first one behind
// a known header counts.
func (c *chooser) condition(text string) (*condition, *csvfile.Error) {
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
		switch {
		case bad != nil && bad.Fix.Option != "":
			bad.Fix.Value += text[len(header):]
			return nil, bad
		case bad != nil:
			return nil, bad
		case i >= 0:
			return c.conditionOn(i, not, text, at+1)
		}
	}
	return nil, c.unknown(OptionWhere, strings.TrimSuffix(text[:first], "!"), text)
}

// conditionOn is a condition on a column, whose values begin at an index of its text. An empty value
// beside others is refused, as in Status=Active, where a comma was left at the end: it would be about
// the rows whose cell is empty, too.
func (c *chooser) conditionOn(column int, not bool, text string, values int) (*condition, *csvfile.Error) {
	cond := &condition{text: text, column: column, header: c.headers[column], not: not}
	cond.values = strings.Split(text[values:], ",")
	cond.folded = foldAll(cond.values)
	cond.seen = make([]bool, len(cond.values))
	if len(cond.values) > 1 && slices.Contains(cond.folded, "") {
		filled := slices.DeleteFunc(cond.values, func(v string) bool { return trim(v) == "" })
		e := c.refuse("the condition %s has an empty value beside others", quote(text))
		e.Fix = csvfile.Fix{Option: OptionWhere, Value: text[:values] + strings.Join(filled, ",")}
		return nil, e
	}
	return cond, nil
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
			row.Message = inColumn(cond.header, cell+" does not meet "+cond.text)
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
		values = append(values, v.text)
	}
	return list(values, 8)
}

// A valueCount is how many rows have a value in a column.
type valueCount struct {
	text string // as the first of them writes it
	rows int
}

// countValues counts the values of a column, the most frequent first; nil where there are more than
// most different ones. Skipped rows count only where they are asked for.
func (r *Roster) countValues(column, most int, skipped bool) []valueCount {
	index := make(map[string]int) // by folded values
	var counts []valueCount
	for i := range r.Rows {
		row := &r.Rows[i]
		if row.Skipped && !skipped {
			continue
		}
		v := cellAt(row.Record.Cells, column)
		at, found := index[provision.Fold(v)]
		if !found {
			if len(counts) == most {
				return nil
			}
			at = len(counts)
			index[provision.Fold(v)], counts = at, append(counts, valueCount{text: v})
		}
		counts[at].rows++
	}
	slices.SortStableFunc(counts, func(a, b valueCount) int { return b.rows - a.rows })
	return counts
}
