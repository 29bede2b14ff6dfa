package report

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
)

// fate is the result of a row, however often it is tried.
func fate(r provision.Row) provision.Result {
	switch r.Number % 5 {
	case 0:
		return failed(r)
	case 1:
		return provision.Result{Number: r.Number, Outcome: provision.Exists, Code: provision.CodeDiffers, UserID: "old-" + r.Person.Subject,
			Message: `name differs: "A, B"`, FinishedAt: finishedAt}
	}
	return created(r)
}

// killedRun is a result file and its journal as a run leaves them that is killed after some results.
func killedRun(t testing.TB) (file, journal string) {
	t.Helper()
	l, path := start(t, manyRows(5), theAction, sandbox)
	for _, r := range slices.Backward(l.Pending()) {
		if !r.LookupOnly {
			record(t, l, fate(r))
		}
	}
	file, journal = read(t, path), read(t, path+".journal")
	mustClose(t, l)
	return file, journal
}

// placed puts a result file and its journal into a folder of their own.
func placed(t testing.TB, file, journal string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "hr.results.csv")
	write(t, path, file)
	write(t, path+".journal", journal)
	return path
}

// merged runs a retry of a file with a journal, without recording anything, and returns the outcomes in the file and the notices.
func merged(t testing.TB, file, journal string, o Options) (got map[int]string, notices []string) {
	t.Helper()
	path := placed(t, file, journal)
	l, notices, err := retry(t, path, o)
	if err != nil {
		t.Fatal(err)
	}
	mustClose(t, l)
	return outcomes(t, path), notices
}

// countDone counts outcomes that are done.
func countDone(outcomes map[int]string) int {
	n := 0
	for _, o := range outcomes {
		if strings.HasPrefix(o, "created") || strings.HasPrefix(o, "exists") {
			n++
		}
	}
	return n
}

// doneLines counts the whole lines of a journal with such outcomes.
func doneLines(journal string) int {
	whole := journal[:strings.LastIndexByte(journal, '\n')+1]
	return strings.Count(whole, ",created,") + strings.Count(whole, ",exists,")
}

func TestAJournalCutOffAtAnyByteGivesWhatItsWholeLinesSay(t *testing.T) {
	t.Parallel()
	file, journal := killedRun(t)
	for n := 0; n <= len(journal); n += 1 + n%3 {
		got, notices := merged(t, file, journal[:n], sandbox)
		if done, want := countDone(got), doneLines(journal[:n]); done != want || len(got) != 7 {
			t.Fatalf("%d bytes of the journal: %d rows of %d done, want %d", n, done, len(got), want)
		}
		if cut := n > 0 && journal[n-1] != '\n'; cut != (len(notices) == 1) {
			t.Fatalf("%d bytes: notices %q", n, notices)
		}
	}
}

func TestAJournalWithAnyByteFlippedGivesNothingWrong(t *testing.T) {
	t.Parallel()
	file, journal := killedRun(t)
	whole, _ := merged(t, file, journal, sandbox)
	before, _ := merged(t, file, "", sandbox)
	for i := 0; i < len(journal); i += 1 + i%7 {
		broken := []byte(journal)
		broken[i] ^= 1 << (i % 8)
		got, notices := merged(t, file, string(broken), sandbox)
		for row, is := range got {
			if is != whole[row] && is != before[row] {
				t.Fatalf("byte %d: row %d became %q; the journal says %q, the file %q", i, row, is, whole[row], before[row])
			}
		}
		if len(notices) != 1 {
			t.Fatalf("byte %d: notices %q", i, notices)
		}
	}
}

