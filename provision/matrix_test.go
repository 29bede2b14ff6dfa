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
	"qlik-provision/provision/sandbox/faults"
)

// What a fault may lead to, of 120 rows of which 10 exist.
const (
	allDone     = "all rows are done"
	oneFailed   = "one row failed"
	onePending  = "one row is pending"
	tenPending  = "the rows that exist are pending"
	credentials = "credentials refused"
	noTenant    = "no tenant"
	patience    = "out of patience"
	lookups     = "no lookups"
	unreachable = "unreachable"
	scope       = "scope missing"
	unreadable  = "unreadable"
)

// Each fault at each endpoint, once (at the second request where that is possible, so that the token is known to be
// valid) and always. Where an answer can be lost, after is for creates that took effect.
var matrix = []struct {
	name                               string
	fault                              faults.Fault
	token, filter, create, after, list string // once
	everToken, everFilter, everCreate  string
	everAfter, everList                string
	extra                              int // requests of a run that the fault struck once
}{
	{"500", faults.Fault{Kind: faults.Status, Status: 500},
		allDone, allDone, allDone, allDone, allDone, patience, lookups, patience, patience, tenPending, 0},
	{"503, later", faults.Fault{Kind: faults.Status, Status: 503, RetryAfter: "3"},
		allDone, allDone, allDone, allDone, allDone, patience, lookups, patience, patience, tenPending, 0},
	{"408", faults.Fault{Kind: faults.Status, Status: 408},
		allDone, allDone, allDone, allDone, allDone, patience, lookups, patience, patience, tenPending, 0},
	{"reset", faults.Fault{Kind: faults.Reset},
		allDone, allDone, allDone, allDone, allDone, unreachable, lookups, patience, patience, tenPending, 0},
	{"hang", faults.Fault{Kind: faults.Hang},
		allDone, allDone, allDone, allDone, allDone, unreachable, lookups, patience, patience, tenPending, 0},
	{"cut", faults.Fault{Kind: faults.Cut},
		allDone, allDone, allDone, allDone, allDone, patience, lookups, unreadable, unreadable, tenPending, 0},
	{"garbage", faults.Fault{Kind: faults.Garbage},
		allDone, allDone, allDone, allDone, allDone, patience, lookups, unreadable, unreadable, tenPending, 0},
	{"login page", faults.Fault{Kind: faults.LoginPage},
		allDone, allDone, allDone, allDone, allDone, patience, lookups, unreadable, unreadable, tenPending, 0},
	{"101", faults.Fault{Kind: faults.Status, Status: 101},
		"", allDone, allDone, allDone, allDone, "", lookups, unreadable, unreadable, tenPending, 0},
	{"200 for a create", faults.Fault{Kind: faults.OKInstead},
		"", "", "", allDone, "", "", "", "", unreadable, "", 0},
	{"the answer to another create", faults.Fault{Kind: faults.WrongAnswer},
		"", "", "", allDone, "", "", "", "", unreadable, "", 0},
	{"429", faults.Fault{Kind: faults.Status, Status: 429, RetryAfter: "3"},
		allDone, allDone, allDone, "", allDone, patience, lookups, patience, "", tenPending, 0},
	{"400", faults.Fault{Kind: faults.Status, Status: 400},
		allDone, allDone, oneFailed, "", onePending, credentials, lookups, oneFailed, "", tenPending, 12},
	{"401", faults.Fault{Kind: faults.Status, Status: 401},
		credentials, allDone, allDone, "", allDone, credentials, credentials, credentials, "", credentials, 0},
	{"403", faults.Fault{Kind: faults.Status, Status: 403},
		allDone, lookups, oneFailed, "", onePending, credentials, lookups, scope, "", tenPending, 0},
	{"404", faults.Fault{Kind: faults.Status, Status: 404},
		noTenant, noTenant, noTenant, "", onePending, noTenant, noTenant, noTenant, "", tenPending, 0},
	{"302", faults.Fault{Kind: faults.Status, Status: 302, Location: "https://elsewhere.example.com"},
		noTenant, noTenant, noTenant, "", onePending, noTenant, noTenant, noTenant, "", tenPending, 0},
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
						if c.on != sandbox.EndpointToken && (times == 1 || c.on == sandbox.EndpointCreate) ||
							c.on == sandbox.EndpointList {
							fault.Skip = 1 // without lookups, the first list is for the Date
						}
						strike(t, fault, want, m.extra)
					})
				})
			}
		}
	}
}

func strike(t *testing.T, fault faults.Fault, want string, extra int) {
	const n, existing = 120, 10
	tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{Timeout: 5 * time.Second})
	rows := people(n)
	for _, row := range rows[60 : 60+existing] {
		user := userOf(row)
		user.CreatedAt = time.Now().Add(-time.Hour)
		tr.tenant.Add(user)
	}
	tr.tenant.Inject(fault)
	// A list is asked for rows that no lookup found.
	tr.run(t.Context(), rows, provision.Options{
		Patience: 2 * time.Minute, Timeout: 5 * time.Second, NoLookup: fault.On == sandbox.EndpointList,
	})

	kind := map[string]error{
		credentials: qlik.ErrCredentials, noTenant: qlik.ErrNotTenant, patience: provision.ErrPatience,
		lookups: provision.ErrLookups, unreachable: provision.ErrUnreachable, scope: provision.ErrScope,
		unreadable: provision.ErrUnreadable,
	}[want]
	if !errors.Is(tr.err, kind) || kind == nil && tr.err != nil {
		t.Errorf("the run ended with %v, want %v", tr.err, want)
	}
	switch want {
	case allDone:
		tr.outcomes(t, rows, outcomes{provision.Created: n - existing, provision.Exists: existing})
	case oneFailed:
		failed := tr.got.count(provision.Failed)
		if fault.Times == 0 { // but for the first one, which was accepted
			failed = n - existing - 1 - failed + 1
		}
		if failed != 1 {
			t.Errorf("%d rows failed", tr.got.count(provision.Failed))
		}
	case onePending:
		tr.outcomes(t, rows, outcomes{provision.Created: n - existing, provision.Exists: existing - 1, provision.Pending: 1})
	case tenPending:
		tr.outcomes(t, rows, outcomes{provision.Created: n - existing, provision.Pending: existing})
	default:
		if failed := tr.got.count(provision.Failed); failed > 0 {
			t.Errorf("%d rows are failed for what is wrong with the run: %s", failed, tr.example(provision.Failed))
		}
	}
	tr.truth(t, rows)
	created := len(tr.tenant.Users()) - existing
	if kind == nil && created != tr.got.count(provision.Created) {
		t.Errorf("%d are created, %d on the tenant", tr.got.count(provision.Created), created)
	}
	if bound := n + 3 + existing*2 + 8 + extra; fault.Times == 1 && len(spy.calls) > bound {
		t.Errorf("%d requests, want at most %d", len(spy.calls), bound)
	}
	if bound := 6*n + 100; len(spy.calls) > bound {
		t.Errorf("%d requests, want at most %d", len(spy.calls), bound)
	}
}
