package provision

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"qlik-provision/provision/qlik"
)

// What a tenant's limits are, and what a run takes where nothing else is said. Source: "Rate limiting" on qlik.dev.
const (
	DefaultBurst    = 500 // creates: Tier 2 is counted over five minutes
	DefaultWorkers  = 16
	DefaultAttempts = 5
	DefaultPatience = 15 * time.Minute

	lookupsPerMinute = 200
	grace            = 10 * time.Second // for what is in flight when a run is told to stop
	silence          = 15 * time.Second // with no answer at all since the start: nobody is there
)

// DefaultRate is Tier 2: 100 creates a minute.
const DefaultRate = rate.Limit(100.0 / 60)

// Options of a run. The zero value is what most runs want.
type Options struct {
	Status     string        // of the users: active where it is empty, or invited
	Workers    int           // creates in flight at once
	Rate       rate.Limit    // creates a second; rate.Inf: as many as the tenant takes
	Burst      int           // creates that may go at once
	Attempts   int           // of one row, where the tenant failed
	Patience   time.Duration // how long a run goes on with no create let in
	NoLookup   bool          // do not ask who is there first
	MatchEmail bool          // who is there under another subject with the same address is there, too

	Rows     int             // how many rows will come, for the estimate; 0: not known
	Hurry    <-chan struct{} // closed: what is in flight is not waited for any longer
	Notify   func(string)    // takes a line worth knowing; may be called at once
	Progress *Progress       // shows how far the run is, while it runs
}

func (o Options) withDefaults() Options {
	if o.Status == "" {
		o.Status = "active"
	}
	if o.Workers <= 0 {
		o.Workers = DefaultWorkers
	}
	if o.Rate == 0 {
		o.Rate = DefaultRate
	}
	if o.Burst <= 0 {
		o.Burst = DefaultBurst
	}
	if o.Attempts <= 0 {
		o.Attempts = DefaultAttempts
	}
	if o.Patience <= 0 {
		o.Patience = DefaultPatience
	}
	if o.Notify == nil {
		o.Notify = func(string) {}
	}
	if o.Progress == nil {
		o.Progress = new(Progress)
	}
	return o
}

// Run makes users of rows: it looks up who is there, creates the others, and records of every row what became of it.
//
// record is called by many at once, for every row that was settled, and returns when the outcome is safe; only then does its worker take another row. A row that failed is
// an outcome. The error is that of a run that could not go on: ErrScope, ErrPatience, ErrUnreachable, qlik.ErrCredentials, qlik.ErrNotTenant,
// what rows or record returned, or the context's cause. Rows that were not settled are not recorded, or recorded as Pending where there is something to say of them.
//
// When ctx is done no further create is sent; what is in flight is waited for, 10 s at most.
func Run(ctx context.Context, client *qlik.Client, rows iter.Seq2[Row, error], record func(Outcome) error, o Options) error {
	r := newRun(client, record, o)
	group, stop := errgroup.WithContext(ctx)
	flight, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	over := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() { r.cutOff(stop, over, cut) })

	group.Go(func() error { return r.lookAhead(stop, rows) })
	for range r.o.Workers {
		group.Go(func() error { return r.work(stop, flight) })
	}
	err := group.Wait()
	close(over)
	watch.Wait()
	return r.close(ctx, err)
}

// Look looks up who of rows is there and records those, and changes nothing on the tenant. Rows that nobody is there for are not recorded.
// Unlike a run, which can do without, it ends with an error where the tenant does not let it look.
func Look(ctx context.Context, client *qlik.Client, rows iter.Seq2[Row, error], record func(Outcome) error, o Options) error {
	r := newRun(client, record, o)
	r.lookOnly = true
	return r.lookAhead(ctx, rows)
}

