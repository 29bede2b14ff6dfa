package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"qlik-provision/provision/sandbox"
	"qlik-provision/report"
)

// speedPeople are created at a time by BenchmarkCreate, with speedWorkers.
const (
	speedPeople  = 30_000
	speedWorkers = 16
	speedKey     = "the-key-of-a-sandbox"
)

// BenchmarkCreate has programs create 30,000 users on one server over a socket, by turns: ours, and a bare loop around net/http that keeps nothing. Each
// ratio is that of their users a second, one turn beside the other, and the median of all turns:
//
//   - ratio counts from the start of the program to its last outcome: the export read and checked, the ledger, lookups, creates, journal;
//   - run-ratio from its first request to its last outcome;
//   - exit-ratio from its start to its exit, with the journal merged and the summary made.
//
// A tenant is spoken to by HTTP/2 over TLS, a sandbox by plain HTTP/1.1.
func BenchmarkCreate(b *testing.B) {
	b.Run("tenant", func(b *testing.B) {
		if runtime.GOOS != "linux" {
			b.Skip("elsewhere the system's own store says whom to trust")
		}
		benchmarkCreate(b, func(server *httptest.Server) {
			server.EnableHTTP2 = true // and no other
			server.StartTLS()
		})
	})
	b.Run("sandbox", func(b *testing.B) { benchmarkCreate(b, (*httptest.Server).Start) })
}

func benchmarkCreate(b *testing.B, start func(*httptest.Server)) {
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	p := &program{path: self, dir: b.TempDir()}
	export := p.write(b, "hr.csv", speedPeople)
	var bare, ours, ratio, runRatio, exitRatio []float64
	for b.Loop() {
		for range 5 {
			loop, _, _ := p.creates(b, start, asBareLoop)
			whole, began, out := p.creates(b, start, asProgram, "create", export, "--overwrite", "--rate", "off", "--workers", strconv.Itoa(speedWorkers), "-q", "--json")
			var said summary
			if err := json.Unmarshal(out, &said); err != nil {
				b.Fatal(err)
			}
			total, err := report.Summarize(said.Results)
			if err != nil {
				b.Fatal(err)
			}
			took := total.Last.Sub(began)
			bare, ours = append(bare, speedPeople/loop.Seconds()), append(ours, speedPeople/took.Seconds())
			ratio = append(ratio, loop.Seconds()/took.Seconds())
			runRatio = append(runRatio, loop.Seconds()/said.Seconds)
			exitRatio = append(exitRatio, loop.Seconds()/whole.Seconds())
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(middle(ours), "users/s")
	b.ReportMetric(middle(bare), "bare-users/s")
	b.ReportMetric(middle(ratio), "ratio")
	b.ReportMetric(middle(runRatio), "run-ratio")
	b.ReportMetric(middle(exitRatio), "exit-ratio")
}

// middle is the median of values, which it sorts.
func middle[T cmp.Ordered](values []T) T {
	slices.Sort(values)
	return values[len(values)/2]
}

// creates is how long the test binary takes to create speedPeople on a tenant of its own, as the program that role makes of it (see TestMain), since when, and
// what it prints.
func (p *program) creates(b *testing.B, start func(*httptest.Server), role string, args ...string) (took time.Duration, began time.Time, out []byte) {
	b.Helper()
	tenant := sandbox.New(sandbox.Options{Limit: sandbox.LimitOff, APIKey: speedKey})
	server := httptest.NewUnstartedServer(tenant)
	start(server)
	defer server.Close()
	cmd := exec.Command(p.path, args...)
	var printed, said bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.dir, &printed, &said
	cmd.Env = append(os.Environ(), role+"=1", "NO_PROXY=*", "QLIK_TENANT="+server.URL, "QLIK_API_KEY="+speedKey, "QLIK_CLIENT_ID=", "QLIK_CLIENT_SECRET=")
	if server.TLS != nil {
		cmd.Env = append(cmd.Env, trust(b, server, p.dir)...)
	}
	began = time.Now()
	err := cmd.Run()
	took = time.Since(began)
	if n := len(tenant.Users()); err != nil || n != speedPeople {
		b.Fatalf("%v, %d users\n%s", err, n, &said)
	}
	return took, began, printed.Bytes()
}

// bareLoop is what one would write for an afternoon: workers that post one person after the other, and read the id.
func bareLoop() error {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: speedWorkers}}
	var next atomic.Int64
	var group errgroup.Group
	for range speedWorkers {
		group.Go(func() error {
			for i := next.Add(1) - 1; i < speedPeople; i = next.Add(1) - 1 {
				body, err := json.Marshal(map[string]string{"subject": fmt.Sprintf("%05d", i), "name": fmt.Sprintf("Person %d", i), "email": fmt.Sprintf("p%d@example.com", i), "status": "active"})
				if err != nil {
					return err
				}
				req, err := http.NewRequest(http.MethodPost, os.Getenv("QLIK_TENANT")+"/api/v1/users", bytes.NewReader(body))
				if err != nil {
					return err
				}
				req.Header.Set("Content-Type", "application/json")
				req.Header.Set("Authorization", "Bearer "+os.Getenv("QLIK_API_KEY"))
				resp, err := client.Do(req)
				if err != nil {
					return err
				}
				answer, err := io.ReadAll(resp.Body)
				if closeErr := resp.Body.Close(); err == nil {
					err = closeErr
				}
				if err != nil {
					return err
				}
				var user struct{ ID string }
				if err := json.Unmarshal(answer, &user); err != nil || user.ID == "" {
					return fmt.Errorf("HTTP %d: %s", resp.StatusCode, strings.TrimSpace(string(answer)))
				}
			}
			return nil
		})
	}
	return group.Wait()
}
