package main

import (
	"errors"
	"fmt"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/text"
	"qlik-provision/report"
)

// end is the one end of a run, nil for exit 0.
func (s *session) end(total *report.Summary, runErr, closeErr error) *failure {
	switch {
	case closeErr != nil:
		err := errors.Join(runErr, closeErr)
		what := "close the file in other programs, or make room on the disk"
		if name := inUse(closeErr); name != "" {
			what = name + " is open in another program: close it"
		}
		return &failure{code: exitRun, err: err, hint: then(what, s.again)}
	case runErr != nil:
		return s.cutShort(runErr)
	case s.config.run.Task == provision.Delete && !s.config.dryRun:
		return s.undoEnd()
	case s.foundNobody(total):
		hint := fmt.Sprintf("is %s the right subject column? its first value is %s; to use another, run the export again "+
			"with --subject COLUMN and -o", csvfile.Quote(s.ledger.Action().Subject), s.firstSubject())
		if s.config.sandbox {
			hint = "the tenant of --sandbox starts without users: serve one that has some by qlik-provision sandbox --users FILE"
		}
		return &failure{code: exitRows, err: errors.New("nobody in the file has a user on the tenant"), hint: hint}
	case s.config.dryRun:
		return s.planEnd(total)
	}
	held, left := s.heldAgainst(total)
	if held == 0 {
		return nil
	}
	said := countOf(held, total.Rows) + " not done"
	if left > 0 {
		said += "; " + text.Plural(left, "more is", "more are") + " left by --limit"
	}
	return &failure{code: exitRows, err: errors.New(said), hint: s.correction(total)}
}

// heldAgainst counts the rows that make a run end with exitRows: those that are not done. With a limit rows that
// it left are not held against the run, nor are their duplicates.
func (s *session) heldAgainst(total *report.Summary) (held, left int) {
	if s.config.limit == 0 {
		return total.NotDone, 0
	}
	for _, r := range s.ledger.Rows() {
		switch {
		case r.Entry.Outcome.Done(), r.Entry.Outcome == provision.Duplicate:
		case s.unreached[r.Number]:
			left++
		default:
			held++
		}
	}
	return held, left
}

// countOf is a count of rows with its verb: 1 of 60 rows is.
func countOf(n, of int) string {
	verb := "are"
	if n == 1 {
		verb = "is"
	}
	return fmt.Sprintf("%s of %s %s", text.Grouped(n), text.Plural(of, "row", "rows"), verb)
}

func (s *session) planEnd(total *report.Summary) *failure {
	bad := total.Counts[provision.Invalid] + total.Counts[provision.Failed]
	if bad == 0 || s.config.run.Task == provision.Delete { // an undo is for other rows
		return nil
	}
	hint, next := "correct these rows in the export", s.next(total)
	if s.path != "" {
		hint = "correct the cells of these rows in " + quote(s.path)
	}
	if e := s.existing; e != nil && e.SameExport && e.SameAction {
		hint = then("correct or delete these rows in "+quote(e.Path), s.config.given.after("retry", e.Path))
	} else if next != "" {
		hint += "; or leave them for later, and run the others:\n  " + next
	}
	return &failure{code: exitRows, err: errors.New(text.Plural(bad, "row", "rows") + " cannot be sent"), hint: hint}
}

// undoEnd judges only the rows that undo was for: with a limit those that it reached.
func (s *session) undoEnd() *failure {
	held, _ := s.undoable()
	if held == 0 {
		return nil
	}
	return &failure{code: exitRows, err: errors.New(text.Plural(held, "user", "users") + " could not be deleted"),
		hint: s.again.String()}
}

// undoable counts the users that undo was for and did not delete, and those that it left because of a limit. Users that
// have another subject now are neither.
func (s *session) undoable() (held, left int) {
	for _, r := range s.ledger.Rows() {
		switch e := r.Entry; {
		case !e.MayHaveCreated() || e.Code == provision.CodeNotCreatedHere:
		case s.config.limit > 0 && s.unreached[r.Number]:
			left++
		default:
			held++
		}
	}
	return held, left
}

// foundNobody reports whether a disable found none of the users it was for.
func (s *session) foundNobody(total *report.Summary) bool {
	missing := total.Codes[provision.CodeNotFound]
	return s.config.run.Task == provision.Disable && missing > 0 && missing == total.Counts[provision.Unchanged] &&
		total.Counts[provision.Disabled]+total.Counts[provision.Failed]+total.Counts[provision.Pending] == 0
}

func (s *session) firstSubject() string {
	for _, r := range s.people.Rows {
		if r.Code == "" && !r.Skipped {
			return text.Clip(r.Person.Subject, 60)
		}
	}
	return ""
}

// correction says what to do about rows that are not done. It does not repeat a command that just changed nothing.
func (s *session) correction(total *report.Summary) string {
	if s.fruitless(total) {
		return "nothing changed: see code and message of these rows in " + quote(s.path) +
			", and correct their cells; rows that can never be sent may be deleted"
	}
	again := s.again.without("limit") // it was reached
	if total.Codes[provision.CodeAdminRole] > 0 && !s.config.allowAdminRoles {
		return choice("check the rows with the code admin-role; if these roles are intended",
			again.switched("allow-admin-roles"))
	}
	what, conflict := "", ""
	switch subject, email := total.Codes[provision.CodeSubjectConflict], total.Codes[provision.CodeEmailConflict]; {
	case subject > 0 && email > 0:
		conflict = "subject or address"
	case total.Counts[provision.Invalid] > 0:
		what = "correct or delete the invalid rows in " + quote(s.path)
	case subject > 0:
		conflict = "subject"
	case email > 0:
		conflict = "address"
	}
	if conflict != "" {
		what = "give the rows in conflict another " + conflict + " in " + quote(s.path) +
			", or correct the user on the tenant if it is this person"
	}
	return then(what, again)
}

// fruitless reports whether a retry brought no row further.
func (s *session) fruitless(total *report.Summary) bool {
	if s.config.given.name != "retry" {
		return false
	}
	for outcome, n := range total.Run {
		if n > 0 && outcome.Done() {
			return false
		}
	}
	return true
}

// next is what to type after a run that went well, "" where there is nothing to say.
func (s *session) next(total *report.Summary) string {
	given := s.config.given
	undo := s.config.run.Task == provision.Delete
	_, undeleted := s.undoable()
	switch {
	case s.config.dryRun && undo:
		return given.without("dry-run").String()
	case s.config.dryRun && s.path != "":
		return given.after("retry", s.path).String()
	case s.config.dryRun && s.plan != nil && s.plan.Writes() == 0:
		return ""
	case s.config.dryRun && s.existing != nil:
		return existsHint(s.existing, s.planned())
	case s.config.dryRun:
		return s.planned().String()
	case !undo && total.NotDone > 0, undo && undeleted > 0:
		return s.again.without("limit").String()
	}
	return given.bare("report", s.path).String()
}

// planned is the command that does what a plan without a file shows.
func (s *session) planned() command {
	given := s.config.given
	if given.name == "plan" {
		given.name = "create"
	}
	if given.file == "-" {
		given = given.with("out", pipedResults)
	}
	return given.without("offline", "overwrite", "dry-run", "json", "quiet", "max")
}
