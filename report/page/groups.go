package page

import (
	"cmp"
	"slices"

	"qlik-provision/provision"
	"qlik-provision/report"
)

// A group is rows with the same outcome for the same reason. The page can be filtered by it.
type group struct {
	Number  int // from 1 on the page; 0 for a group that the page does not have
	Outcome provision.Outcome
	Code    string
	Message string // of its first row; others may name other values
	Count   int
	First   []int // the numbers of its first rows
	open    bool
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
			g = &group{Outcome: r.Entry.Outcome, Code: string(r.Entry.Code), Message: string(r.Entry.Message)}
			g.open = v.open[i]
			found[key] = g
			groups = append(groups, g)
		}
		g.Count++
		if len(g.First) < maxGroupRows {
			g.First = append(g.First, r.Number)
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
