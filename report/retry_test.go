package report

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/roster"
)

// ranText is the result file of a run over sixRows: rows 1 and 3 done, 7 failed, the others as Prepare left
// them.
func ranText(t testing.TB) string {
	t.Helper()
	l, path := start(t, sixRows, theAction, sandbox)
	for _, r := range l.Pending() {
		switch r.Number {
		case 1, 3:
			record(t, l, created(r))
		case 7:
			record(t, l, failed(r))
		}
	}
	mustClose(t, l)
	return read(t, path)
}

// A table is a result file as a spreadsheet has it.
type table [][]string

func tableOf(t testing.TB, text string) table {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// saved writes a table as a spreadsheet would.
func (tb table) saved(comma rune, crlf bool, bom string) string {
	var b bytes.Buffer
	b.WriteString(bom)
	w := csv.NewWriter(&b)
	w.Comma, w.UseCRLF = comma, crlf
	if err := w.WriteAll(tb); err != nil {
		panic(err) // a bytes.Buffer does not fail
	}
	return b.String()
}

// reversed has the last row first.
func (tb table) reversed() table {
	reversed := slices.Clone(tb)
	slices.Reverse(reversed[1:])
	return reversed
}

func (tb table) set(row int, column, value string) table {
	tb[row][slices.Index(tb[0], column)] = value
	return tb
}

// retryText is retry of a file with this text. Where it is refused, nothing may have changed.
func retryText(t testing.TB, text string, o Options) (l *Ledger, path string, notices []string, err error) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "hr.results.csv")
	write(t, path, text)
	l, notices, err = retry(t, path, o)
	if err != nil && (read(t, path) != text || len(folder(t, path)) != 1) {
		t.Errorf("refused, and left %v with\n%s", folder(t, path), read(t, path))
	}
	return l, path, notices, err
}

func TestRetryReadsAFileThatASpreadsheetSaved(t *testing.T) {
	text := ranText(t)
	for _, c := range []struct {
		name   string
		save   func(table) string
		run    []int  // numbers of the rows that are to be run, contradicting ones aside
		notice string // in the notices; "" for none
		holds  string // in the file afterwards
	}{
		{"as it was", func(tb table) string { return tb.saved(',', false, "") }, []int{7}, "",
			",pending,USERS-16,the tenant said no,,1007,400"},
		{"semicolons, CRLF and a byte order mark", func(tb table) string { return tb.saved(';', true, "\ufeff") },
			[]int{7}, "",
			"\ufeffEmployee ID;Name;Email;action;outcome;"},
		{"tabs", func(tb table) string { return tb.saved('\t', false, "") }, []int{7}, "",
			"\tcreated\t\t\tid-1001\t1001\t201"},
		{"every cell in quotes", func(tb table) string {
			var b strings.Builder
			for _, row := range tb {
				for i, cell := range row {
					row[i] = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
				}
				b.WriteString(strings.Join(row, ",") + "\r\n")
			}
			return b.String()
		}, []int{7}, "", `"1003","Grace Hopper","grace@acme.example",`},
		{"sorted", func(tb table) string { return tb.reversed().saved(',', false, "") }, []int{7}, "", ",7\n,Nobody"},
		{"filtered", func(tb table) string { return append(tb[:1:1], tb[3], tb[7]).saved(',', false, "") }, []int{7},
			"of at least 7 rows, 5 are no longer in the file", ",7\n"},
		{"a column of notes behind", func(tb table) string {
			for i := range tb {
				tb[i] = append(tb[i], "")
			}
			tb[0][len(tb[0])-1], tb[7][len(tb[7])-1] = "note", "call her, please"
			return tb.saved(',', false, "")
		}, []int{7}, "", `,7,"call her, please"`},
		{"a column in front", func(tb table) string {
			for i := range tb {
				tb[i] = append([]string{"x"}, tb[i]...)
			}
			return tb.saved(',', false, "")
		}, []int{7}, "", "x,1001,Ada Byron"},
		{"an action filled down into an empty cell", func(tb table) string {
			return tb.set(3, "action", "").saved(',',
				false, "")
		}, []int{7}, "",
			"grace@acme.example,create --subject"},
		{"a corrected subject", func(tb table) string {
			return tb.set(6, "Employee ID", "1006").saved(',', false,
				"")
		}, []int{6, 7},
			`row 6 (line 7) was "", is now "1006"`, "1006,Nobody,nobody@acme.example,"},
		{"one of two people given a subject of their own", func(tb table) string {
			return tb.set(5, "Employee ID",
				"1005").saved(',', false, "")
		},
			[]int{4, 5, 7}, `"1005"`, ",1005,"},
		{"two people become one", func(tb table) string {
			return tb.set(5, "Name", "Jane Doe").saved(',', false,
				"")
		}, []int{4, 7}, "",
			"duplicate,,same person as row 4 ("},
		{"an outcome emptied", func(tb table) string { return tb.set(3, "outcome", "").saved(',', false, "") },
			[]int{3, 7}, "", ""},
		{"an outcome in capitals", func(tb table) string {
			return tb.set(3, "outcome", "CREATED").saved(',', false,
				"")
		}, []int{7}, "", ""},
		{"user_subject and check emptied", func(tb table) string {
			return tb.set(7, "outcome", "pending").set(7, "user_subject", "").set(7, "check", "").set(7,
				"Employee ID", "9007").saved(',', false, "")
		}, []int{7}, "", "9007,\"Lovelace, Annabella\",annabella@acme.example,"},
		{"a user_subject that a spreadsheet changed", func(tb table) string {
			return tb.set(1, "user_subject",
				"1.0E3").saved(',', false, "")
		},
			[]int{7}, "", ",id-1001,1001,"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, path, notices, err := retryText(t, c.save(tableOf(t, text)), sandbox)
			if err != nil {
				t.Fatal(err)
			}
			var run []int
			for _, r := range l.Pending() {
				if !r.LookupOnly {
					run = append(run, r.Number)
					record(t, l, created(r))
				}
			}
			slices.Sort(run)
			if !slices.Equal(run, c.run) {
				t.Errorf("to run: %v, want %v", run, c.run)
			}
			if got := strings.Join(notices, "\n"); !strings.Contains(got, c.notice) || c.notice == "" && got != "" {
				t.Errorf("notices %q, want %q", got, c.notice)
			}
			if now := read(t, path); !strings.Contains(now, c.holds) {
				t.Errorf("the file is\n%s\nwant in it %s", now, c.holds)
			}
			mustClose(t, l)
			done := map[int]bool{1: c.name != "filtered", 3: true}
			for _, n := range c.run {
				done[n] = true
			}
			for row, is := range outcomes(t, path) {
				if (is == "created") != done[row] {
					t.Errorf("row %d is %q in the end", row, is)
				}
			}
		})
	}
}

