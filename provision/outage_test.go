package provision_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"qlik-provision/provision"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/sandbox"
	"qlik-provision/provision/sandbox/faults"
)

// nameless is a transport for which the tenant's name is not to be resolved, for a while.
type nameless struct {
	next     http.RoundTripper
	began    time.Time
	from, to time.Duration
}

func (n *nameless) RoundTrip(r *http.Request) (*http.Response, error) {
	if at := time.Since(n.began); at >= n.from && at < n.to {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "server misbehaving",
			Name: r.URL.Host, IsTemporary: true}}
	}
	return n.next.RoundTrip(r)
}

func TestUnresolvedNameIsWaitedFor(t *testing.T) {
	for _, test := range []struct {
		name     string
		from, to time.Duration
		rows     int
		end      error
	}{
		{"two minutes in the middle", 10 * time.Second, 130 * time.Second, 800, nil},
		{"the first five seconds", 0, 5 * time.Second, 100, nil},
		{"from the start, for ever", 0, forever, 100, provision.ErrUnreachable},
		{"from the middle, for ever", 10 * time.Second, forever, 800, provision.ErrPatience},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, spy := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: latency}, qlik.Options{})
				spy.next = &nameless{spy.next, time.Now(), test.from, test.to}
				rows := people(test.rows)
				tr.run(t.Context(), rows, provision.Options{Rate: 50, Burst: 1})
				tr.truth(t, rows)
				if test.end != nil {
					if !errors.Is(tr.err, test.end) {
						t.Errorf("it ended with %v", tr.err)
					}
					if n := tr.got.count(provision.Failed); n > 0 {
						t.Errorf("%d rows are failed for what is wrong with the run: %s", n, tr.example(provision.Failed))
					}
					return
				}
				tr.check(t, rows)
				tr.outcomes(t, rows, map[provision.Outcome]int{provision.Created: len(rows)})
				if s := tr.tenant.Stats(); s.Create != len(rows) || s.Conflicts != 0 {
					t.Errorf("%d creates and %d conflicts for %d rows", s.Create, s.Conflicts, len(rows))
				}
				if n := len(within(spy.to(sandbox.EndpointCreate), test.from+2*time.Second, test.to)); n > 40 {
					t.Errorf("%d creates tried while nobody was to be found", n)
				}
			})
		})
	}
}

func TestTenantsClockThatJumps(t *testing.T) {
	for _, jump := range []time.Duration{-2 * time.Hour, -6 * time.Second, 6 * time.Second, 2 * time.Hour,
		24 * 365 * time.Hour} {
		t.Run(jump.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, spy := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: latency}, qlik.Options{})
				began := time.Now()
				spy.meddle = func(r *http.Response) {
					if date, err := http.ParseTime(r.Header.Get("Date")); err == nil && time.Since(began) > 2*time.Second {
						// and of those who were created before, createdAt does not
						r.Header.Set("Date", date.Add(jump).Format(http.TimeFormat))
					}
				}
				rows := people(200)
				tr.tenant.Inject(faults.Fault{Kind: faults.Reset, On: sandbox.EndpointCreate, After: true, Rate: 0.2})
				tr.tenant.Inject(faults.Fault{Kind: faults.Status, Status: 429, RetryAfter: "3", On: sandbox.EndpointCreate,
					Skip: 50, Times: 3})
				tr.run(t.Context(), rows, provision.Options{Rate: 50, Burst: 1, Attempts: 8})
				tr.check(t, rows)
				if done := tr.got.count(provision.Created) + tr.got.count(provision.Exists); done != len(rows) {
					t.Errorf("%d rows are done, of %d; failed: %s, pending: %s", done, len(rows), tr.example(provision.Failed),
						tr.example(provision.Pending))
				}
				if tr.took > 2*time.Minute {
					t.Errorf("it took %v", tr.took)
				}
			})
		})
	}
}

// fewFiles is a transport for which a process has descriptors for so many requests at once.
type fewFiles struct {
	next  http.RoundTripper
	free  chan struct{}
	fails atomic.Int32
}

func (f *fewFiles) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case f.free <- struct{}{}:
		defer func() { <-f.free }()
		return f.next.RoundTrip(r)
	default:
		f.fails.Add(1)
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("socket", syscall.EMFILE)}
	}
}

func TestRequestsWithoutADescriptorAreNoAttempts(t *testing.T) {
	for _, descriptors := range []int{1, 4} {
		synctest.Test(t, func(t *testing.T) {
			tr, spy := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: latency}, qlik.Options{})
			few := &fewFiles{next: spy.next, free: make(chan struct{}, descriptors)}
			spy.next = few
			rows := people(400)
			tr.run(t.Context(), rows, provision.Options{Rate: rate.Inf, Workers: 32})
			tr.check(t, rows)
			tr.outcomes(t, rows, outcomes{provision.Created: 400})
			for _, res := range tr.got.of {
				if res.Attempts != 1 {
					t.Errorf("%+v", res)
				}
			}
			if n := few.fails.Load(); n == 0 {
				t.Error("no request was without a descriptor")
			}
		})
	}
}

