package main

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"qlik-provision/provision"
)

func TestProgressSaysWhatTheRunWaitsFor(t *testing.T) {
	now := time.Now()
	waiting := provision.Progress{Finished: 40, Failed: 2, Waiting: provision.ReasonLimit,
		Until:    now.Add(252 * time.Second),
		TimeLeft: 400 * time.Second, UpperBound: true}
	going := provision.Progress{Finished: 40, Failed: 2, TimeLeft: 90 * time.Minute}
	paced := provision.Progress{Waiting: provision.ReasonPace, Until: now.Add(time.Second)}
	for _, test := range []struct {
		progress provision.Progress
		terminal bool
		wide     bool
		want     string
	}{
		{waiting, true, true, "waiting 4m12s for the tenant's rate limit, 2 failed"},
		{waiting, true, false, "waiting 4m12s"},
		{waiting, false, true, "waiting 4m12s for the tenant's rate limit, 2 failed, at most 6m40s left"},
		{going, true, true, "20/s, 2 failed, about 1h30m left"},
		{going, true, false, "2 failed ~1h30m"},
		{paced, true, true, ""},
		{provision.Progress{}, true, true, ""},
	} {
		p := &progress{out: &output{cursor: test.terminal}, total: 100, began: now,
			past: []mark{{now.Add(-2 * time.Second), 0}}}
		if got := p.words(test.progress, now, test.wide); got != test.want {
			t.Errorf("%+v, wide %v: %q, not %q", test.progress, test.wide, got, test.want)
		}
	}
}

func TestSpeedIsThatOfTheLastSeconds(t *testing.T) {
	var p progress
	began := time.Now()
	for _, test := range []struct {
		after   time.Duration
		settled int
		want    string
	}{
		{0, 0, ""}, {500 * time.Millisecond, 5, ""}, {5 * time.Second, 100, "20/s"}, {15 * time.Second, 100, ""},
		{20 * time.Second, 101, "4/min"}, {25 * time.Second, 121, "2/s"},
	} {
		if got := p.speed(test.settled, began.Add(test.after)); got != test.want {
			t.Errorf("after %v: %q, not %q", test.after, got, test.want)
		}
	}
}

func TestBarIsNoWiderThanAnyTerminal(t *testing.T) {
	for _, total := range []int{1, 27, 2000, 1_000_000} {
		for columns := 1; columns <= 200; columns++ {
			var drawn bytes.Buffer
			p := &progress{out: &output{w: &drawn}, total: total, columns: columns}
			if p.room() < 0 {
				if columns >= 40 {
					t.Errorf("%d rows on %d columns have no bar", total, columns)
				}
				continue
			}
			p.bar = p.newBar()
			for _, words := range []string{"", "short", strings.Repeat("ü", 300)} {
				p.bar.Describe(p.fit(words))
				for _, n := range []int{0, total / 2, total} {
					if err := p.bar.Set(n); err != nil {
						t.Fatal(err)
					}
				}
			}
			for line := range strings.SplitSeq(drawn.String(), "\r") {
				if n := utf8.RuneCountInString(line); n > columns {
					t.Errorf("%d rows on %d columns: a line of %d: %q", total, columns, n, line)
				}
			}
		}
	}
}

func TestLinesOfProgressGetRarerAfterAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said strings.Builder
		stop := newOutput(&said).follow(func() provision.Progress { return provision.Progress{} }, 10)
		time.Sleep(178 * time.Second)
		stop()
		time.Sleep(time.Minute) // no line comes later
		lines := strings.Count(said.String(), "\n")
		if want := 12 + 12; lines != want || !strings.HasPrefix(said.String(), "0 of 10 rows, 0%\n") {
			t.Errorf("%d lines, not %d:\n%s", lines, want, said.String())
		}
	})
}

func TestDurationsAreWrittenForPeople(t *testing.T) {
	for seconds, want := range map[float64]string{
		0: "0.0s", 1.24: "1.2s", 9.9: "9.9s", 10: "10s", 12.3: "13s", 75: "1m15s", 3900: "1h05m",
	} {
		if got := duration(seconds); got != want {
			t.Errorf("%v: %s, not %s", seconds, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		84 * time.Second: "1 min 24 s", 5 * time.Minute: "5 min", 2*time.Hour + 5*time.Minute + 29*time.Second: "2 h 5 min",
	} {
		if got := spelled(d); got != want {
			t.Errorf("%v: %s, not %s", d, got, want)
		}
	}
}
