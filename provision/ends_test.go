package provision_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"qlik-provision/provision"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/sandbox"
	"qlik-provision/provision/sandbox/faults"
)

var errInterrupted = errors.New("interrupted")

func TestInterruptEndsARun(t *testing.T) {
	hang := faults.Fault{Kind: faults.Hang, On: sandbox.EndpointCreate, Skip: 100, Times: 3}
	slow := faults.Fault{Kind: faults.Delay, On: sandbox.EndpointCreate, Skip: 100, Times: 3, Delay: 4 * time.Second}
	lostLater := faults.Fault{Kind: faults.Reset, On: sandbox.EndpointCreate, Skip: 100, Times: 3,
		Delay: 4 * time.Second, After: true}
	for _, test := range []struct {
		name  string
		fault faults.Fault
		abort time.Duration // after the interrupt; 0: never
		took  time.Duration // the run ends that long after the interrupt, at most
		cut   int           // rows that stay pending with something to say
	}{
		{"nothing unusual is in flight", faults.Fault{}, 0, latency, 0},
		{"what is in flight is slow", slow, 0, 4 * time.Second, 0},
		{"what is in flight breaks in the end", lostLater, 0, 4 * time.Second, 3},
		{"what is in flight never ends", hang, 0, 10 * time.Second, 3},
		{"what is in flight never ends, and is not waited for", hang, 2 * time.Second, 2 * time.Second, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, spy := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: latency}, qlik.Options{})
				tr.tenant.Inject(test.fault)
				ctx, interrupt := context.WithCancelCause(t.Context())
				abort := make(chan struct{})
				const at = 1550 * time.Millisecond // amid creates
				time.AfterFunc(at, func() { interrupt(errInterrupted) })
				if test.abort > 0 {
					time.AfterFunc(at+test.abort, func() { close(abort) })
				}
				rows := people(1000)
				tr.run(ctx, rows, provision.Options{Abort: abort})
				if !errors.Is(tr.err, errInterrupted) {
					t.Errorf("the run ended with %v", tr.err)
				}
				if tr.took > at+test.took {
					t.Errorf("it ended %v after the interrupt, want %v", tr.took-at, test.took)
				}
				creates := spy.to(sandbox.EndpointCreate)
				if n := len(within(creates, at+1, forever)); n > 0 {
					t.Errorf("%d creates were sent after the interrupt", n)
				}
				tr.truth(t, rows)
				if n := tr.got.count(provision.Created); n != len(creates)-test.cut {
					t.Errorf("%d are created, of %d creates", n, len(creates))
				}
				if n := tr.got.count(provision.Pending); n != test.cut {
					t.Errorf("%d are pending, want %d: %s", n, test.cut, tr.example(provision.Pending))
				}
				time.Sleep(time.Minute)
				if n := len(spy.calls); n != len(creates)+len(spy.to(sandbox.EndpointFilter))+1 {
					t.Errorf("%d requests in all: the run went on", n)
				}
			})
		})
	}
}

func TestInterruptWhileWaiting(t *testing.T) {
	for name, fault := range map[string]faults.Fault{
		"creates":  {Kind: faults.Status, Status: 429, RetryAfter: "300", On: sandbox.EndpointCreate, Skip: 50},
		"lookups":  {Kind: faults.Status, Status: 429, RetryAfter: "300", On: sandbox.EndpointFilter, Skip: 1},
		"a lookup": {Kind: faults.Status, Status: 503, RetryAfter: "300", On: sandbox.EndpointList},
		"tokens":   {Kind: faults.Status, Status: 503, On: sandbox.EndpointToken},
		"down":     {Kind: faults.Status, Status: 503, On: sandbox.EndpointCreate},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, _ := watched(t, sandbox.Options{}, qlik.Options{})
				tr.tenant.Inject(fault)
				rows := people(2500)
				tr.tenant.Inject(faults.Fault{Kind: faults.Status, Status: 409, On: sandbox.EndpointCreate,
					Subjects: subjectsOf(rows[10:11])})
				ctx, interrupt := context.WithCancelCause(t.Context())
				time.AfterFunc(100*time.Second, func() { interrupt(errInterrupted) })
				tr.run(ctx, rows, provision.Options{})
				if !errors.Is(tr.err, errInterrupted) || tr.took != 100*time.Second {
					t.Errorf("it ended after %v with %v", tr.took, tr.err)
				}
				tr.truth(t, rows)
			})
		})
	}
}

