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
	again := s.again()
	if closeErr != nil {
		hint := cmp.Or(hintFor(closeErr, again), again.String())
		return &failure{code: exitRun, err: errors.Join(runErr, closeErr), hint: hint}
	}
	if runErr != nil {
		// A result file of no tenant, or of the wrong one, is replaced by the command as it was typed: nothing was sent.
		if s.progress.Writes == 0 && (errors.Is(runErr, qlik.ErrNotTenant) || errors.Is(runErr, provision.ErrUnreachable)) {
			again = s.given
		}
		return s.failureOf(runErr, again, "")
	}
	if what, hint := s.notDone(); what != "" {
		return &failure{code: exitRows, err: errors.New(what), hint: hint}
	}
	return nil
}

// again is the command that goes on where rows are not done.
func (s *session) again() command {
	switch {
	case s.dryRun:
		return s.given
	case s.runOptions.Task == provision.Delete:
		return s.given.onResults("undo", s.ledger.Path)
	}
	return s.given.onResults("retry", s.ledger.Path)
}

// notDone says why a run that came to its end has exit code 1, and what to do; "" where it has not. Against a plan or a
// dry run it holds the rows that cannot be sent.
func (s *session) notDone() (what, hint string) {
	counts, undo := s.total.Counts, s.runOptions.Task == provision.Delete
	bad := counts[provision.Invalid] + counts[provision.Failed]
	held, left := s.countNotDone()
	missing := s.total.Codes[provision.CodeNotFound]
	foundNobody := s.runOptions.Task == provision.Disable && missing > 0 && missing == counts[provision.Unchanged] &&
		counts[provision.Disabled]+counts[provision.Failed]+counts[provision.Pending] == 0
	switch dryRun := s.dryRun; {
	case foundNobody:
		return "nobody in the file has a user on the tenant", "is " + csvfile.Quote(s.ledger.Action.Subject) +
			" the right subject column? to use another, run the export again with --subject COLUMN and -o"
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

// planHint is for a plan or a dry run with rows that cannot be sent.
func (s *session) planHint() string {
	file, next := cmp.Or(s.ledger.Path, s.ledger.File.Name), s.next()
	if e := s.existingResults(); e != nil && e.SameExport && e.SameAction {
		file, next = e.Path, s.given.onResults("retry", e.Path).String()
	}
	hint := "correct or delete these rows in " + quote(file)
	if next != "" {
		hint += ", or leave them for later, then:\n  " + next
	}
	return hint
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
		waits := r.Entry.Outcome == provision.Pending
		if undo {
			counts, waits = r.Entry.MayHaveCreated() && r.Entry.Code != provision.CodeNotCreatedHere, true
		}
		switch {
		case counts && limited && waits && !r.Recorded:
			left++
		case counts:
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
			again.with("allow-admin-roles", ""))
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
	case given.name == "plan":
		given.name = "create"
	}
	if given.file == "-" {
		given = given.with("out", pipedResults)
	}
	given = given.without("offline", "overwrite", "dry-run", "json", "quiet", "max")
	if exists := s.existingResults(); exists != nil {
		return existsHint(exists, given)
	}
	return given.String()
}

// existingResults is the result file that the planned command would find, nil where it would find none of which rows
// were sent.
func (s *session) existingResults() *report.ExistsError {
	if isStdin(s.given.file) || s.ledger.Path != "" {
		return nil
	}
	ledger, err := report.Create(s.resultsOf(s.given.file), s.ledger.File, s.ledger.Action, report.Options{})
	if err == nil {
		err = ledger.Close()
	}
	exists, _ := errors.AsType[*report.ExistsError](err)
	return exists
}

// countOf is a count of rows with its verb: 1 of 60 rows is.
func countOf(n, of int) string {
	verb := "are"
	if n == 1 {
		verb = "is"
	}
	return fmt.Sprintf("%s of %s %s", text.Grouped(n), text.Plural(of, "row", "rows"), verb)
}
