package provision

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// Verify looks every row up and compares the users with what the outcomes promise. It changes nothing, neither on the
// tenant nor in a file. A user that was not found is looked up again for half a minute: a list may lag behind. The
// differences are in the order of the rows' numbers; the error is one of those that Run returns.
//
//	created, exists, updated   a user with the row's ID, not disabled unless the row says so
//	disabled, unchanged        a disabled user, or none
//	deleted                    no user with the row's ID
//	failed, pending            no user of this person
//
// Rows with another outcome promise nothing.
func (r *Run) Verify(ctx context.Context, rows []Promise) ([]Difference, error) {
	promises := make(map[int]*Promise, len(rows))
	var withID, persons []Row
	for i, p := range rows {
		switch p.Outcome {
		case Skipped, Duplicate, Invalid:
			continue
		}
		promises[p.Row.Number] = &rows[i]
		if p.Row.UserID = p.UserID; p.Outcome == Failed || p.Outcome == Pending {
			p.Row.UserID = "" // it is about another person, if about any
		}
		if p.Row.UserID != "" {
			withID = append(withID, p.Row)
		} else {
			persons = append(persons, p.Row)
		}
	}
	if !r.begin(len(withID)+len(persons), func(Result) error { return nil }) {
		return nil, errors.New("provision: a Run is used once")
	}
	v := verification{promises: promises}
	r.run(ctx, 1, func(stop context.Context) { // the worker has no rows; it ends a run without progress
		r.lookUpRows(stop, persons, false, v.compare)
		r.lookUpRows(stop, withID, true, v.compare)
		began := time.Now()
		for n := 1; len(v.again) > 0 && time.Since(began) < lookupPeriod && pause(stop, backoff(n)) == nil; n++ {
			var rows []Row
			for _, d := range v.again {
				rows = append(rows, d.row)
			}
			v.again = nil
			r.lookUpRows(stop, rows, true, v.compare)
		}
	})
	for _, d := range v.again {
		v.found = append(v.found, d.differs)
	}
	slices.SortFunc(v.found, func(a, b Difference) int { return a.Number - b.Number })
	return v.found, r.close(ctx)
}

// A verification collects what differs. It is safe for concurrent use.
type verification struct {
	promises map[int]*Promise

	mu    sync.Mutex
	found []Difference
	again []doubt // rows with an ID that seem to differ: a list may lag behind
}

// A doubt is a row that seems to differ, and how.
type doubt struct {
	row     Row
	differs Difference
}

func (v *verification) compare(rows []Row, d directory) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, row := range rows {
		p := v.promises[row.Number]
		user, found := d.ids[row.UserID]
		if m := d.match(row.Person, false); !found && row.UserID == "" {
			user, found = m.user, m.kind == subjectMatch || m.kind == addressMatch
		}
		message := ""
		disabled := found && hasStatus(user, "disabled")
		switch p.Outcome {
		case Created, Exists, Updated:
			switch {
			case !found && row.UserID != "":
				message = "no user has its ID " + row.UserID
			case !found:
				message = "the person has no user"
			case disabled && p.Code != CodeDisabled:
				message = "disabled on the tenant: " + described(user)
			}
		case Disabled, Unchanged:
			if found && !disabled {
				message = "not disabled on the tenant: " + described(user)
			}
		case Deleted:
			if found {
				message = "not deleted: " + described(user)
			}
		default:
			if found {
				message = "the person has a user: " + described(user)
			}
		}
		differs := Difference{row.Number, p.Outcome, message}
		switch {
		case message == "":
		case row.UserID != "":
			v.again = append(v.again, doubt{row, differs})
		default:
			v.found = append(v.found, differs)
		}
	}
}

// A Promise is what a result file says of a row, for Verify.
type Promise struct {
	Row     Row
	Outcome Outcome
	Code    string
	UserID  string
}

// A Difference is a row whose user is not what its outcome promises.
type Difference struct {
	Number  int
	Outcome Outcome
	Message string
}
