package provision_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"qlik-provision/provision"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/sandbox"
	"qlik-provision/provision/sandbox/faults"
)

const forever = 24 * time.Hour

func TestGateIsClosedUntilAProbeIsProcessed(t *testing.T) {
	for name, first := range map[string]faults.Fault{
		"created":  {},
		"conflict": {Kind: faults.Status, Status: 409, Times: 1},
		"invalid":  {Kind: faults.Status, Status: 400, Times: 1},
		"too big":  {Kind: faults.Status, Status: 413, Times: 1},
		"422":      {Kind: faults.Status, Status: 422, Times: 1},
		"500":      {Kind: faults.Status, Status: 500, Times: 1},
		"429":      {Kind: faults.Status, Status: 429, Times: 1, RetryAfter: "3"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
				first.On = sandbox.EndpointCreate
				tr.tenant.Inject(first)
				rows := people(64)
				tr.run(t.Context(), rows, provision.Options{})
				if tr.err != nil || len(tr.got.of) != len(rows) {
					t.Errorf("%d results, %v", len(tr.got.of), tr.err)
				}
				creates := spy.to(sandbox.EndpointCreate)
				in := slices.IndexFunc(creates, func(c *call) bool {
					return slices.Contains([]int{201, 409, 400, 413, 422},
						c.status)
				})
				for i, c := range creates[in+1:] {
					if c.sent < creates[in].done {
						t.Errorf("create %d was sent %v before the first was processed", in+1+i, creates[in].done-c.sent)
					}
				}
				if n := together(creates); n != workers {
					t.Errorf("%d creates in flight at once after that, want %d", n, workers)
				}
			})
		})
	}
}

func TestRetryAfterIsKept(t *testing.T) {
	at := func(after time.Duration) string { // as a date, by the tenant's clock, which a bubble starts at a whole second
		return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(after).Format(http.TimeFormat)
	}
	for _, test := range []struct {
		name, retryAfter string
		least, most      time.Duration
	}{
		{"seconds", "7", 7 * time.Second, 7 * time.Second},
		{"seconds with space", " 7 ", 7 * time.Second, 7 * time.Second},
		{"a date", at(30 * time.Second), 28 * time.Second, 30 * time.Second},
		{"a date long past", at(-time.Hour), 400 * time.Millisecond, 600 * time.Millisecond},
		{"missing", "", 400 * time.Millisecond, 600 * time.Millisecond},
		{"nonsense", "soon", 400 * time.Millisecond, 600 * time.Millisecond},
		{"a fraction", "1.5", 400 * time.Millisecond, 600 * time.Millisecond},
		{"negative", "-5", 400 * time.Millisecond, 600 * time.Millisecond},
		{"nought", "0", 400 * time.Millisecond, 600 * time.Millisecond},
		{"a year", "31536000", 10 * time.Minute, 10 * time.Minute},
		{"more than a number holds", "99999999999999999999999", 10 * time.Minute, 10 * time.Minute},
		{"a date in a year", at(365 * 24 * time.Hour), 10 * time.Minute, 10 * time.Minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
				// The limit is met by the sixteen that are in flight together when it is.
				tr.tenant.Inject(faults.Fault{Kind: faults.Status, On: sandbox.EndpointCreate, Status: 429, Skip: 40,
					Times: 9, RetryAfter: test.retryAfter})
				rows := people(300)
				tr.run(t.Context(), rows, provision.Options{NoLookup: true})
				tr.check(t, rows)
				creates := spy.to(sandbox.EndpointCreate)
				limited := slices.DeleteFunc(slices.Clone(creates), func(c *call) bool { return c.status != 429 })
				met := limited[0].done
				// at that very moment others were still answered
				next := slices.IndexFunc(creates, func(c *call) bool { return c.sent > met })
				probe := creates[next]
				if wait := probe.sent - limited[len(limited)-1].done; wait < test.least || wait > test.most {
					t.Errorf("waited %v, want %v to %v", wait, test.least, test.most)
				}
				if alone := within(creates, met+1, probe.done); len(alone) != 1 {
					t.Errorf("%d creates while the tenant asked to wait and the first went", len(alone))
				}
				if len(limited) > workers {
					t.Errorf("%d creates met the limit, with %d workers", len(limited), workers)
				}
				last := map[string]time.Duration{} // when rows that met it were sent again
				for _, c := range creates[next:] {
					if slices.ContainsFunc(limited, func(l *call) bool { return l.subject == c.subject }) {
						last[c.subject] = c.sent
					}
				}
				for _, c := range creates[next:] {
					for subject, at := range last {
						if _, met := last[c.subject]; !met && c.sent < at {
							t.Errorf("%s was sent before %s, which had met the limit", c.subject, subject)
						}
					}
				}
				for _, out := range tr.got.of {
					if out.Attempts != 1 {
						t.Errorf("row %d took %d attempts", out.Number, out.Attempts)
					}
				}
			})
		})
	}
}

