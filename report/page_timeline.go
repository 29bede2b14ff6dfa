package report

import (
	"cmp"
	"fmt"
	"slices"
)

// A timeline is when the rows of a result file were settled. Times and lengths are milliseconds.
type timeline struct {
	at    []int64 // sorted, of two different moments at least
	waits []gap   // by time
	rests []gap   // by time
}

// A gap is a time in which no row was settled, after index rows.
type gap struct {
	from, to int64
	index    int
}

func (g gap) length() int64 { return g.to - g.from }

// What counts as a wait within a run, and what as the time between two of them.
const (
	shortestWait = 5_000
	waitFactor   = 20 // of the median gap
	longestWait  = 30 * 60_000
	mostRests    = 8 // what is more is drawn to scale
)

// timelineOf is nil where there is nothing to draw. settled is sorted.
func timelineOf(settled []int64) *timeline {
	if len(settled) < 2 || settled[0] == settled[len(settled)-1] {
		return nil
	}
	t := &timeline{at: settled}
	gaps := make([]int64, 0, len(settled)-1)
	for i := 1; i < len(settled); i++ {
		gaps = append(gaps, settled[i]-settled[i-1])
	}
	slices.Sort(gaps)
	least := max(shortestWait, waitFactor*gaps[len(gaps)/2])
	for i := 1; i < len(settled); i++ {
		switch g := (gap{settled[i-1], settled[i], i}); {
		case g.length() > longestWait:
			t.rests = append(t.rests, g)
		case g.length() > least:
			t.waits = append(t.waits, g)
		}
	}
	t.rests = longest(t.rests, mostRests)
	return t
}

// longest is the n longest gaps, by time.
func longest(gaps []gap, n int) []gap {
	if len(gaps) <= n {
		return gaps
	}
	some := slices.Clone(gaps)
	slices.SortStableFunc(some, func(a, b gap) int { return cmp.Compare(b.length(), a.length()) })
	some = some[:n]
	slices.SortFunc(some, func(a, b gap) int { return cmp.Compare(a.from, b.from) })
	return some
}

// words says what the chart shows.
func (t *timeline) words() string {
	var rested, waited int64
	for _, g := range t.rests {
		rested += g.length()
	}
	for _, g := range t.waits {
		waited += g.length()
	}
	n := len(t.at)
	s := fmt.Sprintf("%s rows were settled in %s", grouped(n), lasting(t.at[n-1]-t.at[0]-rested))
	switch len(t.rests) {
	case 0:
	case 1:
		s += ", with a pause of " + lasting(rested)
	default:
		s += fmt.Sprintf(", with %d pauses of %s together", len(t.rests), lasting(rested))
	}
	switch len(t.waits) {
	case 0:
		return s + "."
	case 1:
		s += fmt.Sprintf("; for %s of it", lasting(waited))
	default:
		s += fmt.Sprintf("; for %s of it, in %d waits,", lasting(waited), len(t.waits))
	}
	return s + " nothing was let in."
}
