package report

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
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
		return provision.Result{Number: r.Number, Outcome: provision.Exists, Code: provision.CodeDiffers,
			UserID:  "old-" + r.Person.Subject,
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

// merged runs a retry of a file with a journal, without recording anything, and returns the outcomes in the
// file and the notices.
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
		whole := journal[:n]
		if strings.HasPrefix(journal[n:], "\n") { // nothing but the line's end is missing
			whole += "\n"
		}
		if done, want := countDone(got), doneLines(whole); done != want || len(got) != 7 {
			t.Fatalf("%d bytes of the journal: %d rows of %d done, want %d", n, done, len(got), want)
		}
		if cut := n > 0 && !strings.HasSuffix(whole, "\n"); cut != (len(notices) == 1) {
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
				t.Fatalf("byte %d: row %d became %q; the journal says %q, the file %q", i, row, is, whole[row],
					before[row])
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
		{"another tenant", strings.ReplaceAll(file, "sandbox", "acme.example"), journal,
			Options{Tenant: "acme.example"},
			"4 of 4 results dropped: 0 cut short or damaged, 4 of no row in this file", 0},
		{"no journal at all", file, "Employee ID,Name\n1,2\n", sandbox,
			"2 of 2 results dropped: 2 cut short or damaged, 0 of no row in this file", 0},
		{"another version", file, sealed("qlik-provision journal 3,1,here,now") + lines, sandbox,
			"5 of 5 results dropped: 5 cut short or damaged, 0 of no row in this file", 0},
		{"a first line that is no cells", file, sealed(`"qlik-provision journal 2`) + lines, sandbox,
			"5 of 5 results dropped: 5 cut short or damaged, 0 of no row in this file", 0},
		{"a first line alone", file, head, sandbox, "", 0},
		{"no bytes", file, "", sandbox, "", 0},
		{"bytes that are no text", file, string(random), sandbox, " cut short or damaged, 0 of no row in this file", 0},
		{"an outcome that is none", file, head + sealed(strings.Replace(body, ",exists,", ",erledigt,", 1)) + lines,
			sandbox, "1 of 5 results dropped: 0 cut short or damaged, 1 of no row in this file", all},
		{"too few cells", file, head + sealed("created,00001,2") + lines, sandbox,
			"1 of 5 results dropped: 0 cut short or damaged, 1 of no row in this file", all},
		{"a row that is not there", file, head + sealed(body+"7") + lines, sandbox,
			"1 of 5 results dropped: 0 cut short or damaged, 1 of no row in this file", all},
		{"another check", file, head + sealed(strings.Replace(body, ",c-", ",c-1", 1)) + lines, sandbox,
			"1 of 5 results dropped: 0 cut short or damaged, 1 of no row in this file", all},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, notices := merged(t, c.file, c.journal, c.o)
			if all := strings.Join(notices, "\n"); !strings.Contains(all+"\n", c.want+"\n") ||
				(c.want == "") != (all == "") {
				t.Errorf("notices %q, want %q", notices, c.want)
			}
			if done := countDone(got); done != c.done {
				t.Errorf("%d rows done, want %d: %q", done, c.done, fmt.Sprint(got))
			}
		})
	}
}

// A file of zeros takes no room on the disk, whatever its size.
func TestAJournalWithoutLineEndsTakesLittleMemory(t *testing.T) {
	file, journal := killedRun(t)
	for _, text := range []string{journal, ""} {
		path := placed(t, file, text)
		if err := os.Truncate(path+".journal", 4<<30); err != nil {
			t.Skip(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r, err := Read(path, csvfile.Options{})
		runtime.ReadMemStats(&after)
		if err != nil || len(r.Warnings) != 1 || r.Unmerged != (text != "") {
			t.Fatalf("%v, %+v", err, r)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 8<<20 {
			t.Errorf("%d MiB", took>>20)
		}
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

func TestAJournalBelongsToAFileWhoseChecksAreInLowerCase(t *testing.T) {
	file, journal := killedRun(t)
	lower := regexp.MustCompile("c-[0-9A-F]{8}-[0-9A-F]{8}").ReplaceAllStringFunc(file, strings.ToLower)
	path := placed(t, lower, journal)
	r, err := Read(path, csvfile.Options{})
	if err != nil || lower == file || len(r.Warnings) > 0 || !r.Unmerged {
		t.Errorf("%v, %v", err, r.Warnings)
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
		return provision.Result{Number: r.Number, Outcome: provision.Pending, Code: provision.CodeMaybeCreated,
			FinishedAt: date}
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
