package report

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
)

// undo opens the result file at path for undoing it.
func undo(t testing.TB, path string) *Ledger {
	t.Helper()
	l, err := Open(path, csvfile.Options{}, sandbox)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	if err := l.PrepareUndo(false); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestUndoIsForRowsThatTheFileCreated(t *testing.T) {
	l, path := start(t, manyRows(8), theAction, sandbox)
	rows := l.Pending()
	date := finishedAt.UTC()
	record(t, l, created(rows[0]), created(rows[1]), created(rows[2]),
		provision.Result{Number: 4, Outcome: provision.Pending, Code: provision.CodeMaybeCreated, FinishedAt: date},
		provision.Result{Number: 7, Outcome: provision.Exists, UserID: "theirs"}, failed(provision.Row{Number: 8}))
	mustClose(t, l)

	l = undo(t, path)
	type row struct {
		Number          int
		Subject, UserID string
		Sent            bool
	}
	var got []row
	for _, r := range l.Pending() {
		got = append(got, row{r.Number, r.Person.Subject, r.UserID, !r.SentAt.IsZero()})
	}
	want := []row{{1, "00000", "id-00000", false}, {2, "00001", "id-00001", false}, {3, "00002", "id-00002", false},
		{4, "00003", "", true}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	record(t, l, provision.Result{Number: 1, Outcome: provision.Deleted, UserID: "id-00000", HTTPStatus: 204},
		provision.Result{Number: 2, Outcome: provision.Created, Code: provision.CodeNotCreatedHere},
		provision.Result{Number: 3, Outcome: provision.Pending, Message: "interrupted"})
	killed := filepath.Join(snapshot(t, filepath.Dir(path)), "hr.results.csv")
	mustClose(t, l)

	for _, path := range []string{path, killed} {
		l := mustRetry(t, path)
		if s := l.Summary(); s.Counts[provision.Deleted] != 1 || s.Counts[provision.Created] != 2 {
			t.Errorf("%v", s.Counts)
		}
		for _, r := range l.Pending() {
			if r.Number <= 3 {
				t.Errorf("a retry would create row %d again", r.Number)
			}
		}
		mustClose(t, l)
		var numbers []int
		for _, r := range undo(t, path).Pending() {
			numbers = append(numbers, r.Number)
			if r.UserID == "" && r.Number != 4 {
				t.Errorf("row %d has no user ID", r.Number)
			}
		}
		if diff := cmp.Diff([]int{2, 3, 4}, numbers); diff != "" {
			t.Error(diff)
		}
	}
}

// A person who was deleted is not created again for another row. A subject that was deleted is free for another
// person.
func TestARetryAfterAnUndoCreatesNobodyAgain(t *testing.T) {
	l, path := start(t, "Employee ID,Name,Email\n1,Ada Byron,ada@x.example\n1,Ada Byron,ada@x.example\n"+
		"2,Grace Hopper,grace@x.example\n3,Mary Major,mary@x.example\n", theAction, sandbox)
	rows := l.Pending()
	record(t, l, created(rows[0]), created(rows[1]), failed(rows[2]))
	mustClose(t, l)
	l = undo(t, path)
	record(t, l, provision.Result{Number: 1, Outcome: provision.Deleted},
		provision.Result{Number: 3, Outcome: provision.Deleted})
	mustClose(t, l)
	write(t, path, tableOf(t, read(t, path)).set(4, "Employee ID", "2").saved(',', false, ""))
	l = mustRetry(t, path)
	if diff := cmp.Diff([]int{4}, numbers(l.Pending())); diff != "" {
		t.Error(diff)
	}
	mustClose(t, l)
	if got := outcomes(t, path)[2]; got != "duplicate same person as row 1" {
		t.Error(got)
	}
}

func TestUndoRefusesARowWhoseSubjectWasEmptied(t *testing.T) {
	for outcome, code := range map[string]string{"created": "", "pending": provision.CodeMaybeCreated} {
		path := filepath.Join(t.TempDir(), "hr.results.csv")
		emptied := tableOf(t, ranText(t)).set(1, "outcome", outcome).set(1, "code", code)
		write(t, path, emptied.set(1, "user_subject", "").set(1, "check", "").saved(',', false, ""))
		l, err := Open(path, csvfile.Options{}, sandbox)
		if err != nil {
			t.Fatal(err)
		}
		e := as[*ChangedError](t, errors.Join(l.PrepareUndo(false), l.Close()))
		if e.Kind != SubjectChanged || len(e.Rows) != 1 {
			t.Errorf("%s: %+v", outcome, e)
		}
	}
}

func TestUndoRefusesARowWhoseUserIDWasEmptied(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hr.results.csv")
	write(t, path, tableOf(t, ranText(t)).set(1, "user_id", "").saved(',', false, ""))
	l, err := Open(path, csvfile.Options{}, sandbox)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	e := as[*NotResultsError](t, l.PrepareUndo(false))
	if want := "row 1 (line 2) has no user_id: restore it, or delete the row"; e.Why != want {
		t.Errorf("%s, want %s", e.Why, want)
	}
}

func TestUndoRefusesADamagedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hr.results.csv")
	write(t, path, tableOf(t, ranText(t)).set(1, "user_subject", "1002").saved(',', false, ""))
	l, err := Open(path, csvfile.Options{}, sandbox)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if e := as[*ChangedError](t, l.PrepareUndo(false)); e.Kind != SubjectDamaged || len(e.Rows) != 1 {
		t.Errorf("%+v", e)
	}
}

func TestAPreviewOfUndoLeavesTheFileAsItIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hr.results.csv")
	text := ranText(t)
	write(t, path, text)
	l, err := Open(path, csvfile.Options{}, sandbox)
	if err == nil {
		err = l.PrepareUndo(true)
	}
	if err != nil {
		t.Fatal(err)
	}
	record(t, l, provision.Result{Number: 1, Outcome: provision.Deleted})
	mustClose(t, l)
	if read(t, path) != text || len(folder(t, path)) != 1 {
		t.Errorf("left: %v", folder(t, path))
	}
}
