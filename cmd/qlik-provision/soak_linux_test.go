package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"qlik-provision/provision/sandbox"
	"qlik-provision/provision/sandbox/faults"
)

const soakRows = 200_000

// countGoroutines in the environment names a file into which the test binary, run as the program, writes how many
// goroutines it has.
const countGoroutines = "QLIK_PROVISION_COUNT_GOROUTINES"

func init() {
	path := os.Getenv(countGoroutines)
	if path == "" || os.Getenv(asProgram) == "" {
		return
	}
	go func() {
		for range time.Tick(200 * time.Millisecond) {
			_ = os.WriteFile(path, strconv.AppendInt(nil, int64(runtime.NumGoroutine()), 10), 0o600)
		}
	}()
}

// A sample is what a process holds at a moment.
type sample struct {
	at          time.Duration
	resident    int // KiB
	descriptors int
	threads     int
	goroutines  int
}

// connections counts the connections of a server.
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

// TestSoak runs the program on 200,000 rows, against a sandbox that fails one request in a hundred in every way there
// is. It demands that every person is created once, and that the program holds no more at its end than in its middle.
func TestSoak(t *testing.T) {
	if os.Getenv("SOAK") == "" {
		t.Skip("make soak")
	}
	tenant := newTenant(sandbox.Options{TokenUses: 20_000}, soakFaults()...)
	p := newProgram(t, tenant)
	conns := &connections{open: map[net.Conn]bool{}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: tenant, ConnState: conns.changed, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	counts := p.file("goroutines")
	p.env = append(p.env, "QLIK_TENANT=http://"+listener.Addr().String(), countGoroutines+"="+counts)
	p.write(t, "hr.csv", soakRows)

	c := p.command("create", "hr.csv", "--rate", "off", "--attempts", "8", "--timeout", "5s", "-q")
	began := time.Now()
	c.start(t)
	samples := watchProcess(c, began, counts)
	took := time.Since(began)
	if code := c.ProcessState.ExitCode(); code != exitDone {
		t.Errorf("exit code %d\n%s", code, &c.stderr)
	}
	if n := checkCreated(t, p, tenant); n != soakRows {
		t.Errorf("%d users", n)
	}
	for _, left := range []string{".journal", ".lock"} {
		if _, err := os.Stat(p.file("hr.results.csv" + left)); err == nil {
			t.Errorf("hr.results.csv%s was left behind", left)
		}
	}
	checkFlat(t, samples)
	conns.mu.Lock()
	defer conns.mu.Unlock()
	t.Logf("%v: %d connections, %d at once, %d open after the end; %+v", took.Round(time.Second), conns.all, conns.most,
		len(conns.open), tenant.Stats())
	if took > 10*time.Minute {
		t.Errorf("it took %v", took)
	}
}

// soakFaults strike one request in a hundred.
func soakFaults() []faults.Fault {
	list := []faults.Fault{
		{Kind: faults.Status, Status: 500, Rate: 0.0029}, {Kind: faults.Status, Status: 503, Rate: 0.002, After: true},
		{Kind: faults.Reset, Rate: 0.001}, {Kind: faults.Reset, Rate: 0.001, After: true},
		{Kind: faults.Cut, Rate: 0.001, After: true}, {Kind: faults.Garbage, Rate: 0.0005, After: true},
		{Kind: faults.WrongAnswer, Rate: 0.0003}, {Kind: faults.OKInstead, Rate: 0.0002},
		{Kind: faults.Status, Status: 429, RetryAfter: "1", Rate: 0.0001},
		{Kind: faults.Delay, Delay: 50 * time.Millisecond, Rate: 0.0009}, {Kind: faults.Hang, Rate: 0.0001},
	}
	for i := range list {
		list[i].On = sandbox.EndpointCreate
	}
	return append(list, faults.Fault{Kind: faults.Status, Status: 502, On: sandbox.EndpointFilter, Rate: 0.01},
		faults.Fault{Kind: faults.Reset, On: sandbox.EndpointList, Rate: 0.01})
}

// watchProcess samples a process every half second until it ends.
func watchProcess(c *process, began time.Time, counts string) (samples []sample) {
	ended := make(chan struct{})
	go func() {
		_ = c.Wait() // its exit code is checked
		close(ended)
	}()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return samples
		case <-tick.C:
		}
		s, ok := sampleOf(c.Process.Pid)
		if !ok {
			continue
		}
		s.at = time.Since(began)
		if b, err := os.ReadFile(counts); err == nil {
			s.goroutines, _ = strconv.Atoi(string(b)) // 0 where the file is just written
		}
		if s.goroutines == 0 && len(samples) > 0 {
			s.goroutines = samples[len(samples)-1].goroutines
		}
		samples = append(samples, s)
	}
}

func sampleOf(pid int) (s sample, ok bool) {
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

// checkFlat reports what grows with the run: the last quarter is compared with the second.
func checkFlat(t *testing.T, samples []sample) {
	t.Helper()
	if len(samples) < 20 || samples[len(samples)/2].goroutines == 0 {
		t.Fatalf("%d samples", len(samples))
	}
	quarter := len(samples) / 4
	for what, of := range map[string]func(sample) int{
		"resident memory, KiB": func(s sample) int { return s.resident },
		"descriptors":          func(s sample) int { return s.descriptors },
		"threads":              func(s sample) int { return s.threads },
		"goroutines":           func(s sample) int { return s.goroutines },
	} {
		values := make([]int, len(samples))
		for i, s := range samples {
			values[i] = of(s)
		}
		before, after := median(values[quarter:2*quarter]), median(values[3*quarter:])
		t.Logf("%s: %d in the second quarter, %d in the last", what, before, after)
		if after > before*5/4+8 {
			t.Errorf("%s grows: %d, then %d", what, before, after)
		}
	}
	for i := 0; i < len(samples); i += max(1, len(samples)/12) {
		s := samples[i]
		t.Logf("%6v  %4d MiB  %3d descriptors  %2d threads  %3d goroutines", s.at.Round(time.Second), s.resident>>10,
			s.descriptors, s.threads, s.goroutines)
	}
}
