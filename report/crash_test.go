package report

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
)

// Whatever a killed run leaves behind, at any operation, the next ones finish.
func TestARunThatIsKilledAnywhereIsFinishedByTheNext(t *testing.T) {
	t.Parallel()
	l, path := start(t, manyRows(12), theAction, sandbox)
	for _, r := range l.Pending() {
		record(t, l, fate(r))
	}
	mustClose(t, l)
	mustClose(t, mustRetry(t, path)) // failed rows are pending again
	want := outcomes(t, path)
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			c := &crasher{t: t, rand: rand.New(rand.NewPCG(seed, 1)), text: manyRows(12), folder: t.TempDir()}
			for range 200 {
				if !c.run() {
					continue
				}
				path := filepath.Join(c.folder, "hr.results.csv")
				mustClose(t, mustRetry(t, path))
				if diff := cmp.Diff(want, outcomes(t, path)); diff != "" {
					t.Fatal(diff)
				}
				if got := folder(t, path); len(got) != 1 {
					t.Fatalf("beside the file: %v", got)
				}
				return
			}
			t.Fatal("no run finished")
		})
	}
}

// watched makes a ledger call step before each operation that changes something.
func watched(step func(operation, path string) error) func(*Ledger, error) (*Ledger, error) {
	return func(l *Ledger, err error) (*Ledger, error) {
		if err == nil {
			l.files.step = step
		}
		return l, err
	}
}

// A crasher runs a ledger again and again and kills it at a random operation, from which it goes on.
type crasher struct {
	t      *testing.T
	rand   *rand.Rand
	text   string
	folder string
}

// run goes on from the folder; true when a run finished.
func (c *crasher) run() bool {
	left := 1 + c.rand.IntN(30)
	killed := "" // the folder as it was before the operation at which the run is killed
	path := filepath.Join(c.folder, "hr.results.csv")
	step := func(string, string) error {
		if left--; left == 0 {
			killed = snapshot(c.t, c.folder)
		}
		return nil
	}
	l, err := watched(step)(Open(path, csvfile.Options{}, sandbox))
	if errors.Is(err, fs.ErrNotExist) {
		l, err = watched(step)(Create(path, parseText(c.t, c.text), theAction, sandbox))
	}
	if err == nil {
		err = prepare(l)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	rows := l.Pending()
	c.rand.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	for _, r := range rows {
		record(c.t, l, fate(r))
	}
	mustClose(c.t, l)
	if killed == "" {
		return true
	}
	c.folder = killed
	if journal := filepath.Join(killed, "hr.results.csv.journal"); c.rand.IntN(2) == 0 && exists(journal) {
		b := read(c.t, journal) // after a power cut less of it may be on the disk
		write(c.t, journal, b[:c.rand.IntN(len(b)+1)])
	}
	return false
}

// A file that is replaced by Create and the journal of its last run are never read as one.
func TestReplacingAFileThatIsKilledAnywhereKeepsOldOrNew(t *testing.T) {
	file, journal := killedRun(t)
	path := placed(t, file, journal)
	var states []string
	step := func(string, string) error {
		states = append(states, snapshot(t, filepath.Dir(path)))
		return nil
	}
	l, err := watched(step)(Create(path, parseText(t, strings.ReplaceAll(manyRows(5), "@acme", "@new")), theAction,
		Options{Tenant: "sandbox", Overwrite: true}))
	if err == nil {
		err = prepare(l)
	}
	if err != nil {
		t.Fatal(err)
	}
	mustClose(t, l)
	if len(states) < 5 {
		t.Fatalf("%d states", len(states))
	}
	for _, state := range append(states, filepath.Dir(path)) {
		path := filepath.Join(state, "hr.results.csv")
		r, err := Read(path, csvfile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		isNew := strings.Contains(read(t, path), "@new")
		if done := len(r.Rows) - r.Summary().NotDone; isNew && done > 0 {
			t.Errorf("%d results of the old run in the new file", done)
		}
	}
}

// Each operation fails once. What is left is a file that the next run can use, and no result is lost.
func TestAnOperationThatFailsLosesNothing(t *testing.T) {
	broken := errors.New("broken")
	file, journal := killedRun(t)
	var operations []string
	for at := 0; ; at++ {
		path := placed(t, file, journal)
		n := 0
		step := func(operation, path string) error {
			defer func() { n++ }()
			if n != at {
				return nil
			}
			operations = append(operations, operation+" "+strings.TrimLeft(filepath.Ext(path), ".0123456789"))
			return broken
		}
		recorded := 0
		l, err := watched(step)(Open(path, csvfile.Options{}, sandbox))
		if err == nil {
			if err = prepare(l); err == nil {
				for _, r := range l.Pending() {
					if !r.LookupOnly && l.Record(created(r)) == nil {
						recorded++
					}
				}
			}
			err = errors.Join(err, l.Close())
		}
		if n <= at {
			break
		}
		if err != nil && !errors.Is(err, broken) {
			t.Errorf("%s: %v", operations[at], err)
		}
		l = mustRetry(t, path)
		if got := l.Summary().Counts; got[provision.Created]+got[provision.Exists] != doneLines(journal)+recorded {
			t.Errorf("%s: %v, want %d done", operations[at], got, doneLines(journal)+recorded)
		}
		mustClose(t, l)
		if got := folder(t, path); len(got) != 1 {
			t.Errorf("%s: left %v", operations[at], got)
		}
	}
	least := 10
	if runtime.GOOS == "windows" {
		least = 9 // no folder is synced
	}
	if got := slices.Compact(operations); len(got) < least {
		t.Errorf("operations: %q", got)
	}
}
