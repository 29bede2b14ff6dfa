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
	return s.finish(except(runErr, errPlanned), closeErr)
}

// except is err without the errors joined in it that are target; nil where none is left.
func except(err, target error) error {
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		if errors.Is(err, target) {
			return nil
		}
		return err
	}
	var rest []error
	for _, e := range joined.Unwrap() {
		if !errors.Is(e, target) {
			rest = append(rest, e)
		}
	}
	return errors.Join(rest...)
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
	options.Abort = s.app.abort
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
				return s.unprinted(f, fmt.Errorf("printing the plan: %w", err))
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
			return s.unprinted(f, err)
		}
	}
	return orNil(f)
}

// unprinted is the end of a run whose summary could not be printed.
func (s *session) unprinted(f *failure, err error) error {
	code := exitUsage
	if s.app.contacted {
		code = exitRun
	}
	return &failure{code: code, err: errors.Join(orNil(f), err), hint: s.again.String(), printed: true}
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