func TestInterruptAfterTheLastRow(t *testing.T) {
	for name, at := range map[string]time.Duration{"while the last are in flight": 400 * time.Millisecond,
		"as the last are settled": 500 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, _ := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
				ctx, interrupt := context.WithCancelCause(t.Context())
				time.AfterFunc(at-latency/2, func() { interrupt(errInterrupted) })
				rows := people(17) // token, lookup, one, and the others together
				tr.run(ctx, rows, provision.Options{})
				tr.check(t, rows)
				tr.outcomes(t, rows, map[provision.Outcome]int{provision.Created: 17})
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		tr, _ := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
		ctx, interrupt := context.WithCancelCause(t.Context())
		rows := people(17)
		left := 2 * len(rows) // one before each create
		var mu sync.Mutex
		record := func(o provision.Result) error {
			mu.Lock()
			defer mu.Unlock()
			if left--; left == 0 {
				interrupt(errInterrupted)
			}
			return tr.got.record(o)
		}
		tr.runWith(ctx, rows, record, provision.Options{})
		tr.check(t, rows)
	})
}

func TestInterruptBeforeTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
		ctx, interrupt := context.WithCancelCause(t.Context())
		interrupt(errInterrupted)
		rows := people(17)
		tr.run(ctx, rows, provision.Options{})
		if !errors.Is(tr.err, errInterrupted) || len(spy.calls) > 0 || len(tr.got.all) > 0 {
			t.Errorf("%v, %d requests, %d outcomes", tr.err, len(spy.calls), len(tr.got.all))
		}
	})
}

func TestNothingIsSentWhenRecordingFails(t *testing.T) {
	full := errors.New("no space left on device")
	for _, after := range []int{0, 1, 57} {
		synctest.Test(t, func(t *testing.T) {
			tr, spy := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: latency}, qlik.Options{})
			rows := people(500)
			for _, row := range rows[:40] { // outcomes of lookups
				tr.tenant.Add(userOf(row))
			}
			var mu sync.Mutex
			var failed time.Duration
			record := func(o provision.Result) error {
				mu.Lock()
				defer mu.Unlock()
				if len(tr.got.all) >= after {
					if failed == 0 {
						failed = time.Since(spy.began)
					}
					return full
				}
				return tr.got.record(o)
			}
			tr.runWith(t.Context(), rows, record, provision.Options{})
			err := tr.err
			if !errors.Is(err, full) {
				t.Errorf("after %d: %v", after, err)
			}
			if n := len(within(spy.to(sandbox.EndpointCreate), failed+1, forever)); n > 0 {
				t.Errorf("after %d: %d creates after an outcome could not be recorded", after, n)
			}
			if n := len(tr.tenant.Users()) - 40; n > max(0, after-40)+workers {
				t.Errorf("after %d: %d users were created", after, n)
			}
		})
	}
}

