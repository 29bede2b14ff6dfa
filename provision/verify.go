package provision

import (
	"context"
	"maps"
	"slices"
	"sync"

	"qlik-provision/provision/qlik"
)

// Verify looks every row up and compares the users with what the outcomes promise. It changes nothing, neither on the
// tenant nor in a file. A user that is not as promised is looked up again half a minute later: a list may lag behind. The
// differences are in the order of the rows' numbers; a row whose lookup is refused is one. The error is one of those
// that Run returns.
//
//	created, exists, updated   a user with the row's ID, not disabled unless the row says so
//	disabled, unchanged        a disabled user, or none
//	deleted                    no user with the row's ID
//	failed, pending            no user of this person
//
// Rows with another outcome promise nothing.
func (r *Run) Verify(ctx context.Context, rows []Promise) ([]Difference, error) {
	v := verification{run: r, promises: make(map[int]Promise, len(rows)), differences: map[int]Difference{}}
	var toLookUp []Row
	for _, p := range rows {
		switch p.Outcome {
		case Skipped, Duplicate, Invalid:
			continue
		case Failed, Pending:
			p.Row.UserID = "" // it is about another person, if about any
		}
		v.promises[p.Row.Number] = p
		toLookUp = append(toLookUp, p.Row)
	}
	if err := r.begin(len(toLookUp), nil); err != nil {
		return nil, err
	}
	r.runGroup(ctx, 1, func(looking context.Context) error { // the worker has no rows; it ends a run without progress
		return v.lookUp(looking, toLookUp)
	})
	found := slices.SortedFunc(maps.Values(v.differences), func(a, b Difference) int { return a.Number - b.Number })
	return found, r.wrapUp(ctx)
}

// A verification collects what differs. It is safe for concurrent use.
type verification struct {
	run      *Run
	promises map[int]Promise // by the row's number

	mu          sync.Mutex
	differences map[int]Difference // by the row's number
}

// lookUp looks rows up, and those with an ID that differ again, half a minute later.
func (v *verification) lookUp(ctx context.Context, rows []Row) error {
	refused, err := v.run.lookUpRows(ctx, rows, v.check)
	if err != nil {
		return err
	}
	var again []Row
	for number := range v.differences {
		if row := v.promises[number].Row; row.UserID != "" {
			again = append(again, row)
		}
	}
	if len(again) > 0 {
		v.run.countFinished(-len(again))
		if err := pause(ctx, lookupPeriod); err != nil {
			return err
		}
		if refused, err = v.run.lookUpRows(ctx, again, v.check); err != nil {
			return err
		}
	}
	for _, j := range refused {
		number := j.row.Number
		v.differences[number] = Difference{number, v.promises[number].Outcome, "its lookup was refused: " + j.err.Error()}
	}
	v.run.countFinished(len(refused))
	return nil
}

func (v *verification) check(rows []Row, d directory) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, row := range rows {
		user, found := d.ids[row.UserID]
		if row.UserID == "" {
			m := d.match(row.Person, false)
			user, found = m.user, m.kind == subjectMatch || m.kind == emailMatch
		}
		p := v.promises[row.Number]
		delete(v.differences, row.Number)
		if message := p.differs(user, found); message != "" {
			v.differences[row.Number] = Difference{row.Number, p.Outcome, message}
		}
	}
	v.run.countFinished(len(rows))
}

// A Promise is what a result file says of a row, for Verify.
type Promise struct {
	Row     Row
	Outcome Outcome
	Code    string
}

// differs says how the user that was found, if one was, is not what the outcome promises; "" where it is.
func (p Promise) differs(user qlik.User, found bool) string {
	disabled := found && hasStatus(user, "disabled")
	switch p.Outcome {
	case Created, Exists, Updated:
		switch {
		case !found && p.Row.UserID != "":
			return "no user has its ID " + p.Row.UserID
		case !found:
			return "the person has no user"
		case disabled && p.Code != CodeDisabled:
			return "disabled on the tenant: " + describeUser(user)
		}
		return ""
	case Disabled, Unchanged:
		if found && !disabled {
			return "not disabled on the tenant: " + describeUser(user)
		}
		return ""
	}
	switch {
	case !found:
		return ""
	case p.Outcome == Deleted:
		return "not deleted: " + describeUser(user)
	}
	return "the person has a user: " + describeUser(user)
}

// A Difference is a row whose user is not what its outcome promises.
type Difference struct {
	Number  int
	Outcome Outcome
	Message string
}
