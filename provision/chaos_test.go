package provision_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"qlik-provision/provision"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/sandbox"
	"qlik-provision/provision/sandbox/faults"
)

// chaos is what goes wrong with writes.
func chaos(tenant *faults.Injector) {
	for _, on := range []sandbox.Endpoint{sandbox.EndpointCreate, sandbox.EndpointPatch, sandbox.EndpointDelete} {
		for _, f := range []faults.Fault{
			{Kind: faults.Status, Status: 500, Rate: 0.05},
			{Kind: faults.Reset, Rate: 0.03},
			{Kind: faults.Status, Status: 503, Rate: 0.03, After: true},
			{Kind: faults.Reset, Rate: 0.03, After: true},
			{Kind: faults.Cut, Rate: 0.01, After: true},
		} {
			f.On = on
			tenant.Inject(f)
		}
	}
	tenant.Inject(faults.Fault{Kind: faults.Status, Status: 500, Rate: 0.05, On: sandbox.EndpointList})
	tenant.Inject(faults.Fault{Kind: faults.Status, Status: 500, Rate: 0.05, On: sandbox.EndpointFilter})
}

// Addresses are unique, lists lag behind, and answers are lost: every person gets one user, which is changed, disabled
// and deleted once.
func TestEveryRowIsWrittenOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("500 rows, four times each")
	}
	for seed := range uint64(2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := sandbox.Options{Limit: sandbox.LimitOff, Latency: latency, TokenUses: 250, Lag: 2 * time.Second}
				tr := newTrialOf(t, faults.Wrap(sandbox.New(o), seed), qlik.Options{Timeout: 5 * time.Second})
				chaos(tr.tenant)
				rows := people(500)
				tr.run(t.Context(), rows, provision.Options{Attempts: 8})
				tr.check(t, rows)
				tr.outcomes(t, rows, outcomes{provision.Created: len(rows)})
				if s := tr.tenant.Stats(); s.Created != len(rows) || s.Create > len(rows)*5/4 {
					t.Errorf("%d creates, of which %d took effect", s.Create, s.Created)
				}
				time.Sleep(time.Minute) // the lists show the last ones now
				for i := range rows {
					rows[i].Person.Name += " Jr"
				}
				tr.got = results{}
				tr.run(t.Context(), rows, provision.Options{Attempts: 8, Update: provision.Update{Name: true}})
				tr.check(t, rows)
				tr.outcomes(t, rows, outcomes{provision.Updated: len(rows)})
				tr.got = results{}
				tr.run(t.Context(), rows, provision.Options{Attempts: 8, Task: provision.Disable})
				tr.check(t, rows)
				tr.outcomes(t, rows, outcomes{provision.Disabled: len(rows)})
				for i := range rows {
					rows[i].UserID = tr.got.of[i+1].UserID
				}
				tr.got = results{}
				tr.run(t.Context(), rows, provision.Options{Attempts: 8, Task: provision.Delete})
				tr.check(t, rows)
				tr.outcomes(t, rows, outcomes{provision.Deleted: len(rows)})
				if n := len(tr.tenant.Users()); n > 0 {
					t.Errorf("%d users are left", n)
				}
			})
		})
	}
}

// A killable run ends at once: nothing is recorded any more, and no answer arrives; what was sent may take effect.
type killable struct {
	next http.RoundTripper
	dead atomic.Bool
}

var errKilled = errors.New("killed")

func (k *killable) RoundTrip(r *http.Request) (*http.Response, error) {
	if k.dead.Load() {
		return nil, errKilled
	}
	resp, err := k.next.RoundTrip(r)
	if k.dead.Load() {
		return nil, errKilled
	}
	return resp, err
}

// However often a run is killed, every person is on the tenant once, those that this file created are created, and
// those that existed before exist.
func TestKilledRunsGoOn(t *testing.T) {
	if testing.Short() {
		t.Skip("hundreds of runs")
	}
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { killAndGoOn(t, seed) })
		})
	}
}

func killAndGoOn(t *testing.T, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 7))
	o := sandbox.Options{Limit: sandbox.LimitOff, Latency: latency, Lag: time.Duration(random.IntN(4)) * time.Second}
	tenant := faults.Wrap(sandbox.New(o), seed)
	if seed%2 == 1 {
		chaos(tenant)
	}
	rows := people(400)
	existing := map[int]bool{}
	for _, row := range rows {
		user := userOf(row)
		user.CreatedAt = time.Now().Add(-time.Hour)
		switch random.IntN(6) {
		case 0:
			user.Subject = "auth0|" + user.Subject
			fallthrough
		case 1:
			existing[row.Number] = true
			tenant.Add(user)
		}
	}
	tr := &trial{tenant: tenant}
	for runs := 0; len(tr.left(rows)) > 0; runs++ {
		k := &killable{next: sandbox.InProcess(tenant)}
		tr.client = clientWith(t, tenant.Tenant, k, qlik.Options{Timeout: 5 * time.Second})
		ctx, cancel := context.WithCancel(t.Context())
		if runs < 25 {
			time.AfterFunc(time.Duration(random.IntN(1500))*time.Millisecond, func() {
				k.dead.Store(true)
				cancel()
			})
		}
		record := func(res provision.Result) error {
			if k.dead.Load() {
				return errKilled
			}
			return tr.got.record(res)
		}
		abort := make(chan struct{})
		close(abort)
		tr.runWith(ctx, tr.left(rows), record, provision.Options{NoLookup: seed%5 == 4, Attempts: 8, Abort: abort})
		cancel()
		if runs > 40 {
			t.Fatalf("%d rows are left after %d runs: %s", len(tr.left(rows)), runs, tr.example(provision.Pending))
		}
		time.Sleep(time.Duration(random.IntN(3000)) * time.Millisecond)
	}
	tr.truth(t, rows)
	for _, row := range rows {
		want := provision.Created
		if existing[row.Number] {
			want = provision.Exists
		}
		if res := tr.got.of[row.Number]; res.Outcome != want {
			t.Errorf("row %d is %s, want %s: %+v", row.Number, res.Outcome, want, res)
		}
	}
	if n := len(tenant.Users()); n != len(rows) {
		t.Errorf("%d users for %d persons", n, len(rows))
	}
}
