//go:build unix

package report

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
)

// Wherever the power fails, and whatever of the unsynced writes survives, the next run finds every row once, and
// nothing that was synced is lost.
func TestARunThatLosesPowerAnywhereIsFinishedByTheNext(t *testing.T) {
	newRun := func(path string) (*Ledger, error) {
		return Create(path, parseText(t, powerRows), theAction, sandbox)
	}
	overwrite := func(path string) (*Ledger, error) {
		return Create(path, parseText(t, powerRows), theAction, Options{Tenant: "sandbox", Overwrite: true})
	}
	retry := func(path string) (*Ledger, error) { return Open(path, csvfile.Options{}, sandbox) }
	prepareUndo := func(l *Ledger) error { return l.PrepareUndo(false) }
	for _, c := range []struct {
		name    string
		before  func(*testing.T, string)
		open    func(string) (*Ledger, error)
		prepare func(*Ledger) error
		results [][]provision.Result
		busy    bool // the result file cannot be replaced at the end
	}{
		{"create", nil, newRun, prepare, firstResults(), false},
		{"create over a plan", placePlan, newRun, prepare, firstResults(), false},
		{"create over a killed run", placeKilled, overwrite, prepare, firstResults(), false},
		{"retry of a finished run", placeFinished, retry, prepare, nextResults(), false},
		{"retry of a killed run", placeKilled, retry, prepare, nextResults(), false},
		{"retry without results", placeKilled, retry, prepare, nil, false},
		{"retry of a file that is busy at the end", placeKilled, retry, prepare, nextResults(), true},
		{"undo", placeFinished, retry, prepareUndo, undoResults(), false},
		{"undo of a killed run", placeKilled, retry, prepareUndo, undoResults(), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(tempFolder(t), "hr.results.csv")
			run := &powerRun{promise: promise{from: map[int]int{}}, states: map[int][]string{}, busy: c.busy}
			if c.before != nil {
				c.before(t, path)
				r, err := Read(path, csvfile.Options{})
				if err != nil {
					t.Fatal(err)
				}
				run.keep(r.Rows)
			}
			run.storage = newStorage(t, filepath.Dir(path))
			synctest.Test(t, func(t *testing.T) { run.do(t, path, c.open, c.prepare, c.results) })
			run.checkCuts(t)
		})
	}
}

// Where the power fails again and again, each time at another point, the same holds.
func TestRunsThatLosePowerAgainAndAgainAreFinished(t *testing.T) {
	t.Parallel()
	for seed := range uint64(10) {
		random := rand.New(rand.NewPCG(seed, 2))
		run := &powerRun{promise: promise{from: map[int]int{}}, states: map[int][]string{}}
		left := leftover{}
		for range 5 {
			folder := tempFolder(t)
			for name, text := range left {
				write(t, filepath.Join(folder, name), text)
			}
			run.storage = newStorage(t, folder)
			synctest.Test(t, func(t *testing.T) {
				run.do(t, filepath.Join(folder, "hr.results.csv"), func(path string) (*Ledger, error) {
					l, err := Open(path, csvfile.Options{}, sandbox)
					if errors.Is(err, fs.ErrNotExist) {
						l, err = Create(path, parseText(t, powerRows), theAction, sandbox)
					}
					return l, err
				}, prepare, randomResults(random))
			})
			cut := run.cuts[random.IntN(len(run.cuts))]
			leftovers := cut.disk.leftovers()
			keys := slices.Sorted(maps.Keys(leftovers))
			left, run.promise = leftovers[keys[random.IntN(len(keys))]], cut.promise
			r := recoverFrom(t, left)
			if err := errors.Join(r.err, run.checkRows(cut.promise, r)); err != nil {
				t.Fatalf("seed %d, before %s:\n%v\nof\n%q", seed, cut.next, err, left)
			}
		}
	}
}

