package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"qlik-provision/provision"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/roster"
	"qlik-provision/provision/text"
	"qlik-provision/report"
)

var (
	// errNotRecorded ends a run whose results could not be written down.
	errNotRecorded = errors.New("a result could not be recorded, so nothing further was sent")
	// errPlanned ends a run that was only to be planned.
	errPlanned = errors.New("planned")
)

// A session is one run over a ledger: what create, plan, disable, retry and undo have in common.
type session struct {
	app      *app
	config   *config
	ledger   *report.Ledger
	people   *roster.Roster // nil for an undo
	path     string         // of the result file; "" for a plan that saves none
	planOnly bool
	existing *report.ExistsError // of a plan that saves nothing: the result file that create would find
	again    command             // goes on after an end that is not 0

	plan     *provision.Plan // what the run would send; nil where nobody was asked for it
	progress provision.Progress
	took     time.Duration
	lost     unrecorded
}

// run does the rows that wait, closes the ledger, and says how it went.
func (s *session) run(ctx context.Context) error {
	began := time.Now()
	runErr := s.send(ctx)
	s.took = time.Since(began)
	closeErr := s.ledger.Close()
	if errors.Is(runErr, errPlanned) {
		runErr = nil
	}
	return s.finish(runErr, closeErr)
}

// send does the rows that wait. It contacts nobody where there are none.
func (s *session) send(ctx context.Context) (err error) {
	rows := s.ledger.Pending()
	if len(rows) == 0 || s.config.offline {
		return nil
	}
	client, closeClient, err := s.app.connect(s.config)
	if err != nil {
		return err
	}
	defer func() {
		if err := closeClient(); err != nil {
			s.app.out.note(err.Error())
		}
	}()
	options := s.config.run
	options.Hurry = s.app.hurry
	switch {
	case options.NoLookup && s.asks():
		if err := s.approve(ctx, provision.Plan{Create: len(rows), Estimate: s.estimate(len(rows))}); err != nil {
			return err
		}
	case s.planOnly || s.config.max > 0 || s.asks():
		options.Approve = func(p provision.Plan) error { return s.approve(ctx, p) }
	}
	run := provision.New(client, options)
	stop := func() {}
	if !s.config.quiet {
		stop = s.app.out.follow(run.Progress, len(rows))
	}
	silence := s.announceInterrupt(ctx, client)
	err = run.Run(ctx, rows, s.lost.recorder(s.ledger))
	silence()
	stop()
	s.progress = run.Progress()
	for _, r := range s.lost.results {
		s.app.out.note(fmt.Sprintf("not recorded: row %d, %s %s", r.Number, r.Outcome, r.UserID))
	}
	return err
}

func (s *session) estimate(writes int) time.Duration {
	return provision.Estimate(writes, s.config.run.Rate, s.config.run.Burst)
}

// announceInterrupt says at the first interrupt what is waited for. The function it returns ends that; no line
// comes later.
func (s *session) announceInterrupt(ctx context.Context, client *qlik.Client) (silence func()) {
	said := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(said)
		if n := client.InFlight(); n > 0 {
			s.app.out.note("interrupted: waiting for " + text.Plural(n, "request", "requests") +
				", 10 s at most; a second Ctrl-C does not wait")
		}
	})
	return func() {
		if !stop() {
			<-said
		}
	}
}

// unrecorded collects the results that could not be written down: they are all that is known of users that were
// created.
type unrecorded struct {
	mu      sync.Mutex
	results []provision.Result // guarded by mu
}

// recorder records in the ledger, and keeps what the ledger could not.
func (u *unrecorded) recorder(l *report.Ledger) func(provision.Result) error {
	return func(r provision.Result) error {
		err := l.Record(r)
		if err == nil {
			return nil
		}
		u.mu.Lock()
		defer u.mu.Unlock()
		u.results = append(u.results, r)
		return fmt.Errorf("%w: %w", errNotRecorded, err)
	}
}

// finish prints the summary, and makes one end of all that went wrong.
func (s *session) finish(runErr, closeErr error) error {
	total := s.ledger.Summary()
	f := s.end(total, runErr, closeErr)
	sum := s.summarize(total, f)
	out := s.app.out
	if !s.config.quiet {
		table := sum.table(out, s, total, runErr != nil)
		if s.planOnly && !s.config.json {
			out.clear()
			if err := writeAll(s.app.stdout, table); err != nil {
				return errors.Join(&failure{code: exitRun, err: fmt.Errorf("printing the plan: %w", err)}, orNil(f))
			}
		} else {
			out.print(table)
		}
		if s.path != "" {
			out.note("results: " + s.path)
		}
		if f == nil {
			if next := s.next(total); next != "" {
				out.note("next: " + next)
			}
		}
	}
	if s.config.json {
		if err := sum.write(s.app.stdout); err != nil {
			return &failure{code: exitRun, err: errors.Join(orNil(f), err), hint: s.again.String(), printed: true}
		}
	}
	return orNil(f)
}

