package provision_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"qlik-provision/provision"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/sandbox"
	"qlik-provision/provision/sandbox/faults"
)

func TestOneTokenServesARun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, spy := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: latency}, qlik.Options{})
		rows := people(1000)
		tr.run(t.Context(), rows, provision.Options{Workers: 64, Rate: rate.Inf, NoLookup: true})
		tr.check(t, rows)
		if n := len(spy.to(sandbox.EndpointToken)); n != 1 {
			t.Errorf("%d token requests", n)
		}
		if n := together(spy.to(sandbox.EndpointCreate)[:500]); n != 64 {
			t.Errorf("%d creates in flight at once", n)
		}
	})
}

func TestTokenIsRenewedAheadOfItsEnd(t *testing.T) {
	for _, life := range []time.Duration{5 * time.Second, time.Minute, 6 * time.Minute} {
		t.Run(life.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, spy := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: latency, TokenLife: life}, qlik.Options{})
				rows := people(400)
				tr.run(t.Context(), rows, provision.Options{Rate: rate.Limit(40 / life.Seconds()), Burst: 1})
				tr.check(t, rows)
				if n := tr.tenant.Stats().Unauthorized; n > 0 {
					t.Errorf("%d times 401", n)
				}
				used := life - min(time.Minute, life/10)
				if n, most := len(spy.to(sandbox.EndpointToken)), int(tr.took/used)+1; n > most || n < most*95/100-1 {
					t.Errorf("%d token requests in %v, want %d", n, tr.took, most)
				}
			})
		})
	}
}

func TestRevokedTokenIsReplacedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, spy := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: latency, TokenUses: 200}, qlik.Options{})
		rows := people(2000)
		tr.run(t.Context(), rows, provision.Options{Rate: rate.Inf})
		tr.check(t, rows)
		stats := tr.tenant.Stats()
		if stats.Created != 2000 || stats.Create+stats.Filter-stats.Unauthorized != 2000+42 {
			t.Errorf("%d creates and %d lookups for 2000 rows, %d times 401", stats.Create, stats.Filter, stats.Unauthorized)
		}
		if n := len(spy.to(sandbox.EndpointToken)); n != 11 {
			t.Errorf("%d token requests for 2042 requests of 200 a token", n)
		}
		if stats.Unauthorized > 10*workers {
			t.Errorf("%d times 401", stats.Unauthorized)
		}
		for _, out := range tr.got.of {
			if out.Attempts != 1 {
				t.Errorf("row %d took %d attempts", out.Number, out.Attempts)
			}
		}
		t.Logf("%d times 401 for 10 tokens", stats.Unauthorized)
	})
}

func TestTokenThatCannotBeRenewedFailsNoRow(t *testing.T) {
	for name, fault := range map[string]faults.Fault{
		"500": {Kind: faults.Status,
			Status: 500}, "reset": {Kind: faults.Reset}, "garbage": {Kind: faults.Garbage}, "hang": {Kind: faults.Hang},
		"429": {Kind: faults.Status, Status: 429, RetryAfter: "30"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, spy := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: latency,
					TokenLife: 10 * time.Minute}, qlik.Options{Timeout: 2 * time.Second})
				fault.On, fault.From, fault.For = sandbox.EndpointToken, 8*time.Minute, 110*time.Second
				tr.tenant.Inject(fault)
				rows := people(350)
				tr.run(t.Context(), rows, provision.Options{Rate: 0.5, Burst: 1})
				tr.check(t, rows)
				if n := tr.tenant.Stats().Unauthorized; n > 0 {
					t.Errorf("%d times 401", n)
				}
				if n := len(spy.to(sandbox.EndpointToken)); n > 14 {
					t.Errorf("%d token requests", n)
				}
			})
		})
	}
}

func TestEitherScopeIsEnough(t *testing.T) {
	for _, test := range []struct {
		has    string
		tokens int
		end    error
	}{
		{"admin.users", 1, nil},
		{"admin_classic", 2, nil},
		{"reports.read", 2, qlik.ErrForbidden},
	} {
		t.Run(test.has, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, spy := watched(t, sandbox.Options{Scopes: []string{test.has}}, qlik.Options{})
				tr.run(t.Context(), people(3), provision.Options{})
				if !errors.Is(tr.err, test.end) || (tr.err == nil) != (test.end == nil) ||
					len(spy.to(sandbox.EndpointToken)) != test.tokens {
					t.Errorf("it ended with %v after %d token requests", tr.err, len(spy.to(sandbox.EndpointToken)))
				}
				if created := len(tr.tenant.Users()); (created == 3) != (test.end == nil) {
					t.Errorf("%d users", created)
				}
			})
		})
	}
}

