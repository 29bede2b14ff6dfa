package report

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
)

func TestSummaryCountsRowsAndThisRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hr.results.csv")
	write(t, path, ranText(t))
	l := mustRetry(t, path)
	s := l.Summary()
	if s.Counts[provision.Created] != 2 || s.Run[provision.Created] != 0 || s.NotDone != 4 ||
		s.Rows != 7 {
		t.Errorf("before: %+v", s)
	}
	rows := l.Pending()
	record(t, l, created(rows[len(rows)-1]),
		provision.Result{Number: 4, Outcome: provision.Pending, Code: provision.CodeMaybeCreated}) // settles nothing
	s = l.Summary()
	if s.Counts[provision.Created] != 3 || s.Run[provision.Created] != 1 || s.Run[provision.Pending] != 0 ||
		s.NotDone != 3 {
		t.Errorf("after: %+v", s)
	}
	if len(s.Counts) != len(provision.Outcomes()) || len(s.Run) != len(provision.Outcomes()) {
		t.Errorf("not every outcome is counted: %v, %v", s.Counts, s.Run)
	}
	mustClose(t, l)
	r, err := Read(path, csvfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s = r.Summary()
	want := map[string]int{"maybe-created": 1, "subject-twice": 1, "no-subject": 1}
	if diff := cmp.Diff(want, s.Codes); diff != "" || s.Tenant != "sandbox" {
		t.Errorf("%s%+v", diff, s)
	}
}

func TestADuplicateIsDoneWhereItsRowIs(t *testing.T) {
	l, _ := start(t, "Employee ID,Name\na,Jane\nA,Jane\nb,John\nb,John\n", Action{Command: "create",
		Subject: "Employee ID", Name: "Name", Status: "active"}, sandbox)
	record(t, l, created(l.Pending()[0]))
	if s := l.Summary(); s.NotDone != 2 || s.Counts[provision.Duplicate] != 2 {
		t.Errorf("%+v", s)
	}
	mustClose(t, l)

	l, _ = start(t, "Employee ID,Name\na,Jane\nA,John\nA,John\n", Action{Command: "create", Subject: "Employee ID",
		Name: "Name", Status: "active"}, sandbox)
	rows := l.Pending()
	record(t, l, created(rows[0]), failed(rows[1]))
	if got := NotDone(l.Rows); !slices.Equal(got, []bool{false, true, true}) {
		t.Errorf("%v: a duplicate of a failed row is done", got)
	}
	mustClose(t, l)

	const invalidBetween = "Employee ID,Name,Email\ne1,Jane,j@x.example\nE1,,k@x.example\nE2,Mia,k@x.example\n" +
		"E1,Jane,j@x.example\n"
	l, _ = start(t, invalidBetween, Action{Command: "create", Subject: "Employee ID", Name: "Name", Email: "Email",
		Status: "active"}, sandbox)
	record(t, l, created(l.Pending()[0]))
	if got := NotDone(l.Rows); !slices.Equal(got, []bool{false, true, true, false}) {
		t.Errorf("%v: beside an invalid row with its subject, a duplicate of a created row is not done", got)
	}
}

func TestCausesGroupRowsThatAreNotDone(t *testing.T) {
	l, _ := start(t, manyRows(14), theAction, sandbox)
	for i, r := range l.Pending() {
		result := failed(r)
		result.Code, result.Message = "X-1", fmt.Sprintf(`no room for "%d" (code %d)`, i, i)
		switch {
		case r.LookupOnly:
			continue
		case i < 3:
			result.Code, result.Message = provision.CodeSubjectConflict,
				fmt.Sprintf("the subject belongs to another person: %c", 'A'+i)
		case i < 6:
			result.Code, result.Message = "", "something else"
		}
		record(t, l, result)
	}
	var got []string
	rows := l.Rows
	for _, c := range Causes(rows) {
		e := rows[c.Rows[0]].Entry
		got = append(got, fmt.Sprintf("%d %s %s %s %v", len(c.Rows), e.Outcome, e.Code, e.Message, c.Rows))
	}
	want := []string{
		`8 failed X-1 no room for "6" (code 6) [6 7 8 9 10 11 12 13]`,
		"3 failed subject-conflict the subject belongs to another person: A [0 1 2]",
		"2 failed  something else [3 5]",
		"2 invalid subject-twice the subject is also in row 16 (Somebody Else <else@acme.example>) [4 15]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEveryCauseIsCounted(t *testing.T) {
	l, _ := start(t, manyRows(100), theAction, sandbox)
	for i, r := range l.Pending() {
		result := failed(r)
		result.Code = fmt.Sprint("X-", i)
		record(t, l, result)
	}
	s, causes := l.Summary(), Causes(l.Rows)
	counted := 0
	for _, c := range causes {
		counted += len(c.Rows)
	}
	if want := s.NotDone - s.Counts[provision.Duplicate]; len(causes) < 99 || counted != want {
		t.Errorf("%d causes, %d rows of %d", len(causes), counted, want)
	}
}
