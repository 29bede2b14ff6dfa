package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"qlik-provision/provision"
	"qlik-provision/report"
)

var (
	// errNotRecorded ends a run whose results could not be written down.
	errNotRecorded = errors.New("a result could not be recorded, so nothing further was sent")
	// errPlanned ends a run that was only to be planned.
	errPlanned = errors.New("planned")
)

// A session is one run over a ledger: what create, plan, disable, retry and undo have in common. The first fields are
// what it starts with, those after them what it came to.
type session struct {
	app      *app
	config   *config
	ledger   *report.Ledger
	path     string              // of the result file; "" for a plan that saves none
	existing *report.ExistsError // of a plan that saves nothing: the result file that create would find
	again    command             // goes on after an end that is not 0

	plan     *provision.Plan // what the run would send; nil where not everybody was looked up
	progress provision.Progress
	took     time.Duration

	mu        sync.Mutex
	unreached map[int]bool // guarded by mu: numbers of the pending rows that have no result of this run yet
}

// run runs the pending rows, closes the ledger, and prints how it went.
func (s *session) run(ctx context.Context) error {
	began := time.Now()
	runErr := except(s.runPending(ctx), errPlanned)
	s.took = time.Since(began)
	closeErr := s.ledger.Close()

	total := s.ledger.Summary()
	f := s.end(total, runErr, closeErr)
	if err := s.print(total, f, runErr != nil); err != nil {
		code := failureOf(err, s.app.contacted).code
		f = &failure{code: code, err: errors.Join(orNil(f), err), hint: s.again.String()}
	}
	return orNil(f)
}

// runPending runs the pending rows. It contacts nobody where there are none.
func (s *session) runPending(ctx context.Context) (err error) {
	rows := s.ledger.Pending()
	switch {
	case s.config.offline:
		return nil
	case len(rows) == 0:
		s.plan = &provision.Plan{}
		return nil
	}
	s.unreached = make(map[int]bool, len(rows))
	for _, row := range rows {
		s.unreached[row.Number] = true
	}
	options := s.config.runOptions
	switch {
	case options.NoLookup && s.asks():
		estimate := provision.Estimate(len(rows), options.Rate, options.Burst)
		if err := s.approve(ctx, provision.Plan{Create: len(rows), Estimate: estimate}); err != nil {
			return err
		}
	case s.config.dryRun || s.config.max > 0 || s.asks():
		options.Approve = func(p provision.Plan) error { return s.approve(ctx, p) }
	}
	s.progress, err = s.app.contact(ctx, s.config, options, len(rows), func(run *provision.Run) error {
		return run.Run(ctx, rows, s.record)
	})
	return err
}

// record records a result in the ledger. One that cannot be recorded is printed: it is all that is known of a user that
// was created.
func (s *session) record(r provision.Result) error {
	s.mu.Lock()
	delete(s.unreached, r.Number)
	s.mu.Unlock()
	err := s.ledger.Record(r)
	if err == nil {
		return nil
	}
	s.app.out.note(fmt.Sprintf("not recorded: row %d, %s %s", r.Number, r.Outcome, r.UserID))
	return fmt.Errorf("%w: %w", errNotRecorded, err)
}

// print prints the summary of a run that ended with f, nil for exit 0. A plan's table is what was asked for: it goes to
// stdout.
func (s *session) print(total *report.Summary, f *failure, aborted bool) error {
	out := s.app.out
	if !s.config.quiet {
		table := s.table(total, aborted)
		if s.config.dryRun && !s.config.json {
			if err := writeAll(s.app.stdout, table); err != nil {
				return fmt.Errorf("printing the plan: %w", err)
			}
		} else {
			out.print(table)
		}
		if s.path != "" {
			out.note("results: " + s.path)
		}
		if next := s.next(total); next != "" && f == nil {
			out.note("next: " + next)
		}
	}
	if s.config.json {
		return s.summarize(total, f).write(s.app.stdout)
	}
	return nil
}
