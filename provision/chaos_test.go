package provision_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"qlik-provision/provision"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/sandbox"
)

func TestEverybodyIsCreatedOnceWhateverGoesWrong(t *testing.T) {
	if testing.Short() {
		t.Skip("10,000 rows")
	}
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			synctest.Test(t, func(t *testing.T) {
				tr, _ := watched(t, sandbox.Options{Latency: latency, TokenUses: 400, Lag: 2 * time.Second, Seed: seed}, qlik.Options{Timeout: 5 * time.Second})
				for _, f := range []sandbox.Fault{
					{Kind: sandbox.FaultStatus, Status: 500, Rate: 0.05},
					{Kind: sandbox.FaultReset, Rate: 0.03},
					{Kind: sandbox.FaultStatus, Status: 503, Rate: 0.03, After: true},
					{Kind: sandbox.FaultReset, Rate: 0.03, After: true},
					{Kind: sandbox.FaultCut, Rate: 0.01, After: true},
				} {
					f.On = sandbox.EndpointCreate
					tr.tenant.Inject(f)
				}
				rows := people(10_000)
				tr.run(t.Context(), rows, provision.Options{Attempts: 8})
				tr.check(t, rows)
				tr.states(t, rows, map[provision.State]int{provision.Created: len(rows)})
				s := tr.tenant.Stats()
				t.Logf("%d creates, %d conflicts, %d of 429, %d looks, %d lookups, %d token requests, %d of 401; %v simulated",
					s.Create, s.Conflicts, s.TooManyTier2, s.List, s.Filter, s.Token, s.Unauthorized, tr.took)
				if s.Created != len(rows) {
					t.Errorf("%d users were created", s.Created)
				}
				if most := len(rows) * 5 / 4; s.Create > most {
					t.Errorf("%d creates, want at most %d", s.Create, most)
				}
			})
			t.Logf("%v in fact", time.Since(began).Round(time.Millisecond))
		})
	}
}
