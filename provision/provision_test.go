package provision_test

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"sync"
	"testing"
	"time"

	"qlik-provision/provision"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/sandbox"
)

// people makes n rows of n different people.
func people(n int) []provision.Row {
	rows := make([]provision.Row, n)
	for i := range rows {
		rows[i] = provision.Row{Number: i + 1, Subject: fmt.Sprintf("emp-%05d", i+1), Name: fmt.Sprintf("Person %d", i+1), Email: fmt.Sprintf("p%d@example.com", i+1)}
	}
	return rows
}

func all(rows []provision.Row) iter.Seq2[provision.Row, error] {
	return func(yield func(provision.Row, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}

// outcomes collects what a run records.
type outcomes struct {
	mu  sync.Mutex
	of  map[int]provision.Outcome
	all int // records, more than rows where a row was recorded twice
}

func (o *outcomes) record(out provision.Outcome) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.of == nil {
		o.of = map[int]provision.Outcome{}
	}
	o.of[out.Row.Number] = out
	o.all++
	return nil
}

func (o *outcomes) count(s provision.State) int {
	n := 0
	for _, out := range o.of {
		if out.State == s {
			n++
		}
	}
	return n
}

// A trial is a run against a sandbox in process.
type trial struct {
	tenant *sandbox.Tenant
	client *qlik.Client
	got    outcomes
	err    error
	took   time.Duration
}

func newTrial(t testing.TB, o sandbox.Options) *trial {
	t.Helper()
	tenant := sandbox.New(o)
	return &trial{tenant: tenant, client: clientOf(t, tenant, tenant.Transport())}
}

func clientOf(t testing.TB, tenant *sandbox.Tenant, transport http.RoundTripper) *qlik.Client {
	t.Helper()
	at, err := qlik.ParseTenant("https://sandbox.example.com")
	if err != nil {
		t.Fatal(err)
	}
	return qlik.New(at, qlik.Options{
		Credentials: qlik.Credentials{ClientID: tenant.ClientID(), ClientSecret: tenant.ClientSecret()},
		Transport:   transport,
	})
}

func (tr *trial) run(ctx context.Context, rows []provision.Row, o provision.Options) {
	o.Rows = len(rows)
	began := time.Now()
	tr.err = provision.Run(ctx, tr.client, all(rows), tr.got.record, o)
	tr.took = time.Since(began)
}

// check reports where a run that should have gone through did not, and where the outcomes are not the tenant's truth.
func (tr *trial) check(t *testing.T, rows []provision.Row) {
	t.Helper()
	if tr.err != nil {
		t.Errorf("the run ended with: %v", tr.err)
	}
	if tr.got.all != len(rows) {
		t.Errorf("%d outcomes recorded for %d rows", tr.got.all, len(rows))
	}
	tr.truth(t, rows)
}

// truth reports outcomes that claim what is not so on the tenant, and subjects that are there twice.
func (tr *trial) truth(t *testing.T, rows []provision.Row) {
	t.Helper()
	ids := map[string]string{}
	for _, u := range tr.tenant.Users() {
		if ids[u.Subject] != "" {
			t.Errorf("%s is on the tenant twice", u.Subject)
		}
		ids[u.Subject] = u.ID
	}
	for _, row := range rows {
		out, there := tr.got.of[row.Number], ids[row.Subject]
		switch out.State {
		case provision.Created, provision.Exists:
			if there == "" || there != out.UserID {
				t.Errorf("row %d is %s as %q, on the tenant it is %q", row.Number, out.State, out.UserID, there)
			}
		case provision.Failed:
			if there != "" && out.ErrorCode != provision.OtherPerson {
				t.Errorf("row %d is failed (%s) but on the tenant as %s", row.Number, out.Message, there)
			}
		}
	}
}
