package provision_test

import (
	"errors"
	"fmt"
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

func TestSubjectIsData(t *testing.T) {
	odd := []string{
		`a" or subject co "e`, `"`, `\`, `\\`, `\"`, `a\" or \"b`, `corp\jdoe`, `*`, `%`, `emp-*`,
		`(a)`, `not (a)`, `a eq "b"`, `' or '1'='1`,
		"Ünïcødé", "日本語", "👩‍👩‍👧", "a\u2028b", "<b>&amp;</b>", "a b", "tab\there",
		"null", "true", "\u0000", "e\u0301", strings.Repeat("x", 3000),
	}
	for _, noLookup := range []bool{false, true} {
		for _, there := range []bool{false, true} {
			t.Run(fmt.Sprintf("there %v, no lookup %v", there, noLookup), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					tr, _ := watched(t, sandbox.Options{}, qlik.Options{})
					rows := make([]provision.Row, len(odd))
					for i, subject := range odd {
						rows[i] = provision.Row{Number: i + 1, Person: provision.Person{Subject: subject,
							Name: "Person " + fmt.Sprint(i)}}
						if there {
							tr.tenant.Add(sandbox.User{Subject: subject, Name: rows[i].Person.Name})
						}
					}
					tr.tenant.Add(sandbox.User{Subject: "emp-00001", Name: "A bystander"})
					tr.run(t.Context(), rows, provision.Options{NoLookup: noLookup})
					tr.check(t, rows)
					want := map[bool]provision.Outcome{false: provision.Created, true: provision.Exists}[there]
					tr.outcomes(t, rows, map[provision.Outcome]int{want: len(rows)})
				})
			})
		}
	}
}

func TestRequestsBeforeTheFirstWrite(t *testing.T) {
	for _, test := range []struct {
		name           string
		o              provision.Options
		filters, lists int
	}{
		{"48 people a lookup", provision.Options{}, 10, 0},
		{"96 IDs a lookup", provision.Options{Task: provision.Delete}, 5, 0},
		{"no lookups, but one request for the Date", provision.Options{NoLookup: true}, 0, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
				rows := people(480)
				for i, row := range rows {
					if test.o.Task == provision.Delete {
						user := userOf(row)
						user.ID = fmt.Sprint("u", i)
						rows[i].UserID = user.ID
						tr.tenant.Add(user)
					}
				}
				tr.run(t.Context(), rows, test.o)
				tr.check(t, rows)
				filters, lists := spy.to(sandbox.EndpointFilter), spy.to(sandbox.EndpointList)
				if len(filters) != test.filters || len(lists) != test.lists {
					t.Errorf("%d lookups and %d lists", len(filters), len(lists))
				}
				if second := spy.calls[1]; test.o.NoLookup && second.endpoint != sandbox.EndpointList {
					t.Errorf("after the token the first request is to %s", second.endpoint)
				}
			})
		})
	}
}

func TestFilterWithTooManyTermsIsHalved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, spy := watched(t, sandbox.Options{MaxTerms: 30}, qlik.Options{})
		rows := people(1000)
		for _, row := range rows[:900] {
			tr.tenant.Add(userOf(row))
		}
		tr.run(t.Context(), rows, provision.Options{})
		tr.check(t, rows)
		tr.outcomes(t, rows, outcomes{provision.Exists: 900, provision.Created: 100})
		lookups := spy.to(sandbox.EndpointFilter)
		if good := count(lookups, 200); good < 1000/12 || good > 1000/12+10 || count(lookups, 400) > 8 {
			t.Errorf("%d lookups were answered and %d refused", good, count(lookups, 400))
		}
	})
}

