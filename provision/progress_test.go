package provision_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"qlik-provision/provision"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/sandbox"
	"qlik-provision/provision/sandbox/faults"
)

// A moment is what was shown at one time, from the start.
type moment struct {
	at   time.Duration
	seen provision.Progress
}

// shown runs rows and looks at the progress at the times.
func shown(t *testing.T, tr *trial, rows []provision.Row, o provision.Options, times ...time.Duration) []moment {
	t.Helper()
	moments := make(chan []moment)
	began := time.Now()
	go func() {
		var all []moment
		for _, at := range times {
			time.Sleep(at - time.Since(began))
			all = append(all, moment{at, tr.last.Load().Progress()})
		}
		moments <- all
	}()
	tr.run(t.Context(), rows, o)
	tr.check(t, rows)
	all := <-moments
	if end := tr.last.Load().Progress(); end.Finished != len(rows) || end.TimeLeft != 0 || end.Waiting != "" {
		t.Errorf("at the end: %+v", end)
	}
	return all
}

func TestEstimateUnderALimit(t *testing.T) {
	for _, limit := range []sandbox.Limit{sandbox.LimitRolling, sandbox.LimitBucket} {
		for _, n := range []int{1000, 3000, 5000} {
			t.Run(fmt.Sprintf("%s/%d", limit, n), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					tr, _ := watched(t, sandbox.Options{Limit: limit, Latency: latency}, qlik.Options{})
					var times []time.Duration
					for at := 2 * time.Second; at < time.Duration(n-600)*window/budget; at += 37 * time.Second {
						times = append(times, at)
					}
					for _, m := range shown(t, tr, people(n), provision.Options{}, times...) {
						truth := tr.took - m.at
						if off := (m.seen.TimeLeft - truth).Abs(); off > truth/20+2*time.Second {
							t.Errorf("after %v it says %v, and it took %v", m.at, m.seen.TimeLeft, truth)
						}
					}
				})
			})
		}
	}
}

// Of the rows that are not looked up yet, as many need a write as of the others.
func TestEstimateWhileRowsAreLookedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
		rows := people(40_000)
		for i, row := range rows {
			if i%20 != 0 {
				tr.tenant.Add(userOf(row))
			}
		}
		const between = latency / 2 // of two answers
		moments := shown(t, tr, rows, provision.Options{}, time.Second+between, 30*time.Second+between,
			time.Minute+between, 2*time.Minute+between)
		if lookups := spy.to(sandbox.EndpointFilter); lookups[len(lookups)-1].done < 2*time.Minute {
			t.Error("the last lookup was answered too early to tell")
		}
		for _, m := range moments {
			if truth := tr.took - m.at; (m.seen.TimeLeft - truth).Abs() > truth/10 {
				t.Errorf("after %v it says %v, and it took %v", m.at, m.seen.TimeLeft, truth)
			}
		}
	})
}

func TestProgressTellsWhatTheRunWaitsFor(t *testing.T) {
	for _, test := range []struct {
		name   string
		fault  faults.Fault
		rate   rate.Limit
		at     time.Duration
		reason provision.Reason
		until  time.Duration // 0: not known
		waited time.Duration // at the end, at least
	}{
		{"the tenant's limit", faults.Fault{Kind: faults.Status, Status: 429, RetryAfter: "60",
			On: sandbox.EndpointCreate, Skip: 50, Times: 1},
			0, 30 * time.Second, provision.ReasonLimit, 60 * time.Second, 59 * time.Second},
		{"the tenant's limit of lookups", faults.Fault{Kind: faults.Status, Status: 429, RetryAfter: "60",
			On: sandbox.EndpointFilter, Times: 1}, 0, 30 * time.Second, provision.ReasonLimit, 60 * time.Second, 0},
		{"a token", faults.Fault{Kind: faults.Status, Status: 429, RetryAfter: "60", On: sandbox.EndpointToken,
			Times: 1}, 0, 30 * time.Second, provision.ReasonToken, 60 * time.Second, 0},
		{"a token that is a page", faults.Fault{Kind: faults.Garbage, On: sandbox.EndpointToken, Times: 4}, 0,
			5 * time.Second, provision.ReasonToken, 7500 * time.Millisecond, 0},
		{"a lookup's answer", faults.Fault{Kind: faults.Status, Status: 503, RetryAfter: "60",
			On: sandbox.EndpointFilter, Times: 1}, 0, 30 * time.Second, provision.ReasonLookup, 60 * time.Second, 0},
		{"a tenant that is down", faults.Fault{Kind: faults.Status, Status: 503, RetryAfter: "60",
			On: sandbox.EndpointCreate, Skip: 1, Times: 16},
			0, 30 * time.Second, provision.ReasonDown, 60 * time.Second, 59 * time.Second},
		{"the pace", faults.Fault{}, 0.1, 25 * time.Second, "", 0, 900 * time.Second},
		{"nothing", faults.Fault{Kind: faults.Hang, On: sandbox.EndpointCreate, Times: 1}, 0, 10 * time.Second, "", 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, _ := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: latency}, qlik.Options{})
				tr.tenant.Inject(test.fault)
				began := time.Now()
				go func() {
					time.Sleep(test.at)
					s := tr.last.Load().Progress()
					until := s.Until.Sub(began)
					if s.Until.IsZero() {
						until = 0
					}
					if s.Waiting != test.reason || (until-test.until).Abs() > 2*time.Second {
						t.Errorf("it waits for %q until %v, want %q until %v", s.Waiting, until, test.reason, test.until)
					}
					if test.waited > 0 && (s.Waited < test.at*8/10 || s.Waited > test.at) {
						t.Errorf("after %v it has waited for %v", test.at, s.Waited)
					}
				}()
				rows := people(100)
				tr.run(t.Context(), rows, provision.Options{Rate: test.rate, Burst: 1 + int(500*(1-min(1, test.rate*10))),
					NoLookup: test.waited > 0})
				tr.check(t, rows)
				if s := tr.last.Load().Progress(); s.Waited < test.waited || s.Waited > tr.took {
					t.Errorf("it waited for %v in all, of %v, want %v at least", s.Waited, tr.took, test.waited)
				}
			})
		})
	}
}

func TestEstimateOfAPlan(t *testing.T) {
	for _, test := range []struct {
		creates int
		pace    rate.Limit
		burst   int
		want    time.Duration
	}{
		{0, provision.DefaultRate, 500, 0},
		{500, provision.DefaultRate, 500, 0},
		{600, provision.DefaultRate, 500, time.Minute},
		{10_500, provision.DefaultRate, 500, 100 * time.Minute},
		{10_500, rate.Inf, 500, 0},
	} {
		if got := provision.Estimate(test.creates, test.pace, test.burst); (got - test.want).Abs() > time.Millisecond {
			t.Errorf("%d creates: %v, want %v", test.creates, got, test.want)
		}
	}
}