// They go before rows whose back-off ended while the tenant asked to wait, too.
func TestRowsThatMetTheLimitGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
		rows := people(40)
		failed, limited, late := rows[10], rows[29], rows[30]
		tr.tenant.Inject(onCreate(faults.Fault{Kind: faults.Status, Status: 503}, failed, false, 1))
		limit := faults.Fault{Kind: faults.Status, Status: 429, RetryAfter: "20"}
		tr.tenant.Inject(onCreate(limit, limited, false, 1))
		limit.Delay = 3 * time.Second
		tr.tenant.Inject(onCreate(limit, late, false, 1))
		tr.run(t.Context(), rows, provision.Options{})
		tr.check(t, rows)
		var order []string
		for _, c := range within(spy.to(sandbox.EndpointCreate), 20*time.Second, forever) {
			order = append(order, c.subject)
		}
		if want := subjectsOf([]provision.Row{limited, late, failed}); len(order) < 3 || !slices.Equal(order[:3], want) {
			t.Errorf("after the wait %q went first, want %q", order, want)
		}
	})
}

func TestAnswersInFlightDoNotOpenTheGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
		rows := people(200)
		slow := subjectsOf(rows[20:30])
		tr.tenant.Inject(faults.Fault{Kind: faults.Delay, On: sandbox.EndpointCreate, Subjects: slow, After: true,
			Delay: 5 * time.Second})
		for i, f := range []faults.Fault{{Status: 429, RetryAfter: "20"}, {Status: 429, RetryAfter: "4"}, {Status: 403}} {
			f.Kind, f.On, f.Subjects, f.Times = faults.Status, sandbox.EndpointCreate, subjectsOf(rows[30+i:31+i]), 1
			f.Delay = time.Duration(i) * 10 * time.Millisecond
			tr.tenant.Inject(f)
		}
		go func() {
			time.Sleep(10 * time.Second)
			if now := tr.last.Load().Progress(); now.Waiting != provision.ReasonLimit || time.Until(now.Until) < 10*time.Second {
				t.Errorf("it waits for %q, for %v", now.Waiting, time.Until(now.Until))
			}
		}()
		tr.run(t.Context(), rows, provision.Options{})
		if tr.err != nil {
			t.Error(tr.err)
		}
		tr.outcomes(t, rows, map[provision.Outcome]int{provision.Created: 199, provision.Failed: 1})
		creates := spy.to(sandbox.EndpointCreate)
		met := creates[slices.IndexFunc(creates, func(c *call) bool { return c.retryAfter == "20" })].done
		if n := len(within(creates, met+1, met+20*time.Second-time.Millisecond)); n > 0 {
			t.Errorf("%d creates were sent within the 20 s that the tenant asked for", n)
		}
	})
}

