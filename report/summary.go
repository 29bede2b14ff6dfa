package report

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
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

	NotDone int     // all other rows
	Causes  []Cause // why rows are not done, the most frequent first
	Tenant  string  // of the first row that has one
	First   time.Time
	Last    time.Time
}

// A Cause is what several rows that are not done have in common.
type Cause struct {
	Outcome provision.Outcome
	Code    string
	Message string // of the first of them
	Varies  bool   // others name other values
	Count   int
	Rows    []int // the first 5 row numbers
}

// maxCauseRows is how many rows a Cause names.
const maxCauseRows = 5

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
	notDone := NotDone(rows)
	for i, r := range rows {
		e := r.Entry
		s.Counts[e.Outcome]++
		if e.Code != "" {
			s.Codes[string(e.Code)]++
		}
		s.Tenant = cmp.Or(s.Tenant, e.Tenant)
		s.addTime(e.FinishedAt.Time)
		if notDone[i] {
			s.NotDone++
		}
	}
	s.Done = s.Rows - s.NotDone
	s.Causes = findCauses(rows)
	return s
}

// NotDone reports of each row whether it is not done. A duplicate is done where another row of its subject is.
func NotDone(rows []Row) []bool {
	notDone := make([]bool, len(rows))
	done := map[string]bool{} // by subject
	for i, r := range rows {
		notDone[i] = !r.Entry.Outcome.Done()
		if !notDone[i] && r.Entry.Outcome != provision.Skipped {
			done[provision.SubjectKey(r.Entry.UserSubject)] = true
		}
	}
	for i, r := range rows {
		if r.Entry.Outcome == provision.Duplicate {
			notDone[i] = !done[provision.SubjectKey(r.Entry.UserSubject)]
		}
	}
	return notDone
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

// findCauses groups the rows that are not done by what they have in common.
func findCauses(rows []Row) []Cause {
	at := map[string]int{}
	var causes []Cause
	for _, r := range rows {
		e := r.Entry
		key := CauseKey(e)
		if key == "" || e.Outcome.Done() {
			continue
		}
		i, found := at[key]
		if !found {
			i = len(causes)
			at[key] = i
			causes = append(causes, Cause{Outcome: e.Outcome, Code: string(e.Code), Message: string(e.Message)})
		}
		c := &causes[i]
		c.Count++
		c.Varies = c.Varies || string(e.Message) != c.Message
		if len(c.Rows) < maxCauseRows {
			c.Rows = append(c.Rows, r.Number)
		}
	}
	slices.SortStableFunc(causes, func(a, b Cause) int { return cmp.Compare(b.Count, a.Count) })
	return causes
}

// messageValues are the parts of a message in which rows with one cause differ: numbers, what is in quotes or brackets,
// error values of spreadsheets, and existing users. What column "X" names is no such part: it comes first, to be kept.
var messageValues = regexp.MustCompile(`(?P<kept>column "(\\.|[^"\\])*")|"(\\.|[^"\\])*"|\([^)]*\)|[0-9]+|` +
	`#[A-Z0-9/]+[!?]?|exists as .*?, created |another user: [^;]*|its subject is now .*`)

// CauseKey is equal for rows whose outcomes have one cause, and empty where there is nothing to say: done
// without a code, a duplicate, or never tried. A code may stand for several messages. Of a conflict's message only
// what comes before the two persons counts.
func CauseKey(e Entry) string {
	message := string(e.Message)
	switch {
	case e.Outcome == provision.Duplicate, e.Outcome.Done() && e.Code == "",
		e.Outcome == provision.Pending && e.Code == "" && message == "":
		return ""
	case e.Code == provision.CodeSubjectConflict, e.Code == provision.CodeEmailConflict:
		message, _, _ = strings.Cut(message, ":")
	}
	message = messageValues.ReplaceAllString(message, "$kept")
	return string(e.Outcome) + "\x00" + string(e.Code) + "\x00" + message
}
