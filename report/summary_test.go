package report

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"qlik-provision/provision"
)

func TestASummaryCountsWhatTheFileSays(t *testing.T) {
	l, path := create(t, sixRows, sandbox)
	rows := pending(t, l)
	later := created(rows[0])
	later.FinishedAt = finishedAt.Add(time.Minute)
	there := provision.Outcome{Row: rows[1], State: provision.Exists, Message: "disabled on the tenant; name there: \"G. Hopper\"", FinishedAt: finishedAt}
	record(t, l, later, there, failed(rows[2]))
	for _, when := range []string{"while the run is on", "after it"} {
		s, err := Summarize(path)
		if err != nil {
			t.Fatal(err)
		}
		want := &Summary{
			Rows: 7, Done: 3, NotDone: 4, Differing: 1, Disabled: 1, Tenant: "sandbox",
			Counts: map[provision.State]int{provision.Created: 1, provision.Exists: 1, provision.Duplicate: 1, provision.Invalid: 3,
				provision.Failed: 1, provision.Pending: 0},
			First: finishedAt.UTC().Truncate(time.Millisecond), Last: finishedAt.Add(time.Minute).UTC().Truncate(time.Millisecond),
			Causes: []Cause{
				{provision.Invalid, "", `subject also claimed by row 5 (John Roe, john@acme.example)`, 2, []int{4, 5}, []int{5, 6}},
				{provision.Invalid, "", `line 7, column "Employee ID": no subject`, 1, []int{6}, []int{7}},
				{provision.Failed, "USERS-16", "the tenant said no", 1, []int{7}, []int{8}},
			},
		}
		if diff := cmp.Diff(want, s); diff != "" {
			t.Errorf("%s:\n%s", when, diff)
		}
		if when == "while the run is on" {
			closed(t, l)
		}
	}
}

func TestADuplicateIsDoneWhenTheRowIsThatItDuplicates(t *testing.T) {
	const text = "Subject,Name\na,Jane\na,Jane\nb,John\nb,John\nb,John\n"
	l, path := create(t, text, sandbox)
	done := func() int {
		t.Helper()
		s, err := Summarize(path)
		if err != nil {
			t.Fatal(err)
		}
		if s.Done+s.NotDone != 5 {
			t.Errorf("%+v", s)
		}
		return s.Done
	}
	if got := done(); got != 0 {
		t.Errorf("%d done before the run", got)
	}
	rows := pending(t, l)
	record(t, l, created(rows[1]))
	if got := done(); got != 3 {
		t.Errorf("%d done while it is on, want 3", got)
	}
	record(t, l, failed(rows[0]))
	closed(t, l)
	if got := done(); got != 3 {
		t.Errorf("%d done after it, want 3", got)
	}
	write(t, path, sorted(read(t, path)))
	if got := done(); got != 3 {
		t.Errorf("%d done where the duplicates come first, want 3", got)
	}
}

func TestADuplicateIsCountedOnceHoweverManyOfItsRowsAreDone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hr.results.csv")
	write(t, path, "Subject,"+block+"\na,duplicate,,a,,,,,,,,1\na,created,,a,,,,,,,,2\na,exists,,a,,,,,,,,3\nb,duplicate,,b,,,,,,,,4\n")
	if s, err := Summarize(path); err != nil || s.Done != 3 || s.NotDone != 1 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestCausesThatDifferInValuesAreOne(t *testing.T) {
	var b strings.Builder
	b.WriteString("Subject,Name,Email\n")
	for i := range 30 {
		fmt.Fprintf(&b, "s%d,N,broken%d@\n", i, i)
	}
	b.WriteString(",N,\n")
	_, path := create(t, b.String(), sandbox)
	s, err := Summarize(path)
	if err != nil {
		t.Fatal(err)
	}
	want := []Cause{
		{provision.Invalid, "", `line 2, column "Email": "broken0@" is not an address`, 30, []int{1, 2, 3, 4, 5}, []int{2, 3, 4, 5, 6}},
		{provision.Invalid, "", `line 32, column "Subject": no subject`, 1, []int{31}, []int{32}},
	}
	if diff := cmp.Diff(want, s.Causes); diff != "" {
		t.Error(diff)
	}
}

