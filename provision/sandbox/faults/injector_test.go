package faults

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"qlik-provision/provision/sandbox"
)

func TestConditions(t *testing.T) {
	fault := func(f Fault) Fault { f.Kind, f.Status = Status, 500; return f }
	about := func(subjects ...string) []Fault { return []Fault{fault(Fault{Subjects: subjects})} }
	const filter = "POST /api/v1/users/actions/filter "
	for _, test := range []struct {
		name   string
		faults []Fault
		steps  []string // subjects to create, or requests
		want   string
	}{
		{"skip, then times", []Fault{fault(Fault{Skip: 1, Times: 2})}, []string{"a", "b", "c", "d"}, "201 500 500 201"},
		{"endpoint", []Fault{fault(Fault{On: sandbox.EndpointFilter})},
			[]string{"a", filter + `{"filter":"subject eq \"a\""}`}, "201 500"},
		{"subject of a create", about("b", "c"), []string{"a", "b", "B", "c"}, "201 500 201 500"},
		{"subject in a filter", about(`q"`), []string{
			filter + `{"filter":"subject eq \"a\""}`,
			filter + `{"filter":"subject eq \"a\" or (subject eq \"q\\\"\")"}`,
			filter + `{"filter":"email eq \"q\\\"\""}`,
		}, "200 500 200"},
		{"ID in a filter", about("old"), []string{filter + `{"filter":"id eq \"5f\""}`}, "500"},
		{"subject in a list", about("old"),
			[]string{"GET /api/v1/users?filter=subject+eq+%22old%22", "GET /api/v1/users"}, "500 200"},
		{"subject of a user", about("old"),
			[]string{"PATCH /api/v1/users/5f []", "DELETE /api/v1/users/5f", "DELETE /api/v1/users/60"}, "500 500 404"},
		{"no subject", about("a"), []string{
			`POST /api/v1/users {"subject":`, `POST /api/v1/users {"name":"a"}`, "GET /api/v1/roles",
		}, "400 400 200"},
		{"the first that applies", []Fault{about("b")[0], {Kind: Status, Status: 503}}, []string{"a", "b"}, "503 500"},
		{"one that is used up", []Fault{fault(Fault{Times: 1}), {Kind: Status, Status: 503, Times: 1}},
			[]string{"a", "a", "a"}, "500 503 201"},
		{"after spares requests that are not accepted", []Fault{fault(Fault{After: true})},
			[]string{"a", "b", "c"}, "500 500 429"},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := sandbox.Options{}
			if strings.HasSuffix(test.want, "429") {
				o.Tier2 = sandbox.Budget{Requests: 2, Window: time.Hour}
			}
			i := newInjector(o, 0)
			c := inProcess(t, i)
			for _, f := range test.faults {
				i.Inject(f)
			}
			var got []string
			for _, step := range test.steps {
				parts := append(strings.SplitN(step, " ", 3), "", "")
				if parts[1] == "" {
					parts = []string{"POST", "/api/v1/users", `{"subject":"` + step + `"}`}
				}
				got = append(got, c.do(time.Minute, parts[0], parts[1], parts[2]).String())
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("%v, want %s", got, test.want)
			}
		})
	}
}

func TestRateIsDrawnWithSeed(t *testing.T) {
	run := func(seed uint64) (struck string) {
		i := newInjector(sandbox.Options{Limit: sandbox.LimitOff}, seed)
		c := inProcess(t, i)
		i.Inject(Fault{Kind: Status, Rate: 0.25})
		for range 1000 {
			if c.send(sandbox.EndpointList, "").status == 200 {
				struck += "."
			} else {
				struck += "x"
			}
		}
		return struck
	}
	first := run(1)
	if n := strings.Count(first, "x"); n < 180 || n > 320 {
		t.Errorf("%d of 1000 at a rate of 0.25", n)
	}
	if run(1) != first {
		t.Error("the same seed strikes other requests")
	}
	if run(2) == first {
		t.Error("another seed strikes the same requests")
	}
}

func TestFaultLastsFromFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newInjector(sandbox.Options{}, 0)
		c := inProcess(t, i)
		i.Inject(Fault{Kind: Reset, From: time.Minute, For: 2 * time.Minute})
		began := time.Now()
		for _, test := range []struct {
			at   time.Duration
			want string
		}{{time.Minute - 1, "201"}, {time.Minute, "reset"}, {3*time.Minute - 1, "reset"}, {3 * time.Minute, "201"}} {
			time.Sleep(test.at - time.Since(began))
			if got := c.create(test.at.String()).String(); got != test.want {
				t.Errorf("at %v: %s, want %s", test.at, got, test.want)
			}
		}
	})
}

func TestWaitsAreExactAndEndWithRequest(t *testing.T) {
	for _, test := range []struct {
		name    string
		fault   Fault
		timeout time.Duration
		took    time.Duration
		want    string
		users   int // created
	}{
		{"no fault", Fault{Times: 1, Skip: 1}, time.Minute, time.Second, "201", 1},
		{"canceled in the latency", Fault{Times: 1, Skip: 1}, time.Millisecond, time.Millisecond, "timeout", 1},
		{"hang", Fault{Kind: Hang}, time.Minute, time.Minute, "timeout", 0},
		{"delay", Fault{Delay: 3 * time.Second}, time.Minute, 4 * time.Second, "201", 1},
		{"canceled in a delay", Fault{Delay: 3 * time.Second}, 2 * time.Second, 2 * time.Second, "timeout", 0},
		{"delay after", Fault{Delay: 3 * time.Second, After: true}, time.Minute, 4 * time.Second, "201", 1},
		{"canceled in a delay after", Fault{Delay: 3 * time.Second, After: true}, 2 * time.Second, 2 * time.Second,
			"timeout", 1},
		{"status", Fault{Kind: Status, Delay: 3 * time.Second}, time.Minute, 4 * time.Second, "500", 0},
		{"canceled before", Fault{Kind: Status}, 0, 0, "timeout", 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			i := newInjector(sandbox.Options{Latency: time.Second}, 0)
			i.Inject(test.fault)
			began := time.Now()
			a := inProcess(t, i).sendFor(test.timeout, sandbox.EndpointCreate, "a")
			if took := time.Since(began); took != test.took || a.String() != test.want || i.Stats().Created != test.users {
				t.Errorf("%s: %s after %v, %d created", test.name, a, took, i.Stats().Created)
			}
		})
	}
}

func TestLargeBodiesReachTheTenant(t *testing.T) {
	for name, dial := range dials {
		i := newInjector(sandbox.Options{}, 0)
		if a := dial(t, i).create(strings.Repeat("x", 2<<20)); a.status != 413 {
			t.Errorf("%s: %s", name, a)
		}
	}
}
