package provision_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"qlik-provision/provision"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/sandbox"
)

// What a fault may come to, of 260 rows of which 10 are on the tenant already.
const (
	done        = "all rows are done"
	oneFailed   = "one row failed"
	fewFailed   = "all but one of the creates failed"
	onePending  = "one row is pending"
	tenPending  = "those that are there are pending"
	credentials = "credentials refused"
	noTenant    = "no tenant"
	patience    = "out of patience"
	unreachable = "nobody answers"
	scope       = "scope missing"
)

// Each fault at each endpoint, once (at the second request where that is possible, so that the token is known to be good) and for ever. Where an answer
// can be lost, after says what becomes of creates that had their effect.
var matrix = []struct {
	name                               string
	fault                              sandbox.Fault
	token, filter, create, after, list string // once
	everToken, everFilter, everCreate  string
	everAfter, everList                string
	most                               int // requests of a run that the fault struck once
}{
	{"500", sandbox.Fault{Kind: sandbox.FaultStatus, Status: 500}, done, done, done, done, done, patience, done, patience, patience, tenPending, 0},
	{"503, later", sandbox.Fault{Kind: sandbox.FaultStatus, Status: 503, RetryAfter: "3"}, done, done, done, done, done, patience, done, patience, patience, tenPending, 0},
	{"408", sandbox.Fault{Kind: sandbox.FaultStatus, Status: 408}, done, done, done, done, done, patience, done, patience, patience, tenPending, 0},
	{"reset", sandbox.Fault{Kind: sandbox.FaultReset}, done, done, done, done, done, unreachable, done, patience, patience, tenPending, 0},
	{"hang", sandbox.Fault{Kind: sandbox.FaultHang}, done, done, done, done, done, unreachable, done, patience, patience, tenPending, 0},
	{"cut", sandbox.Fault{Kind: sandbox.FaultCut}, done, done, done, done, done, patience, done, patience, patience, tenPending, 0},
	{"garbage", sandbox.Fault{Kind: sandbox.FaultGarbage}, done, done, done, done, done, patience, done, patience, patience, tenPending, 0},
	{"429", sandbox.Fault{Kind: sandbox.FaultStatus, Status: 429, RetryAfter: "3"}, done, done, done, "", done, patience, done, patience, "", tenPending, 0},
	{"400", sandbox.Fault{Kind: sandbox.FaultStatus, Status: 400}, credentials, done, oneFailed, "", onePending, credentials, done, fewFailed, "", tenPending, 12},
	{"401", sandbox.Fault{Kind: sandbox.FaultStatus, Status: 401}, credentials, done, done, "", done, credentials, credentials, credentials, "", credentials, 0},
	{"a token that dies", sandbox.Fault{Kind: sandbox.FaultTokenDies}, "", done, done, "", done, "", credentials, credentials, "", credentials, 0},
	{"403", sandbox.Fault{Kind: sandbox.FaultStatus, Status: 403}, credentials, done, oneFailed, "", onePending, credentials, done, scope, "", tenPending, 0},
	{"404", sandbox.Fault{Kind: sandbox.FaultStatus, Status: 404}, noTenant, done, noTenant, "", onePending, noTenant, done, noTenant, "", tenPending, 0},
	{"302", sandbox.Fault{Kind: sandbox.FaultRedirect, Location: "https://elsewhere.example.com"}, noTenant, done, noTenant, "", onePending, noTenant, done, noTenant, "", tenPending, 0},
}

func TestEveryFaultAtEveryEndpoint(t *testing.T) {
	for _, m := range matrix {
		for _, c := range []struct {
			on         sandbox.Endpoint
			after      bool
			once, ever string
		}{
			{sandbox.EndpointToken, false, m.token, m.everToken},
			{sandbox.EndpointFilter, false, m.filter, m.everFilter},
			{sandbox.EndpointCreate, false, m.create, m.everCreate},
			{sandbox.EndpointCreate, true, m.after, m.everAfter},
			{sandbox.EndpointList, false, m.list, m.everList},
		} {
			for times, want := range map[int]string{1: c.once, 0: c.ever} {
				if want == "" {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s/after %v/%d", m.name, c.on, c.after, times), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						fault := m.fault
						fault.On, fault.After, fault.Times = c.on, c.after, times
						if c.on != sandbox.EndpointToken && (times == 1 || c.on == sandbox.EndpointCreate) {
							fault.Skip = 1
						}
						strike(t, fault, want, m.most)
					})
				})
			}
		}
	}
}

func strike(t *testing.T, fault sandbox.Fault, want string, most int) {
	const n, there = 260, 10
	tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{Timeout: 5 * time.Second})
	rows := people(n)
	for _, row := range rows[100 : 100+there] {
		tr.tenant.Add(sandbox.User{Subject: row.Subject, Name: row.Name, CreatedAt: time.Now().Add(-time.Hour)})
	}
	tr.tenant.Inject(fault)
	// A list is asked for those whom no lookup found.
	tr.run(t.Context(), rows, provision.Options{Patience: 2 * time.Minute, NoLookup: fault.On == sandbox.EndpointList})

	kind := map[string]error{credentials: qlik.ErrCredentials, noTenant: qlik.ErrNotTenant, patience: provision.ErrPatience, unreachable: provision.ErrUnreachable, scope: provision.ErrScope}[want]
	if !errors.Is(tr.err, kind) {
		t.Errorf("the run ended with %v, want %v", tr.err, want)
	}
	type states = map[provision.State]int
	switch want {
	case done:
		tr.states(t, rows, states{provision.Created: n - there, provision.Exists: there})
	case oneFailed:
		tr.states(t, rows, states{provision.Created: n - there - 1, provision.Exists: there, provision.Failed: 1})
	case fewFailed:
		tr.states(t, rows, states{provision.Created: 1, provision.Exists: there, provision.Failed: n - there - 1})
	case onePending:
		tr.states(t, rows, states{provision.Created: n - there, provision.Exists: there - 1, provision.Pending: 1})
	case tenPending:
		tr.states(t, rows, states{provision.Created: n - there, provision.Pending: there})
	default:
		if failed := tr.got.count(provision.Failed); failed > 0 {
			t.Errorf("%d rows are failed for what is wrong with the run: %s", failed, tr.example(provision.Failed))
		}
	}
	if fault.On == sandbox.EndpointToken && kind != nil && len(tr.got.of) > tr.got.count(provision.Pending) {
		t.Errorf("%d outcomes without a token", len(tr.got.of))
	}
	tr.truth(t, rows)
	if created := len(tr.tenant.Users()) - there; kind == nil && created != tr.got.count(provision.Created) {
		t.Errorf("%d were created, %d on the tenant", tr.got.count(provision.Created), created)
	}
	if bound := n + 3 + there*2 + 6 + most; fault.Times == 1 && len(spy.calls) > bound {
		t.Errorf("%d requests, want at most %d", len(spy.calls), bound)
	}
	if bound := 6*n + 100; len(spy.calls) > bound {
		t.Errorf("%d requests, want at most %d", len(spy.calls), bound)
	}
}
