package sandbox

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// benchPost sends a request with as little of a client as possible.
func benchPost(b *testing.B, rt http.RoundTripper, bearer, path, body string, want int) {
	req, err := http.NewRequest(http.MethodPost, "https://acme.eu.qlikcloud.com"+path, strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	req.Header["Content-Type"] = []string{"application/json"}
	req.Header["Authorization"] = []string{"Bearer " + bearer}
	resp, err := rt.RoundTrip(req)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != want {
		b.Fatal(resp.StatusCode, err)
	}
	resp.Body.Close()
}

func BenchmarkCreateInProcess(b *testing.B) {
	tenant := New(Options{Limit: LimitOff})
	bearer, rt := inProcess(b, tenant).bearer, InProcess(tenant)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		benchPost(b, rt, bearer, "/api/v1/users", benchUser(i), 201)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "creates/s")
}

func BenchmarkCreateOverSocket(b *testing.B) {
	tenant := New(Options{Limit: LimitOff})
	c := overSocket(b, tenant)
	i := 0
	for b.Loop() {
		i++
		if a := c.post("/api/v1/users", benchUser(i)); a.status != 201 {
			b.Fatal(a.status)
		}
	}
}

func benchUser(i int) string {
	return fmt.Sprintf(`{"subject":"corp\\u%d","name":"User %d","email":"u%d@acme.example","status":"active"}`, i, i, i)
}

func BenchmarkFilterOf100Terms(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		if n > 100_000 && testing.Short() {
			continue
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			tenant := New(Options{Limit: LimitOff})
			for i := range n {
				tenant.Add(User{Subject: fmt.Sprint("u", i), Email: fmt.Sprintf("u%d@acme.example", i)})
			}
			bearer, rt := inProcess(b, tenant).bearer, InProcess(tenant)
			terms := make([]string, 100)
			for i := range terms {
				terms[i] = fmt.Sprintf(`subject eq \"U%d\"`, i*977%n)
			}
			body := `{"filter":"` + strings.Join(terms, " or ") + `"}`
			b.ReportAllocs()
			for b.Loop() {
				benchPost(b, rt, bearer, "/api/v1/users/actions/filter?limit=100", body, 200)
			}
		})
	}
}
