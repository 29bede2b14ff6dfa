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
func (s *session) end(total *report.Summary, runErr, closeErr error) error {
	held, left := s.countNotDone()
	switch task := s.config.runOptions.Task; {
	case closeErr != nil:
		hint := cmp.Or(hintFor(closeErr, s.again()), s.again().String())
		return &failure{code: exitRun, err: errors.Join(runErr, closeErr), hint: hint}
	case runErr != nil:
		return s.app.explain(runErr, s.afterAborted(runErr))
	case task == provision.Disable && s.foundNobody(total):
		return s.nobodyEnd()
	case task != provision.Delete && s.config.dryRun:
		return s.planEnd(total)
	case held == 0 || s.config.dryRun:
		return nil
	case task == provision.Delete:
		return &failure{code: exitRows, err: errors.New(text.Plural(held, "user", "users") + " could not be deleted"),
			hint: s.again().String()}
	}
	said := countOf(held, total.Rows) + " not done"
	if left > 0 {
		said += "; " + text.Plural(left, "more is", "more are") + " left by --limit"
	}
	return &failure{code: exitRows, err: errors.New(said), hint: s.notDoneHint(total)}
}

// afterAborted is the command that goes on after a run that could not. Where no tenant was reached the result file is
// of the wrong one, perhaps: the command as it was typed replaces it, since nothing was sent.
func (s *session) afterAborted(err error) command {
	if s.progress.Writes == 0 && (errors.Is(err, qlik.ErrNotTenant) || errors.Is(err, provision.ErrUnreachable)) {
		return s.config.given
	}
	return s.again()
}

// foundNobody reports whether a disable found none of the users it was for.
func (s *session) foundNobody(total *report.Summary) bool {
	missing := total.Codes[provision.CodeNotFound]
	return missing > 0 && missing == total.Counts[provision.Unchanged] &&
		total.Counts[provision.Disabled]+total.Counts[provision.Failed]+total.Counts[provision.Pending] == 0
}

func (s *session) nobodyEnd() error {
	hint := "is " + csvfile.Quote(s.ledger.Action.Subject) + " the right subject column? to use another, run the export " +
		"again with --subject COLUMN and -o"
	if s.config.sandbox {
		hint = "the tenant of --sandbox starts without users: serve one by qlik-provision sandbox --users FILE"
	}
	return &failure{code: exitRows, err: errors.New("nobody in the file has a user on the tenant"), hint: hint}
}

// planEnd is for a plan or a dry run: rows that cannot be sent are held against it.
func (s *session) planEnd(total *report.Summary) error {
	bad := total.Counts[provision.Invalid] + total.Counts[provision.Failed]
	if bad == 0 {
		return nil
	}
	file, next := "the export", s.next()
	if e := s.existing; e != nil && e.SameExport && e.SameAction {
		file, next = quote(e.Path), s.config.given.onResults("retry", e.Path).String()
	} else if s.ledger.Path != "" {
		file = quote(s.ledger.Path)
	}
	hint := "correct or delete these rows in " + file
	if next != "" {
		hint += ", or leave them for later, then:\n  " + next
	}
	return &failure{code: exitRows, err: errors.New(text.Plural(bad, "row", "rows") + " cannot be sent"), hint: hint}
}

// countNotDone counts the rows that make a run end with exitRows: those that are not done, of an undo those whose user
// it did not delete, other than because its subject has changed. With a limit, rows that it left are not held against
// the run, nor are their duplicates.
func (s *session) countNotDone() (held, left int) {
	rows := s.ledger.Rows
	notDone := report.NotDone(rows)
	limited, undo := s.config.runOptions.Limit > 0, s.config.runOptions.Task == provision.Delete
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
func (s *session) notDoneHint(total *report.Summary) string {
	file := quote(s.ledger.Path)
	if s.config.given.name == "retry" && s.progress.Finished == s.progress.Failed {
		return "nothing changed: see code and message of these rows in " + file +
			", and correct their cells; rows that can never be sent may be deleted"
	}
	what, again := "", s.again().without("limit") // it was reached
	switch {
	case total.Codes[provision.CodeAdminRole] > 0 && !s.config.runOptions.AllowAdminRoles:
		return choice("check the rows with the code admin-role; if these roles are intended",
			again.withSwitch("allow-admin-roles"))
	case total.Counts[provision.Invalid] > 0:
		what = "correct or delete the invalid rows in " + file
		if total.Counts[provision.Pending] > 0 {
			what += ", or leave them for later"
		}
	case total.Codes[provision.CodeSubjectConflict]+total.Codes[provision.CodeEmailConflict] > 0:
		what = "give the rows in conflict another subject or address in " + file +
			", or correct the user on the tenant if it is this person"
	}
	return then(what, again)
}

// next is what to type after a run that went well, "" where there is nothing to say.
func (s *session) next() string {
	given := s.config.given
	_, left := s.countNotDone()
	switch dryRun := s.config.dryRun; {
	case dryRun && s.config.runOptions.Task == provision.Delete:
		return given.without("dry-run").String()
	case dryRun && s.ledger.Path != "":
		return given.onResults("retry", s.ledger.Path).String()
	case dryRun && s.plan != nil && s.plan.Writes() == 0:
		return ""
	case dryRun && s.existing != nil:
		return existsHint(s.existing, s.plannedCommand())
	case dryRun:
		return s.plannedCommand().String()
	case left > 0:
		return s.again().without("limit").String()
	}
	return command{program: given.program, name: "report", file: s.ledger.Path}.String()
}

// plannedCommand is the command that does what a plan without a file shows.
func (s *session) plannedCommand() command {
	given := s.config.given
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