func TestLateAnswersDoNotCloseTheGate(t *testing.T) {
	for _, test := range []struct {
		status int
		want   map[provision.Outcome]int
	}{
		{429, map[provision.Outcome]int{provision.Created: 1200}},
		{403, map[provision.Outcome]int{provision.Created: 1199, provision.Failed: 1}},
	} {
		t.Run(fmt.Sprint(test.status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, spy := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: latency}, qlik.Options{})
				rows := people(1200)
				tr.tenant.Inject(faults.Fault{Kind: faults.Status, Status: test.status, RetryAfter: "60",
					On: sandbox.EndpointCreate, Skip: 20, Times: 1, Delay: 5*time.Second + latency/2})
				tr.tenant.Inject(faults.Fault{Kind: faults.Status, Status: 429, RetryAfter: "1", On: sandbox.EndpointCreate,
					Skip: 25, Times: 1})
				tr.run(t.Context(), rows, provision.Options{Rate: rate.Inf, NoLookup: true})
				tr.outcomes(t, rows, test.want)
				if tr.err != nil {
					t.Error(tr.err)
				}
				creates := spy.to(sandbox.EndpointCreate)
				late := creates[slices.IndexFunc(creates, func(c *call) bool { return c.done-c.sent > 5*time.Second })]
				if late.status != test.status {
					t.Fatalf("the late answer is %d", late.status)
				}
				if n := len(within(creates, late.done, late.done+latency)); n < workers-1 {
					t.Errorf("%d creates were sent together after the late answer, with %d workers", n, workers)
				}
			})
		})
	}
}

func TestForbiddenIsTheRowsOrTheRuns(t *testing.T) {
	type states = map[provision.Outcome]int
	forbidden := faults.Fault{Kind: faults.Status, Status: 403, On: sandbox.EndpointCreate, Code: "USERS-3",
		Title: "Forbidden"}
	for _, test := range []struct {
		name    string
		rows    int
		workers int
		faults  func(rows []provision.Row) []faults.Fault
		err     error
		want    states
		creates int // at most
	}{
		{"three rows' own, among 200", 200, 16, func(rows []provision.Row) []faults.Fault {
			f := forbidden
			f.Subjects = subjectsOf([]provision.Row{rows[0], rows[60], rows[199]})
			return []faults.Fault{f}
		}, nil, states{provision.Failed: 3, provision.Created: 197}, 200},
		{"thirty rows' own, side by side, in flight together", 200, 30, func(rows []provision.Row) []faults.Fault {
			f := forbidden
			f.Subjects = subjectsOf(rows[10:40])
			return []faults.Fault{f}
		}, provision.ErrScope, states{provision.Pending: 200 - 10, provision.Created: 10}, 1 + 9 + 30 + 3},
		{"six rows' own, each beside another row, in flight together", 200, 16, func(rows []provision.Row) []faults.Fault {
			f := forbidden
			f.Subjects = subjectsOf([]provision.Row{rows[50], rows[52], rows[54], rows[56], rows[58], rows[60]})
			return []faults.Fault{f}
		}, nil, states{provision.Failed: 6, provision.Created: 194}, 200},
		{"own, and nobody left to ask with", 10, 16, func(rows []provision.Row) []faults.Fault {
			f := forbidden
			f.Subjects = subjectsOf(rows[8:])
			return []faults.Fault{f}
		}, nil, states{provision.Failed: 2, provision.Created: 8}, 10},
		{"own, and the only row that is asked meets a 503 first", 12, 1, func(rows []provision.Row) []faults.Fault {
			f := forbidden
			f.Subjects = subjectsOf(rows[10:11])
			return []faults.Fault{f, {Kind: faults.Status, Status: 503, On: sandbox.EndpointCreate,
				Subjects: subjectsOf(rows[11:]), Times: 2}}
		}, nil, states{provision.Failed: 1, provision.Created: 11}, 14},
		{"own, and those that are asked meet the limit first", 100, 16, func(rows []provision.Row) []faults.Fault {
			f, limit := forbidden, forbidden
			f.Subjects = subjectsOf(rows[20:21])
			limit.Status, limit.RetryAfter, limit.Subjects, limit.Times = 429, "4", subjectsOf(rows[40:]), 5
			return []faults.Fault{f, limit}
		}, nil, states{provision.Failed: 1, provision.Created: 99}, 105},
		{"the scope", 500, 16, func([]provision.Row) []faults.Fault { return []faults.Fault{forbidden} },
			provision.ErrScope, states{provision.Pending: 500}, 4},
		{"the scope, with 503 and 429 in between", 500, 16, func([]provision.Row) []faults.Fault {
			busy, limit := forbidden, forbidden
			busy.Status, busy.Skip, busy.Times = 503, 2, 1
			limit.Status, limit.RetryAfter, limit.Skip, limit.Times = 429, "4", 2, 1
			return []faults.Fault{busy, limit, forbidden}
		}, provision.ErrScope, states{provision.Pending: 500}, 6},
		{"the scope, taken away in the middle", 500, 16, func([]provision.Row) []faults.Fault {
			f := forbidden
			f.Skip = 101
			return []faults.Fault{f}
		}, provision.ErrScope, states{provision.Created: 101, provision.Pending: 399}, 101 + 16 + 3},
		{"the scope, and nobody left to ask with", 2, 16,
			func([]provision.Row) []faults.Fault { return []faults.Fault{forbidden} },
			provision.ErrScope, states{provision.Pending: 2}, 2},
		{"the scope, and one row", 1, 16, func([]provision.Row) []faults.Fault { return []faults.Fault{forbidden} },
			provision.ErrScope, states{provision.Pending: 1}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
				rows := people(test.rows)
				for _, f := range test.faults(rows) {
					tr.tenant.Inject(f)
				}
				tr.run(t.Context(), rows, provision.Options{Workers: test.workers})
				if !errors.Is(tr.err, test.err) || test.err != nil && !strings.HasSuffix(tr.err.Error(), ": Forbidden") {
					t.Errorf("the run ended with %v, want %v", tr.err, test.err)
				}
				tr.outcomes(t, rows, test.want)
				tr.truth(t, rows)
				for _, res := range tr.got.of {
					if res.HTTPStatus == 0 {
						t.Errorf("of a row that was answered there is only what was recorded before: %+v", res)
					}
				}
				if n := len(spy.to(sandbox.EndpointCreate)); n > test.creates {
					t.Errorf("%d creates, want at most %d", n, test.creates)
				}
			})
		})
	}
}

