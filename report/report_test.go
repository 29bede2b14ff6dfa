package report

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"qlik-provision/provision"
	"qlik-provision/provision/roster"
)

// An export as HR would send it: 2 is the same person again, 4 and 5 claim one subject, 6 has no subject.
const sixRows = `Employee ID,Name,Email
1001,Ada Byron,ada@acme.example
1001,Ada Byron,ada.b@acme.example
1003,Grace Hopper,grace@acme.example
1004,Jane Doe,jane@acme.example
1004,John Roe,john@acme.example
,Nobody,nobody@acme.example
1007,"Lovelace, Annabella",annabella@acme.example
`

const block = "outcome,user_id,user_subject,message,error_code,http_status,trace_id,attempts,finished_at,tenant,row"

var sandbox = Options{Tenant: "sandbox"}

func export(t testing.TB, text string) *roster.File {
	t.Helper()
	return exportWith(t, text, roster.Options{})
}

func exportWith(t testing.TB, text string, o roster.Options) *roster.File {
	t.Helper()
	o.Block = Columns()
	f, err := roster.Open(strings.NewReader(text), int64(len(text)), "hr.csv", o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// create makes a ledger of an export in a folder of its own.
func create(t testing.TB, text string, o Options) (*Ledger, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hr.results.csv")
	l, err := Create(path, export(t, text), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, path
}

func read(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func pending(t testing.TB, l *Ledger) []provision.Row {
	t.Helper()
	var rows []provision.Row
	for r, err := range l.Pending() {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, r)
	}
	return rows
}

var finishedAt = time.Date(2026, 3, 1, 9, 30, 0, 123456789, time.FixedZone("", 3600))

func created(r provision.Row) provision.Outcome {
	return provision.Outcome{Row: r, State: provision.Created, UserID: "id-" + r.Subject, HTTPStatus: 201, Attempts: 1, FinishedAt: finishedAt}
}

func failed(r provision.Row) provision.Outcome {
	return provision.Outcome{Row: r, State: provision.Failed, Message: "the tenant said no", ErrorCode: "USERS-16", HTTPStatus: 400,
		TraceID: "t-1", Attempts: 2, FinishedAt: finishedAt}
}

func record(t testing.TB, l *Ledger, outcomes ...provision.Outcome) {
	t.Helper()
	for _, o := range outcomes {
		if err := l.Record(o); err != nil {
			t.Fatal(err)
		}
	}
}

func closed(t testing.TB, l *Ledger) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// folder is what stands beside a result file, and the file itself.
func folder(t testing.TB, path string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func is[E error](t testing.TB, err error) E {
	t.Helper()
	var e E
	if !errors.As(err, &e) {
		t.Fatalf("got %T (%v), want %T", err, err, e)
	}
	return e
}

// resultsIn are the rows of the result file at path, its journal laid over it.
func resultsIn(t testing.TB, path string) (rows []resultRow) {
	t.Helper()
	file, err := look(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.close()
	for r, err := range file.results() {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, r)
	}
	return rows
}
