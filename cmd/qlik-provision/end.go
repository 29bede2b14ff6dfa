package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"syscall"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/text"
	"qlik-provision/report"
)

// end is the one end of a run, nil for exit 0.
func (s *session) end(total *report.Summary, runErr, closeErr error) *failure {
	switch {
	case closeErr != nil:
		err := errors.Join(runErr, closeErr)
		return &failure{code: exitRun, err: err, hint: then(cmp.Or(inUse(closeErr), closeOrMakeRoom), s.again)}
	case runErr != nil:
		return s.abortedEnd(runErr)
	case s.config.runOptions.Task == provision.Delete && !s.config.dryRun:
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
	held, left := s.countNotDone(total)
	if held == 0 {
		return nil
	}
	said := countOf(held, total.Rows) + " not done"
	if left > 0 {
		said += "; " + text.Plural(left, "more is", "more are") + " left by --limit"
	}
	return &failure{code: exitRows, err: errors.New(said), hint: s.notDoneHint(total)}
}

// abortedEnd is for a run that could not go on.
func (s *session) abortedEnd(err error) *failure {
	next := s.again
	wrongTenant := errors.Is(err, qlik.ErrNotTenant) || errors.Is(err, qlik.ErrUnknownHost) ||
		errors.Is(err, provision.ErrUnreachable)
	if wrongTenant && s.progress.Writes == 0 && s.config.given.name != "retry" {
		next = s.config.given // the result file is of that tenant; a new run replaces it, since nothing was sent
	}
	f := runFailure(err, next)
	if unknown, ok := errors.AsType[*provision.RoleError](err); ok {
		f.hint = s.roleHint(unknown)
	}
	if f.code == exitInterrupted && s.config.runOptions.Task == provision.Delete && !is[*failure](err) {
		f.err = errors.New("interrupted; the users that were not deleted stay, and their rows are created")
	}
	return f
}

// roleHint says how to go on where a role of --role does not exist. Nothing was sent then, so a create replaces its
// result file; a retry has the role from the file.
func (s *session) roleHint(unknown *provision.RoleError) string {
	given := s.config.given
	switch {
	case given.name == "retry":
		return "the role is of the file's action: run the export again with another --role and another -o"
	case unknown.Nearest == "":
		return "correct --role in the command, and run it again: nothing was sent"
	}
	return given.replace("role", unknown.Name, unknown.Nearest).String()
}

// runFailure says how a run ended that could not go on, with every error of its end. next is the command that goes on.
func runFailure(err error, next command) *failure {
	switch {
	case is[*failure](err):
		return failureOf(err, true)
	case errors.Is(err, errInterrupted), errors.Is(err, context.Canceled):
		rest := except(except(err, errInterrupted), context.Canceled)
		return &failure{code: exitInterrupted, hint: next.String(),
			err: errors.Join(errors.New("interrupted; the rows that were not settled are pending"), rest)}
	}
	return &failure{code: exitRun, err: err, hint: runHint(err, next)}
}

// runHint says what to do about what ended a run after its first request: about the cause, where err is that and what
// it led to.
func runHint(err error, next command) string {
	const status = "check the tenant's status (status.qlikcloud.com)"
	scope := "allow the client the scope " + qlik.Scope +
		" (Administration > OAuth), or use an API key of a tenant admin"
	lookups := errors.Is(err, provision.ErrLookups)
	if errors.Is(err, provision.ErrRolesHidden) {
		next = next.withSwitch("allow-admin-roles")
	}
	what := ""
	switch {
	case errors.Is(err, provision.ErrScope), errors.Is(err, qlik.ErrScope):
		what = scope
	case errors.Is(err, qlik.ErrCredentials):
		what = "check the client's ID and secret, or the API key"
	case errors.Is(err, qlik.ErrNotTenant):
		what = "check the address of the tenant"
	case errors.Is(err, qlik.ErrUnknownHost):
		what = "check the address of the tenant: no such host"
	case errors.Is(err, provision.ErrUnreachable):
		what = "check the address of the tenant, the network and the proxy (HTTPS_PROXY)"
	case errors.Is(err, provision.ErrUnreadable):
		what = "something else answers in the place of the tenant, a log-in page of a proxy perhaps: check address and proxy"
	case errors.Is(err, provision.ErrRefusedAll):
		what = "correct what the tenant refuses: see code and message of the failed rows; retry starts with rows that were " +
			"never tried"
	case lookups && errors.Is(err, qlik.ErrForbidden):
		what = scope
	case lookups:
		what = status
	case errors.Is(err, provision.ErrRolesHidden):
		what = "let the client read roles, or allow any role"
	case errors.Is(err, qlik.ErrNotSent):
		what = "check the network, the proxy (HTTPS_PROXY) and the tenant's URL; --patience waits longer"
	case errors.Is(err, provision.ErrPatience), errors.Is(err, qlik.ErrNoToken), errors.Is(err, qlik.ErrNoAnswer):
		what = status + " and who else uses this client; --patience waits longer"
	case errors.Is(err, errNotRecorded), errors.Is(err, syscall.ENOSPC):
		what = makeRoom
	}
	hint := then(what, next)
	if lookups && (next.name == "retry" || next.name == "create") {
		hint += "\n" + choice("without lookups, an existing user is noticed when the tenant refuses to create it",
			next.withSwitch("no-lookup"))
	}
	return hint
}

// undoEnd judges only the rows that undo was for: with a limit those that it reached.
func (s *session) undoEnd() *failure {
	held, _ := s.countNotDeleted()
	if held == 0 {
		return nil
	}
	return &failure{code: exitRows, err: errors.New(text.Plural(held, "user", "users") + " could not be deleted"),
		hint: s.again.String()}
}

// foundNobody reports whether a disable found none of the users it was for.
func (s *session) foundNobody(total *report.Summary) bool {
	missing := total.Codes[provision.CodeNotFound]
	return s.config.runOptions.Task == provision.Disable && missing > 0 && missing == total.Counts[provision.Unchanged] &&
		total.Counts[provision.Disabled]+total.Counts[provision.Failed]+total.Counts[provision.Pending] == 0
}

func (s *session) firstSubject() string {
	for _, r := range s.ledger.Rows() {
		if r.Code == "" && !r.Skipped {
			return text.Clip(r.Person.Subject, 60)
		}
	}
	return ""
}

// planEnd is for a plan or a dry run: rows that cannot be sent are held against it.
func (s *session) planEnd(total *report.Summary) *failure {
	bad := total.Counts[provision.Invalid] + total.Counts[provision.Failed]
	if bad == 0 || s.config.runOptions.Task == provision.Delete { // an undo is for other rows
		return nil
	}
	hint, next := "correct these rows in the export", s.next(total)
	if s.path != "" {
		hint = "correct the cells of these rows in " + quote(s.path)
	}
	if e := s.existing; e != nil && e.SameExport && e.SameAction {
		hint = then("correct or delete these rows in "+quote(e.Path), s.config.given.onResults("retry", e.Path))
	} else if next != "" {
		hint += "; or leave them for later, and run the others:\n  " + next
	}
	return &failure{code: exitRows, err: errors.New(text.Plural(bad, "row", "rows") + " cannot be sent"), hint: hint}
}

// countNotDone counts the rows that make a run end with exitRows: those that are not done. With a limit rows that
// it left are not held against the run, nor are their duplicates.
func (s *session) countNotDone(total *report.Summary) (held, left int) {
	if s.config.runOptions.Limit == 0 {
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

// countNotDeleted counts the users that undo was for and did not delete, and those that it left because of a limit.
// Users that have another subject now are neither.
func (s *session) countNotDeleted() (held, left int) {
	for _, r := range s.ledger.Rows() {
		switch e := r.Entry; {
		case !e.MayHaveCreated() || e.Code == provision.CodeNotCreatedHere:
		case s.config.runOptions.Limit > 0 && s.unreached[r.Number]:
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
