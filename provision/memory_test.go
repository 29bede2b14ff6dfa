package provision_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"

	"golang.org/x/time/rate"

	"qlik-provision/provision"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/sandbox"
)

// nobody is a tenant that takes every create and forgets it, so that what is measured is the run's memory alone.
type nobody struct{ ids atomic.Int64 }

func (n *nobody) RoundTrip(req *http.Request) (*http.Response, error) {
	status, body := http.StatusOK, `{"data":[],"links":{}}`
	switch endpointOf(req) {
	case sandbox.EndpointToken:
		body = `{"access_token":"t0","token_type":"bearer","expires_in":21600}`
	case sandbox.EndpointCreate:
		var user qlik.NewUser
		if err := json.NewDecoder(req.Body).Decode(&user); err != nil {
			return nil, err
		}
		status, body = http.StatusCreated, fmt.Sprintf(`{"id":"%024x","subject":%q}`, n.ids.Add(1), user.Subject)
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
