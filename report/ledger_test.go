package report

import (
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"qlik-provision/provision"
	"qlik-provision/provision/roster"
)

func TestEveryRowStandsInTheLedgerBeforeTheRun(t *testing.T) {
	l, path := create(t, sixRows, sandbox)
	want := `Employee ID,Name,Email,` + block + `
1001,Ada Byron,ada@acme.example,pending,,1001,,,,,,,sandbox,1
1001,Ada Byron,ada.b@acme.example,duplicate,,1001,"same person as row 1; email differs: ""ada@acme.example"" there",,,,,,sandbox,2
1003,Grace Hopper,grace@acme.example,pending,,1003,,,,,,,sandbox,3
1004,Jane Doe,jane@acme.example,invalid,,1004,"subject also claimed by row 5 (John Roe, john@acme.example)",,,,,,sandbox,4
1004,John Roe,john@acme.example,invalid,,1004,"subject also claimed by row 4 (Jane Doe, jane@acme.example)",,,,,,sandbox,5
,Nobody,nobody@acme.example,invalid,,,"line 7, column ""Employee ID"": no subject",,,,,,sandbox,6
1007,"Lovelace, Annabella",annabella@acme.example,pending,,1007,,,,,,,sandbox,7
`
	if diff := cmp.Diff(want, read(t, path)); diff != "" {
		t.Error(diff)
	}
	if got := folder(t, path); !slices.Equal(got, []string{"hr.results.csv", "hr.results.csv.journal", "hr.results.csv.lock"}) {
		t.Errorf("beside the ledger: %v", got)
	}
	for _, name := range []string{path, path + ".journal"} {
		if info, err := os.Stat(name); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o600 {
			t.Errorf("%s: mode %v, %v", name, info.Mode(), err)
		}
	}
	if got := l.Counts(); l.Rows() != 7 || got[provision.Pending] != 3 || got[provision.Invalid] != 3 || got[provision.Duplicate] != 1 {
		t.Errorf("%d rows, %v", l.Rows(), got)
	}
}

func TestOutcomesStandInTheFileAfterTheRun(t *testing.T) {
	l, path := create(t, sixRows, sandbox)
	rows := pending(t, l)
	want := []provision.Row{
		{Number: 1, Subject: "1001", Name: "Ada Byron", Email: "ada@acme.example"},
		{Number: 3, Subject: "1003", Name: "Grace Hopper", Email: "grace@acme.example"},
		{Number: 7, Subject: "1007", Name: "Lovelace, Annabella", Email: "annabella@acme.example"},
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Fatal(diff)
	}
	record(t, l, failed(rows[1]), created(rows[0]))
	if got := l.Counts(); got[provision.Pending] != 1 || got[provision.Created] != 1 || got[provision.Failed] != 1 {
		t.Errorf("counts while the run is on: %v", got)
	}
	closed(t, l)
	closed(t, l)
	lines := strings.Split(read(t, path), "\n")
	for i, want := range map[int]string{
		1: "1001,Ada Byron,ada@acme.example,created,id-1001,1001,,,201,,1,2026-03-01T08:30:00.123Z,sandbox,1",
		3: "1003,Grace Hopper,grace@acme.example,failed,,1003,the tenant said no,USERS-16,400,t-1,2,2026-03-01T08:30:00.123Z,sandbox,3",
		7: `1007,"Lovelace, Annabella",annabella@acme.example,pending,,1007,,,,,,,sandbox,7`,
	} {
		if lines[i] != want {
			t.Errorf("line %d: %s\nwant    %s", i+1, lines[i], want)
		}
	}
	if got := folder(t, path); !slices.Equal(got, []string{"hr.results.csv"}) {
		t.Errorf("after the run: %v", got)
	}

	l, err := Open(path, roster.Options{}, sandbox)
	if err != nil {
		t.Fatal(err)
	}
	if got := pending(t, l); len(got) != 2 || got[0].Number != 3 || got[1].Number != 7 {
		t.Errorf("left to run: %v", got)
	}
	closed(t, l)
}
