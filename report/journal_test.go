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
	"qlik-provision/provision/roster"
)

// cutOff is a folder as a run leaves it that was killed after some outcomes.
func cutOff(t testing.TB) (ledger, journal string) {
	t.Helper()
	l, path := create(t, manyRows(5), sandbox)
	for _, r := range pending(t, l) {
		record(t, l, fate(r))
	}
	ledger, journal = read(t, path), read(t, path+".journal")
	closed(t, l)
	return ledger, journal
}

// ofKilledRun puts what a run that was killed leaves into a folder: its ledger and its journal.
func ofKilledRun(t testing.TB) (path, ledger, journal string) {
	t.Helper()
	ledger, journal = cutOff(t)
	return laid(t, ledger, journal), ledger, journal
}

// laid puts a ledger and its journal into a folder of their own.
func laid(t testing.TB, ledger, journal string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "hr.results.csv")
	write(t, path, ledger)
	write(t, path+".journal", journal)
	return path
}

// reopened opens a ledger with this journal, closes it again and gives back the file, and what was said.
func reopened(t testing.TB, ledger, journal string, o Options) (file string, said []string) {
	t.Helper()
	path := laid(t, ledger, journal)
	o.Notify = func(s string) { said = append(said, s) }
	l, err := Open(path, roster.Options{}, o)
	if err != nil {
		t.Fatal(err)
	}
	closed(t, l)
	return read(t, path), said
}

// outcomes is what a file says of each row: outcome, id and subject.
func outcomes(t testing.TB, file string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for rec, err := range export(t, file).Records() {
		if err != nil {
			t.Fatal(err)
		}
		at := slices.Index(rec.Fields, "sandbox") - tenantColumn
		if at < 0 {
			t.Fatalf("no outcome in %q", rec.Fields)
		}
		cells := rec.Fields[at : at+columns]
		found[cells[rowColumn]] = strings.Join(cells[:3], " ")
	}
	return found
}

// sealed is a line of a journal, whatever stands in it.
func sealed(body string) string {
	return string(appendChecksum([]byte(body+","), []byte(body))) + "\n"
}

// onlyTrue fails where a file says of a row what its journal did not.
func onlyTrue(t testing.TB, file string, whole map[string]string, before map[string]string) {
	t.Helper()
	got := outcomes(t, file)
	if len(got) != len(before) {
		t.Fatalf("%d rows, want %d", len(got), len(before))
	}
	for row, is := range got {
		if is != whole[row] && is != before[row] {
			t.Fatalf("row %s became %q: the journal said %q, the ledger %q", row, is, whole[row], before[row])
		}
	}
}

func TestAJournalCutOffAtAnyByteBringsOnlyWhatItSaid(t *testing.T) {
	t.Parallel()
	ledger, journal := cutOff(t)
	file, _ := reopened(t, ledger, journal, sandbox)
	whole, before := outcomes(t, file), outcomes(t, ledger)
	for n := range len(journal) {
		file, said := reopened(t, ledger, journal[:n], sandbox)
		onlyTrue(t, file, whole, before)
		if got, want := doneIn(file), doneIn(journal[:n]); got != want {
			t.Fatalf("%d bytes of the journal: %d rows done, want %d", n, got, want)
		}
		if cut := n > 0 && journal[n-1] != '\n'; cut != (len(said) == 1) {
			t.Fatalf("%d bytes: said %q", n, said)
		}
	}
}

func doneIn(journal string) int {
	whole := journal[:strings.LastIndexByte(journal, '\n')+1]
	return strings.Count(whole, "created,id-") + strings.Count(whole, "exists,old-")
}

func TestAJournalWithAnyByteFlippedBringsNothingWrong(t *testing.T) {
	t.Parallel()
	ledger, journal := cutOff(t)
	file, _ := reopened(t, ledger, journal, sandbox)
	whole, before := outcomes(t, file), outcomes(t, ledger)
	for i := range len(journal) {
		broken := []byte(journal)
		broken[i] ^= 1 << (i % 8)
		file, said := reopened(t, ledger, string(broken), sandbox)
		onlyTrue(t, file, whole, before)
		if len(said) != 1 {
			t.Fatalf("byte %d: said %q", i, said)
		}
	}
}