// cutShort says how a run ended that could not go on.
func (s *session) cutShort(err error) *failure {
	next := s.again
	wrongTenant := errors.Is(err, qlik.ErrNotTenant) || errors.Is(err, qlik.ErrUnknownHost) ||
		errors.Is(err, provision.ErrUnreachable)
	if wrongTenant && s.progress.Writes == 0 && s.config.given.name != "retry" {
		next = s.config.given // the result file is of that tenant; a new run replaces it, since nothing was sent
	}
	f := ended(err, next)
	if f.code == exitInterrupted && s.config.run.Task == provision.Delete && !is[*failure](err) {
		f.err = errors.New("interrupted; the users that were not deleted stay, and their rows are created")
	}
	return f
}

// orNil is f as an error that is nil where f is.
func orNil(f *failure) error {
	if f == nil {
		return nil
	}
	f.printed = true
	return f
}

// end is the one end of a run, nil for exit 0.
func (s *session) end(total *report.Summary, runErr, closeErr error) *failure {
	switch {
	case closeErr != nil:
		err := errors.Join(runErr, closeErr)
		what := "close the file in other programs, or make room on the disk"
		if is[*failure](runErr) {
			err = closeErr // the run never began
		}
		return &failure{code: exitRun, err: err, hint: then(what, s.again)}
	case runErr != nil:
		return s.cutShort(runErr)
	case s.planOnly:
		return s.planEnd(total)
	case s.config.run.Task == provision.Delete:
		return s.undoEnd()
	case s.foundNobody(total):
		return &failure{code: exitRows, err: errors.New("nobody in the file has a user on the tenant"),
			hint: fmt.Sprintf("is %q the right subject column? its first value is %s; to use another: --subject COLUMN",
				s.ledger.Action().Subject, s.firstSubject())}
	}
	held := total.NotDone
	if s.config.limit > 0 {
		held -= total.Counts[provision.Pending] - total.Run[provision.Pending]
		held -= min(held, total.Counts[provision.Duplicate]) // their rows may be among those that are left
	}
	if held <= 0 {
		return nil
	}
	return &failure{code: exitRows, err: errors.New(notDone(held, total.Rows)), hint: s.correction(total)}
}

func notDone(n, of int) string { return countOf(n, of) + " not done" }

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
	if bad == 0 {
		return nil
	}
	next := s.next(total)
	hint := "correct the export, or run it without these rows"
	if s.path != "" {
		hint = "correct the cells of these rows in " + quote(s.path)
	}
	if next != "" {
		hint += ", then:\n  " + next
	}
	return &failure{code: exitRows, err: errors.New(text.Plural(bad, "row", "rows") + " cannot be sent"), hint: hint}
}

// undoEnd judges only the rows that undo was for: with a limit those that it reached, and not those whose user has
// another subject now.
func (s *session) undoEnd() *failure {
	left := 0
	for _, r := range s.ledger.Rows() {
		undone := s.config.limit > 0 && r.Entry.Message == ""
		if r.Entry.Undoable() && string(r.Entry.Code) != provision.CodeNotCreatedHere && !undone {
			left++
		}
	}
	if left == 0 {
		return nil
	}
	return &failure{code: exitRows, err: errors.New(text.Plural(left, "user", "users") + " could not be deleted"),
		hint: s.again.String()}
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
	var what string
	switch {
	case total.Codes[provision.CodeAdminRole] > 0 && !s.config.allowAdminRoles:
		return then("a role of admin level is given, and its users are changed, only with --allow-admin-roles",
			s.again.switched("allow-admin-roles"))
	case total.Codes[provision.CodeSubjectConflict] > 0 && total.Codes[provision.CodeEmailConflict] > 0:
		what = "give the rows in conflict another subject or address in " + quote(s.path) +
			", or correct the user on the tenant if it is this person"
	case total.Counts[provision.Invalid] > 0:
		what = "correct or delete the invalid rows in " + quote(s.path)
	case total.Codes[provision.CodeSubjectConflict] > 0:
		what = "give the rows in conflict another subject in " + quote(s.path) +
			", or correct the user on the tenant if it is this person"
	case total.Codes[provision.CodeEmailConflict] > 0:
		what = "give the rows in conflict another address in " + quote(s.path) +
			", or correct the user on the tenant if it is this person"
	}
	return then(what, s.again)
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
	switch {
	case s.planOnly && s.config.run.Task == provision.Delete:
		return given.without("dry-run").String()
	case s.planOnly && s.path != "":
		return given.after("retry", s.path).String()
	case s.planOnly && s.existing != nil:
		return existsHint(s.existing, given)
	case s.planOnly && s.plan != nil && s.plan.Writes() == 0:
		return ""
	case s.planOnly:
		name := given.name
		if name == "plan" {
			name = "create"
		}
		next := given.on(name, given.file).without("offline", "overwrite", "dry-run", "json", "quiet", "max")
		if given.file == "-" {
			next = next.with("out", "hr.results.csv")
		}
		return next.String()
	case total.NotDone > 0 && s.config.run.Task != provision.Delete:
		return s.again.String()
	}
	return given.bare("report", s.path).String()
}