func TestEveryRecordingErrorIsReturned(t *testing.T) {
	full := errors.New("no space left on device")
	forbidden := faults.Fault{Kind: faults.Status, Status: 403, On: sandbox.EndpointCreate}
	for _, test := range []struct {
		name    string
		of      []provision.Row
		fault   faults.Fault
		state   provision.Outcome // cannot be recorded
		workers int
		end     error
	}{
		{"a 403 that turns out to be the row's", people(30)[10:11], forbidden, provision.Failed, 0, full},
		{"a 403 that turns out to be the row's, by the next create", people(30)[10:11], forbidden, provision.Failed, 1, full},
		{"a 403, and nobody left to ask with", people(30)[29:], forbidden, provision.Failed, 0, full},
		{"a refusal", people(30)[10:11], faults.Fault{Kind: faults.Status, Status: 400, On: sandbox.EndpointCreate},
			provision.Failed, 0, full},
		{"what is noted when an interrupt has ended the run", people(30)[10:13], faults.Fault{Kind: faults.Reset,
			On: sandbox.EndpointCreate}, provision.Pending, 0, errInterrupted},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, _ := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: latency}, qlik.Options{})
				test.fault.Subjects = subjectsOf(test.of)
				tr.tenant.Inject(test.fault)
				ctx, interrupt := context.WithCancelCause(t.Context())
				time.AfterFunc(5*time.Second, func() { interrupt(errInterrupted) })
				tries := 0
				offered := make(chan string, 30) // subjects of created users
				record := func(o provision.Result) error {
					if o.Outcome == provision.Created {
						offered <- fmt.Sprint(o.Number)
					}
					if o.Outcome == test.state && (o.Outcome != provision.Pending || ctx.Err() != nil) {
						tries++
						return full
					}
					return tr.got.record(o)
				}
				tr.runWith(ctx, people(30), record, provision.Options{Workers: test.workers})
				if !errors.Is(tr.err, test.end) || tries != 1 {
					t.Errorf("it ended with %v, having tried %d times to record", tr.err, tries)
				}
				tr.truth(t, people(30))
				// Every created user was passed to record, those whose answer was lost aside.
				if n := len(tr.tenant.Users()); test.fault.Kind != faults.Reset && n != len(offered) {
					t.Errorf("%d users are on the tenant, of which record was told of %d", n, len(offered))
				}
			})
		})
	}
}

func TestUnconfirmedIsRecordedWhenTheRunEnds(t *testing.T) {
	for _, test := range []struct {
		name   string
		status int
		on     sandbox.Endpoint
		skip   int
		end    error
		says   string
	}{
		{"its create", 404, sandbox.EndpointCreate, 1, qlik.ErrNotTenant, "Not Found"},
		{"the look after it", 401, sandbox.EndpointList, 1, qlik.ErrCredentials, "Unauthorized"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, _ := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
				rows := people(1)
				tr.tenant.Inject(onCreate(faults.Fault{Kind: faults.Reset}, rows[0], true, 1))
				tr.tenant.Inject(faults.Fault{Kind: faults.Status, Status: test.status, On: test.on, Skip: test.skip})
				tr.run(t.Context(), rows, provision.Options{NoLookup: true})
				if out := tr.got.of[1]; !errors.Is(tr.err, test.end) || out.Outcome != provision.Pending ||
					!strings.Contains(out.Message, test.says) {
					t.Errorf("%v; %+v", tr.err, out)
				}
			})
		})
	}
}

func TestInterruptCutsOffALookupThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, _ := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
		rows := people(20)
		tr.tenant.Add(userOf(rows[7]))
		tr.tenant.Inject(faults.Fault{Kind: faults.Hang, On: sandbox.EndpointList, Skip: 1})
		ctx, interrupt := context.WithCancelCause(t.Context())
		const at = 5 * time.Second
		time.AfterFunc(at, func() { interrupt(errInterrupted) })
		tr.run(ctx, rows, provision.Options{NoLookup: true})
		if !errors.Is(tr.err, errInterrupted) || tr.took != at+10*time.Second {
			t.Errorf("it ended after %v with %v", tr.took, tr.err)
		}
		tr.outcomes(t, rows, map[provision.Outcome]int{provision.Created: 19, provision.Pending: 1})
		const want = "not settled: Conflict: A user with this subject or email exists."
		if out := tr.got.of[8]; out.Message != want || !strings.HasPrefix(out.Code, "USERS-") || out.HTTPStatus != 409 {
			t.Errorf("%+v", out)
		}
	})
}

func TestRunWithoutRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, spy := watched(t, sandbox.Options{}, qlik.Options{})
		tr.run(t.Context(), nil, provision.Options{})
		if tr.err != nil || len(spy.calls) > 0 {
			t.Errorf("%v, %d requests", tr.err, len(spy.calls))
		}
	})
}

