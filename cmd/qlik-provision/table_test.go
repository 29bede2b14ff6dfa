package main

import (
	"testing"

	"qlik-provision/provision"
)

func TestPlanSaysHowLongItTakes(t *testing.T) {
	for writes, want := range map[int]string{
		640:    "640 writes, about 1m24s at a limit of 100/m (500 at once)",
		1:      "1 write, a few seconds at a limit of 100/m (500 at once)",
		500:    "500 writes, a few seconds at a limit of 100/m (500 at once)",
		1_000:  "1,000 writes, about 5m at a limit of 100/m (500 at once)",
		10_000: "10,000 writes, about 1h35m at a limit of 100/m (500 at once)",
	} {
		c := &config{flags: flags{rate: "100/m",
			runOptions: provision.Options{Rate: provision.DefaultRate, Burst: provision.DefaultBurst}}}
		estimate := provision.Estimate(writes, provision.DefaultRate, provision.DefaultBurst)
		if got := cost(c, provision.Plan{Create: writes, Estimate: estimate}); got != want {
			t.Errorf("%d: %s, not %s", writes, got, want)
		}
	}
}