func TestLinesThatDoNotBelongToTheFileAreDroppedAndCounted(t *testing.T) {
	file, journal := killedRun(t)
	all := doneLines(journal)
	head, lines, _ := strings.Cut(journal, "\n")
	head += "\n"
	last := strings.Split(strings.TrimSuffix(lines, "\n"), "\n")[3]
	body := last[:strings.LastIndexByte(last, ',')]
	random := make([]byte, 300<<10)
	rand.NewChaCha8([32]byte{}).Read(random)
	for _, c := range []struct {
		name, file, journal string
		o                   Options
		want                string
		done                int
	}{
		{"another tenant", strings.ReplaceAll(file, "sandbox", "acme.example"), journal, Options{Tenant: "acme.example"},
			"4 of 4 results dropped: 4 of no row in this file", 0},
		{"no journal at all", file, "Employee ID,Name\n1,2\n", sandbox, "2 of 2 results dropped: 2 cut short or damaged", 0},
		{"another version", file, sealed("qlik-provision journal 3,1,here,now") + lines, sandbox, "5 of 5 results dropped: 5 cut short or damaged", 0},
		{"a first line that is no cells", file, sealed(`"qlik-provision journal 2`) + lines, sandbox, "5 of 5 results dropped: 5 cut short or damaged", 0},
		{"a first line alone", file, head, sandbox, "", 0},
		{"no bytes", file, "", sandbox, "", 0},
		{"bytes that are no text", file, string(random), sandbox, " cut short or damaged", 0},
		{"an outcome that is none", file, head + sealed(strings.Replace(body, ",exists,", ",erledigt,", 1)) + lines, sandbox, "1 of 5 results dropped: 1 of no row in this file", all},
		{"a duplicate, which is no outcome of a run", file, head + sealed(strings.Replace(body, ",exists,", ",duplicate,", 1)) + lines, sandbox, "1 of 5 results dropped: 1 of no row in this file", all},
		{"too few cells", file, head + sealed("created,00001,2") + lines, sandbox, "1 of 5 results dropped: 1 of no row in this file", all},
		{"a row that is not there", file, head + sealed(body+"7") + lines, sandbox, "1 of 5 results dropped: 1 of no row in this file", all},
		{"another check", file, head + sealed(strings.Replace(body, ",c-", ",c-1", 1)) + lines, sandbox, "1 of 5 results dropped: 1 of no row in this file", all},
		{"a line of a MiB and more", file, head + lines + sealed(strings.Replace(body, `""A`, strings.Repeat("x", maxLine), 1)), sandbox,
			" cut short or damaged", all},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, notices := merged(t, c.file, c.journal, c.o)
			if all := strings.Join(notices, "\n"); !strings.Contains(all+"\n", c.want+"\n") || (c.want == "") != (all == "") {
				t.Errorf("notices %q, want %q", notices, c.want)
			}
			if done := countDone(got); done != c.done {
				t.Errorf("%d rows done, want %d: %q", done, c.done, fmt.Sprint(got))
			}
		})
	}
}

func TestMergingAJournalTwiceChangesNothing(t *testing.T) {
	file, journal := killedRun(t)
	path := placed(t, file, journal)
	mustClose(t, mustRetry(t, path))
	once := read(t, path)
	write(t, path+".journal", journal)
	mustClose(t, mustRetry(t, path))
	if twice := read(t, path); once != twice {
		t.Errorf("once:\n%s\ntwice:\n%s", once, twice)
	}
}

func TestADoneRowIsNotChangedByAJournal(t *testing.T) {
	file, journal := killedRun(t)
	tb := tableOf(t, file)
	tb.set(2, "outcome", "created").set(2, "user_id", "mine")
	path := placed(t, tb.saved(',', false, ""), journal)
	mustClose(t, mustRetry(t, path))
	if got := read(t, path); !strings.Contains(got, ",created,,,mine,00001,") {
		t.Errorf("the file is\n%s", got)
	}
}

func TestARowWhoseWriteWasSentIsUnconfirmedAfterAKill(t *testing.T) {
	l, path := start(t, manyRows(6), theAction, sandbox)
	rows := l.Pending()
	date := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	sent := func(r provision.Row) provision.Result {
		return provision.Result{Number: r.Number, Outcome: provision.Pending, Code: provision.CodeMaybeCreated, FinishedAt: date}
	}
	record(t, l, sent(rows[0]), sent(rows[1]), created(rows[1]))
	killed := filepath.Join(snapshot(t, filepath.Dir(path)), "hr.results.csv")
	mustClose(t, l)
	for _, path := range []string{path, killed} {
		l := mustRetry(t, path)
		for _, r := range l.Pending() {
			if r.SentAt.Equal(date) != (r.Number == rows[0].Number) || r.Number == rows[1].Number {
				t.Errorf("%+v", r)
			}
		}
		if s := l.Summary(); s.Counts[provision.Created] != 1 || s.Run[provision.Created] != 0 {
			t.Errorf("%+v", s)
		}
	}
}

// snapshot copies a folder, as a run that is killed would leave it.
func snapshot(t testing.TB, folder string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	return to
}

func TestAResultThatDoesNotFitOnTheDiskLeavesTheJournalWhole(t *testing.T) {
	for _, stuck := range []bool{false, true} { // stuck: nothing can be cut off either
		t.Run(fmt.Sprintf("stuck %v", stuck), func(t *testing.T) {
			full := false
			f := files{name: filepath.Join(t.TempDir(), "hr.results.csv")}
			f.step = func(operation, path string) error {
				switch {
				case !full || !strings.HasSuffix(path, ".journal"):
				case operation == "write":
					write(t, path, read(t, path)+"half a li")
					return &os.PathError{Op: "write", Path: path, Err: syscall.ENOSPC}
				case operation == "truncate" && stuck:
					return syscall.EIO
				}
				return nil
			}
			l, err := create(f, parseText(t, manyRows(9)), theAction, sandbox)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			if err := prepare(l); err != nil {
				t.Fatal(err)
			}
			rows := l.Pending()
			record(t, l, created(rows[0]))
			full = true
			err = l.Record(created(rows[1]))
			if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "hr.results.csv.journal") {
				t.Fatal(err)
			}
			if whole := strings.HasSuffix(read(t, f.name+".journal"), "\n"); whole == stuck {
				t.Errorf("the journal is\n%s", read(t, f.name+".journal"))
			}
			if l.Summary().Counts[provision.Created] != 1 {
				t.Error("a result that was not recorded is counted")
			}
			full = false
			if err := l.Record(created(rows[2])); err != nil {
				t.Errorf("with space again: %v", err)
			}
			mustClose(t, l)
			if got := strings.Count(read(t, f.name), ",created,"); got != 2 {
				t.Errorf("%d rows created in the file", got)
			}
		})
	}
}

func TestResultsAreSyncedWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var (
			mu    sync.Mutex
			syncs int
			fail  error
		)
		f := files{name: filepath.Join(t.TempDir(), "hr.results.csv")}
		f.step = func(operation, path string) error {
			mu.Lock()
			defer mu.Unlock()
			if operation == "sync" && strings.HasSuffix(path, ".journal") {
				syncs++
				return fail
			}
			return nil
		}
		l, err := create(f, parseText(t, manyRows(3)), theAction, sandbox)
		if err == nil {
			err = prepare(l)
		}
		if err != nil {
			t.Fatal(err)
		}
		rows := l.Pending()
		count := func() int {
			mu.Lock()
			defer mu.Unlock()
			return syncs
		}
		idle := count()
		record(t, l, created(rows[0]))
		time.Sleep(syncInterval + time.Millisecond)
		if got := count(); got != idle+1 {
			t.Errorf("%d syncs, want one more than %d", got, idle)
		}
		time.Sleep(time.Hour)
		if got := count(); got != idle+1 {
			t.Errorf("%d syncs with nothing written", got)
		}
		mu.Lock()
		fail = syscall.EIO
		mu.Unlock()
		record(t, l, created(rows[1]))
		time.Sleep(syncInterval + time.Millisecond)
		if err := l.Record(created(rows[2])); !errors.Is(err, syscall.EIO) {
			t.Errorf("after a sync that failed: %v", err)
		}
		l.Close()
	})
}

func TestResultsAreRecordedConcurrently(t *testing.T) {
	l, path := start(t, manyRows(200), theAction, sandbox)
	rows := make(chan provision.Row)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for r := range rows {
				if err := l.Record(created(r)); err != nil {
					t.Error(err)
				}
				l.Summary()
			}
		})
	}
	pending := l.Pending()
	for _, r := range pending {
		rows <- r
	}
	close(rows)
	wg.Wait()
	if got := l.Summary(); got.Counts[provision.Created] != len(pending) || got.Run[provision.Created] != len(pending) {
		t.Errorf("%d rows run, %+v", len(pending), got)
	}
	mustClose(t, l)
	if got := strings.Count(read(t, path), ",created,"); got != len(pending) {
		t.Errorf("%d in the file, %d run", got, len(pending))
	}
}

func TestOnlyResultsOfARunAreRecorded(t *testing.T) {
	l, _ := start(t, sixRows, theAction, sandbox)
	for _, r := range []provision.Result{{Number: 1}, {Number: 1, Outcome: "done"}, {Number: 1, Outcome: provision.Duplicate},
		{Number: 99, Outcome: provision.Created}} {
		if err := l.Record(r); err == nil {
			t.Errorf("%+v was recorded", r)
		}
	}
	unprepared, err := Create(filepath.Join(t.TempDir(), "x.csv"), parseText(t, sixRows), theAction, sandbox)
	if err != nil {
		t.Fatal(err)
	}
	if err := unprepared.Record(provision.Result{Number: 1, Outcome: provision.Created}); err == nil {
		t.Error("a result was recorded before Prepare")
	}
	mustClose(t, unprepared)
}

func TestAResultWithALongSubjectIsReadAgain(t *testing.T) {
	half := strings.Repeat(`"`, maxSubject/2)
	quoted := `"` + half + half + `"`
	a := Action{Command: "create", Subject: "{A}x{B}", Status: "active"}
	l, path := start(t, "A,B\n"+quoted+",b\n"+quoted+","+quoted+"\nc,d\n", a, sandbox)
	for _, r := range l.Pending() {
		record(t, l, created(r))
	}
	killed := filepath.Join(snapshot(t, filepath.Dir(path)), "hr.results.csv")
	mustClose(t, l)
	if _, err := Read(killed, csvfile.Options{}); err != nil {
		t.Fatal(err)
	}
	mustClose(t, mustRetry(t, killed))
	if read(t, killed) != read(t, path) {
		t.Errorf("the next run makes another file of the journal")
	}
}
