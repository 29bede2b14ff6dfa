package report

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"qlik-provision/provision/roster"
)

// TestMain is also the second process of tests: it opens the result file that the environment names, and holds it until its
// standard input ends.
func TestMain(m *testing.M) {
	if path := os.Getenv("REPORT_TEST_HOLD"); path != "" {
		os.Exit(holdOpen(path))
	}
	if path := os.Getenv("REPORT_TEST_MEMORY"); path != "" {
		os.Exit(useMemory(path))
	}
	os.Exit(m.Run())
}

func holdOpen(path string) int {
	l, err := Open(path, roster.Options{}, sandbox)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	for r, err := range l.Pending() {
		if err == nil {
			err = l.Record(created(r))
		}
		if err != nil {
			fmt.Println(err)
			return 1
		}
		break
	}
	fmt.Println("held")
	io.Copy(io.Discard, os.Stdin)
	if err := l.Close(); err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// holding starts a process that holds the file at path.
func holding(t *testing.T, path string) (cmd *exec.Cmd, letGo func()) {
	t.Helper()
	cmd = exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "REPORT_TEST_HOLD="+path)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	line, _ := bufio.NewReader(out).ReadString('\n')
	if line != "held\n" {
		t.Fatalf("the second process says %q", line)
	}
	return cmd, func() { in.Close(); cmd.Wait() }
}

