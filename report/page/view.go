package page

import (
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"

	"qlik-provision/provision"
	"qlik-provision/provision/text"
	"qlik-provision/report"
)

// A view is what the page shows.
type view struct {
	*report.Summary
	Results     *report.Results
	Name        string    // of the result file, without its folder
	Now         time.Time // when the page is written
	Plan        bool      // no row was ever sent
	Lede        string    // how many rows became what, in a sentence; "" where the heading says it
	Correct     bool      // there are rows that a person has to correct
	Retry       string    // the command for what is not done, "" for none
	SubjectHead string    // the title of the subject's column

	Totals  []total // of the outcomes in the legend
	Present []total // of those that rows have, to filter by
	Bar     []bar
	Charts  []chart // the same one, wide and narrow
	Pace    string  // what the chart shows, in words
	locked  int     // how many rows have a user that is disabled

	First, Last time.Time // when rows were settled; zero where none was

	Causes   []*group // why rows are not done
	Findings []*group // what is worth checking in rows that are done
	Further  int      // rows whose cause is none of Causes
	groupOf  []*group // of each row, nil for none
	open     []bool   // of each row: it is not done
}

// A total is how many of the rows have an outcome.
type total struct {
	Outcome provision.Outcome
	Name    string // the outcome, or a part of it
	Class   string // of the mark, and what the page filters by
	Count   int
	Percent string
	Meaning string
}

func newView(r *report.Results, now time.Time) *view {
	s := r.Summary()
	v := &view{
		Results: r, Summary: s, Name: filepath.Base(r.Path), Now: now,
		Plan:        s.Counts[provision.Pending] > 0 && !report.WasSent(r.Rows),
		Correct:     s.Counts[provision.Invalid]+s.Counts[provision.Failed] > 0,
		SubjectHead: subjectHead(r.Action.Subject),
		open:        report.NotDone(r.Rows),
	}
	if s.NotDone > 0 {
		v.Retry = retryCommand(v.Name, s.Tenant)
	}
	v.addTotals()
	times := settledTimes(r.Rows)
	if len(times) > 0 {
		v.First, v.Last = time.UnixMilli(times[0]), time.UnixMilli(times[len(times)-1])
	}
	if line := newTimeline(times); line != nil && line.working() > minChart {
		v.Charts = []chart{line.draw("wide", 880, 270), line.draw("narrow", 340, 250)}
		v.Pace = line.words()
	}
	v.addGroups()
	v.Lede = v.lede()
	return v
}

// minChart is how many milliseconds a run takes at least that has a chart.
const minChart = 60_000

// addTotals counts the rows by outcome. Rows whose user exists and is disabled count apart: they are done, and the
// person cannot log in.
func (v *view) addTotals() {
	count := map[string]int{}
	for _, r := range v.Results.Rows {
		count[class(r.Entry.Outcome, string(r.Entry.Code))]++
	}
	add := func(t total) {
		t.Count = count[t.Class]
		t.Percent = percent(t.Count, v.Rows)
		if t.Count > 0 {
			v.Present = append(v.Present, t)
		}
		if t.Count > 0 || t.Outcome == provision.Invalid || t.Outcome == provision.Failed ||
			t.Outcome == provision.Pending {
			v.Totals = append(v.Totals, t) // that no row failed is worth knowing
		}
	}
	for _, o := range provision.Outcomes() {
		add(total{Outcome: o, Name: string(o), Class: string(o), Meaning: meaning(o)})
		if o == provision.Exists {
			add(total{Outcome: o, Name: "exists, disabled", Class: locked,
				Meaning: "has a user that is disabled: cannot log in"})
		}
	}
	v.locked = count[locked]
	v.Bar = bars(v.Present, v.Rows)
}

// subjectHead names the column of the export that the subject is from, where it is one.
func subjectHead(source string) string {
	if source == "" || strings.ContainsAny(source, "{}") {
		return "Subject"
	}
	return text.Clip(source, 40) + " (subject)"
}

// retryCommand is what to type for the rows that are not done; "" for a file whose name shells read in different ways.
func retryCommand(name, tenant string) string {
	odd := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._- ()", r)
	}
	if strings.ContainsFunc(name, odd) || strings.HasPrefix(name, "-") {
		return ""
	}
	if strings.ContainsAny(name, " ()") {
		name = `"` + name + `"`
	}
	if tenant == "sandbox" {
		name += " --sandbox"
	}
	return "qlik-provision retry " + name
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

// lede is the outcome of the rows in a sentence, for a reader who does not know the words for outcomes.
func (v *view) lede() string {
	c := v.Counts
	if v.Rows == 0 || v.Plan && c[provision.Pending] == v.Rows {
		return ""
	}
	left := "rows are not finished yet"
	if v.Plan {
		left = "rows are to be sent"
	}
	var parts []string
	for _, p := range []struct {
		count     int
		one, many string
	}{
		{c[provision.Created], "user created", "users created"},
		{c[provision.Updated], "user updated", "users updated"},
		{c[provision.Disabled], "user disabled", "users disabled"},
		{c[provision.Deleted], "user deleted by undo", "users deleted by undo"},
		{c[provision.Exists] - v.locked, "user existed already", "users existed already"},
		{v.locked, "person has a disabled user", "people have a disabled user"},
		{c[provision.Unchanged], "row needed no change", "rows needed no change"},
		{c[provision.Invalid] + c[provision.Failed], "row needs correction", "rows need correction"},
		{c[provision.Pending], strings.NewReplacer("rows are", "row is").Replace(left), left},
		{c[provision.Skipped], "left out", "left out"},
		{c[provision.Duplicate], "repeats another row", "repeat another row"},
	} {
		if p.count > 0 {
			parts = append(parts, text.Plural(p.count, p.one, p.many))
		}
	}
	return strings.Join(parts, "; ") + "."
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
		provision.Failed:    "refused by the tenant, or in conflict with another person's user",
		provision.Pending:   "not tried yet, or not finished when the run ended",
	}[o]
}