func TestOutageOfTwoMinutesIsWaitedFor(t *testing.T) {
	const from, long = 30 * time.Second, 2 * time.Minute
	for _, pace := range []struct {
		name  string
		rate  rate.Limit
		burst int
		rows  int // more than are created before it
	}{
		{"as fast as it goes", rate.Inf, 0, 700},
		{"at a pace", 10, 1, 450},
		{"at the usual pace, past the burst", provision.DefaultRate, 1, 150},
	} {
		for name, fault := range map[string]faults.Fault{
			"creates":    {Kind: faults.Status, Status: 503, On: sandbox.EndpointCreate},
			"everything": {Kind: faults.Status, Status: 502, Body: "<html>bad gateway</html>"},
			"reset":      {Kind: faults.Reset},
			"hang":       {Kind: faults.Hang},
		} {
			t.Run(pace.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					tr, spy := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: time.Second},
						qlik.Options{Timeout: 5 * time.Second})
					fault.From, fault.For = from, long
					tr.tenant.Inject(fault)
					rows := people(pace.rows)
					tr.run(t.Context(), rows, provision.Options{Rate: pace.rate, Burst: pace.burst})
					tr.check(t, rows)
					tr.outcomes(t, rows, map[provision.Outcome]int{provision.Created: pace.rows})
					creates := spy.to(sandbox.EndpointCreate)
					out := within(creates, from, from+long)
					var closed time.Duration // the sixteenth answer that was none
					for n, c := range slices.DeleteFunc(slices.Clone(out), func(c *call) bool { return c.status == 201 }) {
						if n < 16 {
							closed = max(closed, c.done)
						}
					}
					down := within(creates, closed+1, from+long)
					if n := together(down); n != 1 {
						t.Errorf("%d creates in flight at once while the tenant was down", n)
					}
					if n := subjects(down); n != len(down) {
						t.Errorf("%d creates while the tenant was down were for %d rows", len(down), n)
					}
					if len(down) < 4 || len(down) > 14 {
						t.Errorf("%d creates while the tenant was down", len(down))
					}
					more := 0
					for _, o := range tr.got.of {
						if o.Attempts > 2 {
							t.Errorf("row %d took %d attempts", o.Number, o.Attempts)
						}
						more += o.Attempts - 1
					}
					if more > 2*workers {
						t.Errorf("%d attempts were spent on a tenant that was down", more)
					}
					back := within(creates, from+long, forever)
					if late := back[0].sent - from - long; late > 36*time.Second {
						t.Errorf("the tenant was back for %v before it was asked again", late)
					}
				})
			})
		}
	}
}