func TestASecondRunIsToldWhoWorksOnTheFile(t *testing.T) {
	l, path := create(t, manyRows(3), sandbox)
	closed(t, l)
	link := filepath.Join(t.TempDir(), "link.csv")
	if err := os.Symlink(path, link); err != nil {
		t.Skip(err)
	}
	cmd, letGo := holding(t, path)
	for _, name := range []string{path, link} {
		_, err := Open(name, roster.Options{}, sandbox)
		e := is[*LockedError](t, err)
		if !strings.Contains(e.Holder, fmt.Sprint("process ", cmd.Process.Pid, " on ")) || e.Path != name {
			t.Errorf("%v", err)
		}
		_, err = Create(name, export(t, sixRows), Options{Overwrite: true})
		is[*LockedError](t, err)
	}
	standing(t, link, true)
	letGo()
	l, err := Open(link, roster.Options{}, sandbox)
	if err != nil {
		t.Fatal(err)
	}
	closed(t, l)
	if got := folder(t, path); len(got) != 1 {
		t.Errorf("left: %v", got)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 || len(folder(t, link)) != 1 {
		t.Errorf("the link is %v, %v, beside it %v", info.Mode(), err, folder(t, link))
	}
}

// standing fails where the file at path, with the outcome of one row in its journal, does not say whether a run is on.
func standing(t *testing.T, path string, running bool) {
	t.Helper()
	file, err := look(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.close()
	if file.running != running || !file.unmerged {
		t.Errorf("running %v, unmerged %v", file.running, file.unmerged)
	}
	if s, err := Summarize(path); err != nil || s.Counts["created"] != 1 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestTheLockOfAKilledRunHoldsNobodyUp(t *testing.T) {
	l, path := create(t, manyRows(3), sandbox)
	closed(t, l)
	cmd, _ := holding(t, path)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	if got := folder(t, path); len(got) != 3 {
		t.Fatalf("the killed run left %v", got)
	}
	standing(t, path, false)
	// Whatever the journal says: in a container every run is process 1, and every container another host.
	journal := read(t, path+".journal")
	_, lines, _ := strings.Cut(journal, "\n")
	write(t, path+".journal", sealed(journalMagic+",1,elsewhere,2026-03-01T08:30:00.000Z")+lines)
	standing(t, path, false)
	l, err := Open(path, roster.Options{}, sandbox)
	if err != nil {
		t.Fatal(err)
	}
	if got := l.Counts(); got["created"] != 1 {
		t.Errorf("%v", got)
	}
	closed(t, l)
}

func TestWhoeverHasNotSaidWhoTheyAreIsSaidNotToHave(t *testing.T) {
	l, path := create(t, manyRows(3), sandbox)
	here, err := os.Hostname()
	if err != nil {
		t.Skip(err)
	}
	pid := fmt.Sprint(os.Getpid())
	for _, c := range []struct{ name, journal, holder string }{
		{"no bytes", "", ""},
		{"half a line", "qlik-provision journal 1,17,", ""},
		{"this process", sealed(journalMagic + "," + pid + "," + here + ",2026-03-01T08:30:00.000Z"), "process " + pid + " on " + here + ", since 2026-03-01T08:30:00.000Z"},
		{"a process on another host", sealed(journalMagic + ",17,not-" + here + ",2026-03-01T08:30:00.000Z"), "process 17 on not-" + here + ", since 2026-03-01T08:30:00.000Z"},
		{"no process", sealed(journalMagic + ",seventeen," + here + ",2026-03-01T08:30:00.000Z"), ""},
		{"too few cells", sealed(journalMagic + "," + pid + "," + here), ""},
		{"another version", sealed("qlik-provision journal 2," + pid + "," + here + ",2026-03-01T08:30:00.000Z"), ""},
		{"no cells", sealed(`"qlik-provision journal 1`), ""},
	} {
		write(t, path+".journal", c.journal)
		_, err := Open(path, roster.Options{}, sandbox)
		want := "another run works on " + path + ": " + c.holder
		if c.holder == "" {
			want = "another run works on " + path + "; it has not said yet who it is"
		}
		if e := is[*LockedError](t, err); e.Holder != c.holder || e.Error() != want {
			t.Errorf("%s: %v\nwant %s", c.name, e, want)
		}
	}
	if runtime.GOOS != "windows" { // where what is open stays
		blocked(t, path+".journal")
		_, err = Open(path, roster.Options{}, sandbox)
		if e := is[*LockedError](t, err); e.Holder != "" {
			t.Errorf("a folder: %v", e)
		}
	}
	l.Close()
}

func TestOneOfManyRunsAtATime(t *testing.T) {
	l, path := create(t, manyRows(3), sandbox)
	closed(t, l)
	var (
		inside, ran atomic.Int32
		wg          sync.WaitGroup
	)
	for range 4 {
		wg.Go(func() {
			for range 8 {
				l, err := Open(path, roster.Options{}, sandbox)
				if err != nil {
					if _, ok := err.(*LockedError); !ok {
						t.Error(err)
					}
					continue
				}
				if ran.Add(1); inside.Add(1) > 1 {
					t.Error("two runs at once")
				}
				for _, err := range l.Pending() {
					if err != nil {
						t.Error(err)
					}
				}
				inside.Add(-1)
				if err := l.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if ran.Load() == 0 {
		t.Error("nobody came in")
	}
	if got := folder(t, path); len(got) != 1 {
		t.Errorf("left: %v", got)
	}
}

func TestTheLockIsOnlyOnesWhileItsFileComesAndGoes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.lock")
	var (
		inside, taken atomic.Int32
		wg            sync.WaitGroup
	)
	for range 8 {
		wg.Go(func() {
			for range 400 {
				l, err := takeOnce(path)
				if err != nil {
					t.Error(err)
					return
				}
				if l == nil {
					continue
				}
				if taken.Add(1); inside.Add(1) > 1 {
					t.Error("two hold the lock")
				}
				runtime.Gosched()
				inside.Add(-1)
				if err := l.release(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if taken.Load() == 0 || there(path) && runtime.GOOS != "windows" {
		t.Errorf("taken %d times, left behind: %v", taken.Load(), there(path))
	}
}

func TestWhoReadsWhileARunEndsSeesItsOutcomes(t *testing.T) {
	for range 20 {
		l, path := create(t, manyRows(3), sandbox)
		for _, r := range pending(t, l) {
			record(t, l, created(r))
		}
		var (
			ended atomic.Bool
			wg    sync.WaitGroup
		)
		wg.Go(func() {
			for !ended.Load() {
				s, err := Summarize(path)
				if err != nil || s.Counts["created"] != 5 {
					t.Errorf("%+v, %v", s, err)
					return
				}
			}
		})
		closed(t, l)
		ended.Store(true)
		wg.Wait()
	}
}

func TestADraftOfAKilledRunIsRemoved(t *testing.T) {
	l, path := create(t, manyRows(3), sandbox)
	closed(t, l)
	left := filepath.Join(filepath.Dir(path), ".hr.results.csv.tmp-123")
	write(t, left, "personal data")
	write(t, filepath.Join(filepath.Dir(path), ".hr.csv.tmp-1"), "somebody else's")
	l, err := Open(path, roster.Options{}, sandbox)
	if err != nil {
		t.Fatal(err)
	}
	closed(t, l)
	if got := folder(t, path); len(got) != 2 || there(left) {
		t.Errorf("left: %v", got)
	}
}

func TestALinkToNothingYetIsFollowed(t *testing.T) {
	folderA, folderB := t.TempDir(), t.TempDir()
	link := filepath.Join(folderA, "link.csv")
	if err := os.Symlink(filepath.Join(folderB, "real.csv"), link); err != nil {
		t.Skip(err)
	}
	l, err := Create(link, export(t, sixRows), sandbox)
	if err != nil {
		t.Fatal(err)
	}
	closed(t, l)
	if got := folder(t, filepath.Join(folderB, "x")); len(got) != 1 || got[0] != "real.csv" {
		t.Errorf("beside the real file: %v", got)
	}
	if err := os.Symlink("link.csv", filepath.Join(folderA, "next.csv")); err != nil {
		t.Fatal(err)
	}
	if s, err := Summarize(filepath.Join(folderA, "next.csv")); err != nil || s.Rows != 7 {
		t.Errorf("a link to the link: %+v, %v", s, err)
	}
	round := filepath.Join(folderA, "round.csv")
	if err := os.Symlink(round, round); err != nil {
		t.Fatal(err)
	}
	_, err = Create(round, export(t, sixRows), sandbox)
	if want := "following " + round + ": too many symbolic links"; err == nil || err.Error() != want {
		t.Errorf("a link to itself: %v\nwant %s", err, want)
	}
}
