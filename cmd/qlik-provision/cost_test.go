package main

import (
	"testing"
	"time"

	"qlik-provision/provision"
)

// Which way of counting a tenant has is not published, so a plan gives both ends where they are apart.
func TestAPlanSaysHowLongItTakes(t *testing.T) {
	for creates, want := range map[int]string{
		640:    "640 creates, about 1 min 24 s at a limit of 100/m (500 at once); up to 5 min where the tenant counts in windows",
		1:      "1 create, a few seconds at a limit of 100/m (500 at once)",
		500:    "500 creates, a few seconds at a limit of 100/m (500 at once)",
		501:    "501 creates, a few seconds at a limit of 100/m (500 at once); up to 5 min where the tenant counts in windows",
		700:    "700 creates, about 2 min at a limit of 100/m (500 at once); up to 5 min where the tenant counts in windows",
		1_000:  "1,000 creates, about 5 min at a limit of 100/m (500 at once)",
		10_000: "10,000 creates, about 1 h 35 min at a limit of 100/m (500 at once)",
	} {
		c := &config{flags: flags{rate: "100/m", burst: provision.DefaultBurst}, run: provision.Options{Rate: provision.DefaultRate, Burst: provision.DefaultBurst}}
		if got := (&summary{Pending: creates}).cost(c); got != want {
			t.Errorf("%d: %s, not %s", creates, got, want)
		}
	}
	if got, want := spelled(84*time.Second), "1 min 24 s"; got != want {
		t.Errorf("%s, not %s", got, want)
	}
}
