package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"qlik-provision/provision/sandbox"
)

// BenchmarkCreate creates 12,000 users on a server over a socket, by turns with the whole of create (export, ledger, lookups, journal, merge) and with a bare
// loop around net/http that keeps nothing. The ratio is that of their users a second, each where the machine disturbed it least.
func BenchmarkCreate(b *testing.B) {
	const people, workers = 12_000, 16
	dir := b.TempDir()
	export := filepath.Join(dir, "hr.csv")
	var text strings.Builder
	text.WriteString("Employee ID,Name,Email\n")
	for i := range people {
		fmt.Fprintf(&text, "%05d,Person %d,p%d@example.com\n", i, i, i)
	}
	if err := os.WriteFile(export, []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	bare, whole := time.Hour, time.Hour
	for b.Loop() {
		for range 3 {
			bare = min(bare, onTenant(b, people, func(_ *sandbox.Tenant, url string) { bareLoop(b, url, people, workers) }))
			whole = min(whole, onTenant(b, people, func(_ *sandbox.Tenant, url string) {
				b.Setenv("QLIK_TENANT", url)
				var out bytes.Buffer
				args := []string{"qlik-provision", "create", export, "--overwrite", "--rate", "off", "--workers", fmt.Sprint(workers), "-q"}
				if code := run(b.Context(), nil, args, strings.NewReader(""), io.Discard, &out); code != exitDone {
					b.Fatalf("exit code %d\n%s", code, &out)
				}
			}))
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(people/whole.Seconds(), "users/s")
	b.ReportMetric(people/bare.Seconds(), "bare-users/s")
	b.ReportMetric(bare.Seconds()/whole.Seconds(), "ratio")
}

const speedKey = "the-key-of-a-sandbox"

// onTenant is how long f takes to create so many users on a tenant of its own, which takes an API key.
func onTenant(b *testing.B, people int, f func(tenant *sandbox.Tenant, url string)) time.Duration {
	b.Helper()
	b.Setenv("QLIK_API_KEY", speedKey)
	b.Setenv("QLIK_CLIENT_ID", "")
	b.Setenv("QLIK_CLIENT_SECRET", "")
	tenant := sandbox.New(sandbox.Options{Limit: sandbox.LimitOff, APIKey: speedKey})
	server := httptest.NewServer(tenant)
	defer server.Close()
	runtime.GC()
	began := time.Now()
	f(tenant, server.URL)
	took := time.Since(began)
	if n := len(tenant.Users()); n != people {
		b.Fatalf("%d users", n)
	}
	return took
}

// bareLoop is what one would write for an afternoon: workers that post one person after the other, and read the id.
func bareLoop(b *testing.B, url string, people, workers int) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: workers}}
	defer client.CloseIdleConnections()
	var next atomic.Int64
	var group errgroup.Group
	for range workers {
		group.Go(func() error {
			for i := next.Add(1) - 1; i < int64(people); i = next.Add(1) - 1 {
				body, err := json.Marshal(map[string]string{"subject": fmt.Sprintf("%05d", i), "name": fmt.Sprintf("Person %d", i), "email": fmt.Sprintf("p%d@example.com", i), "status": "active"})
				if err != nil {
					return err
				}
				req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, url+"/api/v1/users", bytes.NewReader(body))
				if err != nil {
					return err
				}
				req.Header.Set("Content-Type", "application/json")
				req.Header.Set("Authorization", "Bearer "+speedKey)
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
					return fmt.Errorf("HTTP %d: %s", resp.StatusCode, answer)
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
}