func TestRefusedLookups(t *testing.T) {
	refused := faults.Fault{Kind: faults.Status, Status: 400, On: sandbox.EndpointFilter}
	of := func(f faults.Fault, rows []provision.Row) faults.Fault { f.Subjects = subjectsOf(rows); return f }
	for _, test := range []struct {
		name  string
		rows  int
		fault func(rows []provision.Row) faults.Fault
		err   error
		want  outcomes
		most  int // refusals
	}{
		{"of four rows", 300, func(rows []provision.Row) faults.Fault { return of(refused, rows[120:124]) },
			nil, outcomes{provision.Created: 296, provision.Failed: 4}, 40},
		{"of the first rows", 300, func(rows []provision.Row) faults.Fault { return of(refused, rows[:2]) },
			nil, outcomes{provision.Created: 298, provision.Failed: 2}, 40},
		{"of the last row", 300, func(rows []provision.Row) faults.Fault { return of(refused, rows[299:]) },
			nil, outcomes{provision.Created: 299, provision.Failed: 1}, 40},
		{"of all", 300, func([]provision.Row) faults.Fault { return refused },
			provision.ErrLookups, outcomes{provision.Pending: 300}, 12},
		{"of the only row", 1, func([]provision.Row) faults.Fault { return refused },
			provision.ErrLookups, outcomes{provision.Pending: 1}, 1},
		{"of two rows", 2, func([]provision.Row) faults.Fault { return refused },
			provision.ErrLookups, outcomes{provision.Pending: 2}, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
				rows := people(test.rows)
				tr.tenant.Inject(test.fault(rows))
				tr.run(t.Context(), rows, provision.Options{})
				if !errors.Is(tr.err, test.err) || test.err == nil && tr.err != nil {
					t.Errorf("the run ended with %v, want %v", tr.err, test.err)
				}
				tr.outcomes(t, rows, test.want)
				for _, res := range tr.got.of {
					if res.Outcome == provision.Failed && (res.Code != provision.CodeLookupRefused || res.HTTPStatus != 400) {
						t.Errorf("%+v", res)
					}
				}
				lookups := spy.to(sandbox.EndpointFilter)
				if n := count(lookups, 400); n > test.most || len(lookups) > 2*test.most+7 {
					t.Errorf("%d of %d lookups were refused", n, len(lookups))
				}
				if n := len(spy.to(sandbox.EndpointCreate)); test.err != nil && n > 0 {
					t.Errorf("%d creates", n)
				}
			})
		})
	}
}

// That the tenant refuses every lookup from some moment on is no fault of the rows.
func TestLookupsThatAreRefusedFromSomeMomentOnEndTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
		tr.tenant.Inject(faults.Fault{Kind: faults.Status, Status: 400, On: sandbox.EndpointFilter, Skip: 3})
		tr.run(t.Context(), people(1000), provision.Options{})
		if !errors.Is(tr.err, provision.ErrLookups) {
			t.Errorf("the run ended with %v", tr.err)
		}
		if n := tr.got.count(provision.Failed); n > 0 || tr.got.count(provision.Created) < 100 {
			t.Errorf("%d failed, %d created", n, tr.got.count(provision.Created))
		}
		if n := count(spy.to(sandbox.EndpointFilter), 400); n > 120 {
			t.Errorf("%d lookups were refused", n)
		}
	})
}