func TestRetryLooksUpExistingUsersOfAPlanAgain(t *testing.T) {
	for _, sent := range []bool{false, true} {
		l, path := start(t, sixRows, theAction, sandbox)
		for _, r := range l.Pending() {
			if !r.LookupOnly {
				record(t, l, provision.Result{Number: r.Number, Outcome: provision.Exists, Code: "disabled",
					UserID: "u"})
			}
		}
		if sent {
			record(t, l, created(provision.Row{Number: 1}))
		}
		mustClose(t, l)
		l = mustRetry(t, path)
		got := l.Summary().Counts
		if got[provision.Pending] != map[bool]int{false: 3, true: 0}[sent] ||
			got[provision.Exists] != map[bool]int{false: 0, true: 2}[sent] {
			t.Errorf("sent %v: %v", sent, got)
		}
		for _, r := range l.Pending() {
			if r.ChangedUser != "" || r.UserID != "" {
				t.Errorf("%+v", r)
			}
		}
	}
}

// In the file of a plan, rows that exist are pending again before the first of them is sent.
func TestARunOfAPlanThatIsKilledKeepsItsResults(t *testing.T) {
	l, path := start(t, "Employee ID,Name,Email\n1001,Ada,\n", theAction, sandbox)
	record(t, l, provision.Result{Number: 1, Outcome: provision.Exists, UserID: "u"})
	mustClose(t, l)
	l = mustRetry(t, path)
	record(t, l, created(l.Pending()[0])) // the user was deleted meanwhile
	if got := outcomes(t, path)[1]; got != "created" {
		t.Errorf("a reader finds the row %s", got)
	}
	killed := filepath.Join(snapshot(t, filepath.Dir(path)), filepath.Base(path))
	if got := mustRetry(t, killed).Summary().Counts; got[provision.Created] != 1 {
		t.Errorf("after the crash: %v", got)
	}
}

// The result file pads a line of a report, which then has the form of a person.
func TestATrailerStaysOneInTheResultFile(t *testing.T) {
	l, path := start(t, "Employee ID,Name,Email\n1,Ann,ann@acme.example\nGenerated by Workday, Inc\n", theAction, sandbox)
	mustClose(t, l)
	for range 2 {
		if got := outcomes(t, path); len(got) != 2 || got[1] != "pending" || !strings.HasPrefix(got[2], "invalid ") {
			t.Errorf("%v", got)
		}
		l = mustRetry(t, path)
		if rows := l.Pending(); len(rows) != 1 || rows[0].Number != 1 {
			t.Errorf("%+v", rows)
		}
		mustClose(t, l)
	}
	emptied := tableOf(t, read(t, path)).set(2, "outcome", "").saved(',', false, "")
	if l, _, _, err := retryText(t, emptied, sandbox); err != nil || len(l.Pending()) != 1 {
		t.Errorf("a trailer whose outcome was emptied is sent: %v", err)
	}
	for column, correct := range map[string]string{"Email": "inc@acme.example", "Employee ID": "2"} {
		corrected := tableOf(t, read(t, path)).set(2, column, correct).saved(',', false, "")
		l, _, _, err := retryText(t, corrected, sandbox)
		if err != nil || len(l.Pending()) != 2 {
			t.Errorf("%s: a row that was corrected stays a trailer: %v", column, err)
		}
	}
}