func TestRowsThatTheTenantCannotProcessAreNoOutage(t *testing.T) {
	for _, n := range []int{3, 15} {
		for _, pace := range []rate.Limit{rate.Inf, 5} {
			t.Run(fmt.Sprintf("%d rows at %v", n, pace), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					tr, _ := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: latency}, qlik.Options{})
					rows := people(300)
					tr.tenant.Inject(faults.Fault{Kind: faults.Status, Status: 500, Code: "USERS-1", Title: "Internal error",
						On: sandbox.EndpointCreate, Subjects: subjectsOf(rows[100 : 100+n])})
					tr.run(t.Context(), rows, provision.Options{Rate: pace, Burst: 1})
					tr.check(t, rows)
					tr.outcomes(t, rows, map[provision.Outcome]int{provision.Pending: n, provision.Created: 300 - n})
					for _, row := range rows[100 : 100+n] {
						if o := tr.got.of[row.Number]; o.Attempts != 5 || o.Code != provision.CodeMaybeCreated ||
							o.HTTPStatus != 500 || len(o.TraceID) != 32 {
							t.Errorf("row %d: %+v", row.Number, o)
						}
					}
				})
			})
		}
	}
}

func TestPatienceEndsTheRun(t *testing.T) {
	type states = map[provision.Outcome]int
	type span = [2]time.Duration // earliest and latest
	const patience = 15 * time.Minute
	down := faults.Fault{Kind: faults.Status, Status: 503}
	limited := faults.Fault{Kind: faults.Status, Status: 429, RetryAfter: "600"}
	refused, silent := faults.Fault{Kind: faults.Reset}, faults.Fault{Kind: faults.Hang}
	since := func(skip int) faults.Fault { f := down; f.Skip = skip; return f }
	create, token := sandbox.EndpointCreate, sandbox.EndpointToken
	for _, test := range []struct {
		name  string
		rows  int
		fault faults.Fault
		o     provision.Options
		err   error
		ends  span
		want  states
	}{
		{"creates, permanently", 500, with(down, create), provision.Options{},
			provision.ErrPatience, span{patience, patience + 2*time.Second}, states{provision.Pending: 500}},
		{"creates, with little patience", 500, with(down, create), provision.Options{Patience: time.Minute},
			provision.ErrPatience, span{time.Minute, time.Minute + time.Second}, states{provision.Pending: 500}},
		{"all but the token", 500, since(1), provision.Options{},
			provision.ErrLookups, span{patience, patience + 10*time.Second}, states{provision.Pending: 500}},
		{"the token, from the start", 500, with(down, token), provision.Options{},
			provision.ErrPatience, span{patience, patience + time.Second}, states{provision.Pending: 500}},
		{"the token, at its limit", 500, with(limited, token), provision.Options{},
			provision.ErrPatience, span{patience, patience + time.Second}, states{provision.Pending: 500}},
		{"the token, without lookups", 500, with(down, token), provision.Options{NoLookup: true},
			provision.ErrPatience, span{patience, patience + time.Second}, states{provision.Pending: 500}},
		{"creates, at their limit", 500, with(limited, create), provision.Options{},
			provision.ErrPatience, span{patience, patience + time.Second}, states{provision.Pending: 500}},
		{"lookups, at their limit", 500, with(limited, sandbox.EndpointFilter), provision.Options{},
			provision.ErrLookups, span{patience, patience + time.Second}, states{provision.Pending: 500}},
		{"fewer rows than an outage takes, and lookups are answered", 15, with(down, create), provision.Options{},
			nil, span{30 * time.Second, time.Minute}, states{provision.Pending: 15}},
		{"fewer rows, and lookups are not answered", 15, since(2), provision.Options{},
			provision.ErrPatience, span{patience, patience + time.Second}, states{provision.Pending: 15}},
		{"one row, and lookups are not answered", 1, since(2), provision.Options{},
			provision.ErrPatience, span{patience, patience + time.Second}, states{provision.Pending: 1}},
		{"less patience than attempts", 1, with(down, create), provision.Options{Patience: 3 * time.Second},
			provision.ErrPatience, span{3 * time.Second, 4 * time.Second}, states{provision.Pending: 1}},
		{"so long that every row had its turn", 20, with(down, create), provision.Options{Patience: 3 * time.Hour},
			nil, span{30 * time.Minute, time.Hour}, states{provision.Pending: 20}},
		{"exactly as many rows as an outage takes", 16, with(down, create), provision.Options{},
			provision.ErrPatience, span{patience, patience + time.Second}, states{provision.Pending: 16}},
		{"connections are refused", 500, refused, provision.Options{},
			provision.ErrUnreachable, span{30 * time.Second, 31 * time.Second}, states{provision.Pending: 500}},
		{"connections are refused, with a short timeout", 500, refused, provision.Options{Timeout: time.Second},
			provision.ErrUnreachable, span{15 * time.Second, 16 * time.Second}, states{provision.Pending: 500}},
		{"connections are refused, without lookups", 1, refused, provision.Options{NoLookup: true},
			provision.ErrUnreachable, span{30 * time.Second, 31 * time.Second}, states{provision.Pending: 1}},
		{"nothing is answered", 500, silent, provision.Options{},
			provision.ErrUnreachable, span{30 * time.Second, 31 * time.Second}, states{provision.Pending: 500}},
		{"nothing is answered, without lookups", 500, silent, provision.Options{NoLookup: true},
			provision.ErrUnreachable, span{30 * time.Second, 31 * time.Second}, states{provision.Pending: 500}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, spy := watched(t, sandbox.Options{}, qlik.Options{})
				tr.tenant.Inject(test.fault)
				rows := people(test.rows)
				tr.run(t.Context(), rows, test.o)
				if !errors.Is(tr.err, test.err) || strings.HasSuffix(fmt.Sprint(tr.err), "waiting for ") {
					t.Errorf("the run ended with %v, want %v", tr.err, test.err)
				}
				if tr.took < test.ends[0] || tr.took > test.ends[1] {
					t.Errorf("it took %v, want %v to %v", tr.took, test.ends[0], test.ends[1])
				}
				tr.outcomes(t, rows, test.want)
				tr.truth(t, rows)
				t.Logf("%v, %d requests, %d creates: %v", tr.took, len(spy.calls), len(spy.to(sandbox.EndpointCreate)), tr.err)
			})
		})
	}
}

