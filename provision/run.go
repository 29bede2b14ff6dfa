package provision

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"qlik-provision/provision/qlik"
)

// A Run is one run over the rows of a file. It is used once.
//
// A row goes through lookup, write and record, once:
//
//	lookUp  → decide   the row is settled by the users that were found, or a write is needed   lookup.go, decide.go
//	send    → judge    what the answer to the write means for the gate                          write.go, gate.go
//	        → conclude what it means for the row: settled, sent again, or looked up             settle.go
//	lookUpOne → explain  what a lookup of one row tells about a conflict or a lost answer         settle.go
//	record             the result is safe before the worker takes its next row                  settle.go
type Run struct {
	client  *qlik.Client
	options Options
	pacer   *rate.Limiter // of the lookups; safe for concurrent use
	record  func(Result) error
	creates *write // of every row that needs a create
	// stop ends everything but the requests of workers; stopLookups ends the lookups alone.
	stop, stopLookups context.CancelFunc

	mu      sync.Mutex // guards what follows
	started time.Time  // zero before Run
	gate    *gate
	brake   brake
	queue   queue
	lookups lookups
	roles   roleBook      // set before the first lookup
	errs    []error       // why the run ends
	busy    int           // workers with a row in their hands
	waiters int           // goroutines in wait
	changed chan struct{} // closed when those who wait have to check again

	asksRoles    bool // rows ask for roles; set before the first lookup
	holdWrites   bool // every row is looked up before the first write, and they are not yet
	asking       bool // Options.Approve is called
	limitReached bool // Options.Limit

	stalled       time.Time // the first request without progress since there was some; zero: none
	stalledBy     Reason
	writesStalled bool // a write was among them
	lastErr       error

	rows, looked, done, failures, writes int
	found, conflicts                     int           // settled by lookups, as long as nothing is sent
	idle                                 time.Time     // since when the gate lets no write be sent; zero: it does
	waited                               time.Duration // the sum of such times
	took                                 time.Duration // a moving average of a write's time
}

// New prepares a run. Nothing is sent yet.
func New(client *qlik.Client, o Options) *Run {
	o = o.withDefaults()
	var writes *rate.Limiter
	lookups := rate.Inf // the tenant says when it has had enough, of writes and of lookups
	if o.Rate != rate.Inf {
		writes = rate.NewLimiter(o.Rate, o.Burst)
		lookups = lookupsPerMinute / 60.0
	}
	return &Run{
		client:  client,
		options: o,
		pacer:   rate.NewLimiter(lookups, lookupsPerMinute),
		creates: &write{kind: createWrite},
		gate:    newGate(writes),
		queue:   queue{more: true},
		changed: make(chan struct{}),
	}
}

// Run brings the tenant in line with rows, and records the result of every row that was settled.
//
// record is called concurrently; it returns when the result is safe, and only then does its worker take the next row. A
// row that failed is a result. The error is that of a run that could not go on, all of them joined: ErrScope,
// ErrPatience, ErrUnreachable, ErrRefusedAll, ErrUnreadable, ErrLookups, ErrRole, ErrRolesHidden, qlik.ErrCredentials,
// qlik.ErrNotTenant, what record or Approve returned, or the context's cause. Rows that were not settled are not
// recorded, or recorded as Pending where there is something to say of them.
//
// When ctx is done no further write is sent; requests in flight are waited for, 10 s at most. Run returns when all
// of its goroutines have ended.
//
// Preconditions: row numbers are positive and unique, subjects are not empty, rows to delete have a user or an
// unconfirmed write, record is not nil. Run fails before any request where they do not hold.
func (r *Run) Run(ctx context.Context, rows []Row, record func(Result) error) error {
	if err := r.check(rows, record); err != nil {
		return err
	}
	if !r.begin(len(rows), record) {
		return errors.New("provision: a Run is used once")
	}
	r.holdWrites = r.options.Approve != nil || r.guardsAdmins()
	r.run(ctx, r.options.Workers, func(stop context.Context) { r.lookUpAll(stop, rows) })
	return r.close(ctx)
}