// powerRows is an export of six rows that are sent and two that are not.
const powerRows = `Employee ID,Name,Email
0001,Ada Byron,ada@acme.example
0002,Grace Hopper,grace@acme.example
0003,"Lovelace, Annabella",annabella@acme.example
0004,Jane Doe,jane@acme.example
0005,John Roe,john@acme.example
0006,Mary Major,mary@acme.example
0001,Ada Byron,ada@acme.example
,Nobody,nobody@acme.example
`

// result is a result of a row of powerRows.
func result(number int, of func(provision.Row) provision.Result) provision.Result {
	return of(provision.Row{Number: number, Person: provision.Person{Subject: fmt.Sprintf("%04d", number)}})
}

// sent is what a run records before a row's first write.
func sent(r provision.Row) provision.Result {
	return provision.Result{Number: r.Number, Outcome: provision.Pending, Code: provision.CodeMaybeCreated,
		FinishedAt: finishedAt.Add(time.Duration(r.Number) * time.Minute)}
}

func unconfirmed(r provision.Row) provision.Result {
	result := sent(r)
	result.Message, result.Attempts, result.HTTPStatus = "no answer", 5, 504
	return result
}

func existing(r provision.Row) provision.Result {
	return provision.Result{Number: r.Number, Outcome: provision.Exists, UserID: "old", Attempts: 1,
		FinishedAt: finishedAt}
}

func deleted(r provision.Row) provision.Result {
	return provision.Result{Number: r.Number, Outcome: provision.Deleted, UserID: "id", HTTPStatus: 204}
}

func notCreatedHere(r provision.Row) provision.Result {
	return provision.Result{Number: r.Number, Outcome: provision.Created, Code: provision.CodeNotCreatedHere}
}

func interrupted(r provision.Row) provision.Result {
	return provision.Result{Number: r.Number, Outcome: provision.Pending, Message: "interrupted"}
}

// firstResults are those of a first run. There is a second between one slice and the next.
func firstResults() [][]provision.Result {
	return [][]provision.Result{
		{result(1, sent), result(1, created), result(2, sent)},
		{result(2, created), result(4, sent), result(3, existing)},
		{result(5, sent), result(4, unconfirmed), result(5, failed)},
		{result(6, sent)},
	}
}

// nextResults are those of a retry.
func nextResults() [][]provision.Result {
	return [][]provision.Result{
		{result(4, created)},
		{result(5, sent), result(6, existing), result(5, failed)},
	}
}

// undoResults are those of an undo.
func undoResults() [][]provision.Result {
	return [][]provision.Result{
		{result(1, deleted), result(4, deleted)},
		{result(2, notCreatedHere), result(6, interrupted)},
	}
}

// randomResults are those of a run of three rows.
func randomResults(random *rand.Rand) [][]provision.Result {
	var all [][]provision.Result
	for _, i := range random.Perm(6)[:3] {
		settled := []func(provision.Row) provision.Result{created, existing, failed, unconfirmed}[random.IntN(4)]
		all = append(all, []provision.Result{result(i+1, sent), result(i+1, settled)})
	}
	return all
}

// placePlan places a result file that was never run.
func placePlan(t *testing.T, path string) {
	l, planned := start(t, powerRows, theAction, sandbox)
	mustClose(t, l)
	write(t, path, read(t, planned))
}

// placeFinished places the result file of a first run.
func placeFinished(t *testing.T, path string) {
	l, ran := start(t, powerRows, theAction, sandbox)
	record(t, l, slices.Concat(firstResults()...)...)
	mustClose(t, l)
	write(t, path, read(t, ran))
}

// placeKilled places what a first run leaves that is killed while it writes.
func placeKilled(t *testing.T, path string) {
	l, ran := start(t, powerRows, theAction, sandbox)
	record(t, l, slices.Concat(firstResults()...)...)
	write(t, path, read(t, ran))
	write(t, path+".journal", read(t, ran+".journal")+"create --sub")
	mustClose(t, l)
}

