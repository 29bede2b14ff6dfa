package page

import (
	"strings"

	"qlik-provision/provision"
	"qlik-provision/provision/text"
	"qlik-provision/report"
)

// A total is how many of the rows are of a kind, and their part of the bar of totals, in hundredths of
// its length.
type total struct {
	kind
	Count    int
	X, Width float64
}

// A kind is an outcome. Existing users who are disabled are a kind of their own: the row is done, and
// the person cannot log in all the same.
type kind struct {
	Class     string // of its mark, and what the page filters by
	Name      string
	Meaning   string
	one, many string // such rows in a sentence, for a reader who does not know the outcomes
}

// locked is the class of existing users who are disabled.
const locked = "locked"

func kinds() []kind {
	return []kind{
		{"created", "created", "a run of this file created the user", "user created", "users created"},
		{"exists", "exists", "this person already has a user", "user existed already", "users existed already"},
		{locked, "exists, disabled", "has a user that is disabled: cannot log in",
			"person has a disabled user", "people have a disabled user"},
		{"updated", "updated", "the user existed, and a run of this file changed it", "user updated", "users updated"},
		{"disabled", "disabled", "a run of this file disabled the user", "user disabled", "users disabled"},
		{"unchanged", "unchanged", "the user was already disabled, or there is no such user",
			"row needed no change", "rows needed no change"},
		{"skipped", "skipped", "left out by a condition of the run", "row left out", "rows left out"},
		{"deleted", "deleted", "a run of this file created the user, and undo deleted it",
			"user deleted by undo", "users deleted by undo"},
		{"duplicate", "duplicate", "the same person as an earlier row", "repeats another row", "repeat another row"},
		{"invalid", "invalid", "the row cannot be sent as it is", "row needs correction", "rows need correction"},
		{"failed", "failed", "refused by the tenant, or in conflict with another person's user",
			"row failed", "rows failed"},
		{"pending", "pending", "not tried yet, or not finished when the run ended",
			"row is not finished yet", "rows are not finished yet"},
	}
}

// class is the class of a row's kind.
func class(o provision.Outcome, code string) string {
	if o == provision.Exists && code == provision.CodeDisabled {
		return locked
	}
	return string(o)
}

// newTotals counts the rows by kind. Kinds of no row are left out, but that no row failed is worth knowing.
func newTotals(rows []report.Row) []total {
	count := map[string]int{}
	for _, r := range rows {
		count[class(r.Entry.Outcome, string(r.Entry.Code))]++
	}
	const minWidth = 0.8 // one row in a hundred thousand is still seen
	var totals []total
	length := 0.0
	for _, k := range kinds() {
		n := count[k.Class]
		if n == 0 && k.Class != "invalid" && k.Class != "failed" && k.Class != "pending" {
			continue
		}
		t := total{kind: k, Count: n, X: length}
		if n > 0 {
			t.Width = max(minWidth, 100*float64(n)/float64(len(rows)))
		}
		length += t.Width
		totals = append(totals, t)
	}
	for i := range totals {
		totals[i].X *= 100 / length
		totals[i].Width *= 100 / length
	}
	return totals
}

// lede is the totals in a sentence.
func lede(totals []total) string {
	var parts []string
	for _, t := range totals {
		if t.Count > 0 {
			parts = append(parts, text.Plural(t.Count, t.one, t.many))
		}
	}
	return strings.Join(parts, "; ") + "."
}