func with(f faults.Fault, on sandbox.Endpoint) faults.Fault {
	f.On = on
	return f
}

func TestLateAnswerIsNoProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, _ := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: latency}, qlik.Options{})
		rows := people(100)
		tr.tenant.Inject(faults.Fault{Kind: faults.Delay, Delay: 2 * time.Second, On: sandbox.EndpointCreate,
			Subjects: subjectsOf(rows[4:5])})
		tr.tenant.Inject(faults.Fault{Kind: faults.Status, Status: 429, RetryAfter: "60", On: sandbox.EndpointCreate,
			Skip: 30})
		tr.run(t.Context(), rows, provision.Options{Patience: 10 * time.Second})
		if !errors.Is(tr.err, provision.ErrPatience) || tr.took > 11*time.Second {
			t.Errorf("it ended after %v with %v", tr.took, tr.err)
		}
		tr.truth(t, rows)
	})
}

func TestLookupsAreProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, _ := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
		rows := people(4000)
		for _, row := range rows[1:] {
			tr.tenant.Add(userOf(row))
		}
		// One row fails for good; looking up the others takes longer than the patience.
		tr.tenant.Inject(faults.Fault{Kind: faults.Status, Status: 500, On: sandbox.EndpointCreate})
		tr.tenant.Inject(faults.Fault{Delay: 5 * time.Second, On: sandbox.EndpointFilter})
		tr.run(t.Context(), rows, provision.Options{Patience: 70 * time.Second})
		tr.check(t, rows)
		tr.outcomes(t, rows, map[provision.Outcome]int{provision.Exists: len(rows) - 1, provision.Pending: 1})
		if tr.took < 90*time.Second {
			t.Errorf("it took %v, too short to tell", tr.took)
		}
	})
}

