package page

import (
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"qlik-provision/provision"
	"qlik-provision/provision/text"
	"qlik-provision/report"
)

// A view is what the page shows.
type view struct {
	*report.Summary
	File        *report.ResultFile
	Name        string    // of the result file, without its folder
	Now         time.Time // when the page is written
	Plan        bool      // no row was ever sent
	Correct     bool      // there are rows that a person has to correct
	Retry       string    // the command for what is not done; "" for none, and for a name that shells read differently
	SubjectHead string    // the title of the subject's column

	Totals []total
	Chart  *chart

	Causes   []*cause // why rows are not done
	Findings []*cause // what is worth checking in rows that are done
	Further  int      // rows whose cause is none of Causes
	causeOf  []int    // the number of each row's cause or finding, 0 for none
}

func newView(r *report.ResultFile, now time.Time) *view {
	s := r.Summary()
	v := &view{
		File: r, Summary: s, Name: filepath.Base(r.Path), Now: now,
		Plan:        s.Counts[provision.Pending] > 0 && !report.WasSent(r.Rows),
		Correct:     s.Counts[provision.Invalid]+s.Counts[provision.Failed] > 0,
		SubjectHead: "Subject",
		Totals:      newTotals(r.Rows),
		Chart:       newChart(r.Rows),
	}
	if column := r.Action.Subject; column != "" && !strings.ContainsAny(column, "{}") { // no template
		v.SubjectHead = text.Clip(column, 40) + " (subject)"
	}
	if s.NotDone > 0 && plainName.MatchString(v.Name) {
		name := v.Name
		if strings.ContainsAny(name, " ()") {
			name = `"` + name + `"`
		}
		v.Retry = "qlik-provision retry " + name
		if s.Tenant == "sandbox" {
			v.Retry += " --sandbox"
		}
	}
	v.addCauses()
	return v
}

// Done is how many rows are done, for the page.
func (v *view) Done() int { return v.Rows - v.NotDone }

// plainName is a file name that means the same in every shell, in double quotes. It is read only.
var plainName = regexp.MustCompile(`^[\pL\pN._ ()][\pL\pN._ ()-]*$`)

// A total is how many of the rows are of a kind, and their part of the bar of totals, in hundredths of its length.
type total struct {
	kind
	Count    int
	X, Width float64
}

// newTotals counts the rows by kind. Kinds of no row are left out, but that no row failed is worth knowing.
func newTotals(rows []report.Row) (totals []total) {
	count := map[string]int{}
	for i := range rows {
		count[class(&rows[i].Entry)]++
	}
	x := 0.0
	for _, k := range kinds() {
		n := count[k.Class]
		if n == 0 && k.Class != "invalid" && k.Class != "failed" && k.Class != "pending" {
			continue
		}
		t := total{kind: k, Count: n, X: x, Width: 100 * float64(n) / float64(max(1, len(rows)))}
		totals = append(totals, t)
		x += t.Width
	}
	return totals
}

// A kind is an outcome. Existing users who are disabled are a kind of their own: the row is done, and
// the person cannot log in all the same.
type kind struct {
	Class         string // of its mark, and what the page filters by
	Name, Meaning string
}

func kinds() []kind {
	return []kind{
		{"created", "created", "a run of this file created the user"},
		{"exists", "exists", "this person already has a user"},
		{locked, "exists, disabled", "has a user that is disabled: cannot log in"},
		{"updated", "updated", "the user existed, and a run of this file changed it"},
		{"disabled", "disabled", "a run of this file disabled the user"},
		{"unchanged", "unchanged", "the user was already disabled, or there is no such user"},
		{"skipped", "skipped", "left out by a condition of the run"},
		{"deleted", "deleted", "a run of this file created the user, and undo deleted it"},
		{"duplicate", "duplicate", "the same person as an earlier row"},
		{"invalid", "invalid", "the row cannot be sent as it is"},
		{"failed", "failed", "refused by the tenant, or in conflict with another person's user"},
		{"pending", "pending", "not tried yet, or not finished when the run ended"},
	}
}

// locked is the class of existing users who are disabled.
const locked = "locked"

// class is the class of a row's kind.
func class(e *report.Entry) string {
	if e.Outcome == provision.Exists && e.Code == provision.CodeDisabled {
		return locked
	}
	return string(e.Outcome)
}

// A cause is why some rows have their outcome, as the page shows it. The rows can be filtered by it.
type cause struct {
	report.Cause
	*report.Entry               // of its first row
	First         []*report.Row // the first of its rows
	More          int           // rows besides First
	Number        int           // on the page, from 1
}

// How many causes, and how many findings, the page has at most, and how many rows each names.
const (
	maxCauses    = 50
	maxCauseRows = 5
)

// addCauses adds why rows are not done and, as findings, what is worth checking in those that are.
func (v *view) addCauses() {
	rows := v.File.Rows
	v.causeOf = make([]int, len(rows))
	for _, found := range report.Causes(rows) {
		c := &cause{Cause: found, Entry: &rows[found.Rows[0]].Entry}
		list := &v.Causes
		if c.Outcome.Done() {
			list = &v.Findings
		}
		if len(*list) == maxCauses {
			if !c.Outcome.Done() {
				v.Further += len(c.Rows)
			}
			continue
		}
		*list = append(*list, c)
		c.Number = len(v.Causes) + len(v.Findings)
		for n, i := range c.Rows {
			v.causeOf[i] = c.Number
			if n < maxCauseRows {
				c.First = append(c.First, &rows[i])
			}
		}
		c.More = len(c.Rows) - len(c.First)
	}
}
