package page

import (
	"cmp"
	"slices"
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
	open    bool
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

// addGroups groups the rows that are not done and those that are done and have a code.
func (v *view) addGroups() {
	found := map[string]*group{}
	var groups []*group
	v.groupOf = make([]*group, len(v.Results.Rows))
	for i, r := range v.Results.Rows {
		key := report.CauseKey(r.Entry)
		if key == "" {
			continue
		}
		g := found[key]
		if g == nil {
			g = &group{Outcome: r.Entry.Outcome, Code: string(r.Entry.Code), Message: message(&r.Entry), open: v.open[i]}
			found[key] = g
			groups = append(groups, g)
		}
		g.Count++
		g.Varies = g.Varies || message(&r.Entry) != g.Message
		if len(g.First) < maxGroupRows {
			g.First = append(g.First, named{r.Number, cmp.Or(r.Person.Name, subject(&r), r.Person.Email)})
		}
		v.groupOf[i] = g
	}
	slices.SortStableFunc(groups, func(a, b *group) int { return cmp.Compare(b.Count, a.Count) })
	for _, g := range groups {
		list := &v.Findings
		if g.open {
			list = &v.Causes
		}
		if len(*list) < maxGroups {
			g.Number = len(v.Causes) + len(v.Findings) + 1
			*list = append(*list, g)
		} else if g.open {
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
		provision.CodeBadSubject:       "The subject cannot be used",
		provision.CodeNotAPerson:       "Not a person",
		provision.CodeBadEmail:         "The address is not valid",
		provision.CodeNoEmail:          "No address",
		provision.CodeBadName:          "The name cannot be used",
		provision.CodeErrorValue:       "An error value of a spreadsheet",
		provision.CodeHeaderRow:        "A header row",
		provision.CodeSubjectTwice:     "Two persons have this subject",
		provision.CodeEmailTwice:       "Two persons have this address",
		provision.CodeUnknownRole:      "No such role",
		provision.CodeAdminRole:        "A role or user of admin level",
		provision.CodeSubjectConflict:  "The subject belongs to another user",
		provision.CodeEmailConflict:    "The address belongs to another user",
		provision.CodeLookupRefused:    "The lookup was refused",
		provision.CodeNotFound:         "No such user",
		provision.CodeConflictNotFound: "A conflict with a user that was not found",
		provision.CodeMaybeCreated:     "Sent, and not confirmed",
		provision.CodeNotCreatedHere:   "The user has another subject now",
		provision.CodeDiffers:          "The user differs from the row",
		provision.CodeDisabled:         "The user is disabled",
		provision.CodeEmailMatch:       "Found by the address",
	}[g.Code]
	if rest, ok := strings.CutPrefix(g.Message, `column "`); ok && title != "" {
		column, _, _ := strings.Cut(rest, `"`)
		title += ": " + text.Clip(column, 40)
	}
	return title
}