func TestRefusedCredentialsEndTheRun(t *testing.T) {
	unauthorized := faults.Fault{Kind: faults.Status, Status: 401}
	key := qlik.Options{Credentials: qlik.Credentials{APIKey: "key1"}}
	wrong := qlik.Options{Credentials: qlik.Credentials{ClientID: "me", ClientSecret: "no"}}
	for _, test := range []struct {
		name     string
		q        qlik.Options
		faults   []faults.Fault
		noLookup bool
		requests int // at most
		created  int // at least: 1,000 rows take 21 lookups and a token
	}{
		{"a wrong secret", wrong, nil, false, 1, 0},
		{"a wrong secret, without lookups", wrong, nil, true, 2, 0},
		{"a wrong secret, in OAuth's words", qlik.Options{}, []faults.Fault{{Kind: faults.Status, Status: 400,
			Body: `{"error":"invalid_client"}`, On: sandbox.EndpointToken}}, false, 1, 0},
		{"a scope that the client has not", qlik.Options{}, []faults.Fault{{Kind: faults.Status, Status: 400,
			Body: `{"error":"invalid_scope"}`, On: sandbox.EndpointToken}}, true, 2, 0},
		{"a fresh token", qlik.Options{}, []faults.Fault{with(unauthorized, sandbox.EndpointFilter),
			with(unauthorized, sandbox.EndpointCreate)}, false, 2, 0},
		{"a fresh token, without lookups", qlik.Options{}, []faults.Fault{with(unauthorized, sandbox.EndpointCreate)},
			true, 6, 0},
		{"a token that is good for lookups only", qlik.Options{}, []faults.Fault{with(unauthorized,
			sandbox.EndpointCreate)}, false, 21 + 8, 0},
		{"a wrong API key", qlik.Options{Credentials: qlik.Credentials{APIKey: "no"}}, nil, false, 1, 0},
		{"an API key that is revoked", key, []faults.Fault{{Kind: faults.Status, Status: 401, Skip: 60}}, false,
			60 + workers + 4, 60 - 21 - 1},
		{"a client that is revoked", qlik.Options{}, []faults.Fault{{Kind: faults.Status, Status: 401, Skip: 60}},
			false, 60 + workers + 8, 60 - 21 - 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, spy := watched(t, sandbox.Options{Latency: latency, APIKey: "key1"}, test.q)
				for _, f := range test.faults {
					tr.tenant.Inject(f)
				}
				rows := people(1000)
				tr.run(t.Context(), rows, provision.Options{NoLookup: test.noLookup})
				if !errors.Is(tr.err, qlik.ErrCredentials) {
					t.Errorf("the run ended with %v", tr.err)
				}
				tr.truth(t, rows)
				if tr.got.count(provision.Failed) > 0 || tr.got.count(provision.Created) != len(tr.tenant.Users()) ||
					tr.got.count(provision.Created) < test.created {
					t.Errorf("%d failed, %d created, %d users", tr.got.count(provision.Failed),
						tr.got.count(provision.Created), len(tr.tenant.Users()))
				}
				if len(spy.calls) > test.requests {
					t.Errorf("%d requests, want at most %d", len(spy.calls), test.requests)
				}
				t.Logf("%d requests: %v", len(spy.calls), tr.err)
			})
		})
	}
}

func TestTokenEndpointThatFailsIsWaitedFor(t *testing.T) {
	for name, fault := range map[string]faults.Fault{
		"500":     {Kind: faults.Status, Status: 500},
		"429":     {Kind: faults.Status, Status: 429, RetryAfter: "13"},
		"reset":   {Kind: faults.Reset},
		"garbage": {Kind: faults.Garbage},
		"cut":     {Kind: faults.Cut},
		"hang":    {Kind: faults.Hang},
		"empty":   {Kind: faults.Status, Status: 200, Body: "{}"},
	} {
		for when, from := range map[string]time.Duration{"from the start": 0, "in the middle": 10 * time.Second} {
			{
				t.Run(name+"/"+when, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						tr, spy := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: latency, TokenUses: 67},
							qlik.Options{Timeout: 5 * time.Second})
						// Something answers, so that the tenant is not out of reach.
						tr.tenant.Inject(faults.Fault{Kind: faults.Status, Status: 503, On: sandbox.EndpointToken, Times: 1})
						fault.On, fault.From, fault.For = sandbox.EndpointToken, from, 2*time.Minute
						tr.tenant.Inject(fault)
						rows := people(200)
						tr.run(t.Context(), rows, provision.Options{Rate: 7, Burst: 1})
						tr.check(t, rows)
						tr.outcomes(t, rows, map[provision.Outcome]int{provision.Created: 200})
						for _, out := range tr.got.of {
							if out.Attempts != 1 {
								t.Errorf("row %d took %d attempts", out.Number, out.Attempts)
							}
						}
						if n := len(within(spy.to(sandbox.EndpointToken), from, from+2*time.Minute)); n > 40 {
							t.Errorf("%d token requests in two minutes", n)
						}
						if tr.took < 2*time.Minute || tr.took > from+4*time.Minute {
							t.Errorf("it took %v", tr.took)
						}
						lookups := spy.to(sandbox.EndpointFilter)
						if n := count(lookups, 200); n < 4 {
							t.Errorf("%d lookups: they were left out for want of a token", n)
						}
					})
				})
			}
		}
	}
}
