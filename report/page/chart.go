package page

import (
	"slices"
	"time"

	"qlik-provision/provision"
	"qlik-provision/report"
)

// A chart has a column for each interval of the runs of a result file. Times are those at which rows were finished.
type chart struct {
	First, Last time.Time
	Rows        int // that were finished
	Columns     []column
	Step        time.Duration // length of an interval
	Most        int           // rows of the highest column
	Working     time.Duration // of all runs, without the pauses between them
	Waiting     time.Duration // about how much of it the runs waited
	Pauses      int
}

// A column is an interval, or a pause between two runs. An interval in which no row was finished is a
// wait, as a rule for the tenant's rate limit.
type column struct {
	From  time.Time
	Count int
	Pause time.Duration // 0 for an interval
}

const (
	minChart   = time.Minute // of work
	maxColumns = 60          // of intervals, and at most one more for each pause
	minStep    = 5 * time.Second
	maxWait    = 30 * time.Minute // more is the pause between two runs
)

// newChart has no columns where the runs were short.
func newChart(rows []report.Row) *chart {
	var finished []time.Time
	for _, r := range rows {
		at := r.Entry.FinishedAt.Time
		if o := r.Entry.Outcome; o != provision.Duplicate && o != provision.Pending && !at.IsZero() {
			finished = append(finished, at)
		}
	}
	c := &chart{Rows: len(finished)}
	if c.Rows == 0 {
		return c
	}
	slices.SortFunc(finished, time.Time.Compare)
	c.First, c.Last = finished[0], finished[c.Rows-1]
	gap := func(i int) time.Duration { return finished[i].Sub(finished[max(i, 1)-1]) } // before a row
	for i := range finished {
		if gap(i) <= maxWait {
			c.Working += gap(i)
		}
	}
	if c.Working < minChart {
		return c
	}
	c.Step = max(minStep, (c.Working/maxColumns).Truncate(time.Second)+time.Second)
	began, columns := c.First, 0 // of the run: when, and how many columns are in front of it
	for i, at := range finished {
		if gap(i) > maxWait {
			c.Pauses++
			c.Columns = append(c.Columns, column{From: finished[i-1], Pause: gap(i)})
			began, columns = at, len(c.Columns)
		}
		for len(c.Columns) <= columns+int(at.Sub(began)/c.Step) {
			from := began.Add(c.Step * time.Duration(len(c.Columns)-columns))
			c.Columns = append(c.Columns, column{From: from})
		}
		last := &c.Columns[len(c.Columns)-1]
		last.Count++
		c.Most = max(c.Most, last.Count)
	}
	for _, column := range c.Columns {
		if column.Count == 0 && column.Pause == 0 {
			c.Waiting += c.Step
		}
	}
	return c
}