// A run is one call of Run. Everything that is shared is guarded by mu.
type run struct {
	client   *qlik.Client
	record   func(Outcome) error
	o        Options
	started  time.Time
	lookOnly bool
	pacer    *rate.Limiter // of the lookups; safe for concurrent use

	mu       sync.Mutex
	gate     *gate
	queue    queue
	busy     int           // workers with a row in their hands
	waiters  int           // goroutines in wait
	changed  chan struct{} // closed when there is a reason to look again
	lookups  lookups
	over     bool          // the run ends with an error: nothing new is begun
	idle     time.Time     // since when nothing is in flight because the gate says so; zero: something is
	waited   time.Duration // the sum of such times
	settled  int
	failures int
	took     time.Duration // a moving average of a create's time
}

func newRun(client *qlik.Client, record func(Outcome) error, o Options) *run {
	o = o.withDefaults()
	var limiter *rate.Limiter
	if o.Rate != rate.Inf {
		limiter = rate.NewLimiter(o.Rate, o.Burst)
	}
	r := &run{
		client:  client,
		record:  record,
		o:       o,
		started: time.Now(),
		pacer:   rate.NewLimiter(rate.Limit(lookupsPerMinute/60.0), lookupsPerMinute),
		gate:    newGate(limiter, o.Patience),
		queue:   queue{more: true},
		changed: make(chan struct{}),
	}
	o.Progress.follow(r)
	return r
}

// cutOff ends the requests in flight when the run was told to stop and the grace is over.
func (r *run) cutOff(stop context.Context, over <-chan struct{}, cut context.CancelFunc) {
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
	case <-r.o.Hurry:
		cut()
	}
}

// close says how the run ended, and notes of the rows that are left what was tried.
func (r *run) close(ctx context.Context, err error) error {
	r.mu.Lock()
	r.endIdle(time.Now())
	finished := r.drained() && len(r.gate.suspects) == 0
	left := append(r.queue.tried(), r.gate.suspects...)
	r.mu.Unlock()
	if err == nil && !finished {
		err = context.Cause(ctx)
	}
	for _, j := range left {
		if j.err == nil || j.attempts == 0 && !j.doubt && errors.Is(j.err, qlik.ErrLimited) {
			continue // there is nothing to say of a row that only waited
		}
		recordErr := r.settle(j, Outcome{State: Pending, Message: "not settled when the run ended: " + j.err.Error()}, j.err)
		if recordErr != nil {
			return cmp.Or(err, recordErr)
		}
	}
	return err
}

// A turn is what a worker does next: create or look up a job's user, or say of rows that their 403 was their own.
type turn struct {
	job     *job
	pass    pass
	look    bool
	cleared []*job
	wait    time.Duration // how long the worker waited for it
}

func (r *run) work(stop, flight context.Context) error {
	for {
		t, ok, err := r.next(stop)
		if err != nil || !ok {
			return err
		}
		err = r.serve(flight, t)
		r.mu.Lock()
		r.over = r.over || err != nil
		if r.busy--; r.busy == 0 {
			r.wake()
		}
		r.mu.Unlock()
		if err != nil {
			return err
		}
	}
}

func (r *run) serve(ctx context.Context, t turn) error {
	switch {
	case t.cleared != nil:
		return r.refuse(t.cleared)
	case t.look:
		return r.look(ctx, t.job)
	}
	return r.create(ctx, t)
}

// next waits for something to do. It reports false where there is nothing left, or the run was told to stop.
func (r *run) next(stop context.Context) (turn, bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	came := time.Now()
	for {
		if stop.Err() != nil || r.over {
			return turn{}, false, nil
		}
		now := time.Now()
		t, at, err := r.pick(now)
		if err != nil {
			r.over = true
			return turn{}, false, err
		}
		if t.job != nil || t.cleared != nil {
			t.wait = now.Sub(came)
			r.busy++
			return t, true, nil
		}
		if r.drained() {
			r.wake()
			return turn{}, false, nil
		}
		r.wait(stop, at)
	}
}

// pick chooses what to do now. Where that is nothing, at is when to ask again; zero: after a change.
func (r *run) pick(now time.Time) (t turn, at time.Time, err error) {
	j, lookAt := r.queue.look(now)
	if j != nil {
		return turn{job: j, look: true}, at, nil
	}
	lateAt, err := r.tooLate(now)
	if err != nil {
		return turn{}, at, err
	}
	if r.drained() && len(r.gate.suspects) > 0 {
		cleared, err := r.gate.noneLeft()
		return turn{cleared: cleared}, at, err
	}
	t, createAt := r.pickCreate(now)
	return t, sooner(createAt, sooner(lookAt, lateAt)), nil
}

