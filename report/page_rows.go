package report

import (
	"cmp"
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

	index int // in the file
}

// gathered is what is kept of a result file for its page.
type gathered struct {
	Summary
	settled []int64 // when rows were settled, in Unix milliseconds, sorted
	listed  []listedRow
}

// gather reads the results. It reads them once, so that what it counts and what it lists agree though a run is on; only whether
// duplicates are done takes a second time.
func gather(r *Results) (*gathered, error) {
	g := &gathered{Summary: Summary{Counts: map[provision.State]int{}}}
	causes := causes{found: map[string]*Cause{}}
	var l lists
	duplicates := map[string]bool{} // by subject, whether such a row is done
	for row, err := range r.Rows() {
		if err != nil {
			return nil, err
		}
		g.see(row)
		causes.see(row)
		switch at := row.FinishedAt.Time; {
		case row.Outcome == provision.Duplicate:
			duplicates[strings.Clone(row.UserSubject)] = false
		case row.Outcome != provision.Pending && !at.IsZero():
			g.settled = append(g.settled, at.UnixMilli())
		}
		if !done(row.Outcome) {
			l.add(row, g.Rows)
		}
		g.Rows++
	}
	slices.Sort(g.settled)
	g.Causes, g.Further = causes.list()
	if err := g.finishDuplicates(r, duplicates, &l); err != nil {
		return nil, err
	}
	g.NotDone = g.Rows - g.Done
	g.listed = l.merge(func(r listedRow) bool { return r.Outcome != provision.Duplicate || !duplicates[r.subject] })
	return g, nil
}