func TestNoRetryAfterHoldsLongerThanThePatience(t *testing.T) {
	for _, on := range []sandbox.Endpoint{sandbox.EndpointToken, sandbox.EndpointFilter, sandbox.EndpointCreate} {
		for _, status := range []int{408, 429, 500, 503} {
			for _, patience := range []time.Duration{time.Minute, 15 * time.Minute} {
				t.Run(fmt.Sprint(on, " ", status, " ", patience), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						tr, _ := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
						tr.tenant.Inject(faults.Fault{Kind: faults.Status, On: on, Status: status, RetryAfter: "86400"})
						rows := people(30)
						tr.run(t.Context(), rows, provision.Options{Patience: patience})
						if !errors.Is(tr.err, provision.ErrPatience) || tr.took > patience+time.Minute {
							t.Errorf("it ended after %v with %v", tr.took, tr.err)
						}
						tr.outcomes(t, rows, map[provision.Outcome]int{provision.Pending: 30})
					})
				})
			}
		}
	}
}

// Other requests make progress, so that it is not the patience that ends the wait.
func TestRetryAfterOfOneRequestHoldsNoLongerThanThePatience(t *testing.T) {
	for _, test := range []struct {
		on      sandbox.Endpoint
		subject string
	}{{sandbox.EndpointCreate, "emp-00010"}, {sandbox.EndpointFilter, "emp-00060"}} {
		t.Run(string(test.on), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, _ := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
				tr.tenant.Inject(faults.Fault{Kind: faults.Status, Status: 503, RetryAfter: "600", On: test.on, Times: 1,
					Subjects: []string{test.subject}})
				rows := people(90)
				tr.run(t.Context(), rows, provision.Options{Patience: time.Minute})
				tr.check(t, rows)
				tr.outcomes(t, rows, outcomes{provision.Created: 90})
				if tr.took < 59*time.Second || tr.took > 65*time.Second {
					t.Errorf("it took %v, with a patience of a minute", tr.took)
				}
			})
		})
	}
}

func TestLookupsOfAConflictThatAreNotAnsweredEndWithThePatience(t *testing.T) {
	for status, took := range map[int]time.Duration{429: 5 * time.Second, 503: 5 * time.Second, 0: 30 * time.Second} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, _ := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
				rows := people(1)
				tr.tenant.Inject(onCreate(faults.Fault{Kind: faults.Status, Status: 409}, rows[0], false, 0))
				if status > 0 {
					tr.tenant.Inject(faults.Fault{Kind: faults.Status, Status: status, RetryAfter: "600",
						On: sandbox.EndpointList})
				}
				tr.run(t.Context(), rows, provision.Options{Patience: 5 * time.Second})
				if code := tr.got.of[1].Code; tr.err != nil || code != provision.CodeConflictNotFound {
					t.Errorf("%s, %v", code, tr.err)
				}
				if tr.took < took || tr.took > took+2*time.Second {
					t.Errorf("it took %v, want %v", tr.took, took)
				}
			})
		})
	}
}

func TestWaitShownEndsWithThePatience(t *testing.T) {
	for _, on := range []sandbox.Endpoint{sandbox.EndpointToken, sandbox.EndpointFilter, sandbox.EndpointCreate} {
		synctest.Test(t, func(t *testing.T) {
			tr, _ := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
			tr.tenant.Inject(faults.Fault{Kind: faults.Status, On: on, Status: 429, RetryAfter: "600"})
			began := time.Now()
			shown := make(chan time.Duration, 1)
			time.AfterFunc(30*time.Second, func() { shown <- tr.last.Load().Progress().Until.Sub(began) })
			tr.run(t.Context(), people(30), provision.Options{Patience: time.Minute})
			if until := <-shown; !errors.Is(tr.err, provision.ErrPatience) || until != tr.took {
				t.Errorf("it ended after %v with %v, and said that it waits until %v", tr.took, tr.err, until)
			}
		})
	}
}