// drained reports whether no row waits, is under way, or will come.
func (r *run) drained() bool { return !r.queue.more && r.queue.empty() && r.busy == 0 }

func (r *run) pickCreate(now time.Time) (t turn, at time.Time) {
	ok, at := r.gate.next(now)
	if !ok {
		if r.busy == 0 && r.idle.IsZero() && r.queue.waiting() > 0 {
			r.idle = now
		}
		return turn{}, at
	}
	ahead := len(r.queue.batches)
	j, preferredAt := r.queue.create(now, r.gate.prefers)
	if j == nil {
		j, at = r.queue.create(now, r.gate.allows)
		at = sooner(at, preferredAt)
	}
	everyTurn := j == nil && at.IsZero() && !r.queue.more
	if everyTurn {
		j, at = r.queue.create(now, func(*job) bool { return true })
	}
	if j == nil {
		if at.IsZero() && r.busy == 0 && r.lookups.held && !r.lookups.starved {
			r.lookups.starved = true // rows are wanted: the lookups' own troubles must not keep them
			r.wake()
		}
		return turn{}, at
	}
	if len(r.queue.batches) < ahead {
		r.wake() // there is room for a lookup
	}
	r.endIdle(now)
	return turn{job: j, pass: r.gate.pass(now, j, everyTurn)}, at
}

func (r *run) endIdle(now time.Time) {
	if !r.idle.IsZero() {
		r.waited += now.Sub(r.idle)
		r.idle = time.Time{}
	}
}

// tooLate is an error where waiting any longer makes no sense. at is when that may be so, zero: never.
func (r *run) tooLate(now time.Time) (at time.Time, err error) {
	if end := r.started.Add(silence); !r.client.Answered() {
		switch {
		case now.Before(end):
			at = end
		case r.client.InFlight() == 0:
			return at, r.unreachable()
		}
	}
	if r.busy == 0 && r.queue.waiting() == 0 && len(r.gate.suspects) == 0 {
		r.gate.outSince = time.Time{} // there is nobody to be kept out
	}
	overdue, err := r.gate.overdue(now)
	if since := r.lookups.tokenless; err == nil && !since.IsZero() {
		end := since.Add(r.o.Patience)
		if !now.Before(end) {
			return at, fmt.Errorf("%w for %v, waiting for %s: %w", ErrPatience, r.o.Patience, ReasonToken, r.lookups.err)
		}
		overdue = sooner(overdue, end)
	}
	return sooner(at, overdue), err
}

func (r *run) unreachable() error {
	err := r.lookups.err
	for _, j := range r.queue.tried() {
		if j.err != nil {
			err = j.err
		}
	}
	if err == nil {
		return fmt.Errorf("%w: nothing came back from %s", ErrUnreachable, r.client.Tenant())
	}
	return fmt.Errorf("%w: %w", ErrUnreachable, err)
}

// wait lets go of the lock until something changed, at has come (zero: never), or the context is done.
func (r *run) wait(ctx context.Context, at time.Time) {
	var alarm <-chan time.Time
	if !at.IsZero() {
		t := time.NewTimer(time.Until(at))
		defer t.Stop()
		alarm = t.C
	}
	changed := r.changed
	r.waiters++
	r.mu.Unlock()
	select {
	case <-changed:
	case <-alarm:
	case <-ctx.Done():
	}
	r.mu.Lock()
	r.waiters--
}

// wake lets everybody who waits look again.
func (r *run) wake() {
	if r.waiters > 0 {
		close(r.changed)
		r.changed = make(chan struct{})
	}
}

// pause waits for d, or until the context is done.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// stopped reports whether err is that of a request cut off because the run ends.
func stopped(ctx context.Context, err error) bool {
	return ctx.Err() != nil && (errors.Is(err, context.Cause(ctx)) || errors.Is(err, ctx.Err()))
}
