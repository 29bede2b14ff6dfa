package provision_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"qlik-provision/provision"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/sandbox"
)

// BenchmarkRun creates users on a server over a socket: by turns with a run, its lookups included, and with a bare loop around net/http. The ratio is
// that of their users a second, where each was disturbed least by what else the machine does.
func BenchmarkRun(b *testing.B) {
	rows := people(12_000)
	bare, run := time.Hour, time.Hour
	for b.Loop() {
		bare = min(bare, timed(b, func(tenant *sandbox.Tenant, url string) { loop(b, tenant, url, rows) }))
		run = min(run, timed(b, func(tenant *sandbox.Tenant, url string) {
			at, err := qlik.ParseTenant(url)
			if err != nil {
				b.Fatal(err)
			}
			client := qlik.New(at, qlik.Options{Connections: workers, Credentials: qlik.Credentials{ClientID: tenant.ClientID(), ClientSecret: tenant.ClientSecret()}})
			defer client.Close()
			nothing := func(provision.Outcome) error { return nil }
			if err := provision.Run(b.Context(), client, all(rows), nothing, provision.Options{Workers: workers, Rate: rate.Inf, Rows: len(rows)}); err != nil {
				b.Fatal(err)
			}
		}))
	}
	users := float64(len(rows))
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(users/run.Seconds(), "users/s")
	b.ReportMetric(users/bare.Seconds(), "bare-users/s")
	b.ReportMetric(bare.Seconds()/run.Seconds(), "ratio")
}

// timed is how long f takes to create 12,000 users on a tenant of its own.
func timed(b *testing.B, f func(tenant *sandbox.Tenant, url string)) time.Duration {
	b.Helper()
	tenant := sandbox.New(sandbox.Options{Limit: sandbox.LimitOff})
	server := httptest.NewServer(tenant)
	defer server.Close()
	runtime.GC()
	began := time.Now()
	f(tenant, server.URL)
	took := time.Since(began)
	if n := len(tenant.Users()); n != 12_000 {
		b.Fatalf("%d users", n)
	}
	return took
}

// loop is what one would write for an afternoon: a token, and workers that post one row after the other.
func loop(b *testing.B, tenant *sandbox.Tenant, url string, rows []provision.Row) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: workers}}
	defer client.CloseIdleConnections()
	post := func(path, bearer string, body, answer any) error {
		sent, err := json.Marshal(body)
		if err != nil {
			return err
		}
		req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, url+path, bytes.NewReader(sent))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/json")
		if bearer != "" {
			req.Header.Set("Authorization", "Bearer "+bearer)
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		got, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		if resp.StatusCode > 299 {
			return fmt.Errorf("HTTP %d", resp.StatusCode)
		}
		return json.Unmarshal(got, answer)
	}
	var token struct {
		AccessToken string `json:"access_token"`
	}
	ask := map[string]string{"client_id": tenant.ClientID(), "client_secret": tenant.ClientSecret(), "grant_type": "client_credentials"}
	if err := post("/oauth/token", "", ask, &token); err != nil {
		b.Fatal(err)
	}
	var next atomic.Int64
	var group errgroup.Group
	for range workers {
		group.Go(func() error {
			for i := int(next.Add(1)) - 1; i < len(rows); i = int(next.Add(1)) - 1 {
				var user struct {
					ID string `json:"id"`
				}
				row := qlik.NewUser{Subject: rows[i].Subject, Name: rows[i].Name, Email: rows[i].Email, Status: "active"}
				if err := post("/api/v1/users", token.AccessToken, row, &user); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
}

// nobody is a tenant that takes every create and forgets it, so that what is measured is the run's memory alone.
type nobody struct{ ids atomic.Int64 }

func (n *nobody) RoundTrip(req *http.Request) (*http.Response, error) {
	status, body := http.StatusOK, `{"data":[],"links":{}}`
	switch endpointOf(req) {
	case sandbox.EndpointToken:
		body = `{"access_token":"t0","token_type":"bearer","expires_in":21600}`
	case sandbox.EndpointCreate:
		status, body = http.StatusCreated, fmt.Sprintf(`{"id":"%024x","status":"active"}`, n.ids.Add(1))
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader([]byte(body))), ContentLength: int64(len(body)), Request: req}, nil
}

func TestARunOfMillionsTakesNoMemory(t *testing.T) {
	if testing.Short() || racing {
		t.Skip("600,000 rows, of which a race detector makes minutes")
	}
	const n, most = 600_000, 16 << 20
	defer debug.SetGCPercent(debug.SetGCPercent(20)) // what is live, not what lies about
	var rows iter.Seq2[provision.Row, error] = func(yield func(provision.Row, error) bool) {
		for i := range n {
			if !yield(provision.Row{Number: i + 1, Subject: fmt.Sprintf("emp-%07d", i), Name: fmt.Sprintf("Person %d", i), Email: fmt.Sprintf("p%d@example.com", i)}, nil) {
				return
			}
		}
	}
	at, err := qlik.ParseTenant("https://sandbox.example.com")
	if err != nil {
		t.Fatal(err)
	}
	client := qlik.New(at, qlik.Options{Transport: new(nobody), Credentials: qlik.Credentials{APIKey: "key-0123456789"}})
	var before runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var recorded, peak atomic.Int64
	record := func(o provision.Outcome) error {
		if recorded.Add(1)%50_000 == 0 {
			var now runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&now)
			peak.Store(max(peak.Load(), int64(now.HeapAlloc)-int64(before.HeapAlloc)))
		}
		return nil
	}
	// Without lookups: their pace is a tenant's, 200 a minute.
	if err := provision.Run(t.Context(), client, rows, record, provision.Options{Rate: rate.Inf, Rows: n, NoLookup: true}); err != nil {
		t.Fatal(err)
	}
	if recorded.Load() != n || peak.Load() > most {
		t.Errorf("%d rows, %d KiB at the most", recorded.Load(), peak.Load()>>10)
	}
	t.Logf("%d KiB at the most for %d rows", peak.Load()>>10, n)
}
