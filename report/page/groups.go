package page

import (
	"cmp"

	"qlik-provision/provision"
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

// Class is the colour of the group's mark.
func (g *group) Class() string { return class(g.Outcome, g.Code) }

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
		g := &group{Outcome: first.Outcome, Code: string(first.Code), Message: string(first.Message), Varies: c.Varies,
			Count: len(c.Rows)}
		for n, i := range c.Rows {
			v.groupOf[i] = g
			if r := &rows[i]; n < maxGroupRows {
				g.First = append(g.First, named{r.Number, cmp.Or(r.Person.Name, subject(r), r.Person.Email)})
			}
		}
		list := &v.Causes
		if g.Outcome.Done() {
			list = &v.Findings
		}
		if len(*list) < maxGroups {
			g.Number = len(v.Causes) + len(v.Findings) + 1
			*list = append(*list, g)
		} else if !g.Outcome.Done() {
			v.Further += g.Count
		}
	}
}
