package main

import (
	"qlik-provision/provision"
	"qlik-provision/report"
)

// next is what to type after a run that went well, "" where there is nothing to say.
func (s *session) next(total *report.Summary) string {
	given := s.config.given
	left := total.NotDone
	if s.config.runOptions.Task == provision.Delete {
		_, left = s.countNotDeleted()
	}
	switch dryRun := s.config.dryRun; {
	case dryRun && s.config.runOptions.Task == provision.Delete:
		return given.without("dry-run").String()
	case dryRun && s.path != "":
		return given.onResults("retry", s.path).String()
	case dryRun && s.plan != nil && s.plan.Writes() == 0:
		return ""
	case dryRun && s.existing != nil:
		return existsHint(s.existing, s.plannedCommand())
	case dryRun:
		return s.plannedCommand().String()
	case left > 0:
		return s.again.without("limit").String()
	}
	return command{program: given.program, name: "report", file: s.path}.String()
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

// notDoneHint says what to do about rows that are not done. It does not repeat a command that just changed nothing.
func (s *session) notDoneHint(total *report.Summary) string {
	if s.changedNothing(total) {
		return "nothing changed: see code and message of these rows in " + quote(s.path) +
			", and correct their cells; rows that can never be sent may be deleted"
	}
	again := s.again.without("limit") // it was reached
	if total.Codes[provision.CodeAdminRole] > 0 && !s.config.runOptions.AllowAdminRoles {
		return choice("check the rows with the code admin-role; if these roles are intended",
			again.withSwitch("allow-admin-roles"))
	}
	what, conflict := "", ""
	switch subject, email := total.Codes[provision.CodeSubjectConflict], total.Codes[provision.CodeEmailConflict]; {
	case subject > 0 && email > 0:
		conflict = "subject or address"
	case total.Counts[provision.Invalid] > 0:
		what = "correct or delete the invalid rows in " + quote(s.path)
		if total.Counts[provision.Pending] > 0 {
			what += ", or leave them for later"
		}
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

// changedNothing reports whether a retry brought no row further.
func (s *session) changedNothing(total *report.Summary) bool {
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