// There is no going on without lookups, unless that was asked for: existing users would be created twice.
func TestLookupsAreRequired(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault faults.Fault
		err   error
		kind  error
	}{
		{"forbidden", faults.Fault{Kind: faults.Status, Status: 403}, provision.ErrLookups, qlik.ErrForbidden},
		{"no such endpoint", faults.Fault{Kind: faults.Status, Status: 404}, qlik.ErrNotTenant, qlik.ErrNotTenant},
		{"5xx", faults.Fault{Kind: faults.Status, Status: 500}, provision.ErrLookups, provision.ErrPatience},
		{"a login page", faults.Fault{Kind: faults.LoginPage}, provision.ErrLookups, provision.ErrPatience},
		{"hang", faults.Fault{Kind: faults.Hang}, provision.ErrLookups, provision.ErrPatience},
		{"a limit without an end", faults.Fault{Kind: faults.Status, Status: 429}, provision.ErrLookups,
			provision.ErrPatience},
		{"5xx for two minutes", faults.Fault{Kind: faults.Status, Status: 500, For: 2 * time.Minute}, nil, nil},
		{"5xx for one batch, five times", faults.Fault{Kind: faults.Status, Status: 500,
			Subjects: []string{"emp-00350"}, Times: 5},
			nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, spy := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: latency}, qlik.Options{})
				test.fault.On = sandbox.EndpointFilter
				tr.tenant.Inject(test.fault)
				rows := people(600)
				for i := 0; i < len(rows); i += 10 {
					tr.tenant.Add(userOf(rows[i]))
				}
				tr.run(t.Context(), rows, provision.Options{Patience: 5 * time.Minute})
				if !errors.Is(tr.err, test.err) || !errors.Is(tr.err, test.kind) || test.err == nil && tr.err != nil {
					t.Errorf("the run ended with %v, want %v and %v", tr.err, test.err, test.kind)
				}
				if test.err == nil {
					tr.check(t, rows)
					tr.outcomes(t, rows, outcomes{provision.Created: 540, provision.Exists: 60})
				} else if n := len(spy.to(sandbox.EndpointCreate)); n > 0 {
					t.Errorf("%d creates", n)
				}
			})
		})
	}
}

// A user with its roles is many times as large as what is asked for.
func TestUsersWithManyRoles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
		rows := people(200)
		roles := make([]string, 300)
		for i := range roles {
			roles[i] = fmt.Sprintf("CN=Group %03d,OU=Departments", i)
		}
		for _, row := range rows {
			tr.tenant.Add(sandbox.User{Subject: row.Person.Subject, Name: row.Person.Name, Email: row.Person.Email,
				Roles: roles})
		}
		tr.run(t.Context(), rows, provision.Options{})
		tr.check(t, rows)
		tr.outcomes(t, rows, map[provision.Outcome]int{provision.Exists: 200})
		creates, lookups := len(spy.to(sandbox.EndpointCreate)), len(spy.to(sandbox.EndpointFilter))
		if creates > 0 || lookups != 5 {
			t.Errorf("%d creates, %d lookups", creates, lookups)
		}
	})
}

func TestTiersDoNotSlowOneAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, spy := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: latency}, qlik.Options{})
		tr.tenant.Inject(faults.Fault{Kind: faults.Status, Status: 429, RetryAfter: "60", On: sandbox.EndpointFilter,
			Skip: 15, Times: 1})
		rows := people(1500)
		tr.run(t.Context(), rows, provision.Options{Rate: 10, Burst: 1})
		tr.check(t, rows)
		for i, c := range spy.to(sandbox.EndpointCreate)[1:] {
			if due := time.Duration(i)*100*time.Millisecond + time.Second; c.sent > due {
				t.Fatalf("create %d was sent %v late", i, c.sent-due)
			}
		}
		lookups := spy.to(sandbox.EndpointFilter)
		met := slices.IndexFunc(lookups, func(c *call) bool { return c.status == 429 })
		if n := len(within(lookups, lookups[met].done+1, lookups[met].done+60*time.Second-1)); n > 0 {
			t.Errorf("%d lookups while the tenant asked them to wait", n)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		tr, spy := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: latency}, qlik.Options{})
		tr.tenant.Inject(faults.Fault{Kind: faults.Status, Status: 429, RetryAfter: "60", On: sandbox.EndpointCreate,
			Times: 1})
		rows := people(1500)
		tr.run(t.Context(), rows, provision.Options{})
		tr.check(t, rows)
		if n := len(within(spy.to(sandbox.EndpointFilter), 0, 10*time.Second)); n < 20 || n > 24 {
			t.Errorf("%d lookups while the creates had to wait, want them to go on, twenty ahead", n)
		}
	})
}

func TestLookupsWaitForTheLongestOfTheirLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, spy := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: latency}, qlik.Options{})
		// Two lookups are in flight together; the one that says nothing of a wait is answered last.
		tr.tenant.Inject(faults.Fault{Kind: faults.Status, Status: 429, RetryAfter: "60", On: sandbox.EndpointFilter,
			Skip: 1, Times: 1})
		tr.tenant.Inject(faults.Fault{Kind: faults.Status, Status: 503, On: sandbox.EndpointFilter, Skip: 1, Times: 1,
			Delay: time.Second})
		rows := people(300)
		tr.run(t.Context(), rows, provision.Options{})
		tr.check(t, rows)
		lookups := spy.to(sandbox.EndpointFilter)
		met := lookups[slices.IndexFunc(lookups, func(c *call) bool { return c.status == 429 })].done
		if count(lookups, 503) != 1 || len(within(lookups, met+1, met+60*time.Second)) > 0 {
			t.Errorf("%d lookups in the minute", len(within(lookups, met+1, met+60*time.Second)))
		}
	})
}

func TestWorkersBoundTheRequestsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, spy := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: latency}, qlik.Options{})
		rows := people(400)
		for _, row := range rows[200:] {
			tr.tenant.Add(userOf(row))
		}
		conflict := faults.Fault{Kind: faults.Status, Status: 409, On: sandbox.EndpointCreate, Rate: 0.5}
		tr.tenant.Inject(conflict) // looked up alone
		tr.run(t.Context(), rows, provision.Options{Workers: 3})
		if n := together(spy.calls); n != 3 {
			t.Errorf("%d requests at once, want 3", n)
		}
	})
}

func TestLookupsStayNearTheWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
		rows := people(2000)
		tr.run(t.Context(), rows, provision.Options{Rate: 50, Burst: 1})
		if tr.err != nil {
			t.Error(tr.err)
		}
		lookups, creates := spy.to(sandbox.EndpointFilter), spy.to(sandbox.EndpointCreate)
		for i, c := range lookups {
			taken := len(within(creates, 0, c.sent+1))
			if ahead := i*qlik.MaxTerms/2 - taken; ahead > 1000 {
				t.Fatalf("lookup %d was sent after %d creates: %d rows ahead", i+1, taken, ahead)
			}
		}
		if n := together(lookups); n > 4 {
			t.Errorf("%d lookups in flight at once", n)
		}
	})
}

func TestEveryPageCountsInTheLookupBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, spy := watched(t, sandbox.Options{Limit: sandbox.LimitOff}, qlik.Options{})
		rows := people(6000)
		for _, row := range rows {
			for i := range 3 {
				tr.tenant.Add(sandbox.User{Subject: fmt.Sprintf("old-%d-%s", i, row.Person.Subject), Email: row.Person.Email})
			}
		}
		tr.run(t.Context(), rows, provision.Options{})
		lookups := spy.to(sandbox.EndpointFilter)
		if n := len(within(lookups, 0, time.Second)); tr.err != nil || len(lookups) != 250 || n < 195 || n > 215 {
			t.Errorf("%d of %d requests in the first second, want the 200 of the burst; %v", n, len(lookups), tr.err)
		}
	})
}

func TestLookupsWithoutARate(t *testing.T) {
	for limit, longest := range map[sandbox.Limit]time.Duration{
		sandbox.LimitOff:     2 * time.Second,
		sandbox.LimitRolling: time.Minute + 2*time.Second, // 200 together, and the others when the tenant allows
	} {
		t.Run(string(limit), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, spy := watched(t, sandbox.Options{Limit: limit}, qlik.Options{})
				rows := people(12_000)
				for _, row := range rows {
					tr.tenant.Add(userOf(row))
				}
				began := time.Now()
				tr.run(t.Context(), rows, provision.Options{Rate: rate.Inf})
				if took := time.Since(began); tr.err != nil || took > longest {
					t.Errorf("it took %v; %v", took, tr.err)
				}
				// those that were in flight when the limit was met go again
				if n := len(spy.to(sandbox.EndpointFilter)); n < 250 || n > 259 {
					t.Errorf("%d lookups", n)
				}
				tr.outcomes(t, rows, map[provision.Outcome]int{provision.Exists: len(rows)})
			})
		})
	}
}
