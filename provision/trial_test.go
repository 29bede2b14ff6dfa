package provision_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"qlik-provision/provision"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/sandbox"
	"qlik-provision/provision/sandbox/faults"
)

// people makes n rows of n different people.
func people(n int) []provision.Row {
	rows := make([]provision.Row, n)
	for i := range rows {
		rows[i] = provision.Row{Number: i + 1, Person: provision.Person{
			Subject: fmt.Sprintf("emp-%05d", i+1),
			Name:    fmt.Sprintf("Person %d", i+1),
			Email:   fmt.Sprintf("p%d@example.com", i+1),
		}}
	}
	return rows
}

// userOf is the user of a row's person.
func userOf(row provision.Row) sandbox.User {
	return sandbox.User{Subject: row.Person.Subject, Name: row.Person.Name, Email: row.Person.Email}
}

func subjectsOf(rows []provision.Row) []string {
	list := make([]string, len(rows))
	for i, row := range rows {
		list[i] = row.Person.Subject
	}
	return list
}

// results collects what a run records.
type results struct {
	mu  sync.Mutex
	of  map[int]provision.Result // the last one of each row
	all []provision.Result
}

func (r *results) record(res provision.Result) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.of == nil {
		r.of = map[int]provision.Result{}
	}
	r.of[res.Number] = res
	r.all = append(r.all, res)
	return nil
}

// settled is how many records settled a row, those before a write aside.
func (r *results) settled() (n int) {
	for _, res := range r.all {
		if res.Outcome != provision.Pending {
			n++
		}
	}
	return n
}

func (r *results) count(o provision.Outcome) (n int) {
	for _, res := range r.of {
		if res.Outcome == o {
			n++
		}
	}
	return n
}

// A trial is a run against an in-memory tenant.
type trial struct {
	tenant *faults.Injector
	client *qlik.Client
	last   atomic.Pointer[provision.Run]
	got    results
	err    error
	took   time.Duration
}

func newTrial(t testing.TB, o sandbox.Options) *trial {
	t.Helper()
	return newTrialOf(t, faults.Wrap(sandbox.New(o), 1), qlik.Options{})
}

func newTrialOf(t testing.TB, tenant *faults.Injector, q qlik.Options) *trial {
	t.Helper()
	return &trial{tenant: tenant, client: clientWith(t, tenant.Tenant, sandbox.InProcess(tenant), q)}
}

// clientWith is a client with the tenant's credentials, unless q has some.
func clientWith(t testing.TB, tenant *sandbox.Tenant, transport http.RoundTripper, q qlik.Options) *qlik.Client {
	t.Helper()
	address, err := qlik.ParseTenant("https://sandbox.example.com")
	if err != nil {
		t.Fatal(err)
	}
	q.Transport = transport
	if q.Credentials == (qlik.Credentials{}) {
		q.Credentials = qlik.Credentials{ClientID: tenant.Options().ClientID, ClientSecret: tenant.Options().ClientSecret}
	}
	return qlik.New(address, q)
}

func (tr *trial) run(ctx context.Context, rows []provision.Row, o provision.Options) {
	tr.runWith(ctx, rows, tr.got.record, o)
}

func (tr *trial) runWith(
	ctx context.Context, rows []provision.Row, record func(provision.Result) error, o provision.Options) {
	run := provision.New(tr.client, o)
	tr.last.Store(run)
	began := time.Now()
	tr.err = run.Run(ctx, rows, record)
	tr.took = time.Since(began)
}

func (tr *trial) left(rows []provision.Row) (left []provision.Row) {
	for _, row := range rows {
		res, recorded := tr.got.of[row.Number]
		if recorded && res.Outcome.Done() {
			continue
		}
		if res.Outcome == provision.Pending && res.Code == provision.CodeMaybeCreated {
			row.SentAt = res.FinishedAt
		}
		left = append(left, row)
	}
	return left
}

// check reports where a run that should have gone through did not, and where the results are not the tenant's truth.
func (tr *trial) check(t *testing.T, rows []provision.Row) {
	t.Helper()
	if tr.err != nil {
		t.Errorf("the run ended with: %v", tr.err)
	}
	if len(tr.got.of) != len(rows) {
		t.Errorf("results of %d rows, of %d", len(tr.got.of), len(rows))
	}
	if n := tr.got.settled(); n > len(rows) {
		t.Errorf("%d results for %d rows", n, len(rows))
	}
	tr.truth(t, rows)
}

// truth reports results that claim what is not so on the tenant, and subjects and addresses that exist twice.
func (tr *trial) truth(t *testing.T, rows []provision.Row) {
	t.Helper()
	users, addresses := map[string]sandbox.User{}, map[string]bool{}
	for _, u := range tr.tenant.Users() {
		if users[u.Subject].ID != "" || u.Email != "" && addresses[u.Email] {
			t.Errorf("%s <%s> exists twice", u.Subject, u.Email)
		}
		users[u.Subject], addresses[u.Email] = u, true
	}
	for _, row := range rows {
		res, user := tr.got.of[row.Number], users[row.Person.Subject]
		switch res.Outcome {
		case provision.Created, provision.Updated:
			if user.ID == "" || user.ID != res.UserID {
				t.Errorf("row %d is %s as %q, on the tenant it is %q", row.Number, res.Outcome, res.UserID, user.ID)
			}
		case provision.Exists:
			if _, found := tr.tenant.User(res.UserID); !found {
				t.Errorf("row %d exists as %q, on the tenant it is %q", row.Number, res.UserID, user.ID)
			}
		case provision.Disabled:
			if u, found := tr.tenant.User(res.UserID); !found || u.Status != "disabled" {
				t.Errorf("row %d is disabled, on the tenant it is %q", row.Number, u.Status)
			}
		case provision.Deleted:
			if u, found := tr.tenant.User(res.UserID); found && u.Status != "deleted" {
				t.Errorf("row %d is deleted, and its user exists", row.Number)
			}
		case provision.Failed:
			if user.ID != "" && res.UserID == "" {
				t.Errorf("row %d is failed (%s) and exists as %s", row.Number, res.Message, user.ID)
			}
		}
	}
}

// outcomes reports where the results are not so many of each outcome. Rows that were not recorded count as pending.
func (tr *trial) outcomes(t *testing.T, rows []provision.Row, want map[provision.Outcome]int) {
	t.Helper()
	got := map[provision.Outcome]int{}
	for _, row := range rows {
		res, recorded := tr.got.of[row.Number]
		if !recorded {
			res.Outcome = provision.Pending
		}
		got[res.Outcome]++
	}
	for _, o := range provision.Outcomes() {
		if got[o] != want[o] {
			t.Errorf("%d rows are %s, want %d; %s", got[o], o, want[o], tr.example(o))
		}
	}
}

func (tr *trial) example(o provision.Outcome) string {
	for _, res := range tr.got.of {
		if res.Outcome == o {
			return "one of them: " + res.Message
		}
	}
	return "none of them"
}