func TestRowsThatAreNotLookedUpAreNoProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, _ := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: latency}, qlik.Options{})
		tr.tenant.Inject(faults.Fault{Kind: faults.Status, Status: 503, On: sandbox.EndpointCreate})
		tr.run(t.Context(), people(2000), provision.Options{NoLookup: true, Patience: time.Hour})
		if !errors.Is(tr.err, provision.ErrPatience) || tr.took > time.Hour+time.Minute {
			t.Errorf("it ended after %v with %v", tr.took, tr.err)
		}
	})
}

func TestAnswersOfNoTenantEndTheRun(t *testing.T) {
	for _, status := range []int{301, 302, 307, 304, 404, 405, 410, 451} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
				tr.tenant.Inject(faults.Fault{Kind: faults.Status, Status: status, On: sandbox.EndpointCreate,
					Location: "https://elsewhere.example.com/login"})
				rows := people(300)
				tr.run(t.Context(), rows, provision.Options{})
				if !errors.Is(tr.err, qlik.ErrNotTenant) {
					t.Errorf("the run ended with %v", tr.err)
				}
				tr.outcomes(t, rows, map[provision.Outcome]int{provision.Pending: 300})
				if n := len(spy.to(sandbox.EndpointCreate)); n != 1 {
					t.Errorf("%d creates", n)
				}
			})
		})
	}
}

func TestNothingIsSentAfterTheRunHasAnError(t *testing.T) {
	for range 100 { // what is at stake is a race between workers
		tr, spy := watched(t, sandbox.Options{}, qlik.Options{})
		tr.tenant.Inject(faults.Fault{Kind: faults.Status, Status: 403, On: sandbox.EndpointCreate, Times: 4})
		rows := people(100)
		tr.run(t.Context(), rows, provision.Options{NoLookup: true})
		if !errors.Is(tr.err, provision.ErrScope) {
			t.Fatalf("the run ended with %v", tr.err)
		}
		if n := len(spy.to(sandbox.EndpointCreate)); n != 4 {
			t.Fatalf("%d creates", n)
		}
		tr.outcomes(t, rows, map[provision.Outcome]int{provision.Pending: 100})
	}
}

func TestATenantThatNeverAnsweredIsOutOfReachHoweverFewTheAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, _ := watched(t, sandbox.Options{}, qlik.Options{Credentials: qlik.Credentials{APIKey: "key-0123456789"}})
		tr.tenant.Inject(faults.Fault{Kind: faults.Reset})
		rows := people(3)
		tr.run(t.Context(), rows, provision.Options{Attempts: 1, NoLookup: true})
		if !errors.Is(tr.err, provision.ErrUnreachable) {
			t.Errorf("the run ended with %v", tr.err)
		}
		tr.outcomes(t, rows, map[provision.Outcome]int{provision.Pending: 3})
	})
}