func TestADoneRowPromisesAUserWhateverItsConditionSaysNow(t *testing.T) {
	action := theAction
	action.Where = []string{"Name!=Gone"}
	l, path := start(t, sixRows, action, sandbox)
	record(t, l, created(l.Pending()[0]))
	mustClose(t, l)
	write(t, path, tableOf(t, read(t, path)).set(1, "Name", "Gone").saved(',', false, ""))
	r, err := Read(path, csvfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if p := r.Promises(); p[0].Row.Number != 1 || p[0].Outcome != provision.Created {
		t.Errorf("%+v", p[0])
	}
}

// The user of a conflict belongs to another person.
func TestARowThatIsTriedAgainHasNoUserOfAnotherPerson(t *testing.T) {
	l, path := start(t, sixRows, theAction, sandbox)
	first := l.Pending()[0]
	record(t, l, provision.Result{Number: first.Number, Outcome: provision.Failed, UserID: "theirs",
		Code: provision.CodeEmailConflict})
	mustClose(t, l)
	l = mustRetry(t, path)
	if e := l.find(first.Number).Entry; e.Outcome != provision.Pending || e.UserID != "" {
		t.Errorf("%s with the user %q", e.Outcome, e.UserID)
	}
	mustClose(t, l)
}

func TestNeverTriedRowsGoFirst(t *testing.T) {
	l, path := start(t, manyRows(6), theAction, sandbox)
	rows := l.Pending()
	date := finishedAt.UTC()
	record(t, l, failed(rows[0]), provision.Result{Number: rows[1].Number, Outcome: provision.Pending,
		Code: provision.CodeMaybeCreated, Message: "timeout", FinishedAt: date, Attempts: 1}, created(rows[2]))
	mustClose(t, l)
	l = mustRetry(t, path)
	var got []string
	for _, r := range l.Pending() {
		if !r.LookupOnly {
			got = append(got, fmt.Sprint(r.Number, !r.SentAt.IsZero()))
		}
	}
	want := []string{"4 false", "6 false", "1 false", "2 true"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAFailedRowKeepsItsResultUntilTheNextOne(t *testing.T) {
	_, path, _, err := retryText(t, ranText(t), sandbox)
	if err != nil {
		t.Fatal(err)
	}
	line := strings.Split(read(t, path), "\n")[7]
	want := ",pending,USERS-16,the tenant said no,,1007,400,t-1,2,2026-03-01T08:30:00.123Z,sandbox,"
	if !strings.Contains(line, want) {
		t.Errorf("%s\nwant %s", line, want)
	}
}

func TestWithNothingToDoTheFileHoldsWhatItHeld(t *testing.T) {
	text := strings.Join(strings.SplitAfter(ranText(t), "\n")[:4], "")
	for _, mode := range []fs.FileMode{0o600, 0o644, 0o640} {
		path := filepath.Join(t.TempDir(), "hr.results.csv")
		write(t, path, text)
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		l := mustRetry(t, path)
		if got := l.Pending(); len(got) > 0 {
			t.Errorf("to run: %v", got)
		}
		mustClose(t, l)
		if diff := cmp.Diff(text, read(t, path)); diff != "" {
			t.Error(diff)
		}
		if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("with mode %04o: mode %v, %v", mode, info.Mode(), err)
		}
	}
}

func TestOurColumnsAreNoSources(t *testing.T) {
	const export = "row,Employee ID,Name,outcome\n9,1001,Ada Byron,\"left, on leave\"\n"
	a := Action{Command: "create", Subject: "Employee ID", Status: "active"}
	l, path := start(t, export, a, sandbox)
	mustClose(t, l)
	noted := tableOf(t, read(t, path))
	for i := range noted {
		noted[i] = append(noted[i], "my \"note\"")
	}
	write(t, path, noted.saved(',', false, ""))
	text := read(t, path)
	l = mustRetry(t, path)
	for _, o := range []roster.Options{{Subject: "{user_subject}"}, {Subject: "Name", Where: []string{"check=x"}}} {
		if _, err := roster.Read(l.File, o); err == nil {
			t.Errorf("%+v: a column of the result file was used", o)
		}
	}
	people, err := roster.Read(l.File, roster.Options{Subject: "{row}-{outcome}"})
	if err != nil || people.Rows[0].Person.Subject != "9-left, on leave" {
		t.Errorf("%+v, %v", people, err)
	}
	mustClose(t, l)
	if got := read(t, path); got != text {
		t.Errorf("%s\nbecame\n%s", text, got)
	}
}
