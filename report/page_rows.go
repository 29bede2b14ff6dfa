package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"qlik-provision/provision"
)

// mostListed is how many rows the page's table has at most. A browser can still search so many while somebody types.
const mostListed = 20_000

// mostShown is how many bytes of a cell the page shows.
const mostShown = 1000

// A listedRow is a row that is not done.
type listedRow struct {
	Row                  int
	Outcome              provision.State
	Subject, Name, Email string
	Message, Code, Trace string
	Status               int

	index int    // in the file
	twin  string // of a duplicate: the whole subject
}

// Facts are what the tenant's administrator or Qlik's support may ask for.
func (r listedRow) Facts() string {
	var facts []string
	if r.Code != "" {
		facts = append(facts, shown(r.Code))
	}
	if r.Status != 0 {
		facts = append(facts, fmt.Sprintf("HTTP %d", r.Status))
	}
	if r.Trace != "" {
		facts = append(facts, "trace "+shown(r.Trace))
	}
	return strings.Join(facts, " · ")
}

// gathered is what is kept of a result file for its page.
type gathered struct {
	Summary
	settled []int64 // when rows were settled, in Unix milliseconds, sorted
	listed  []listedRow
}

// gather reads a result file for its page.
func gather(s *sheet) (*gathered, error) {
	g := &gathered{}
	c := newCount()
	var l lists
	for row, err := range s.results() {
		if err != nil {
			return nil, err
		}
		c.see(row)
		if at := row.FinishedAt.Time; row.Outcome != provision.Duplicate && row.Outcome != provision.Pending && !at.IsZero() {
			g.settled = append(g.settled, at.UnixMilli())
		}
		if !done(row.Outcome) {
			l.add(row, c.tally.rows)
		}
	}
	slices.Sort(g.settled)
	total, err := c.end(s.entries())
	if err != nil {
		return nil, err
	}
	g.Summary = *total
	g.listed = l.merge(func(r listedRow) bool { return r.Outcome != provision.Duplicate || c.tally.duplicates[r.twin] > 0 })
	return g, nil
}

// lists are the first rows that are not done, mostListed of each kind: those with something to mend, duplicates, and those that
// only wait. Where there are too many for one table, the first kinds have their place in it before the last.
type lists [3][]listedRow

func (l *lists) add(r resultRow, index int) {
	kind := 0
	switch r.Outcome {
	case provision.Duplicate:
		kind = 1
	case provision.Pending:
		kind = 2
	}
	if len(l[kind]) == mostListed {
		return
	}
	row := listedRow{
		Row: r.Row, Outcome: r.Outcome, Status: int(r.HTTPStatus), index: index,
		Subject: clip(r.UserSubject), Name: clip(r.Name), Email: clip(r.Email),
		Message: clip(r.Message), Code: clip(r.ErrorCode), Trace: clip(r.TraceID),
	}
	if r.Outcome == provision.Duplicate {
		row.twin = strings.Clone(r.UserSubject)
	}
	l[kind] = append(l[kind], row)
}

// merge is the rows that are to be kept, mostListed of them, in the file's order.
func (l *lists) merge(keep func(listedRow) bool) []listedRow {
	var all []listedRow
	for _, rows := range l {
		for _, r := range rows {
			if len(all) < mostListed && keep(r) {
				all = append(all, r)
			}
		}
	}
	slices.SortFunc(all, func(a, b listedRow) int { return cmp.Compare(a.index, b.index) })
	return all
}

// clip is a text of its own, cut to what the page shows.
func clip(s string) string {
	if len(s) <= mostShown {
		return strings.Clone(s)
	}
	return strings.ToValidUTF8(s[:mostShown], "") + "…"
}
