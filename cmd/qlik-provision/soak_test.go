package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"qlik-provision/provision/sandbox"
)

const soakRows = 200_000

// A sample is what a process holds at a moment.
type sample struct {
	at          time.Duration
	resident    int // KiB
	descriptors int
	threads     int
	goroutines  int
}

// countGoroutines in the environment names a file into which the test binary, run as the program, writes how many goroutines it has.
const countGoroutines = "QLIK_PROVISION_COUNT_GOROUTINES"

func init() {
	path := os.Getenv(countGoroutines)
	if path == "" || os.Getenv(asProgram) == "" {
		return
	}
	go func() {
		for range time.Tick(200 * time.Millisecond) {
			_ = os.WriteFile(path, strconv.AppendInt(nil, int64(runtime.NumGoroutine()), 10), 0o600) // one that is missed matters to nobody
		}
	}()
}

// connections counts those that a server has open.
type connections struct {
	mu   sync.Mutex
	open map[net.Conn]bool // guarded by mu
	most int               // guarded by mu
	all  int               // guarded by mu
}

func (c *connections) changed(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateNew:
		c.open[conn] = true
		c.all++
		c.most = max(c.most, len(c.open))
	case http.StateClosed, http.StateHijacked:
		delete(c.open, conn)
	}
}

// TestSoak runs the real program on 200,000 rows, against a sandbox over a socket of which one request in a hundred goes wrong, in every way there is.
func TestSoak(t *testing.T) {
	if os.Getenv("SOAK") == "" {
		t.Skip("make soak")
	}
	if runtime.GOOS != "linux" {
		t.Skip("it looks into /proc")
	}
	tenant := sandbox.New(sandbox.Options{Limit: sandbox.LimitOff, TokenUses: 20_000, Seed: 1})
	for _, f := range soakFaults() {
		tenant.Inject(f)
	}
	conns := &connections{open: map[net.Conn]bool{}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: tenant, ConnState: conns.changed, ErrorLog: silent()}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	p := newProgram(t, tenant)
	p.env = append(p.env, "QLIK_TENANT=http://"+listener.Addr().String())
	counts := filepath.Join(p.dir, "goroutines")
	p.env = append(p.env, countGoroutines+"="+counts)
	p.write(t, "hr.csv", soakRows)

	cmd, stderr := p.command("create", "hr.csv", "--rate", "off", "--attempts", "8", "--timeout", "5s", "--json")
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	samples := watchProcess(t, cmd, began, counts)
	took := time.Since(began)
	if code := cmd.ProcessState.ExitCode(); code != exitDone {
		t.Errorf("exit code %d\n%s", code, tail(stderr.String()))
	}
	var said summary
	if err := json.Unmarshal(stdout.Bytes(), &said); err != nil {
		t.Fatal(err)
	}
	checkSoak(t, p, tenant)
	checkFlat(t, samples)
	stats := tenant.Stats()
	t.Logf("%d rows in %v: %d created, %d exists; %d requests, %d creates, %d conflicts, %d lookups, %d looks, %d token requests, %d faults",
		said.Rows, took.Round(time.Second), said.Created, said.Exists, stats.Requests, stats.Create, stats.Conflicts, stats.Filter, stats.List, stats.Token, stats.Faulted)
	conns.mu.Lock()
	defer conns.mu.Unlock()
	t.Logf("%d connections in all, %d at once at the most, %d open after the end", conns.all, conns.most, len(conns.open))
	if took > 10*time.Minute {
		t.Errorf("it took %v", took)
	}
}

// soakFaults are one request in a hundred.
func soakFaults() []sandbox.Fault {
	faults := []sandbox.Fault{
		{Kind: sandbox.FaultStatus, Status: 500, Rate: 0.0029}, {Kind: sandbox.FaultStatus, Status: 503, Rate: 0.002, After: true},
		{Kind: sandbox.FaultReset, Rate: 0.001}, {Kind: sandbox.FaultReset, Rate: 0.001, After: true}, {Kind: sandbox.FaultCut, Rate: 0.001, After: true},
		{Kind: sandbox.FaultGarbage, Rate: 0.001, After: true}, {Kind: sandbox.FaultStatus, Status: 429, RetryAfter: "1", Rate: 0.0001},
		{Kind: sandbox.FaultDelay, Delay: 50 * time.Millisecond, Rate: 0.0009}, {Kind: sandbox.FaultHang, Rate: 0.0001},
	}
	for i := range faults {
		faults[i].On = sandbox.EndpointCreate
	}
	return append(faults, sandbox.Fault{Kind: sandbox.FaultStatus, Status: 502, On: sandbox.EndpointFilter, Rate: 0.01}, sandbox.Fault{Kind: sandbox.FaultReset, On: sandbox.EndpointList, Rate: 0.01})
}

