package page

import (
	"cmp"
	"strings"

	"qlik-provision/provision"
	"qlik-provision/provision/text"
	"qlik-provision/report"
)

// A group is rows with the same outcome for the same reason. The page can be filtered by it.
type group struct {
	Number  int // from 1 on the page; 0 for a group that the page does not have
	Outcome provision.Outcome
	Code    string
	Message string // of its first row
	Varies  bool   // other rows have other values in it
	Count   int
	First   []named // its first rows
}

// A named is a row with whom it is about.
type named struct {
	Number int
	Who    string // name, or else subject or address
}

// More is how many rows the group has besides First.
func (g *group) More() int { return g.Count - len(g.First) }

// How many groups of a kind the page has, and how many rows each names.
const (
	maxGroups    = 50
	maxGroupRows = 5
)

// addGroups makes groups of the causes: those of rows that are not done, and those that are done and have a code.
func (v *view) addGroups() {
	rows := v.Results.Rows
	v.groupOf = make([]*group, len(rows))
	for _, c := range report.Causes(rows) {
		first := &rows[c.Rows[0]].Entry
		g := &group{Outcome: first.Outcome, Code: string(first.Code), Message: message(first), Varies: c.Varies,
			Count: len(c.Rows)}
		for _, i := range c.Rows[:min(maxGroupRows, len(c.Rows))] {
			r := &rows[i]
			g.First = append(g.First, named{r.Number, cmp.Or(r.Person.Name, subject(r), r.Person.Email)})
		}
		for _, i := range c.Rows {
			v.groupOf[i] = g
		}
		list := &v.Findings
		if !g.Outcome.Done() {
			list = &v.Causes
		}
		if len(*list) < maxGroups {
			g.Number = len(v.Causes) + len(v.Findings) + 1
			*list = append(*list, g)
		} else if !g.Outcome.Done() {
			v.Further += g.Count
		}
	}
}

// Class is the colour of the group's mark.
func (g *group) Class() string { return class(g.Outcome, g.Code) }

// Title says in a few words why, "" for a code that is the tenant's own.
func (g *group) Title() string {
	title := map[string]string{
		provision.CodeNoSubject:        "No subject",
		provision.CodeBadSubject:       "The subject is not valid",
		provision.CodeNotAPerson:       "Not a person",
		provision.CodeBadEmail:         "The email address is not valid",
		provision.CodeNoEmail:          "No email address",
		provision.CodeBadName:          "The name is not valid",
		provision.CodeErrorValue:       "An error value of a spreadsheet",
		provision.CodeHeaderRow:        "A header row",
		provision.CodeSubjectTwice:     "Two people have this subject",
		provision.CodeEmailTwice:       "Two people have this email address",
		provision.CodeUnknownRole:      "No such role",
		provision.CodeAdminRole:        "A role or user of admin level",
		provision.CodeSubjectConflict:  "The subject belongs to another person's user",
		provision.CodeEmailConflict:    "The email address belongs to another person's user",
		provision.CodeLookupRefused:    "The lookup was refused",
		provision.CodeNotFound:         "No such user",
		provision.CodeConflictNotFound: "Already taken, but no lookup finds the user",
		provision.CodeMaybeCreated:     "Sent, but not confirmed",
		provision.CodeMaybeChanged:     "Change sent, but not confirmed",
		provision.CodeNotCreatedHere:   "The user has another subject now",
		provision.CodeDiffers:          "The user differs from the row",
		provision.CodeDisabled:         "The user is disabled",
		provision.CodeEmailMatch:       "Found by the email address",
	}[g.Code]
	if rest, ok := strings.CutPrefix(g.Message, `column "`); ok && title != "" {
		column, _, _ := strings.Cut(rest, `"`)
		title += ": " + text.Clip(column, 40)
	}
	return title
}
