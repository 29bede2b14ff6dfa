package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"qlik-provision/provision/sandbox"
)

// quickExit keeps the race detector from its second of sleep at the end of every program.
const quickExit = "GORACE=atexit_sleep_ms=0"

// A program is the test binary run as the program (see TestMain), with a tenant in its environment.
type program struct {
	path string
	dir  string
	env  []string
}

func newProgram(t *testing.T, tenant *sandbox.Tenant) *program {
	t.Helper()
	server := httptest.NewServer(tenant)
	t.Cleanup(server.Close)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return &program{path: self, dir: t.TempDir(), env: append(os.Environ(), asProgram+"=1", quickExit,
		"QLIK_TENANT="+server.URL, "QLIK_CLIENT_ID="+tenant.ClientID(), "QLIK_CLIENT_SECRET="+tenant.ClientSecret(), "NO_PROXY=*")}
}

func (p *program) command(args ...string) (*exec.Cmd, *bytes.Buffer) {
	cmd := exec.Command(p.path, args...)
	cmd.Dir, cmd.Env = p.dir, p.env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	return cmd, &stderr
}

func (p *program) write(t testing.TB, name string, rows int) string {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("Employee ID,Name,Email\n")
	for i := range rows {
		fmt.Fprintf(&b, "%05d,Person %d,p%d@example.com\n", i, i, i)
	}
	path := filepath.Join(p.dir, name)
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestNothingIsLostWhenTheProcessIsKilled(t *testing.T) {
	const rows, kills, workers = 2000, 50, 16
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	draw := rand.New(rand.NewPCG(seed, 0))
	tenant := sandbox.New(sandbox.Options{Limit: sandbox.LimitOff, Latency: 20 * time.Millisecond})
	p := newProgram(t, tenant)
	p.write(t, "hr.csv", rows)
	began := time.Now()
	killed := 0
	for done := false; !done; {
		args := []string{"retry", "hr.results.csv", "-q", "--rate", "off", "--workers", fmt.Sprint(workers)}
		if _, err := os.Stat(filepath.Join(p.dir, "hr.results.csv")); err != nil {
			args[0], args[1] = "create", "hr.csv"
		}
		var kill func() bool
		if early := draw.IntN(4) == 0; early { // while the files are read and written
			at := time.Now().Add(time.Duration(draw.Int64N(int64(40 * time.Millisecond))))
			kill = func() bool { return killed < kills && time.Now().After(at) }
		} else { // in the middle of it: all these together leave something for the last run
			creates := tenant.Stats().Create + draw.IntN(60)
			kill = func() bool { return killed < kills && tenant.Stats().Create >= creates }
		}
		if done = p.runUntil(t, kill, args...); !done {
			killed++
		}
	}

	stats := tenant.Stats()
	t.Logf("%d kills in %v: %d creates for %d people, %d of them 409, %d lookups, %d token requests",
		killed, time.Since(began).Round(time.Millisecond), stats.Create, rows, stats.Conflicts, stats.Filter, stats.Token)
	if extra := stats.Create - rows; extra > workers*killed {
		t.Errorf("%d creates more than people: more than one for each worker and kill", extra)
	}
	ids := map[string]string{}
	for _, u := range tenant.Users() {
		if ids[u.Subject] != "" {
			t.Errorf("%s is on the tenant twice", u.Subject)
		}
		ids[u.Subject] = u.ID
	}
	results := readResults(t, filepath.Join(p.dir, "hr.results.csv"))
	if len(results) != rows || len(ids) != rows {
		t.Errorf("%d rows in the file and %d users, for %d people", len(results), len(ids), rows)
	}
	outcomes := map[string]int{}
	for i, row := range results {
		outcomes[row["outcome"]]++
		if row["row"] != fmt.Sprint(i+1) || row["user_id"] != ids[row["Employee ID"]] || row["outcome"] != "created" && row["outcome"] != "exists" {
			t.Errorf("row %d: %v", i+1, row)
		}
	}
	t.Logf("outcomes: %v", outcomes)
	for _, leftover := range []string{"hr.results.csv.journal", "hr.results.csv.lock"} {
		if _, err := os.Stat(filepath.Join(p.dir, leftover)); err == nil {
			t.Errorf("%s was left behind", leftover)
		}
	}
}

// runUntil runs the program, and kills it when kill says so. It reports whether the run ended by itself, which it must do well.
func (p *program) runUntil(t *testing.T, kill func() bool, args ...string) (ended bool) {
	t.Helper()
	cmd, stderr := p.command(args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	end := make(chan error, 1)
	go func() { end <- cmd.Wait() }()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-end:
			if err != nil {
				t.Fatalf("%v ended with %v\n%s", args, err, stderr)
			}
			return true
		case <-tick.C:
			if !kill() {
				continue
			}
			// Where it has just ended by itself, there is nobody left to kill.
			_ = cmd.Process.Kill()
			return <-end == nil
		}
	}
}