// watchProcess samples a process every half second until it ends.
func watchProcess(t *testing.T, cmd *exec.Cmd, began time.Time, counts string) (samples []sample) {
	t.Helper()
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // its exit code is looked at
		close(ended)
	}()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return samples
		case <-tick.C:
			if s, ok := look(cmd.Process.Pid); ok {
				s.at = time.Since(began)
				if len(samples) > 0 {
					s.goroutines = samples[len(samples)-1].goroutines
				}
				if b, err := os.ReadFile(counts); err == nil && len(b) > 0 { // it may just be written
					if n, err := strconv.Atoi(string(b)); err == nil {
						s.goroutines = n
					}
				}
				samples = append(samples, s)
			}
		}
	}
}

func look(pid int) (s sample, ok bool) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return s, false
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		number, _, _ := strings.Cut(strings.TrimSpace(value), " ")
		n, err := strconv.Atoi(number)
		switch {
		case err != nil:
		case name == "VmRSS":
			s.resident = n
		case name == "Threads":
			s.threads = n
		}
	}
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	s.descriptors = len(open)
	return s, err == nil && s.resident > 0
}

// checkSoak compares the result file with the tenant, row by row.
func checkSoak(t *testing.T, p *program, tenant *sandbox.Tenant) {
	t.Helper()
	ids := make(map[string]string, soakRows)
	for _, u := range tenant.Users() {
		if ids[u.Subject] != "" {
			t.Errorf("%s is on the tenant twice", u.Subject)
		}
		ids[u.Subject] = u.ID
	}
	results := readResults(t, filepath.Join(p.dir, "hr.results.csv"))
	wrong := 0
	for i, row := range results {
		if row["row"] != fmt.Sprint(i+1) || row["outcome"] != "created" || row["user_id"] == "" || row["user_id"] != ids[row["Employee ID"]] {
			if wrong++; wrong < 10 {
				t.Errorf("row %d: %v, on the tenant %q", i+1, row, ids[row["Employee ID"]])
			}
		}
	}
	if len(results) != soakRows || len(ids) != soakRows || wrong > 0 {
		t.Errorf("%d rows, %d users, %d rows wrong", len(results), len(ids), wrong)
	}
	for _, leftover := range []string{".journal", ".lock"} {
		if _, err := os.Stat(filepath.Join(p.dir, "hr.results.csv"+leftover)); err == nil {
			t.Errorf("%s was left behind", leftover)
		}
	}
}

// checkFlat reports memory or descriptors that grow with the run: the last quarter is held against the second.
func checkFlat(t *testing.T, samples []sample) {
	t.Helper()
	if len(samples) < 20 || samples[len(samples)/2].goroutines == 0 {
		t.Fatalf("%d samples, the one in the middle %+v", len(samples), samples[len(samples)/2])
	}
	quarter := len(samples) / 4
	early, late := samples[quarter:2*quarter], samples[3*quarter:]
	for what, of := range map[string]func(sample) int{
		"resident memory, KiB": func(s sample) int { return s.resident }, "descriptors": func(s sample) int { return s.descriptors }, "threads": func(s sample) int { return s.threads },
		"goroutines": func(s sample) int { return s.goroutines },
	} {
		before, after := median(early, of), median(late, of)
		t.Logf("%s: %d in the second quarter, %d in the last, %d at the most", what, before, after, of(slices.MaxFunc(samples, func(a, b sample) int { return of(a) - of(b) })))
		if after > before*5/4+8 {
			t.Errorf("%s grows: %d, then %d", what, before, after)
		}
	}
	for i := 0; i < len(samples); i += max(1, len(samples)/12) {
		s := samples[i]
		t.Logf("%6v  %4d MiB  %3d descriptors  %2d threads  %3d goroutines", s.at.Round(time.Second), s.resident>>10, s.descriptors, s.threads, s.goroutines)
	}
}

func median(samples []sample, of func(sample) int) int {
	values := make([]int, len(samples))
	for i, s := range samples {
		values[i] = of(s)
	}
	return middle(values)
}

func tail(text string) string { return text[max(0, len(text)-2000):] }
