package report

import (
	"cmp"
	"slices"

	"qlik-provision/provision"
)

// A Summary counts the rows of a result file.
type Summary struct {
	Rows    int
	Counts  map[provision.Outcome]int // every outcome, those of no row too
	Run     map[provision.Outcome]int // of rows that this run settled
	Codes   map[string]int
	NotDone int    // rows that are not done; duplicates of such rows too
	Tenant  string // of the first row that has one
}

// Summary counts the rows as they are now.
func (r *ResultFile) Summary() *Summary {
	s := &Summary{Rows: len(r.Rows), Counts: map[provision.Outcome]int{}, Run: map[provision.Outcome]int{},
		Codes: map[string]int{}}
	for _, o := range provision.Outcomes() {
		s.Counts[o], s.Run[o] = 0, 0
	}
	notDone := NotDone(r.Rows)
	for i, row := range r.Rows {
		e := &row.Entry
		s.Counts[e.Outcome]++
		if row.Recorded && e.Outcome != provision.Pending {
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
	return s
}

// NotDone reports of each row whether it is not done. A duplicate is done where another row of its subject is: one
// whose subject is the very same or, where there is none, one whose subject differs in case.
func NotDone(rows []Row) []bool {
	notDone := make([]bool, len(rows))
	var duplicates []int
	for i := range rows {
		notDone[i] = !rows[i].Entry.Outcome.Done()
		if rows[i].Entry.Outcome == provision.Duplicate {
			duplicates = append(duplicates, i)
		}
	}
	if duplicates == nil {
		return notDone
	}
	exact, folded := map[string]bool{}, map[string]bool{} // whether a row of a subject is done
	for i := range rows {
		e := &rows[i].Entry
		switch e.Outcome {
		case provision.Duplicate, provision.Invalid, provision.Skipped:
			continue
		}
		key := provision.SubjectKey(e.UserSubject)
		exact[e.UserSubject] = exact[e.UserSubject] || e.Outcome.Done()
		folded[key] = folded[key] || e.Outcome.Done()
	}
	for _, i := range duplicates {
		subject := rows[i].Entry.UserSubject
		done, found := exact[subject]
		notDone[i] = !done && (found || !folded[provision.SubjectKey(subject)])
	}
	return notDone
}

// WasSent reports whether a write was ever sent for one of the rows.
func WasSent(rows []Row) bool {
	return slices.ContainsFunc(rows, func(r Row) bool {
		switch r.Entry.Outcome {
		case provision.Created, provision.Updated, provision.Disabled, provision.Deleted:
			return true
		}
		return r.Entry.Attempts > 0 || r.Entry.Code == provision.CodeMaybeCreated ||
			r.Entry.Code == provision.CodeMaybeChanged
	})
}

// A Cause is why several rows have their outcome.
type Cause struct {
	Rows   []int // their places among the rows
	Varies bool  // their messages differ
}

// Causes groups rows by why they are not done, or what is worth knowing of those that are: the most frequent cause
// first. Rows of which there is nothing to say have none.
func Causes(rows []Row) []Cause {
	at := map[Entry]int{} // by what the rows of a cause have in common
	var causes []Cause
	for i, r := range rows {
		e := r.Entry
		common := Entry{Outcome: e.Outcome, Code: e.Code}
		if e.Code == "" {
			common.Message = e.Message
		}
		if e.Outcome == provision.Duplicate || e.Outcome.Done() && e.Code == "" ||
			common == (Entry{Outcome: provision.Pending}) {
			continue
		}
		if _, found := at[common]; !found {
			at[common] = len(causes)
			causes = append(causes, Cause{})
		}
		c := &causes[at[common]]
		c.Rows = append(c.Rows, i)
		c.Varies = c.Varies || e.Message != rows[c.Rows[0]].Entry.Message
	}
	slices.SortStableFunc(causes, func(a, b Cause) int { return cmp.Compare(len(b.Rows), len(a.Rows)) })
	return causes
}