func TestLinesOfAnotherFileAreDroppedAndCounted(t *testing.T) {
	ledger, journal := cutOff(t)
	all := doneIn(journal)
	head, lines, _ := strings.Cut(journal, "\n")
	head += "\n"
	random := make([]byte, 300<<10)
	rand.NewChaCha8([32]byte{}).Read(random)
	for _, c := range []struct {
		name, ledger, journal string
		o                     Options
		want                  string
		done                  int
	}{
		{"another subject", strings.ReplaceAll(ledger, "00001", "10001"), journal, sandbox, "1 of 4 lines dropped: 1 of no row in this file", all - 1},
		{"another row", strings.Replace(ledger, "sandbox,3\n", "sandbox,33\n", 1), journal, sandbox, "1 of 4 lines dropped: 1 of no row in this file", all - 1},
		{"another tenant", strings.ReplaceAll(ledger, "sandbox", "acme.example"), journal, Options{Tenant: "acme.example"}, "4 of 4 lines dropped: 4 of no row in this file", 0},
		{"no journal at all", ledger, "Employee ID,Name\n1,2\n", sandbox, "2 of 2 lines dropped: 2 cut short or damaged", 0},
		{"another version", ledger, strings.Replace(journal, "journal 1", "journal 2", 1), sandbox, "5 of 5 lines dropped: 5 cut short or damaged", 0},
		{"another version, whole", ledger, sealed("qlik-provision journal 2,1,here,now") + lines, sandbox, "5 of 5 lines dropped: 5 cut short or damaged", 0},
		{"a first line that is no cells", ledger, sealed(`"qlik-provision journal 1`) + lines, sandbox, "5 of 5 lines dropped: 5 cut short or damaged", 0},
		{"a first line alone", ledger, head, sandbox, "", 0},
		{"no bytes", ledger, "", sandbox, "", 0},
		{"bytes that are no text", ledger, string(random), sandbox, " cut short or damaged", 0},
		{"an outcome that is none", ledger, head + sealed("erledigt,id-00001,00001,,,201,,1,,sandbox,2") + lines, sandbox, "1 of 5 lines dropped: 1 of no row in this file", all},
		{"a duplicate, which is no outcome of a run", ledger, head + sealed("duplicate,,00001,,,,,,,sandbox,2") + lines, sandbox, "1 of 5 lines dropped: 1 of no row in this file", all},
		{"too few cells", ledger, head + sealed("created,00001,2") + lines, sandbox, "1 of 5 lines dropped: 1 of no row in this file", all},
		{"a quote without an end", ledger, head + sealed(`created,"id,00001,,,201,,1,,sandbox,2`) + lines, sandbox, "1 of 5 lines dropped: 1 of no row in this file", all},
		{"text behind a quote", ledger, head + sealed(`created,"id"x,00001,,,201,,1,,sandbox,2`) + lines, sandbox, "1 of 5 lines dropped: 1 of no row in this file", all},
		{"no row number", ledger, head + sealed("created,id-00001,00001,,,201,,1,,sandbox,two") + lines, sandbox, "1 of 5 lines dropped: 1 of no row in this file", all},
		{"a line of a MiB and more", ledger, head + lines + sealed("created,id-00001,00001,"+strings.Repeat("x", mostLine)+",,201,,1,,sandbox,2"), sandbox,
			" cut short or damaged", all},
	} {
		t.Run(c.name, func(t *testing.T) {
			file, said := reopened(t, c.ledger, c.journal, c.o)
			if got := strings.Join(said, "\n"); !strings.Contains(got+"\n", c.want+"\n") || (c.want == "") != (got == "") || got != "" && !strings.Contains(got, "hr.results.csv.journal: ") {
				t.Errorf("said %q, want %q", said, c.want)
			}
			if got := doneIn(file); got != c.done {
				t.Errorf("%d rows done, want %d:\n%s", got, c.done, file)
			}
		})
	}
}