func TestOutageAmidChangesIsWaitedFor(t *testing.T) {
	for _, task := range []provision.Task{provision.Create, provision.Disable, provision.Delete} {
		for _, n := range []int{10, 100} { // too few rows to tell an outage by, and enough
			for name, fault := range map[string]faults.Fault{
				"503": {Kind: faults.Status, Status: 503}, "reset": {Kind: faults.Reset},
			} {
				t.Run(fmt.Sprint(task, " ", n, " ", name), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						tr, spy := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: latency}, qlik.Options{})
						fault.From, fault.For = time.Second, 2*time.Minute
						tr.tenant.Inject(fault)
						rows := people(n)
						for i, row := range rows {
							user := userOf(row)
							user.ID = fmt.Sprint("u", i)
							if task == provision.Delete {
								rows[i].UserID = user.ID
							}
							rows[i].Person.Name += " Jr"
							tr.tenant.Add(user)
						}
						tr.run(t.Context(), rows, provision.Options{Task: task, Update: provision.Update{Name: task == provision.Create},
							Rate: 5, Burst: 1, Attempts: 2, Limit: n})
						tr.check(t, rows)
						tr.outcomes(t, rows, outcomes{[]provision.Outcome{provision.Updated, provision.Disabled,
							provision.Deleted}[task]: n})
						if p := tr.last.Load().Progress(); p.Writes != n {
							t.Errorf("%d rows of which a write was sent, want %d", p.Writes, n)
						}
						if n := len(within(spy.calls, time.Second, 2*time.Minute)); n > 300 {
							t.Errorf("%d requests while the tenant was down", n)
						}
					})
				})
			}
		}
	}
}

// Rows that are still to be looked up had no turn.
func TestNoAttemptIsCountedWhileLookupsAreDownToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, _ := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
		down := faults.Fault{Kind: faults.Status, Status: 503, For: 40 * time.Minute}
		tr.tenant.Inject(with(down, sandbox.EndpointCreate))
		down.Skip = 1
		tr.tenant.Inject(with(down, sandbox.EndpointFilter))
		rows := people(100)
		tr.run(t.Context(), rows, provision.Options{Attempts: 2, Patience: time.Hour})
		tr.check(t, rows)
		tr.outcomes(t, rows, outcomes{provision.Created: 100})
	})
}

// Sixteen writes without an answer are an outage only where no other was answered between.
func TestLostAnswersAmongOthersAreNoOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, spy := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: latency}, qlik.Options{})
		rows := people(100)
		var some []provision.Row
		for i := 1; i < len(rows); i += 2 {
			some = append(some, rows[i])
		}
		tr.tenant.Inject(faults.Fault{Kind: faults.Status, Status: 503, RetryAfter: "60", On: sandbox.EndpointCreate,
			Subjects: subjectsOf(some), Times: len(some)})
		tr.run(t.Context(), rows, provision.Options{Rate: 5, Burst: 1})
		tr.check(t, rows)
		tr.outcomes(t, rows, outcomes{provision.Created: 100})
		if n := len(within(spy.to(sandbox.EndpointCreate), 0, 25*time.Second)); n != 100 {
			t.Errorf("%d creates in the time of 100", n)
		}
	})
}

func TestRowsThatWaitHoldNoWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
		rows := people(90)
		tr.tenant.Inject(faults.Fault{Kind: faults.Status, Status: 503, RetryAfter: "60", On: sandbox.EndpointCreate,
			Subjects: subjectsOf(rows[4:8]), Times: 4})
		tr.run(t.Context(), rows, provision.Options{Workers: 1})
		tr.check(t, rows)
		tr.outcomes(t, rows, outcomes{provision.Created: 90})
		if n := len(within(spy.to(sandbox.EndpointCreate), 0, 50*time.Second)); n != 90 {
			t.Errorf("%d creates while four rows waited", n)
		}
	})
}

func TestRetryAfterOfASingleLookupIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
		rows := people(1)
		tr.tenant.Add(userOf(rows[0]))
		tr.tenant.Inject(faults.Fault{Kind: faults.Status, Status: 429, RetryAfter: "45", On: sandbox.EndpointList, Skip: 1,
			Times: 1}) // the first list is for the Date
		tr.run(t.Context(), rows, provision.Options{NoLookup: true})
		tr.outcomes(t, rows, outcomes{provision.Exists: 1})
		lists := spy.to(sandbox.EndpointList)
		if wait := lists[2].sent - lists[1].done; len(lists) != 3 || wait < 45*time.Second || wait > 46*time.Second {
			t.Errorf("%d lists, the last one after %v", len(lists), wait)
		}
	})
}
