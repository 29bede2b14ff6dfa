package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"qlik-provision/provision"
	"qlik-provision/report"
)

// A session is one run over a ledger: what create, plan, disable, retry and undo have in common. The first fields are
// what it starts with, those after them what it came to.
type session struct {
	*config
	ledger *report.Ledger // without a path for a plan that saves none

	plan     *provision.Plan // what the run would send; nil where not everybody was looked up
	progress provision.Progress
	took     time.Duration
	total    *report.Summary
}

var (
	// errNotRecorded ends a run whose results could not be written down.
	errNotRecorded = errors.New("a result could not be recorded, so nothing further was sent")
	// errPlanned ends a run that was only to be planned, after everybody was looked up.
	errPlanned = errors.New("planned")
)

// run runs the pending rows, closes the ledger, and prints how it went.
func (s *session) run(ctx context.Context) error {
	began := time.Now()
	runErr := s.runPending(ctx)
	s.took = time.Since(began)
	closeErr := s.ledger.Close()

	s.total = s.ledger.Summary()
	s.summarize()
	end := s.end(runErr, closeErr)
	return errors.Join(end, s.print(end == nil))
}

// runPending runs the pending rows. It contacts nobody where there are none.
func (s *session) runPending(ctx context.Context) (err error) {
	if s.offline {
		return nil
	}
	rows := s.ledger.Pending()
	if len(rows) == 0 {
		s.plan = &provision.Plan{}
		return nil
	}
	options := &s.runOptions
	switch {
	case options.NoLookup && s.asks():
		estimate := provision.Estimate(len(rows), options.Rate, options.Burst)
		if err := s.approve(ctx, provision.Plan{Create: len(rows), Estimate: estimate}); err != nil {
			return err
		}
	case s.dryRun || s.max > 0 || s.asks():
		options.Approve = func(p provision.Plan) error { return s.approve(ctx, p) }
	}
	s.progress, err = s.contact(ctx, len(rows), func(run *provision.Run) error {
		return run.Run(ctx, rows, s.record)
	})
	if errors.Is(err, errPlanned) {
		return nil
	}
	return err
}

// record records a result in the ledger. One that cannot be recorded is printed: it is all that is known of a user that
// was created.
func (s *session) record(r provision.Result) error {
	err := s.ledger.Record(r)
	if err == nil {
		return nil
	}
	s.out.note(fmt.Sprintf("not recorded: row %d, %s %s", r.Number, r.Outcome, r.UserID))
	return fmt.Errorf("%w: %w", errNotRecorded, err)
}

// summarize adds the run to the summary.
func (s *session) summarize() {
	sum := s.summary
	sum.addFile(s.ledger.Results, s.total)
	sum["seconds"], sum["waited_seconds"] = seconds(s.took), seconds(s.progress.Waited)
	switch {
	case !s.dryRun:
		sum["writes"] = s.progress.Writes
	case s.plan != nil:
		sum["writes"], sum["estimated_seconds"] = s.plan.Writes(), seconds(s.plan.Estimate)
	default:
		sum["exists"], sum["failed"] = nil, nil
	}
}

// print prints how the run went. A plan's table is what was asked for: it goes to stdout.
func (s *session) print(done bool) error {
	out := s.out
	if s.quiet {
		return nil
	}
	table := s.table(s.total, s.dryRun) + s.causes() + "\n"
	if s.dryRun && !s.json {
		if _, err := io.WriteString(s.stdout, table); err != nil {
			return fmt.Errorf("printing the plan: %w", err)
		}
	} else {
		out.print(table)
	}
	if s.ledger.Path != "" {
		out.note("results: " + s.ledger.Path)
	}
	if next := s.next(); next != "" && done {
		out.note("next: " + next)
	}
	return nil
}
