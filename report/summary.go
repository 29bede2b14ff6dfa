package report

import (
	"cmp"
	"regexp"
	"slices"
	"time"

	"qlik-provision/provision"
)

// A Summary counts the rows of a result file.
type Summary struct {
	Rows   int
	Counts map[provision.Outcome]int // every outcome, those of no row too
	Run    map[provision.Outcome]int // of rows that this run settled; nil for a file that was only read
	Codes  map[string]int
	Done   int // rows that are done; duplicates of such rows too
	// NotDone rows are those that Done does not count.
	NotDone int
	Causes  []Cause // why rows are not done, the most frequent first
	Further int     // rows whose cause is none of Causes
	Tenant  string  // of the first row that has one
	First   time.Time
	Last    time.Time
}

// A Cause is what several rows that are not done have in common.
type Cause struct {
	Outcome provision.Outcome
	Code    string
	Message string // of the first of them; others may name other values
	Count   int
	Rows    []int // the first 5 row numbers
	Lines   []int // and their lines
}

// How many causes a summary has, and how many rows each names.
const (
	maxCauses    = 50
	maxCauseRows = 5
)

// newCounts has every outcome.
func newCounts() map[provision.Outcome]int {
	counts := map[provision.Outcome]int{}
	for _, o := range provision.Outcomes() {
		counts[o] = 0
	}
	return counts
}

func summarize(rows []Row) *Summary {
	s := &Summary{Rows: len(rows), Counts: newCounts(), Codes: map[string]int{}}
	duplicates := map[string]int{} // by subject
	for _, r := range rows {
		e := r.Entry
		s.Counts[e.Outcome]++
		if e.Code != "" {
			s.Codes[string(e.Code)]++
		}
		s.Tenant = cmp.Or(s.Tenant, e.Tenant)
		s.addTime(e.FinishedAt.Time)
		switch {
		case e.Outcome.Done():
			s.Done++
		case e.Outcome == provision.Duplicate:
			duplicates[provision.SubjectKey(e.UserSubject)]++
		}
	}
	for _, r := range rows {
		if len(duplicates) == 0 {
			break
		}
		if e := r.Entry; e.Outcome.Done() && e.Outcome != provision.Skipped {
			key := provision.SubjectKey(e.UserSubject)
			s.Done += duplicates[key]
			delete(duplicates, key)
		}
	}
	s.NotDone = s.Rows - s.Done
	s.addCauses(rows)
	return s
}

func (s *Summary) addTime(at time.Time) {
	if at.IsZero() {
		return
	}
	if s.First.IsZero() || at.Before(s.First) {
		s.First = at
	}
	if at.After(s.Last) {
		s.Last = at
	}
}

// addCauses groups the rows that are not done by what they have in common.
func (s *Summary) addCauses(rows []Row) {
	found := map[string]*Cause{}
	var causes []*Cause
	for _, r := range rows {
		e := r.Entry
		untried := e.Outcome == provision.Pending && e.Message == "" && e.Code == ""
		if e.Outcome.Done() || e.Outcome == provision.Duplicate || untried {
			continue
		}
		key := causeKey(e)
		c := found[key]
		if c == nil {
			c = &Cause{Outcome: e.Outcome, Code: string(e.Code), Message: string(e.Message)}
			found[key] = c
			causes = append(causes, c)
		}
		c.Count++
		if len(c.Rows) < maxCauseRows {
			c.Rows, c.Lines = append(c.Rows, r.Number), append(c.Lines, r.Line)
		}
	}
	slices.SortStableFunc(causes, func(a, b *Cause) int { return cmp.Compare(b.Count, a.Count) })
	for i, c := range causes {
		if i < maxCauses {
			s.Causes = append(s.Causes, *c)
		} else {
			s.Further += c.Count
		}
	}
}

// messageValues are the parts of a message in which rows with one cause differ: numbers, what is in quotes,
// what is in brackets.
var messageValues = regexp.MustCompile(`"(\\.|[^"\\])*"|\([^)]*\)|[0-9]+`)

// causeKey is equal for rows with one cause. Our codes say all; of the tenant's, one may stand for several
// messages.
func causeKey(e Entry) string {
	key := string(e.Outcome) + "\x00" + string(e.Code)
	switch {
	case e.Outcome == provision.Invalid, e.Code == provision.CodeSubjectConflict,
		e.Code == provision.CodeEmailConflict:
		return key
	}
	return key + "\x00" + messageValues.ReplaceAllString(string(e.Message), "")
}