// A promise is what has to be found after a power cut.
type promise struct {
	file bool        // the result file
	from map[int]int // of a row's states, by its number, this one or a later one
}

// A powerRun is a run that is watched by a storage.
type powerRun struct {
	*storage
	promise
	states map[int][]string // of each row, by its number, one after the other
	busy   bool             // the result file cannot be replaced at the end
}

// keep promises that the rows are found as they are now, or as they will be.
func (p *powerRun) keep(rows []Row) {
	p.note(rows)
	from := map[int]int{}
	for number, states := range p.states {
		from[number] = len(states) - 1
	}
	p.promise = promise{true, from}
}

// note notes the states of the rows.
func (p *powerRun) note(rows []Row) {
	for _, r := range rows {
		states, now := p.states[r.Number], stateOf(r.Entry)
		if len(states) == 0 || states[len(states)-1] != now {
			p.states[r.Number] = append(states, now)
		}
	}
}

// stateOf is an entry as the next run finds it, where a row that failed is pending again.
func stateOf(e Entry) string {
	if e.Outcome == provision.Failed {
		e.Outcome = provision.Pending
	}
	if !e.Outcome.Done() {
		e.UserID = ""
	}
	return fmt.Sprint(e)
}

// do runs a ledger under the storage. Results of rows that are not to be run are left out.
func (p *powerRun) do(t *testing.T, path string, open func(path string) (*Ledger, error), prepare func(*Ledger) error,
	results [][]provision.Result) {
	ends := false
	step := func(operation, path string) error {
		p.watch(operation, path, p.promise)
		if ends && p.busy && operation == "rename" {
			return syscall.EBUSY
		}
		return nil
	}
	l, err := watched(step)(open(path))
	if err == nil {
		err = prepare(l)
	}
	if err != nil {
		t.Fatal(err)
	}
	p.keep(l.Rows)
	pending := numbers(l.Pending())
	for i, batch := range results {
		if i > 0 {
			time.Sleep(syncInterval)
			synctest.Wait()
			p.keep(l.Rows) // synced at least every second
		}
		for _, r := range batch {
			if slices.Contains(pending, r.Number) {
				record(t, l, r)
				p.note(l.Rows)
			}
		}
	}
	ends = true
	if err := l.Close(); err != nil && !(p.busy && errors.Is(err, syscall.EBUSY)) {
		t.Fatal(err)
	}
	p.keep(l.Rows) // those of a busy file are in the journal
	p.watch("nothing", path, p.promise)
}

// checkCuts runs the next run after each cut.
func (p *powerRun) checkCuts(t *testing.T) {
	known := map[string]*recovery{}
	checks := 0
	for i, cut := range p.cuts {
		for key, left := range cut.disk.leftovers() {
			checks++
			if known[key] == nil {
				known[key] = recoverFrom(t, left)
			}
			r := known[key]
			err := errors.Join(r.err, p.checkRows(cut.promise, r), checkNotices(left, r, cut.disk))
			if err != nil {
				t.Fatalf("cut %d of %d, before %s:\n%v\nnotices %q\nof\n%q", i+1, len(p.cuts), cut.next, err, r.notices,
					left)
			}
		}
	}
	t.Logf("%d cuts leave %d folders, %d different ones", len(p.cuts), checks, len(known))
}

// checkRows checks that the promise was kept.
func (p *powerRun) checkRows(promise promise, r *recovery) error {
	if r.missing && promise.file {
		return errors.New("there is no result file")
	}
	for _, row := range r.rows {
		from, states := promise.from[row.Number], p.states[row.Number]
		if got := stateOf(row.Entry); !slices.Contains(states[from:], got) {
			return fmt.Errorf("row %d is\n%s, not one of\n%s", row.Number, got, strings.Join(states[from:], "\n"))
		}
	}
	return nil
}
