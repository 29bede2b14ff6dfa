package main

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"qlik-provision/provision"
)

func TestProgressSaysWhatTheRunWaitsFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		for _, test := range []struct {
			progress provision.Progress
			want     string
		}{
			{provision.Progress{Finished: 40, Failed: 2, Waiting: provision.ReasonLimit,
				Until: now.Add(251500 * time.Millisecond), TimeLeft: 400 * time.Second},
				"waiting 4m12s for the tenant's rate limit, 2 failed, about 6m40s left, 40 of 90 rows"},
			{provision.Progress{Waiting: provision.ReasonDown}, "waiting for the tenant to answer again, 0 of 90 rows"},
			{provision.Progress{Finished: 40, Failed: 1866, TimeLeft: 90 * time.Minute},
				"20.0/s, 1,866 failed, about 1h30m left, 40 of 90 rows"},
			{provision.Progress{Finished: 1}, "0.5/s, 1 of 90 rows"},
			{provision.Progress{}, "0 of 90 rows"},
		} {
			p := &progress{total: 90, began: now.Add(-2 * time.Second)}
			if got := p.words(test.progress); got != test.want {
				t.Errorf("%+v: %q, not %q", test.progress, got, test.want)
			}
		}
	})
}

func TestProgressIsALineNowAndThenWithoutATerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said strings.Builder
		stop := newOutput(&said).follow(t.Context(), func() provision.Progress { return provision.Progress{} }, 10)
		time.Sleep(178 * time.Second)
		stop()
		time.Sleep(time.Minute) // no line comes later
		lines := strings.Count(said.String(), "\n")
		if want := 17; lines != want || !strings.HasPrefix(said.String(), "0 of 10 rows\n") {
			t.Errorf("%d lines, not %d:\n%s", lines, want, said.String())
		}
	})
}

func TestDurationsAreWrittenForPeople(t *testing.T) {
	for typed, want := range map[string]string{
		"0s": "0.0s", "1.24s": "1.2s", "9.9s": "9.9s", "12.3s": "12s", "75s": "1m15s",
		"5m": "5m", "2h5m29s": "2h5m", "3h": "3h0m",
	} {
		d, err := time.ParseDuration(typed)
		if got := duration(d); got != want || err != nil {
			t.Errorf("%v: %s, not %s (%v)", typed, got, want, err)
		}
	}
}

func TestInterruptedRunSaysThatItWaits(t *testing.T) {
	for took, want := range map[time.Duration]int{0: 0, time.Second: 1} {
		synctest.Test(t, func(t *testing.T) {
			var said strings.Builder
			ctx, cancel := context.WithCancel(t.Context())
			stop := newOutput(&said).follow(ctx, func() provision.Progress { return provision.Progress{} }, 10)
			cancel()
			synctest.Wait()
			time.Sleep(took)
			stop()
			if n := strings.Count(said.String(), "interrupted: waiting for requests in flight"); n != want {
				t.Errorf("a run that ended after %v said so %d times, not %d", took, n, want)
			}
		})
	}
}
