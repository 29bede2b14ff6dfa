package provision_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"testing"
	"testing/synctest"
	"text/tabwriter"
	"time"

	"qlik-provision/provision"
	"qlik-provision/provision/sandbox"
)

var table = flag.Bool("table", false, "print how well a tenant's budget is spent, beside what people do today")

// TestTable prints the figures that the tests of the schedule hold to a bound. Time is simulated: it is exact, and the same on every machine.
func TestTable(t *testing.T) {
	if !*table {
		t.Skip("it only prints, and does so with -table")
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "limit\tusers\tbest possible\tqlik-provision\ttimes\t429s\tsteady 100/m\tone by one, no retry\tlost\t")
	for _, limit := range []sandbox.Limit{sandbox.LimitRolling, sandbox.LimitFixed, sandbox.LimitBucket} {
		for _, n := range []int{100, 500, 501, 600, 1000, 5000} {
			best := best(oracles()[limit](), n, nil)
			ours := schedule(t, limit, n, nil)
			steadily := steady(t, limit, n)
			loop, lost := oneByOne(t, limit, n)
			fmt.Fprintf(w, "%s\t%d\t%v\t%v\t%.3f\t%d\t%v\t%v\t%d\t\n", limit, n, best, ours.took.Round(time.Millisecond),
				float64(ours.took)/float64(best), ours.tenant.Stats().TooManyTier2, steadily.Round(time.Millisecond), loop.Round(time.Millisecond), lost)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
}

// steady is how long n creates take that go at the rate alone, with no burst.
func steady(t *testing.T, limit sandbox.Limit, n int) (took time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTrial(t, sandbox.Options{Limit: limit, Latency: latency})
		rows := people(n)
		tr.run(t.Context(), rows, provision.Options{Workers: workers, Burst: 1, NoLookup: true})
		tr.check(t, rows)
		took = tr.took
	})
	return took
}

// oneByOne is the loop of a shell script: one POST after the other, and whatever goes wrong is gone.
func oneByOne(t *testing.T, limit sandbox.Limit, n int) (took time.Duration, lost int) {
	synctest.Test(t, func(t *testing.T) {
		tenant := sandbox.New(sandbox.Options{Limit: limit, Latency: latency, APIKey: "key"})
		client := http.Client{Transport: tenant.Transport()}
		began := time.Now()
		for _, row := range people(n) {
			body, err := json.Marshal(map[string]string{"subject": row.Subject, "name": row.Name, "email": row.Email, "status": "active"})
			if err != nil {
				t.Fatal(err)
			}
			req, err := http.NewRequest(http.MethodPost, "https://sandbox.example.com/api/v1/users", bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer key")
			req.Header.Set("Content-Type", "application/json")
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			if err := resp.Body.Close(); err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != http.StatusCreated {
				lost++
			}
		}
		took = time.Since(began)
	})
	return took, lost
}
