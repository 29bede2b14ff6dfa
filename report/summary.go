package report

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"qlik-provision/provision"
)

// A Summary counts the rows of a result file.
type Summary struct {
	Rows    int
	Counts  map[provision.Outcome]int // every outcome, those of no row too
	Run     map[provision.Outcome]int // of rows that this run settled
	Codes   map[string]int
	Done    int    // rows that are done; duplicates of such rows too
	NotDone int    // all other rows
	Tenant  string // of the first row that has one
}

// Summary counts the rows as they are now.
func (r *Results) Summary() *Summary {
	s := &Summary{Rows: len(r.Rows), Counts: map[provision.Outcome]int{}, Run: map[provision.Outcome]int{},
		Codes: map[string]int{}}
	for _, o := range provision.Outcomes() {
		s.Counts[o], s.Run[o] = 0, 0
	}
	notDone := NotDone(r.Rows)
	for i, row := range r.Rows {
		e := &row.Entry
		s.Counts[e.Outcome]++
		if row.Reached && e.Outcome != provision.Pending {
			s.Run[e.Outcome]++
		}
		if e.Code != "" {
			s.Codes[string(e.Code)]++
		}
		s.Tenant = cmp.Or(s.Tenant, e.Tenant)
		if notDone[i] {
			s.NotDone++
		}
	}
	s.Done = s.Rows - s.NotDone
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

// A Cause is why several rows have their outcome. They have outcome and code in common.
type Cause struct {
	Rows   []int // their places among the rows
	Varies bool  // their messages name different values
}

// Causes groups rows by why they are not done, or what is worth knowing of those that are: the most frequent cause
// first. Rows of which there is nothing to say have none.
func Causes(rows []Row) []Cause {
	at := map[string]int{}
	var causes []Cause
	for i, r := range rows {
		key := causeKey(r.Entry)
		if key == "" {
			continue
		}
		if _, found := at[key]; !found {
			at[key] = len(causes)
			causes = append(causes, Cause{})
		}
		c := &causes[at[key]]
		c.Rows = append(c.Rows, i)
		c.Varies = c.Varies || r.Entry.Message != rows[c.Rows[0]].Entry.Message
	}
	slices.SortStableFunc(causes, func(a, b Cause) int { return cmp.Compare(len(b.Rows), len(a.Rows)) })
	return causes
}

// messageValues are the parts of a message in which rows with one cause differ: numbers, what is in quotes or brackets,
// error values of spreadsheets, and existing users. What column "X" names is no such part: it comes first, to be kept.
var messageValues = regexp.MustCompile(`(?P<kept>column "(\\.|[^"\\])*")|"(\\.|[^"\\])*"|\([^)]*\)|[0-9]+|` +
	`#[A-Z0-9/]+[!?]?|exists as .*?, created |another user: [^;]*|its subject is now .*`)

// causeKey is equal for rows whose outcomes have one cause, and empty where there is nothing to say: done
// without a code, a duplicate, or never tried. A code may stand for several messages. Of a conflict's message only
// what comes before the two persons counts.
func causeKey(e Entry) string {
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
