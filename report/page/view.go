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
	Results     *report.Results
	Name        string    // of the result file, without its folder
	Now         time.Time // when the page is written
	Plan        bool      // no row was ever sent
	Lede        string    // the totals in a sentence; "" where the heading says it
	Correct     bool      // there are rows that a person has to correct
	Retry       string    // the command for what is not done, "" for none
	SubjectHead string    // the title of the subject's column

	Totals []total
	Chart  *chart

	Causes   []*group // why rows are not done
	Findings []*group // what is worth checking in rows that are done
	Further  int      // rows whose cause is none of Causes
	groupOf  []*group // of each row, nil for none
}

func newView(r *report.Results, now time.Time) *view {
	s := r.Summary()
	v := &view{
		Results: r, Summary: s, Name: filepath.Base(r.Path), Now: now,
		Plan:        s.Counts[provision.Pending] > 0 && !report.WasSent(r.Rows),
		Correct:     s.Counts[provision.Invalid]+s.Counts[provision.Failed] > 0,
		SubjectHead: subjectHead(r.Action.Subject),
		Totals:      newTotals(r.Rows),
		Chart:       newChart(r.Rows),
	}
	if s.NotDone > 0 {
		v.Retry = retryCommand(v.Name, s.Tenant)
	}
	if s.Rows > 0 && !(v.Plan && s.Counts[provision.Pending] == s.Rows) {
		v.Lede = lede(v.Totals)
	}
	v.addGroups()
	return v
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
	if !plainName.MatchString(name) {
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

// plainName is a file name that means the same in every shell, in double quotes. It is read only.
var plainName = regexp.MustCompile(`^[\pL\pN._ ()][\pL\pN._ ()-]*$`)
