package report

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"qlik-provision/provision"
	"qlik-provision/provision/roster"
)

// manyRows is an export with n people, one of them twice and two under one subject.
func manyRows(n int) string {
	var b strings.Builder
	b.WriteString("Employee ID,Name,Email\n")
	for i := range n {
		fmt.Fprintf(&b, "%05d,First%d Last%d,p%d@acme.example\n", i, i, i, i)
	}
	b.WriteString("00003,First3 Last3,other@acme.example\n00004,Somebody Else,else@acme.example\n")
	return b.String()
}

// fate is what becomes of a row, however often it is tried.
func fate(r provision.Row) provision.Outcome {
	switch r.Number % 5 {
	case 0:
		return failed(r)
	case 1:
		return provision.Outcome{Row: r, State: provision.Exists, UserID: "old-" + r.Subject, Message: `name there: "A, B"`, FinishedAt: finishedAt}
	}
	return created(r)
}

// snapshot copies a folder, as a run that is killed would leave it.
func snapshot(t testing.TB, folder string) string {
	t.Helper()
	to := t.TempDir()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(to, e.Name()), string(b))
	}
	return to
}

// A power cut loses what was not synced: the new file's bytes have to be on the disk before it takes the old one's name, and the names after each change.
func TestWhatTakesAnothersNameIsOnTheDisk(t *testing.T) {
	var path string
	var done []string
	o := sandbox
	o.step = func(what string) { done = append(done, what) }
	o.syncing = func(synced string) {
		switch name := filepath.Base(synced); {
		case synced == filepath.Dir(path):
			done = append(done, "folder")
		case strings.HasPrefix(name, ".hr.results.csv.tmp-"):
			done = append(done, "draft")
		default:
			t.Errorf("%s is synced", synced)
		}
	}
	path = filepath.Join(t.TempDir(), "hr.results.csv")
	l, err := Create(path, export(t, sixRows), o)
	if err != nil {
		t.Fatal(err)
	}
	record(t, l, created(pending(t, l)[0]))
	closed(t, l)
	want := []string{
		"draft", "draft finished", "folder", "replaced", "journal started", "folder",
		"draft", "merged draft finished", "folder", "merged", "journal removed", "folder",
	}
	if runtime.GOOS == "windows" {
		want = slices.DeleteFunc(want, func(s string) bool { return s == "folder" })
	}
	if diff := cmp.Diff(want, done); diff != "" {
		t.Errorf("what was done (-want +got):\n%s", diff)
	}
}

func TestRunsThatAreCutOffAnywhereEndAsOneCleanRun(t *testing.T) {
	t.Parallel()
	text := manyRows(12)
	l, path := create(t, text, sandbox)
	for _, r := range pending(t, l) {
		record(t, l, fate(r))
	}
	closed(t, l)
	want := read(t, path)

	for seed := range uint64(24) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			c := crasher{t: t, rand: rand.New(rand.NewPCG(seed, 1)), text: text, folder: t.TempDir()}
			for range 100 {
				if c.run() {
					if got := read(t, filepath.Join(c.folder, "hr.results.csv")); got != want {
						t.Fatalf("the file is\n%s\nwant\n%s", got, want)
					}
					if got := folder(t, filepath.Join(c.folder, "hr.results.csv")); len(got) != 1 {
						t.Fatalf("beside the file: %v", got)
					}
					return
				}
			}
			t.Fatal("it never came through")
		})
	}
}

// A crasher runs a ledger again and again and cuts the run off at random moments, from which it goes on.
type crasher struct {
	t      *testing.T
	rand   *rand.Rand
	text   string
	folder string
}

// run goes on from the folder; true when a run came through.
func (c *crasher) run() bool {
	path := filepath.Join(c.folder, "hr.results.csv")
	var states []string
	o := sandbox
	o.step = func(string) { states = append(states, snapshot(c.t, c.folder)) }
	l, err := Open(path, roster.Options{}, o)
	if errors.Is(err, fs.ErrNotExist) {
		l, err = Create(path, export(c.t, c.text), o)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	defer l.Close()
	rows := pending(c.t, l)
	c.rand.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	whole := c.rand.IntN(4) == 0
	for i, r := range rows {
		if !whole && c.rand.IntN(len(rows)) < 2 {
			// Killed: what is on the disk is what Record left, or after a power cut less of it.
			states = append(states, snapshot(c.t, c.folder))
			if c.rand.IntN(2) == 0 {
				c.shorten(filepath.Join(states[len(states)-1], "hr.results.csv.journal"))
			}
			break
		}
		record(c.t, l, fate(r))
		if i == len(rows)-1 {
			whole = true
		}
	}
	if whole || len(rows) == 0 {
		closed(c.t, l)
		if c.rand.IntN(2) == 0 || len(states) == 0 {
			return true
		}
	}
	c.folder = states[c.rand.IntN(len(states))]
	return false
}

func (c *crasher) shorten(path string) {
	b := read(c.t, path)
	write(c.t, path, b[:c.rand.IntN(len(b)+1)])
}

func TestARunThatWasKilledIsMergedByTheNext(t *testing.T) {
	l, path := create(t, manyRows(4), sandbox)
	rows := pending(t, l)
	record(t, l, created(rows[0]), provision.Outcome{Row: rows[1], State: provision.Pending, Message: "cut off: timeout"})
	killed := filepath.Join(snapshot(t, filepath.Dir(path)), "hr.results.csv")

	var said []string
	o := sandbox
	o.Notify = func(s string) { said = append(said, s) }
	again, err := Open(killed, roster.Options{}, o)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if got := pending(t, again); len(got) != len(rows)-1 || got[0] != rows[1] {
		t.Errorf("left to run: %v", got)
	}
	if file := read(t, killed); !strings.Contains(file, "created,id-00000,00000") || !strings.Contains(file, "pending,,00001,cut off: timeout") {
		t.Errorf("the file is\n%s", file)
	}
	if said != nil {
		t.Errorf("said %q of a journal that is whole", said)
	}
}