func TestMessagesAreOneCauseWhateverTheirBracketsAndQuotes(t *testing.T) {
	path := sampleFile(t, []sample{
		{subject: "1", outcome: "failed", message: "refused (code 17"}, {subject: "2", outcome: "failed", message: "refused (code 18"},
		{subject: "3", outcome: "failed", message: "refused (code 18) for now"},
		{subject: "4", outcome: "failed", message: `no "a\"b" there`}, {subject: "5", outcome: "failed", message: `no "c" there`}, {subject: "6", outcome: "failed", message: `no "c`},
	})
	s, err := Summarize(path)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range s.Causes {
		got = append(got, fmt.Sprint(c.Count, " ", c.Message))
	}
	want := []string{"2 refused (code 17", `2 no "a\"b" there`, "1 refused (code 18) for now", `1 no "c`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAFileThatCannotBeReadToItsEndIsNotCounted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hr.results.csv")
	write(t, path, strings.Replace(ran(t), "sandbox,6\n", "sandbox,six\n", 1))
	_, err := Summarize(path)
	pageErr := WritePage(io.Discard, path)
	for _, err := range []error{err, pageErr} {
		is[*NotResultsError](t, err)
		if want := path + ` is no result file: line 7: "six" is no row number`; err.Error() != want {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
	nowhere := filepath.Join(path+".d", "hr.results.csv")
	_, err = Summarize(nowhere)
	pageErr = WritePage(io.Discard, nowhere)
	for _, err := range []error{err, pageErr} {
		if !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "finding the folder of "+nowhere+": ") {
			t.Errorf("%v", err)
		}
	}
}

func TestSubjectsOfOtherPeopleAreOneCause(t *testing.T) {
	l, path := create(t, manyRows(3), sandbox)
	for i, row := range pending(t, l) {
		o := failed(row)
		o.ErrorCode, o.Message = provision.OtherPerson, fmt.Sprintf("the subject belongs to another person: %c on the tenant", 'A'+i)
		record(t, l, o)
	}
	closed(t, l)
	s, err := Summarize(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Causes) != 1 || s.Causes[0].Count != l.Rows() || !strings.Contains(s.Causes[0].Message, "A on the tenant") {
		t.Errorf("%+v", s.Causes)
	}
}

func TestCausesAreFiftyAtMost(t *testing.T) {
	l, path := create(t, manyRows(1200), sandbox)
	letters := "abcdefghijklmnopqrstuvwxyz"
	for i, r := range pending(t, l) {
		o := failed(r)
		o.Message = "no: " + string(letters[i/26/26%26]) + string(letters[i/26%26]) + string(letters[i%26])
		record(t, l, o)
	}
	closed(t, l)
	s, err := Summarize(path)
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	for _, c := range s.Causes {
		told += c.Count
	}
	if len(s.Causes) != mostCauses || told+s.Further != s.Counts[provision.Failed]+s.Counts[provision.Invalid] {
		t.Errorf("%d causes of %d rows, %d further, %v", len(s.Causes), told, s.Further, s.Counts)
	}
}

func TestAReportCanBeReadWhileALineIsWritten(t *testing.T) {
	ledger, journal := cutOff(t)
	l, path := create(t, manyRows(5), sandbox)
	defer l.Close()
	write(t, path, ledger)
	for n := range len(journal) {
		write(t, path+".journal", journal[:n])
		s, err := Summarize(path)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := s.Counts[provision.Created]+s.Counts[provision.Exists], doneIn(journal[:n]); got != want {
			t.Fatalf("%d bytes of the journal: %d done, want %d", n, got, want)
		}
	}
}
