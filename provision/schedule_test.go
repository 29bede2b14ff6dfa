package provision_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"qlik-provision/provision"
	"qlik-provision/provision/sandbox"
)

const (
	budget  = 500
	window  = 5 * time.Minute
	refill  = window / budget
	latency = 100 * time.Millisecond
	workers = 16
)

// An oracle knows a limit from the inside: when, from t on, is the next create accepted?
type oracle interface {
	free(t time.Duration) time.Duration
	take(t time.Duration)
}

type rolling struct{ taken []time.Duration }

func (o *rolling) free(t time.Duration) time.Duration {
	if len(o.taken) < budget {
		return t
	}
	return max(t, o.taken[len(o.taken)-budget]+window)
}
func (o *rolling) take(t time.Duration) { o.taken = append(o.taken, t) }

type fixed struct {
	ends time.Duration
	used int
}

func (o *fixed) free(t time.Duration) time.Duration {
	if t >= o.ends || o.used < budget {
		return t
	}
	return o.ends
}

func (o *fixed) take(t time.Duration) {
	if t >= o.ends {
		o.ends, o.used = t+window, 0
	}
	o.used++
}

type bucket struct{ full time.Duration } // when it will be full again

func (o *bucket) free(t time.Duration) time.Duration { return max(t, o.full-(budget-1)*refill) }
func (o *bucket) take(t time.Duration)               { o.full = max(o.full, t) + refill }

// best is how long n creates take where the limit is known, and what another program takes of it, at the times of
// others, in order.
func best(o oracle, n int, others []time.Duration) time.Duration {
	free := make([]time.Duration, workers)
	var last, end time.Duration
	for range n {
		at := o.free(max(last, free[0]))
		for len(others) > 0 && others[0] <= at {
			if last = others[0]; o.free(last) == last {
				o.take(last)
			}
			others = others[1:]
			at = o.free(max(last, free[0]))
		}
		o.take(at)
		last = at
		end = at + latency
		free[0] = end
		slices.Sort(free)
	}
	return end
}

func oracles() map[sandbox.Limit]func() oracle {
	return map[sandbox.Limit]func() oracle{
		sandbox.LimitRolling: func() oracle { return new(rolling) },
		sandbox.LimitFixed:   func() oracle { return new(fixed) },
		sandbox.LimitBucket:  func() oracle { return new(bucket) },
	}
}

// every lists the times of the creates of another program: n at a time, a pause apart, up to an end.
func every(pause time.Duration, n int, end time.Duration) (times []time.Duration) {
	for t := time.Duration(0); t <= end; t += pause {
		for range n {
			times = append(times, t)
		}
	}
	return times
}

// schedule runs n creates under a limit in a bubble of its own. others spend the same budget.
func schedule(t *testing.T, limit sandbox.Limit, n int, others []time.Duration) (tr *trial) {
	synctest.Test(t, func(t *testing.T) {
		tr = newTrial(t, sandbox.Options{Limit: limit, Latency: latency})
		done := make(chan struct{})
		go func() {
			began := time.Now()
			for _, at := range others {
				select {
				case <-time.After(at - time.Since(began)):
					tr.tenant.SpendTier2()
				case <-done:
					return
				}
			}
		}()
		rows := people(n)
		tr.run(t.Context(), rows, provision.Options{Workers: workers})
		close(done)
		tr.check(t, rows)
	})
	return tr
}

func TestScheduleIsNearTheBestPossible(t *testing.T) {
	t.Parallel()
	for limit, oracle := range oracles() {
		for _, n := range []int{100, 500, 501, 600, 1000, 5000} {
			t.Run(fmt.Sprintf("%s/%d", limit, n), func(t *testing.T) {
				t.Parallel()
				tr := schedule(t, limit, n, nil)
				reaches(t, tr, best(oracle(), n, nil), 1.02)
			})
		}
	}
}

func TestScheduleBesideAnotherProgram(t *testing.T) {
	t.Parallel()
	others := map[string][]time.Duration{
		"steadily":   every(2*refill, 1, 2*time.Hour),
		"in batches": every(window+time.Second, budget/2, 2*time.Hour),
	}
	for limit, oracle := range oracles() {
		for how, times := range others {
			t.Run(string(limit)+"/"+how, func(t *testing.T) {
				t.Parallel()
				tr := schedule(t, limit, 1000, times)
				reaches(t, tr, best(oracle(), 1000, times), 1.10)
			})
		}
	}
}

// reaches reports a run that took longer than it may, or hammered at the limit.
func reaches(t *testing.T, tr *trial, best time.Duration, bound float64) {
	t.Helper()
	stats := tr.tenant.Stats()
	t.Logf("%v, best %v, %.4f times; %d creates, %d of them 429", tr.took, best, float64(tr.took)/float64(best),
		stats.Create, stats.TooMany)
	if limit := time.Duration(float64(best)*bound) + time.Second; tr.took > limit {
		t.Errorf("took %v, the best is %v: more than %v", tr.took, best, limit)
	}
	if stats.Token != 1 {
		t.Errorf("%d token requests", stats.Token)
	}
}

func TestExistingUsersCostNoCreate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTrial(t, sandbox.Options{Latency: latency})
		rows := people(10_000)
		for i, row := range rows {
			user := userOf(row)
			if i%2 == 1 {
				user.Subject = fmt.Sprintf("auth0|%d", i)
			}
			if i%100 != 0 {
				tr.tenant.Add(user)
			}
		}
		tr.run(t.Context(), rows, provision.Options{})
		tr.check(t, rows)
		tr.outcomes(t, rows, map[provision.Outcome]int{provision.Exists: 9900, provision.Created: 100})
		if stats := tr.tenant.Stats(); stats.Create != 100 || stats.Filter > 216 {
			t.Errorf("%d creates, %d lookups", stats.Create, stats.Filter)
		}
	})
}
