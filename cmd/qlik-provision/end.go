package main

import (
	"cmp"
	"errors"
	"fmt"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/text"
	"qlik-provision/report"
)

// end is the one end of a run, nil for exit 0.
func (s *session) end(runErr, closeErr error) error {
	if closeErr != nil {
		hint := cmp.Or(hintFor(closeErr, s.again()), s.again().String())
		return &failure{code: exitRun, err: errors.Join(runErr, closeErr), hint: hint}
	}
	if runErr != nil {
		return s.failureOf(runErr, s.afterAborted(runErr), "")
	}
	if what, hint := s.notDone(); what != "" {
		return &failure{code: exitRows, err: errors.New(what), hint: hint}
	}
	return nil
}

// afterAborted is the command that goes on after a run that could not. Where no tenant was reached the result file is
// of the wrong one, perhaps: the command as it was typed replaces it, since nothing was sent.
func (s *session) afterAborted(err error) command {
	if s.progress.Writes == 0 && (errors.Is(err, qlik.ErrNotTenant) || errors.Is(err, provision.ErrUnreachable)) {
		return s.given
	}
	return s.again()
}

// again is the command that goes on where rows are not done.
func (s *session) again() command {
	switch given := s.given; {
	case s.dryRun:
		return given
	case s.runOptions.Task == provision.Delete:
		return given.onResults("undo", s.ledger.Path)
	default:
		return given.onResults("retry", s.ledger.Path)
	}
}

// notDone says why a run that came to its end has exit code 1, and what to do; "" where it has not. Against a plan or a
// dry run it holds the rows that cannot be sent.
func (s *session) notDone() (what, hint string) {
	counts, undo := s.total.Counts, s.runOptions.Task == provision.Delete
	bad := counts[provision.Invalid] + counts[provision.Failed]
	held, left := s.countNotDone()
	switch dryRun := s.dryRun; {
	case s.foundNobody():
		return "nobody in the file has a user on the tenant", s.nobodyHint()
	case dryRun && (undo || bad == 0), !dryRun && held == 0:
		return "", ""
	case dryRun:
		return text.Plural(bad, "row", "rows") + " cannot be sent", s.planHint()
	case undo:
		return text.Plural(held, "user", "users") + " could not be deleted", s.again().String()
	}
	what = countOf(held, s.total.Rows) + " not done"
	if left > 0 {
		what += "; " + text.Plural(left, "more is", "more are") + " left by --limit"
	}
	return what, s.notDoneHint()
}

// foundNobody reports whether a disable found none of the users it was for.
func (s *session) foundNobody() bool {
	counts, missing := s.total.Counts, s.total.Codes[provision.CodeNotFound]
	return s.runOptions.Task == provision.Disable && missing > 0 && missing == counts[provision.Unchanged] &&
		counts[provision.Disabled]+counts[provision.Failed]+counts[provision.Pending] == 0
}

func (s *session) nobodyHint() string {
	if s.sandbox {
		return "the tenant of --sandbox starts without users: serve one by qlik-provision sandbox --users FILE"
	}
	return "is " + csvfile.Quote(s.ledger.Action.Subject) + " the right subject column? to use another, run the export " +
		"again with --subject COLUMN and -o"
}

// planHint is for a plan or a dry run with rows that cannot be sent.
func (s *session) planHint() string {
	file, next := "the export", s.next()
	if s.ledger.Path != "" {
		file = quote(s.ledger.Path)
	}
	if next == "" {
		return "correct or delete these rows in " + file
	}
	return "correct or delete these rows in " + file + ", or leave them for later, then:\n  " + next
}

// countNotDone counts the rows that make a run end with exitRows: those that are not done, of an undo those whose user
// it did not delete, other than because its subject has changed. With a limit, rows that it left are not held against
// the run, nor are their duplicates.
func (s *session) countNotDone() (held, left int) {
	rows := s.ledger.Rows
	notDone := report.NotDone(rows)
	limited, undo := s.runOptions.Limit > 0, s.runOptions.Task == provision.Delete
	for i, r := range rows {
		counts := notDone[i] && !(limited && r.Entry.Outcome == provision.Duplicate)
		if undo {
			counts = r.Entry.MayHaveCreated() && r.Entry.Code != provision.CodeNotCreatedHere
		}
		switch waits := undo || r.Entry.Outcome == provision.Pending; {
		case !counts:
		case limited && waits && !r.Reached:
			left++
		default:
			held++
		}
	}
	return held, left
}

// notDoneHint says what to do about rows that are not done. It does not repeat a retry that brought no row further.
func (s *session) notDoneHint() string {
	file := quote(s.ledger.Path)
	if s.given.name == "retry" && s.progress.Finished == s.progress.Failed {
		return "nothing changed: see code and message of these rows in " + file +
			", and correct their cells; rows that can never be sent may be deleted"
	}
	what, again := "", s.again().without("limit") // it was reached
	switch {
	case s.total.Codes[provision.CodeAdminRole] > 0 && !s.runOptions.AllowAdminRoles:
		return choice("check the rows with the code admin-role; if these roles are intended",
			again.withSwitch("allow-admin-roles"))
	case s.total.Counts[provision.Invalid] > 0:
		what = "correct or delete the invalid rows in " + file
		if s.total.Counts[provision.Pending] > 0 {
			what += ", or leave them for later"
		}
	case s.total.Codes[provision.CodeSubjectConflict]+s.total.Codes[provision.CodeEmailConflict] > 0:
		what = "give the rows in conflict another subject or address in " + file +
			", or correct the user on the tenant if it is this person"
	}
	return then(what, again)
}

// next is what to type after a run that went well, "" where there is nothing to say.
func (s *session) next() string {
	given := s.given
	if !s.dryRun {
		if _, left := s.countNotDone(); left > 0 {
			return s.again().without("limit").String()
		}
		return command{program: given.program, name: "report", file: s.ledger.Path}.String()
	}
	switch {
	case s.runOptions.Task == provision.Delete:
		return given.without("dry-run").String()
	case s.ledger.Path != "":
		return given.onResults("retry", s.ledger.Path).String()
	case s.plan != nil && s.plan.Writes() == 0:
		return ""
	}
	return s.plannedCommand().String()
}

// plannedCommand is the command that does what a plan without a file shows.
func (s *session) plannedCommand() command {
	given := s.given
	if given.name == "plan" {
		given.name = "create"
	}
	if given.file == "-" {
		given = given.with("out", pipedResults)
	}
	return given.without("offline", "overwrite", "dry-run", "json", "quiet", "max")
}

// countOf is a count of rows with its verb: 1 of 60 rows is.
func countOf(n, of int) string {
	verb := "are"
	if n == 1 {
		verb = "is"
	}
	return fmt.Sprintf("%s of %s %s", text.Grouped(n), text.Plural(of, "row", "rows"), verb)
}
