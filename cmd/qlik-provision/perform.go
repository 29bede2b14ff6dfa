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

// errNotRecorded is what a run ended with whose outcomes could not be written down.
var errNotRecorded = errors.New("an outcome could not be recorded, so no further user was created")

// A performance is the run of a ledger: what create, retry and plan have in common.
type performance struct {
	app     *app
	config  *config
	path    string // of the result file
	ledger  *report.Ledger
	look    bool // look only: a plan
	unnamed bool // the result file is a temporary one that nobody asked for
	retry   command
	summary summary
}

// perform runs the rows of the ledger that wait, closes the ledger, and says how it went.
func (p *performance) perform(ctx context.Context) error {
	began := time.Now()
	err := p.run(ctx)
	p.summary.Seconds = seconds(time.Since(began))
	closeErr := p.ledger.Close()
	return p.finish(err, closeErr)
}

// run does the rows that wait. It sends nothing at all where there are none.
func (p *performance) run(ctx context.Context) error {
	waiting := p.ledger.Counts()[provision.Pending]
	if waiting == 0 || p.config.offline {
		return nil
	}
	client, closeClient, err := p.app.connect(p.config)
	if err != nil {
		return err
	}
	options := p.config.run
	options.Rows = waiting
	options.Hurry = p.app.hurry
	options.Notify = p.app.ui.note
	options.Progress = new(provision.Progress)
	stop := func() {}
	if !p.config.quiet {
		stop = p.app.ui.follow(options.Progress, waiting)
	}
	stopSaying := context.AfterFunc(ctx, func() {
		if n := client.InFlight(); n > 0 {
			p.app.ui.say("interrupted: waiting for %s, 10 s at the most; a second Ctrl-C does not wait", plural(n, "request"))
		}
	})
	defer stopSaying()
	var lost unrecorded
	do := provision.Run
	if p.look {
		do = provision.Look
	}
	err = do(ctx, client, p.ledger.Pending(), lost.recorder(p.ledger), options)
	stop()
	p.summary.Waited = seconds(options.Progress.Now().Waited)
	if closeErr := closeClient(); closeErr != nil {
		p.app.ui.note(closeErr.Error())
	}
	for _, o := range lost.outcomes {
		p.app.ui.note(fmt.Sprintf("not recorded: row %d, %s, %s %s", o.Row.Number, o.Row.Subject, o.State, o.UserID))
	}
	return err
}

// finish prints the summary, and makes of all that went wrong one end.
func (p *performance) finish(runErr, closeErr error) error {
	total, err := report.Summarize(p.path)
	if err != nil {
		return lastly(errors.Join(runErr, closeErr, err), p.retry.String())
	}
	p.summary.fill(total)
	if !p.unnamed {
		p.summary.Results = p.path
	}
	p.summary.cutShort = p.look && runErr != nil
	p.summary.unasked = p.config.offline || p.summary.cutShort
	f := p.end(runErr, closeErr)
	if f != nil {
		p.summary.Exit, p.summary.Error, p.summary.Hint = f.code, f.Error(), f.hint
		f.summary = &p.summary
	}
	p.app.ui.print(p.summary.table(p.app.ui, p.config, total, p.look))
	if p.summary.Results != "" {
		p.app.ui.say("results: %s", p.summary.Results)
	}
	if f == nil {
		p.app.ui.note("next: " + p.next())
	}
	if p.config.json {
		if err := p.summary.write(p.app.stdout); err != nil {
			return &failure{code: exitRun, err: err, hint: p.retry.String(), summary: &p.summary}
		}
	}
	if f == nil {
		return nil
	}
	return f
}

// end is the one end of a run, nil where every row is done.
func (p *performance) end(runErr, closeErr error) *failure {
	retry := p.retry.String()
	switch {
	case closeErr != nil && runErr != nil:
		return lastly(fmt.Errorf("%w; and %w", runErr, closeErr), retry)
	case closeErr != nil:
		return lastly(closeErr, retry)
	case is[*failure](runErr):
		return failureOf(runErr) // the run never began
	case runErr != nil:
		return ended(runErr, retry)
	}
	s := &p.summary
	switch bad := s.Invalid + s.Failed; {
	case p.look && bad == 0, s.notDone == 0:
		return nil
	case p.look:
		return &failure{code: exitRows, err: fmt.Errorf("%s cannot be sent", plural(bad, "row")), hint: p.mending()}
	default:
		return &failure{code: exitRows, err: fmt.Errorf("%d of %s not done", s.notDone, are(s.Rows)), hint: p.mending()}
	}
}

// next is what to type after a run that went well.
func (p *performance) next() string {
	given := p.config.given
	switch {
	case p.look && !p.unnamed:
		return p.retry.String()
	case p.look:
		create := given.on("create", given.words[2]).without("--offline", "--overwrite")
		if given.words[2] == "-" {
			create = create.with("-o", "hr.results.csv")
		}
		return create.String()
	}
	return command{[]string{given.words[0], "report", argument(p.path)}}.String()
}

// mending says what to do about rows that are not done.
func (p *performance) mending() string {
	retry := p.retry.String()
	switch s := &p.summary; {
	case p.unnamed:
		return "mend them in the export, or leave them out: " + p.next()
	case s.Invalid > 0:
		return "mend the cells of the invalid rows in " + p.path + ", then: " + retry
	case s.strangers:
		return "give the rows whose subject is another person's another one in " + p.path + ", then: " + retry
	default:
		return retry
	}
}

func are(n int) string {
	if n == 1 {
		return "1 row is"
	}
	return plural(n, "row") + " are"
}

// unrecorded collects the outcomes that could not be written down: they are all that is left of users that were created.
type unrecorded struct {
	mu       sync.Mutex
	outcomes []provision.Outcome // guarded by mu
}

// recorder records in the ledger, and keeps what the ledger could not.
func (u *unrecorded) recorder(l *report.Ledger) func(provision.Outcome) error {
	return func(o provision.Outcome) error {
		err := l.Record(o)
		if err == nil {
			return nil
		}
		u.mu.Lock()
		defer u.mu.Unlock()
		u.outcomes = append(u.outcomes, o)
		return fmt.Errorf("%w: %w", errNotRecorded, err)
	}
}
