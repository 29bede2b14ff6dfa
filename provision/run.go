package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"qlik-provision/provision/qlik"
)

// A Run is one run over the rows of a file. It is used once.
//
// A row goes through lookup, write and record. Workers do one after another of what may be done now (scheduler.go):
//
//	lookUp             finds the users of many rows, ahead of the writes                     lookup.go, identity.go
//	settle             decide says which write the row needs after a lookup, or its result   finish.go, decide.go
//	send     judge     says of which kind the answer to the write is                         write.go
//	         apply     tells the gate, and queues the row where it is sent again             write.go, gate.go
//	         conclude  finishes the row, or lookUpOne looks for an explanation and settles   finish.go
//	finish             records the result                                                    finish.go
//
// An error that ends the run is passed to fail where it occurs, and nothing new is begun.
type Run struct {
	used         atomic.Bool // by Run or Verify
	client       *qlik.Client
	options      Options
	record       func(Result) error
	guardsAdmins bool              // users with an admin role are neither changed nor disabled
	wantsRoles   bool              // lookups ask for the roles of users; like the next one set before the first lookup
	roleLevels   map[string]string // of the tenant's roles, by name; nil: not known

	failing sync.Mutex
	errs    []error // guarded by failing: why the run ends

	mu       sync.Mutex // guards what follows
	started  time.Time
	held     Reason // why no write may be sent yet: ReasonLookup, then ReasonApproval; "" where they may
	queue    queue
	lookups  lookups
	gate     gate
	brake    brake
	patience patience
	progress Progress    // Finished, Failed, Writes and Waited
	rows     int         // of the run
	lookedUp int         // of them
	busy     int         // workers with something to do
	idle     time.Time   // since when the run waits to send a write; zero: it does not
	changed  sync.Cond   // with mu: those who wait have to check again
	alarm    *time.Timer // wakes them when the next thing is due
}

// New prepares a run. Nothing is sent yet.
func New(client *qlik.Client, o Options) *Run {
	changesUsers := o.Task == Disable || o.Update != Update{}
	r := &Run{client: client, options: o.withDefaults(), wantsRoles: changesUsers}
	r.guardsAdmins = changesUsers && !o.AllowAdminRoles
	r.gate = gate{limiter: rate.NewLimiter(r.options.Rate, r.options.Burst), closed: true, unanswered: map[*job]bool{}}
	r.changed.L = &r.mu
	return r
}

// Run brings the tenant in line with rows, and records the result of every row that it finished.
//
// record is called concurrently; it returns when the result is safe, and only then does its worker take the next row. A
// row that failed is a result. The error is that of a run that could not go on, all of them joined: ErrScope,
// ErrPatience, ErrUnreachable, ErrRefusedAll, ErrUnreadable, ErrLookups, ErrRole, ErrRolesHidden, qlik.ErrCredentials,
// qlik.ErrNotTenant, what record or Approve returned, or the context's cause. Rows that were not finished are not
// recorded, or recorded as Pending where there is something to say of them.
//
// When ctx is done no further write is sent; requests in flight are waited for, 10 s at most. No goroutine is left.
//
// Preconditions: row numbers are positive and unique, subjects are not empty, only rows to delete have a user, record
// is not nil. Run fails before any request where they do not hold.
func (r *Run) Run(ctx context.Context, rows []Row, record func(Result) error) error {
	if err := r.checkInput(rows, record); err != nil {
		return err
	}
	l := lookups{rows: rows, handle: r.settleRows, done: r.endLookups}
	asksRoles := func(row Row) bool { return len(r.rolesOf(row)) > 0 }
	if r.options.Task == Create && slices.ContainsFunc(rows, asksRoles) {
		r.wantsRoles = true
		l.again = append(l.again, r.fetchRoles)
	}
	if r.options.NoLookup {
		l.again = append(l.again, r.fetchDate)
	}
	return r.run(ctx, l, record)
}

// checkInput returns an error where the preconditions of Run do not hold.
func (r *Run) checkInput(rows []Row, record func(Result) error) error {
	if record == nil {
		return errors.New("provision: no function records the results")
	}
	seen := make(map[int]bool, len(rows))
	for _, row := range rows {
		hasStrayUser := row.UserID != "" && r.options.Task != Delete
		if row.Number <= 0 || seen[row.Number] || row.Person.Subject == "" || hasStrayUser {
			return fmt.Errorf("provision: row %d does not meet the preconditions of Run", row.Number)
		}
		seen[row.Number] = true
	}
	return nil
}

// run reads what l holds, and works until nothing is left or the run has to end.
func (r *Run) run(ctx context.Context, l lookups, record func(Result) error) error {
	if r.used.Swap(true) {
		return errors.New("provision: a Run is used once")
	}
	l.pacer = rate.NewLimiter(lookupsPerMinute/60.0, lookupsPerMinute)
	if r.options.Rate == rate.Inf || r.options.NoLookup {
		l.pacer.SetLimit(rate.Inf) // the tenant says when it has had enough, of writes and of lookups
	}
	r.mu.Lock()
	r.started, r.lookups, r.record, r.rows = time.Now(), l, record, len(l.rows)
	r.alarm = time.AfterFunc(r.options.Patience, r.wake)
	if r.options.Approve != nil || r.guardsAdmins {
		r.held = ReasonLookup
	}
	r.mu.Unlock()
	defer r.alarm.Stop()
	workers, stop := errgroup.WithContext(ctx) // stop is done when the first worker fails
	defer context.AfterFunc(stop, r.wake)()
	flight, cut := context.WithCancel(context.WithoutCancel(ctx))
	for range r.options.Workers {
		workers.Go(func() error { return r.work(stop, flight) })
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = workers.Wait() // wrapUp returns the errors of all of them
	}()
	<-stop.Done() // at the latest when all workers have ended
	select {
	case <-ended:
	case <-time.After(grace):
	case <-r.options.Abort:
	}
	cut()
	<-ended
	return r.wrapUp(ctx)
}

// stopped reports whether err is that of a request cut off because its context has ended.
func stopped(ctx context.Context, err error) bool {
	return ctx.Err() != nil && errors.Is(err, ctx.Err())
}

// fail ends the run because of err; nil does nothing. The caller may hold the run's lock.
func (r *Run) fail(err error) {
	r.failing.Lock()
	defer r.failing.Unlock()
	known := func(e error) bool { return e.Error() == err.Error() } // workers fail together, for one reason
	if err != nil && !slices.ContainsFunc(r.errs, known) {
		r.errs = append(r.errs, err)
	}
}

// failure is why the run ends, all errors joined; nil where it goes on.
func (r *Run) failure() error {
	r.failing.Lock()
	defer r.failing.Unlock()
	return errors.Join(r.errs...)
}

// wrapUp returns why the run ended, and records what was tried of the rows that are left.
func (r *Run) wrapUp(ctx context.Context) error {
	r.mu.Lock()
	r.endIdle(time.Now())
	left := slices.Concat(r.queue.again, r.queue.lookups, r.gate.suspects)
	if ctx.Err() != nil && r.progress.Finished < r.rows {
		r.fail(context.Cause(ctx))
	}
	r.mu.Unlock()
	for _, j := range left {
		if j.err != nil && !r.finish(j, r.unfinishedResult(j)) {
			break
		}
	}
	return r.failure()
}
