package provision

import (
	"cmp"
	"context"
	"errors"
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
	Rate       rate.Limit    // creates a second; rate.Inf: as many as the tenant takes, and as many lookups
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
	lookups := rate.Inf // the tenant says when it has had enough, of creates and of lookups
	if o.Rate != rate.Inf {
		limiter = rate.NewLimiter(o.Rate, o.Burst)
		lookups = lookupsPerMinute / 60.0
	}
	r := &run{
		client:  client,
		record:  record,
		o:       o,
		started: time.Now(),
		pacer:   rate.NewLimiter(lookups, lookupsPerMinute),
		gate:    newGate(limiter, o.Patience),
		queue:   queue{more: true},
		changed: make(chan struct{}),
	}
	o.Progress.follow(r)
	return r
}

// cutOff ends the requests in flight when the run was told to stop and the grace is over.
func (r *run) cutOff(stop context.Context, over <-chan struct{}, cut context.CancelFunc) {
	<-stop.Done() // at the latest when the workers have ended
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
	switch {
	case err != nil:
	case !finished:
		err = context.Cause(ctx)
	case r.settled > 0 && !r.client.Answered():
		err = r.unreachable() // the attempts of all were used up sooner than it takes to call it that
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
