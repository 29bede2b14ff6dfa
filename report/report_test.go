package report

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/roster"
)

// sixRows is an export as HR would send it: row 2 is the same person again, 4 and 5 claim one subject, 6 has
// no subject.
const sixRows = `Employee ID,Name,Email
1001,Ada Byron,ada@acme.example
1001,Ada Byron,ada.b@acme.example
1003,Grace Hopper,grace@acme.example
1004,Jane Doe,jane@acme.example
1004,John Roe,john@acme.example
,Nobody,nobody@acme.example
1007,"Lovelace, Annabella",annabella@acme.example
`

var (
	sandbox   = Options{Tenant: "sandbox"}
	theAction = Action{Command: "create", Subject: "Employee ID", Name: "Name", Email: "Email", Status: "active"}
	block     = strings.Join(Columns(), ",")
)

// parseText reads an export from memory.
func parseText(t testing.TB, text string) *csvfile.File {
	t.Helper()
	f, err := csvfile.Read(strings.NewReader(text), "hr.csv", csvfile.Options{Block: Columns(),
		LooksLikeHeader: roster.LooksLikeHeader})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// prepare derives the persons and prepares the ledger.
func prepare(l *Ledger) error {
	people, err := roster.Read(l.File, l.Action.Sources())
	if err != nil {
		return err
	}
	return l.Prepare(people, false)
}

// start creates and prepares a ledger of an export in a folder of its own.
func start(t testing.TB, text string, a Action, o Options) (*Ledger, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hr.results.csv")
	l, err := Create(path, parseText(t, text), a, o)
	if err == nil {
		t.Cleanup(func() { l.Close() })
		err = prepare(l)
	}
	if err != nil {
		t.Fatal(err)
	}
	return l, path
}

// retry opens and prepares the result file at path.
func retry(t testing.TB, path string, o Options) (l *Ledger, notices []string, err error) {
	t.Helper()
	o.Notify = func(s string) { notices = append(notices, s) }
	l, err = Open(path, csvfile.Options{}, o)
	if err == nil {
		t.Cleanup(func() { l.Close() })
		if err = prepare(l); err != nil {
			err = errors.Join(err, l.Close())
		}
	}
	return l, notices, err
}

// mustRetry is retry where it must succeed.
func mustRetry(t testing.TB, path string) *Ledger {
	t.Helper()
	l, _, err := retry(t, path, sandbox)
	if err != nil {
		t.Fatal(err)
	}
	return l
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

var finishedAt = time.Date(2026, 3, 1, 9, 30, 0, 123456789, time.FixedZone("", 3600))

func created(r provision.Row) provision.Result {
	return provision.Result{Number: r.Number, Outcome: provision.Created, UserID: "id-" + r.Person.Subject,
		HTTPStatus: 201,
		Attempts:   1, FinishedAt: finishedAt}
}

func failed(r provision.Row) provision.Result {
	return provision.Result{Number: r.Number, Outcome: provision.Failed, Message: "the tenant said no",
		Code:       "USERS-16",
		HTTPStatus: 400, TraceID: "t-1", Attempts: 2, FinishedAt: finishedAt}
}

func record(t testing.TB, l *Ledger, results ...provision.Result) {
	t.Helper()
	for _, r := range results {
		if err := l.Record(r); err != nil {
			t.Fatal(err)
		}
	}
}

func mustClose(t testing.TB, l *Ledger) {
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

// exists reports whether there is anything at path.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func as[E error](t testing.TB, err error) E {
	t.Helper()
	var e E
	if !errors.As(err, &e) {
		t.Fatalf("got %T (%v), want %T", err, err, e)
	}
	return e
}

func wantError(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
}

// numbers are the numbers of rows.
func numbers(rows []provision.Row) []int {
	var n []int
	for _, r := range rows {
		n = append(n, r.Number)
	}
	return n
}

// outcomes is what a result file says of each row: outcome, code and message.
func outcomes(t testing.TB, path string) map[int]string {
	t.Helper()
	r, err := Read(path, csvfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	found := map[int]string{}
	for _, row := range r.Rows {
		e := row.Entry
		found[row.Number] = strings.Join(strings.Fields(string(e.Outcome)+" "+string(e.Code)+" "+string(e.Message)),
			" ")
	}
	return found
}

func TestEveryRowIsInTheFileBeforeTheRun(t *testing.T) {
	l, path := start(t, sixRows, theAction, sandbox)
	want := map[int]string{
		1: "pending", 3: "pending", 7: "pending",
		2: "duplicate same person as row 1 (Ada Byron <ada@acme.example>)",
		4: "invalid subject-twice the subject is also in row 5 (John Roe <john@acme.example>)",
		5: "invalid subject-twice the subject is also in row 4 (Jane Doe <jane@acme.example>)",
		6: `invalid no-subject column "Employee ID": the cell is empty: fill it in`,
	}
	if diff := cmp.Diff(want, outcomes(t, path)); diff != "" {
		t.Error(diff)
	}
	if got := folder(t, path); !slices.Equal(got, []string{"hr.results.csv", "hr.results.csv.journal",
		"hr.results.csv.lock"}) {
		t.Errorf("beside the file: %v", got)
	}
	for _, name := range []string{path, path + ".journal", path + ".lock"} {
		if info, err := os.Stat(name); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o600 {
			t.Errorf("%s: mode %v, %v", name, info.Mode(), err)
		}
	}
	rows := l.Pending()
	record(t, l, created(rows[0]), failed(rows[len(rows)-1]))
	mustClose(t, l)
	l = mustRetry(t, path)
	if diff := cmp.Diff([]int{3, 4, 5, 7}, numbers(l.Pending())); diff != "" {
		t.Error(diff)
	}
	mustClose(t, l)
}

// sealed is a whole line of a journal, whatever stands in it.
func sealed(body string) string { return fmt.Sprintf("%s,%08x\n", body, checksum([]byte(body))) }

// manyRows is an export with n people, one of them twice and two under one subject.
func manyRows(n int) string {
	var b strings.Builder
	b.WriteString("Employee ID,Name,Email\n")
	for i := range n {
		fmt.Fprintf(&b, "%05d,First%d Last%d,p%d@acme.example\n", i, i, i, i)
	}
	b.WriteString("00003,First3 Last3,other@acme.example\n00004,Somebody Else,else@acme.example\n")
	return b.String()
}