func (r *Run) check(rows []Row, record func(Result) error) error {
	o := r.options
	switch {
	case record == nil:
		return errors.New("provision: no function records the results")
	case o.Task < Create || o.Task > Delete:
		return fmt.Errorf("provision: no such task: %d", o.Task)
	case o.Task != Create && (o.NoLookup || o.Update.any()), o.NoLookup && (o.Update.any() || o.Approve != nil):
		return errors.New("provision: options that exclude each other")
	}
	seen := make(map[int]bool, len(rows))
	for _, row := range rows {
		switch {
		case row.Number <= 0 || seen[row.Number]:
			return fmt.Errorf("provision: row number %d is not positive and unique", row.Number)
		case row.Person.Subject == "":
			return fmt.Errorf("provision: row %d has no subject", row.Number)
		case o.Task == Delete && row.UserID == "" && row.SentAt.IsZero():
			return fmt.Errorf("provision: row %d has no user to delete", row.Number)
		}
		seen[row.Number] = true
	}
	return nil
}

// begin reports false where the run has begun before.
func (r *Run) begin(rows int, record func(Result) error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.started.IsZero() {
		return false
	}
	r.started, r.rows, r.record = time.Now(), rows, record
	return true
}

// run looks up the rows and runs so many workers, until all of them have ended.
func (r *Run) run(ctx context.Context, workers int, lookUp func(stop context.Context)) {
	stop, cancel := context.WithCancel(ctx)
	defer cancel()
	looking, stopLookups := context.WithCancel(stop)
	defer stopLookups()
	r.stop, r.stopLookups = cancel, stopLookups
	flight, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	var all, watch sync.WaitGroup
	over := make(chan struct{})
	watch.Go(func() { r.cutOff(stop, over, cut) })
	all.Go(func() {
		lookUp(looking)
		r.mu.Lock()
		r.queue.more = false
		r.wake()
		r.mu.Unlock()
	})
	for range workers {
		all.Go(func() { r.work(stop, flight) })
	}
	all.Wait()
	close(over)
	watch.Wait()
}

// cutOff ends the requests in flight when the run was told to stop and the grace is over.
func (r *Run) cutOff(stop context.Context, over <-chan struct{}, cut context.CancelFunc) {
	select {
	case <-over:
		return
	case <-stop.Done():
	}
	r.mu.Lock()
	r.wake()
	r.mu.Unlock()
	t := time.NewTimer(grace)
	defer t.Stop()
	select {
	case <-over:
	case <-t.C:
		cut()
	case <-r.options.Abort:
		cut()
	}
}

// end notes why the run ends. Nothing new is begun then; requests of workers in flight are waited for.
func (r *Run) end(err error) {
	for _, known := range r.errs {
		if known.Error() == err.Error() {
			return // workers that failed together failed for the same reason
		}
	}
	r.errs = append(r.errs, err)
	r.stop()
	r.wake()
}

func (r *Run) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.end(err)
}

func (r *Run) ended() bool { return len(r.errs) > 0 }

// close returns why the run ended, and records what was tried of the rows that are left.
func (r *Run) close(ctx context.Context) error {
	r.mu.Lock()
	r.endIdle(time.Now())
	left := append(r.queue.tried(), r.gate.suspects...)
	if ctx.Err() != nil && (r.lookups.cut || len(left)+len(r.queue.fresh) > 0) {
		r.end(context.Cause(ctx))
	}
	r.mu.Unlock()
	for _, j := range left {
		if j.err == nil && !j.announced {
			continue
		}
		if !r.settle(j, r.unsettled(j, "not settled when the run ended"), j.err) {
			break
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.errs) == 1 {
		return r.errs[0]
	}
	return errors.Join(r.errs...)
}
