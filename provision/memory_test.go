package provision_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"runtime/debug"
	"testing"

	"golang.org/x/time/rate"

	"qlik-provision/provision"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/sandbox"
)

// empty is a tenant without users that accepts every create and forgets it, so that what is measured is the run's
// memory.
type empty struct{}

func (empty) RoundTrip(req *http.Request) (*http.Response, error) {
	status, body := http.StatusOK, `{"data":[],"links":{}}`
	if endpoint, _ := sandbox.EndpointOf(req); endpoint == sandbox.EndpointCreate {
		sent, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		status, body = http.StatusCreated, `{"id":"u1",`+string(sent[1:])
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Date": {"Sat, 01 Jan 2000 00:00:00 GMT"}}, Request: req,
		Body: io.NopCloser(bytes.NewReader([]byte(body))), ContentLength: int64(len(body)),
	}, nil
}

// A run holds what waits, besides the caller's rows: all of them where they are looked up before the first write.
func TestMemoryOfARun(t *testing.T) {
	if testing.Short() {
		t.Skip("100,000 rows")
	}
	defer debug.SetGCPercent(debug.SetGCPercent(20)) // what is live, not what waits for the collector
	address, err := qlik.ParseTenant("https://sandbox.example.com")
	if err != nil {
		t.Fatal(err)
	}
	rows := people(50_000)
	client := qlik.New(address, qlik.Options{Transport: empty{}, Credentials: qlik.Credentials{APIKey: "key-0123456789"}})
	live := func() int {
		var now runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&now)
		return int(now.HeapAlloc)
	}
	for _, first := range []bool{false, true} {
		t.Run(fmt.Sprintf("looked up before the first write %v", first), func(t *testing.T) {
			before, most, limit := live(), 0, 12<<20 // a copy of the rows, in their order
			o := provision.Options{Rate: rate.Inf}
			if first {
				limit = 24 << 20
				o.Approve = func(provision.Plan) error {
					most = max(most, live()-before)
					return nil
				}
			}
			var got results
			settled := 0
			record := func(res provision.Result) error {
				got.mu.Lock()
				defer got.mu.Unlock()
				if res.Outcome == provision.Created {
					settled++
					if settled%12_500 == 0 {
						most = max(most, live()-before)
					}
				}
				return nil
			}
			if err := provision.New(client, o).Run(t.Context(), rows, record); err != nil || settled != len(rows) {
				t.Errorf("%d rows, %v", settled, err)
			}
			if most > limit {
				t.Errorf("%d KiB at the most", most>>10)
			}
			t.Logf("%d KiB at the most", most>>10)
		})
	}
}
