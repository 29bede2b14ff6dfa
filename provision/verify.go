package provision

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"qlik-provision/provision/qlik"
)

// Verify looks every row up and compares the users with what the outcomes promise. It changes nothing. A user that is
// not as promised is looked up again half a minute later: a list may lag behind. The list has Number, Outcome and
// Message of each row that differs or whose lookup is refused, by number; the error is one of those that Run returns.
//
//	created, exists, updated   a user with the row's ID, not disabled unless the row says so
//	disabled, unchanged        a disabled user, or none
//	deleted                    no user with the row's ID
//	failed, pending            no user of this person
//	other outcomes             nothing
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

// holds reports whether the user that was found, if one was, is what the outcome promises.
func (p Promise) holds(user qlik.User, found bool) bool {
	disabled := hasStatus(user, "disabled")
	switch p.Outcome {
	case Created, Exists, Updated:
		return found && (!disabled || p.Code == CodeDisabled)
	case Disabled, Unchanged:
		return !found || disabled
	}
	return !found
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
		delete(v.differ, row.Number)
		switch {
		case v.promises[row.Number].holds(user, found):
		case found:
			v.note(row, user.Status+" on the tenant: "+describeUser(user))
		default:
			v.note(row, "not on the tenant: "+cmp.Or(row.UserID, row.Person.Subject))
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
		v.note(j.row, j.err.Error())
	}
}

// note notes how a row differs.
func (v *verification) note(row Row, message string) {
	v.differ[row.Number] = Result{Number: row.Number, Outcome: v.promises[row.Number].Outcome, Message: message}
}
