package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
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

const (
	speedPersons  = 5_000 // created in each turn of BenchmarkCreate
	speedWorkers  = 16
	speedTurns    = 5
	speedKey      = "the-key-of-a-sandbox"
	speedLedger   = 1_000_000 // rows of BenchmarkLedger
	speedEmployee = "%08d,Person %d,p%d@example.com\n"
)

// BenchmarkCreate lets programs create 5,000 users over HTTP/2 and TLS, in turns: this one, and a bare loop around
// net/http that keeps nothing. A ratio compares users a second, turn by turn, and is the median of all turns:
//
//   - ratio counts from the start of the program to its last create: the export is read and checked, the result file
//     written, everybody looked up and created, the journal written;
//   - exit-ratio counts from its start to its exit, with the journal merged.
//
// A tenant on the network takes its time to answer: 10 ms is less than any does. Where the answer takes none, the ratio
// is that of the processor's time that both programs take, with the tenant's own time on the same machine.
func BenchmarkCreate(b *testing.B) {
	onlyOnLinux(b) // elsewhere the system's own store decides which certificates are trusted
	for _, latency := range []time.Duration{10 * time.Millisecond, 0} {
		b.Run("latency="+latency.String(), func(b *testing.B) { compareCreates(b, latency) })
	}
}

func compareCreates(b *testing.B, latency time.Duration) {
	p := newProgram(b, newTenant(sandbox.Options{}))
	export := p.write(b, "hr.csv", speedPersons)
	var bare, ours, ratio, exitRatio []float64
	for b.Loop() {
		for range speedTurns {
			loop, _ := p.creates(b, latency, asBareLoop)
			whole, last := p.creates(b, latency, asProgram, "create", export, "--overwrite", "--rate", "off",
				"--workers", strconv.Itoa(speedWorkers), "-q")
			bare, ours = append(bare, speedPersons/loop.Seconds()), append(ours, speedPersons/last.Seconds())
			ratio = append(ratio, loop.Seconds()/last.Seconds())
			exitRatio = append(exitRatio, loop.Seconds()/whole.Seconds())
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(ours), "users/s")
	b.ReportMetric(median(bare), "bare-users/s")
	b.ReportMetric(median(ratio), "ratio")
	b.ReportMetric(median(exitRatio), "exit-ratio")
}

// median sorts the values.
func median[T cmp.Ordered](values []T) T {
	slices.Sort(values)
	return values[len(values)/2]
}

// creates runs the test binary as the program that role makes of it (see TestMain), on a tenant of its own. It returns
// how long that took, and how long until the last create was answered.
func (p *program) creates(b *testing.B, latency time.Duration, role string, args ...string) (whole, last time.Duration,
) {
	b.Helper()
	tenant := sandbox.New(sandbox.Options{Limit: sandbox.LimitOff, APIKey: speedKey, Latency: latency})
	var answered atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tenant.ServeHTTP(w, r)
		if e, _ := sandbox.EndpointOf(r); e == sandbox.EndpointCreate {
			answered.Store(time.Now().UnixNano())
		}
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	cmd := exec.Command(p.path, args...)
	var said bytes.Buffer
	cmd.Dir, cmd.Stderr = p.dir, &said
	cmd.Env = append(os.Environ(), role+"=1", "NO_PROXY=*", "QLIK_TENANT="+server.URL, "QLIK_API_KEY="+speedKey,
		"QLIK_CLIENT_ID=", "QLIK_CLIENT_SECRET=")
	cmd.Env = append(cmd.Env, trust(b, server, p.dir)...)
	began := time.Now()
	err := cmd.Run()
	whole = time.Since(began)
	if n := len(tenant.Users()); err != nil || n != speedPersons {
		b.Fatalf("%v, %d users\n%s", err, n, &said)
	}
	return whole, time.Unix(0, answered.Load()).Sub(began)
}

// bareLoop is a loop as somebody writes it in an afternoon: workers that post one person after the other, and read the
// ID.
func bareLoop() error {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: speedWorkers, ForceAttemptHTTP2: true}}
	var next atomic.Int64
	var group errgroup.Group
	for range speedWorkers {
		group.Go(func() error {
			for i := next.Add(1) - 1; i < speedPersons; i = next.Add(1) - 1 {
				if err := postPerson(client, int(i)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

func postPerson(client *http.Client, i int) error {
	u := person(i)
	fields := map[string]string{"subject": u.Subject, "name": u.Name, "email": u.Email, "status": "active"}
	body, err := json.Marshal(fields)
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
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return err
	}
	var user struct{ ID string }
	if err := json.Unmarshal(answer, &user); err != nil || user.ID == "" {
		return fmt.Errorf("HTTP %d: %s", resp.StatusCode, strings.TrimSpace(string(answer)))
	}
	return nil
}

// BenchmarkLedger compares a million rows that are validated into a result file with a bare copy by encoding/csv that
// adds thirteen columns. ratio is that of rows a second.
func BenchmarkLedger(b *testing.B) {
	p := newProgram(b, newTenant(sandbox.Options{}))
	var export strings.Builder
	export.WriteString("Employee ID,Name,Email\n")
	for i := range speedLedger {
		fmt.Fprintf(&export, speedEmployee, i, i, i)
	}
	in := p.writeText(b, "hr.csv", export.String())
	var bare, ours, ratio []float64
	for b.Loop() {
		for range 3 {
			began := time.Now()
			copyWithColumns(b, in, p.file("copy.csv"))
			loop := time.Since(began)
			began = time.Now()
			p.expect(b, exitDone, "plan", "hr.csv", "--offline", "-o", "hr.results.csv", "-q")
			took := time.Since(began)
			if err := os.Remove(p.file("hr.results.csv")); err != nil {
				b.Fatal(err)
			}
			bare, ours = append(bare, speedLedger/loop.Seconds()), append(ours, speedLedger/took.Seconds())
			ratio = append(ratio, loop.Seconds()/took.Seconds())
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(ours), "rows/s")
	b.ReportMetric(median(bare), "bare-rows/s")
	b.ReportMetric(median(ratio), "ratio")
}

// copyWithColumns copies a CSV file, record by record, with thirteen cells more in each.
func copyWithColumns(b *testing.B, from, to string) {
	b.Helper()
	in, err := os.Open(from)
	if err != nil {
		b.Fatal(err)
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		b.Fatal(err)
	}
	r, w := csv.NewReader(bufio.NewReader(in)), csv.NewWriter(out)
	r.ReuseRecord = true
	const action = "create --subject 'Employee ID' --name Name --email Email --status active"
	columns := report.Columns()
	row := make([]string, 0, 3+len(columns))
	for number := 0; ; number++ {
		record, err := r.Read()
		if err == io.EOF {
			break
		}
		if err == nil {
			row = append(append(row[:0], record...), columns...)
			if number > 0 {
				row = append(row[:len(record)], action, "pending", "", "", "", record[0], "", "", "", "", "",
					"c-00000000-00000000", strconv.Itoa(number))
			}
			err = w.Write(row)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	w.Flush()
	if err := errors.Join(w.Error(), out.Sync(), out.Close()); err != nil {
		b.Fatal(err)
	}
}
