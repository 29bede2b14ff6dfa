package page

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"qlik-provision/provision"
	"qlik-provision/provision/text"
	"qlik-provision/report"
)

// A view is what the page shows.
type view struct {
	*report.Summary
	Results *report.Results
	Name    string    // of the result file, without its folder
	Now     time.Time // when the page is written
	Plan    bool      // no row was ever sent
	Lede    string    // what is not done, in a sentence; "" where the heading says it

	Totals []total // of the outcomes in the legend
	Bar    []bar
	Charts []chart // the same one, wide and narrow
	Pace   string  // what the chart shows, in words

	Causes   []*group // why rows are not done
	Findings []*group // what is worth checking in rows that are done
	Further  int      // rows whose cause is none of Causes
	groupOf  []*group // of each row, nil for none
	open     []bool   // of each row: it is not done
	Present  []total  // of the outcomes that rows have
}

// A total is how many of the rows have an outcome.
type total struct {
	Outcome provision.Outcome
	Count   int
	Percent string
	Meaning string
}

func newView(r *report.Results, now time.Time) *view {
	s := r.Summary()
	v := &view{
		Results: r, Summary: s, Name: filepath.Base(r.Path), Now: now,
		Plan: s.Counts[provision.Pending] > 0 && !report.WasSent(r.Rows),
		open: report.NotDone(r.Rows),
	}
	for _, o := range provision.Outcomes() {
		t := total{o, s.Counts[o], percent(s.Counts[o], s.Rows), meaning(o)}
		if t.Count > 0 {
			v.Present = append(v.Present, t)
		}
		if t.Count > 0 || o == provision.Invalid || o == provision.Failed || o == provision.Pending {
			v.Totals = append(v.Totals, t) // that no row failed is worth knowing
		}
	}
	v.Bar = bars(v.Present, s.Rows)
	if line := newTimeline(settledTimes(r.Rows)); line != nil {
		v.Charts = []chart{line.draw("wide", 880, 270), line.draw("narrow", 340, 250)}
		v.Pace = line.words()
	}
	v.addGroups()
	v.Lede = v.lede()
	return v
}

// settledTimes are the times at which rows were settled, in Unix milliseconds, sorted.
func settledTimes(rows []report.Row) []int64 {
	var times []int64
	for _, r := range rows {
		at := r.Entry.FinishedAt
		if o := r.Entry.Outcome; o != provision.Duplicate && o != provision.Pending && !at.IsZero() {
			times = append(times, at.UnixMilli())
		}
	}
	slices.Sort(times)
	return times
}

// lede says how the rows of a plan, or those that are not done, divide among the outcomes.
func (v *view) lede() string {
	open := map[provision.Outcome]int{}
	for i, r := range v.Results.Rows {
		if v.open[i] || v.Plan {
			open[r.Entry.Outcome]++
		}
	}
	var parts []string
	for _, o := range provision.Outcomes() {
		if open[o] > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", text.Grouped(open[o]), o))
		}
	}
	list := strings.Join(parts, ", ") + "."
	switch {
	case v.Plan && len(parts) == 1, parts == nil:
		return ""
	case v.Plan:
		return list
	}
	return fmt.Sprintf("%s not: %s", text.Plural(v.NotDone, "is", "are"), list)
}

// meaning explains an outcome to somebody who has not read the documentation.
func meaning(o provision.Outcome) string {
	return map[provision.Outcome]string{
		provision.Created:   "a run of this file created the user",
		provision.Exists:    "this person already has a user",
		provision.Updated:   "the user existed, and a run of this file changed it",
		provision.Disabled:  "a run of this file disabled the user",
		provision.Unchanged: "the user was already disabled, or there is no such user",
		provision.Skipped:   "left out by a condition of the run",
		provision.Deleted:   "a run of this file created the user, and undo deleted it",
		provision.Duplicate: "the same person as an earlier row",
		provision.Invalid:   "the row cannot be sent as it is",
		provision.Failed:    "refused by the tenant, or in conflict with another user",
		provision.Pending:   "not tried yet, or not settled when the run ended",
	}[o]
}