func TestAnOutcomeWhoseLineIsLongIsTakenUp(t *testing.T) {
	half := strings.Repeat(`"`, mostSubject/2)
	quoted := `"` + half + half + `"`
	path := filepath.Join(t.TempDir(), "hr.results.csv")
	l, err := Create(path, exportWith(t, "A,B\n"+quoted+","+quoted+"\n"+quoted+",b\nc,d\n", roster.Options{Subject: "{A}{B}"}), sandbox)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range pending(t, l) {
		record(t, l, created(r))
	}
	killed := filepath.Join(snapshot(t, filepath.Dir(path)), "hr.results.csv")
	closed(t, l)
	var said []string
	o := sandbox
	o.Notify = func(s string) { said = append(said, s) }
	again, err := Open(killed, roster.Options{Subject: "{A}{B}"}, o)
	if err != nil {
		t.Fatal(err)
	}
	closed(t, again)
	if read(t, killed) != read(t, path) || said != nil {
		t.Errorf("the next run makes another file of the journal, and says %q", said)
	}
	if got := strings.Count(read(t, path), ",created,"); got != 3 {
		t.Errorf("%d rows created", got)
	}
}

func TestMergingTwiceChangesNothing(t *testing.T) {
	ledger, journal := cutOff(t)
	once, _ := reopened(t, ledger, journal, sandbox)
	twice, said := reopened(t, once, journal, sandbox)
	if once != twice || said != nil {
		t.Errorf("once:\n%s\ntwice:\n%s\nsaid %q", once, twice, said)
	}
}

func TestADoneRowIsNotChangedByAJournal(t *testing.T) {
	ledger, journal := cutOff(t)
	lines := strings.SplitAfter(ledger, "\n")
	lines[2] = "00001,First1 Last1,p1@acme.example,created,mine,00001,,,201,,1,,sandbox,2\n"
	file, _ := reopened(t, strings.Join(lines, ""), journal, sandbox)
	if !strings.Contains(file, lines[2]) {
		t.Errorf("the file is\n%s", file)
	}
}

// A leaky file takes so many bytes, and then fails as a full disk does: with the beginning of what it was given written.
type leaky struct {
	*os.File
	mu       sync.Mutex
	left     int
	stuck    bool // nothing can be cut off either
	syncs    int
	syncFail error
}

func (f *leaky) WriteAt(b []byte, at int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(b) <= f.left {
		f.left -= len(b)
		return f.File.WriteAt(b, at)
	}
	n, _ := f.File.WriteAt(b[:f.left], at)
	f.left = 0
	return n, &os.PathError{Op: "write", Path: f.Name(), Err: syscall.ENOSPC}
}

func (f *leaky) Truncate(size int64) error {
	if f.stuck {
		return syscall.EIO
	}
	return f.File.Truncate(size)
}

func (f *leaky) Sync() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.syncs++
	return f.syncFail
}

func TestAnOutcomeThatDoesNotFitLeavesTheJournalWhole(t *testing.T) {
	for _, stuck := range []bool{false, true} {
		t.Run(fmt.Sprintf("stuck %v", stuck), func(t *testing.T) {
			var file *leaky
			o := sandbox
			o.storage = func(f *os.File) storage {
				file = &leaky{File: f, left: 500, stuck: stuck}
				return file
			}
			l, path := create(t, manyRows(9), o)
			rows := pending(t, l)
			recorded := 0
			var err error
			for _, r := range rows {
				if err = l.Record(created(r)); err != nil {
					break
				}
				recorded++
			}
			if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "hr.results.csv.journal") || recorded == 0 {
				t.Fatalf("after %d outcomes: %v", recorded, err)
			}
			journal := read(t, path+".journal")
			if strings.HasSuffix(journal, "\n") == stuck {
				t.Errorf("the journal is\n%s", journal)
			}
			file.mu.Lock()
			file.left = 1 << 20
			file.mu.Unlock()
			if err := l.Record(created(rows[recorded])); stuck != (err != nil) {
				t.Errorf("with space again: %v", err)
			} else if err == nil {
				recorded++
			}
			closed(t, l)
			if got := strings.Count(read(t, path), ",created,"); got != recorded {
				t.Errorf("%d rows created in the file, %d recorded", got, recorded)
			}
		})
	}
}

func TestWhatIsWrittenIsSyncedWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var file *leaky
		o := sandbox
		o.storage = func(f *os.File) storage {
			file = &leaky{File: f, left: 1 << 20}
			return file
		}
		l, _ := create(t, manyRows(3), o)
		rows := pending(t, l)
		syncs := func() int {
			file.mu.Lock()
			defer file.mu.Unlock()
			return file.syncs
		}
		time.Sleep(1500 * time.Millisecond)
		idle := syncs()
		record(t, l, created(rows[0]))
		time.Sleep(time.Second)
		if got := syncs(); got != idle+1 {
			t.Errorf("%d syncs, want one more than %d", got, idle)
		}
		time.Sleep(time.Hour)
		if got := syncs(); got != idle+1 {
			t.Errorf("%d syncs with nothing written", got)
		}
		file.mu.Lock()
		file.syncFail = syscall.EIO
		file.mu.Unlock()
		record(t, l, created(rows[1]))
		time.Sleep(time.Second)
		if err := l.Record(created(rows[2])); !errors.Is(err, syscall.EIO) {
			t.Errorf("after a sync that failed: %v", err)
		}
		l.Close()
	})
}

func TestOutcomesAreRecordedAtOnce(t *testing.T) {
	l, path := create(t, manyRows(200), sandbox)
	var wg sync.WaitGroup
	rows := make(chan provision.Row)
	for range 8 {
		wg.Go(func() {
			for r := range rows {
				if err := l.Record(created(r)); err != nil {
					t.Error(err)
				}
				l.Counts()
			}
		})
	}
	n := 0
	for r, err := range l.Pending() {
		if err != nil {
			t.Fatal(err)
		}
		rows <- r
		n++
	}
	close(rows)
	wg.Wait()
	if got := l.Counts()[provision.Created]; got != n {
		t.Errorf("%d counted, %d run", got, n)
	}
	closed(t, l)
	if got := strings.Count(read(t, path), ",created,id-"); got != n {
		t.Errorf("%d in the file, %d run", got, n)
	}
}

func TestWhatTheTenantSaysIsFitForACell(t *testing.T) {
	l, path := create(t, manyRows(10), sandbox)
	rows := pending(t, l)
	cases := []struct{ said, want string }{
		{"two\r\nlines", "two  lines"},
		{"=HYPERLINK(1)", "'=HYPERLINK(1)"},
		{" \t+1", "'  +1"},
		{"＝1", "'＝1"},
		{"a\u202eb\u2028c\u0085d", "a b c d"},
		{"'=1", "'=1"},
		{"\u200b@x", "'\u200b@x"},
		{strings.Repeat("é", 100_000), strings.Repeat("é", mostText/2-2) + "…"},
		{"x" + strings.Repeat("é", 100_000), "x" + strings.Repeat("é", mostText/2-3) + "…"},
	}
	for i, c := range cases {
		record(t, l, provision.Outcome{Row: rows[i], State: provision.Failed, Message: c.said, ErrorCode: "=1", TraceID: "-2", UserID: "a\nb"})
	}
	err := l.Record(created(provision.Row{Number: 1, Subject: "a\nb"}))
	if want := "recording row 1: writing " + path + `.journal: "a\nb" holds a line end`; err == nil || err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
	for _, state := range []provision.State{"", "done", provision.Duplicate} {
		if err := l.Record(provision.Outcome{Row: rows[0], State: state}); err == nil {
			t.Errorf("the outcome %q was recorded", state)
		}
	}
	closed(t, l)
	said := map[int]Entry{}
	for _, r := range resultsIn(t, path) {
		said[r.Row] = r.Entry
	}
	for i, c := range cases {
		if e := said[rows[i].Number]; e.Message != c.want || e.ErrorCode != "'=1" || e.TraceID != "'-2" || e.UserID != "a b" {
			t.Errorf("%q became %+v", c.said, e)
		}
	}
}
