package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"qlik-provision/provision"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/sandbox"
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

// record records a result in the ledger. One that cannot be recorded is printed: it is all that is known of a user
// that was created.
func (s *session) record(r provision.Result) error {
	if err := s.ledger.Record(r); err != nil {
		s.out.note(fmt.Sprintf("not recorded: row %d, %s %s", r.Number, r.Outcome, r.UserID))
		return fmt.Errorf("%w: %w", errNotRecorded, err)
	}
	return nil
}

// summarize adds the run to the summary.
func (s *session) summarize() {
	sum := s.summary
	sum.addFile(s.ledger.ResultFile, s.total)
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
	if s.quiet {
		return nil
	}
	table := s.table(s.total, s.dryRun) + s.causes() + "\n"
	if s.dryRun && !s.json {
		if _, err := io.WriteString(s.stdout, table); err != nil {
			return fmt.Errorf("printing the plan: %w", err)
		}
	} else {
		s.out.print(table)
	}
	if s.ledger.Path != "" {
		s.out.note("results: " + s.ledger.Path)
	}
	if next := s.next(); next != "" && done {
		s.out.note("next: " + next)
	}
	return nil
}

// contact connects to the tenant and calls work with a run over so many rows. Meanwhile it shows how far the run is.
// What it started has ended when it returns.
func (c *config) contact(ctx context.Context, rows int, work func(*provision.Run) error,
) (provision.Progress, error) {
	connection := qlik.Options{Credentials: c.creds, Connections: c.runOptions.Workers, Timeout: c.runOptions.Timeout,
		UserAgent: "qlik-provision/" + cmp.Or(version, "devel")}
	if c.requests != nil {
		defer c.closeLog()
		connection.Observe = c.requests.record
	}
	if c.sandbox {
		connection.Transport = sandbox.InProcess(c.inMemory)
	}
	client := qlik.New(c.tenant, connection)
	defer client.Close()
	c.contacted = true
	c.runOptions.Abort = c.abort
	run := provision.New(client, c.runOptions)
	if !c.quiet {
		defer c.out.follow(ctx, run.Progress, rows)()
	}
	err := work(run)
	return run.Progress(), err
}

// addUsersOf puts the users that a result file names on the tenant of --sandbox: a file of an earlier one is undone
// or verified.
func addUsersOf(rows []report.Row, tenant *sandbox.Tenant) {
	statuses := map[provision.Outcome]string{
		provision.Created: "active", provision.Exists: "active", provision.Updated: "active", provision.Disabled: "disabled",
	}
	added := map[string]bool{}
	for _, r := range rows {
		id := string(r.Entry.UserID)
		if status, known := statuses[r.Entry.Outcome]; known && id != "" && !added[id] {
			tenant.Add(sandbox.User{ID: id, Subject: r.Entry.UserSubject, Status: status})
			added[id] = true
		}
	}
}

// A requestLog writes one JSON line per request. It is safe for concurrent use.
type requestLog struct {
	file *os.File
	mu   sync.Mutex
	err  error // guarded by mu: the first one; the run goes on
}

// record writes the line of a request. Of errors it has those of the network: an answer's own text may hold a name.
func (l *requestLog) record(e qlik.Exchange) {
	line := struct {
		Time     time.Time `json:"time"`
		Row      int       `json:"row,omitempty"`
		Rows     int       `json:"rows,omitempty"`
		Method   string    `json:"method"`
		Path     string    `json:"path"`
		Status   int       `json:"status"`
		Duration float64   `json:"duration_ms"`
		Wait     float64   `json:"wait_ms"`
		TraceID  string    `json:"trace_id,omitempty"`
		Error    string    `json:"error,omitempty"`
	}{
		Time: time.Now(), Row: e.Row, Rows: e.Rows, Method: e.Method, Path: e.Path, Status: e.Status, TraceID: e.TraceID,
		Duration: float64(e.Duration.Microseconds()) / 1000, Wait: float64(e.Wait.Microseconds()) / 1000,
	}
	if e.Err != nil && e.Status == 0 {
		line.Error = e.Err.Error()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = cmp.Or(l.err, json.NewEncoder(l.file).Encode(line))
}

// closeLog closes the log, in which nothing is recorded any longer, and says where writing it failed: that is no
// failure of the run.
func (c *config) closeLog() {
	if err := errors.Join(c.requests.err, c.requests.file.Close()); err != nil {
		c.out.note("writing the log: " + err.Error())
	}
}
