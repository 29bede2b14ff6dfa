package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"qlik-provision/provision/sandbox"
)

// matrixTimeout is that of a request in the matrix: long enough for every answer that comes, with the race detector on a busy machine.
const matrixTimeout = time.Second

// A cell of the matrix: one fault, always there, at one endpoint, before or after the effect. Of the three rows only the second meets it at the users' endpoints.
type cell struct {
	fault sandbox.Fault

	exit    int
	outcome string // of the second row
	others  string // of the first and the third
	creates int    // at most
	all     int    // requests, at most
}

func (c cell) name() string {
	when := "before"
	if c.fault.After {
		when = "after"
	}
	return fmt.Sprintf("%s/%s/%s", c.fault.On, c.fault.Kind, when)
}

// met is what the second row meets.
const met = "00001"

// matrix is every fault at every endpoint that a run speaks to, before and after its effect, with what must come of it.
func matrix() []cell {
	kinds := []sandbox.Fault{
		{Kind: sandbox.FaultStatus, Status: 500}, {Kind: sandbox.FaultStatus, Status: 503, NoBody: true}, {Kind: sandbox.FaultDelay, Delay: 3 * matrixTimeout},
		{Kind: sandbox.FaultReset}, {Kind: sandbox.FaultHang}, {Kind: sandbox.FaultCut}, {Kind: sandbox.FaultGarbage}, {Kind: sandbox.FaultDrip}, {Kind: sandbox.FaultEndless},
		{Kind: sandbox.FaultNested}, {Kind: sandbox.FaultGzipBomb}, {Kind: sandbox.FaultLongHeader}, {Kind: sandbox.FaultTokenDies}, {Kind: sandbox.FaultRedirect, Location: "https://elsewhere.example.com/"},
	}
	var cells []cell
	for _, f := range kinds {
		for _, on := range []sandbox.Endpoint{sandbox.EndpointToken, sandbox.EndpointFilter, sandbox.EndpointCreate, sandbox.EndpointList} {
			for _, after := range []bool{false, true} {
				f.On, f.After, f.Subjects = on, after, nil
				if on == sandbox.EndpointCreate || on == sandbox.EndpointList {
					f.Subjects = []string{met}
				}
				cells = append(cells, expect(f))
			}
		}
	}
	return cells
}

// expect is what the contract says of a fault.
func expect(f sandbox.Fault) cell {
	c := cell{fault: f, exit: exitDone, outcome: "created", others: "created", creates: 3, all: 12}
	refused := f.Kind == sandbox.FaultTokenDies // 401, with a fresh token as well
	foreign := f.Kind == sandbox.FaultRedirect
	switch f.On {
	case sandbox.EndpointToken: // no token, no run
		c.exit, c.outcome, c.others, c.creates = exitRun, "pending", "pending", 0
		if refused || foreign {
			c.all = 2
		}
	case sandbox.EndpointFilter: // a run goes on without lookups
		if refused {
			c.exit, c.outcome, c.others, c.creates = exitRun, "pending", "pending", 0
		}
	case sandbox.EndpointCreate:
		switch c.creates = 4; {
		case refused, foreign:
			c.exit, c.outcome, c.others = exitRun, "pending", ""
			c.creates = 6
		case !f.After:
			c.exit, c.outcome = exitRows, "failed"
		}
	case sandbox.EndpointList: // the 409 of somebody who is there
		c.exit, c.outcome = exitRows, "pending"
		if refused {
			c.exit, c.others = exitRun, ""
			c.creates = 6 // those in flight are sent again with the next token
		}
	}
	return c
}

func TestEveryFaultAtEveryEndpointEndsAsTheContractSays(t *testing.T) {
	places := make(chan struct{}, 8) // most of a run's time is spent waiting
	var results []func(*testing.T)
	cells := matrix()
	for _, c := range cells {
		done := make(chan func(*testing.T), 1)
		p, tenant := c.prepare(t)
		go func() {
			places <- struct{}{}
			defer func() { <-places }()
			done <- c.run(p, tenant)
		}()
		results = append(results, func(t *testing.T) { (<-done)(t) })
	}
	for i, c := range cells {
		t.Run(c.name(), results[i])
	}
}

func (c cell) prepare(t *testing.T) (*program, *sandbox.Tenant) {
	tenant := sandbox.New(sandbox.Options{Limit: sandbox.LimitOff})
	if c.fault.On == sandbox.EndpointList {
		tenant.Add(sandbox.User{Subject: met, Name: "Person 1"})
	}
	tenant.Inject(c.fault)
	p := newProgram(t, tenant)
	p.write(t, "hr.csv", 3)
	return p, tenant
}

// run runs the program, and gives back what checks how it ended.
func (c cell) run(p *program, tenant *sandbox.Tenant) func(*testing.T) {
	patience := "1m"
	if c.fault.On == sandbox.EndpointToken {
		patience = "3s" // which is how such a run ends
	}
	args := []string{"create", "hr.csv", "--timeout", matrixTimeout.String(), "--attempts", "2", "--patience", patience, "--json"}
	if c.fault.On == sandbox.EndpointList {
		args = append(args, "--no-lookup")
	}
	cmd, stderr := p.command(args...)
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	began := time.Now()
	err := cmd.Run()
	took := time.Since(began)
	return func(t *testing.T) {
		code := exitCode(t, err)
		if code != c.exit {
			t.Errorf("exit code %d, not %d", code, c.exit)
		}
		c.checkRows(t, p, tenant)
		var said summary
		if err := json.Unmarshal(stdout.Bytes(), &said); err != nil || said.Exit != code || said.Rows != 3 || (said.Error == "") != (code == 0) {
			t.Errorf("--json says %q (%v)", stdout.String(), err)
		}
		text := stderr.String()
		for _, line := range []string{"\nerror: ", "\nhint: "} {
			if strings.Contains(text, line) != (code != 0) {
				t.Errorf("a line %q: %v", line, code == 0)
			}
		}
		stats := tenant.Stats()
		if stats.Create > c.creates || stats.Requests > c.all {
			t.Errorf("%d creates (at most %d), %d requests (at most %d)", stats.Create, c.creates, stats.Requests, c.all)
		}
		if took > 45*time.Second {
			t.Errorf("it took %v", took)
		}
		if t.Failed() {
			t.Logf("%+v in %v\n%s", stats, took, text)
		}
	}
}

// checkRows compares the result file with what is expected, and with the tenant.
func (c cell) checkRows(t *testing.T, p *program, tenant *sandbox.Tenant) {
	ids := map[string][]string{}
	for _, u := range tenant.Users() {
		ids[u.Subject] = append(ids[u.Subject], u.ID)
	}
	for i, row := range readResults(t, filepath.Join(p.dir, "hr.results.csv")) {
		want := c.others
		if row["Employee ID"] == met {
			want = c.outcome
		}
		if want != "" && row["outcome"] != want {
			t.Errorf("row %d is %s, not %s: %s", i+1, row["outcome"], want, row["message"])
		}
		there := ids[row["Employee ID"]]
		switch row["outcome"] {
		case "created", "exists":
			if !slices.Equal(there, []string{row["user_id"]}) {
				t.Errorf("row %d is %s as %s, on the tenant it is %v", i+1, row["outcome"], row["user_id"], there)
			}
		case "failed":
			if len(there) > 0 {
				t.Errorf("row %d is failed, and on the tenant", i+1)
			}
		}
		if len(there) > 1 {
			t.Errorf("row %d is on the tenant %d times", i+1, len(there))
		}
	}
}
