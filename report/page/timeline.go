package page

import (
	"fmt"
	"slices"

	"qlik-provision/provision/text"
)

// A timeline is the times at which the rows of a result file were settled. Times and lengths are milliseconds.
type timeline struct {
	at     []int64 // sorted, of two different moments at least
	waits  []gap   // by time
	pauses []gap   // by time
}

// A gap is a time in which no row was settled.
type gap struct {
	from, to int64
}

func (g gap) length() int64 { return g.to - g.from }

// What counts as a wait within a run, and what as the pause between two runs.
const (
	minWait    = 5_000
	waitFactor = 20 // of the median gap
	maxWait    = 30 * 60_000
)

// newTimeline is nil where there is nothing to draw. settled is sorted.
func newTimeline(settled []int64) *timeline {
	if len(settled) < 2 || settled[0] == settled[len(settled)-1] {
		return nil
	}
	t := &timeline{at: settled}
	lengths := make([]int64, 0, len(settled)-1)
	for i := 1; i < len(settled); i++ {
		lengths = append(lengths, settled[i]-settled[i-1])
	}
	slices.Sort(lengths)
	least := max(minWait, waitFactor*lengths[len(lengths)/2])
	for i := 1; i < len(settled); i++ {
		switch g := (gap{settled[i-1], settled[i]}); {
		case g.length() > maxWait:
			t.pauses = append(t.pauses, g)
		case g.length() > least:
			t.waits = append(t.waits, g)
		}
	}
	return t
}

// working is how long the runs took, without the pauses between them.
func (t *timeline) working() int64 { return t.at[len(t.at)-1] - t.at[0] - sum(t.pauses) }

// words says what the chart shows.
func (t *timeline) words() string {
	s := fmt.Sprintf("%s rows were finished in %s", text.Grouped(len(t.at)), span(t.working()))
	if n := len(t.pauses); n > 0 {
		s += fmt.Sprintf(", with %s of %s in total", text.Plural(n, "pause", "pauses"), span(sum(t.pauses)))
	}
	if n := len(t.waits); n > 0 {
		s += fmt.Sprintf("; for %s of it, in %s, no row was finished", span(sum(t.waits)), text.Plural(n, "wait", "waits"))
	}
	return s + "."
}

func sum(gaps []gap) int64 {
	var total int64
	for _, g := range gaps {
		total += g.length()
	}
	return total
}
