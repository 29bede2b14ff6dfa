package provision

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"qlik-provision/provision/qlik"
)

// Verify looks every row up and compares the users with what the outcomes promise. It changes nothing, neither on the
// tenant nor in a file. A user that is not as promised is looked up again half a minute later: a list may lag behind.
// The rows that differ have a Number, an Outcome and a Message in the list, which is in the order of their numbers; a
// row whose lookup is refused is one. The error is one of those that Run returns.
//
//	created, exists, updated   a user with the row's ID, not disabled unless the row says so
//	disabled, unchanged        a disabled user, or none
//	deleted                    no user with the row's ID
//	failed, pending            no user of this person
//
// Rows with another outcome promise nothing.
func (r *Run) Verify(ctx context.Context, promises []Promise) (differ []Result, err error) {
	v := verification{run: r, promises: map[int]Promise{}, differ: map[int]Result{}}
	var rows []Row
	for _, p := range promises {
		switch p.Outcome {
		case Skipped, Duplicate, Invalid:
			continue
		case Failed, Pending:
			p.Row.UserID = "" // it is about another person, if about any
		}
		v.promises[p.Row.Number] = p
		rows = append(rows, p.Row)
	}
	err = r.run(ctx, lookups{rows: rows, handle: v.check, done: v.lookUpAgain}, nil)
	return slices.SortedFunc(maps.Values(v.differ), func(a, b Result) int { return a.Number - b.Number }), err
}

// A Promise is what a result file says of a row, for Verify.
type Promise struct {
	Row     Row
	Outcome Outcome
	Code    string
}

// A verification collects what differs. The run's lock guards it.
type verification struct {
	run      *Run
	promises map[int]Promise // by the row's number, like the next one
	differ   map[int]Result
}

func (v *verification) check(rows []Row, d directory) {
	v.run.mu.Lock()
	defer v.run.mu.Unlock()
	v.run.progress.Finished += len(rows)
	for _, row := range rows {
		user, found := d.ids[row.UserID]
		if row.UserID == "" {
			m := d.match(row.Person, false)
			user, found = m.user, m.kind == subjectMatch || m.kind == emailMatch
		}
		p := v.promises[row.Number]
		delete(v.differ, row.Number)
		if how := p.differs(user, found); how != "" {
			v.differ[row.Number] = Result{Number: row.Number, Outcome: p.Outcome, Message: how}
		}
	}
}

// lookUpAgain looks rows with an ID that differ up again half a minute later, and adds those whose lookup was refused.
func (v *verification) lookUpAgain() {
	v.run.mu.Lock()
	defer v.run.mu.Unlock()
	l := &v.run.lookups
	for number := range v.differ {
		if row := v.promises[number].Row; row.UserID != "" {
			l.rows = append(l.rows, row)
		}
	}
	l.until = time.Now().Add(lookupPeriod)
	v.run.progress.Finished += len(l.refused) - len(l.rows)
	for _, j := range l.refused {
		number := j.row.Number
		v.differ[number] = Result{Number: number, Outcome: v.promises[number].Outcome, Message: j.err.Error()}
	}
}

// differs says how the user that was found, if one was, is not what the outcome promises; "" where it is.
func (p Promise) differs(user qlik.User, found bool) string {
	how, disabled := "", hasStatus(user, "disabled")
	switch p.Outcome {
	case Created, Exists, Updated:
		if !found {
			return "no user " + cmp.Or(p.Row.UserID, p.Row.Person.Subject)
		}
		if disabled && p.Code != CodeDisabled {
			how = "disabled on the tenant: "
		}
	case Disabled, Unchanged:
		if !disabled {
			how = "not disabled on the tenant: "
		}
	case Deleted:
		how = "not deleted: "
	default:
		how = "the person has a user: "
	}
	if how == "" || !found {
		return ""
	}
	return how + describeUser(user)
}
