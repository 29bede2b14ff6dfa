package report

import (
	"bufio"
	"errors"
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

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
)

// TestMain is also the second process of tests: it opens the result file that the environment names, records a
// result, and holds the file until its standard input ends.
func TestMain(m *testing.M) {
	if path := os.Getenv("REPORT_TEST_HOLD"); path != "" {
		if err := hold(path); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func hold(path string) error {
	l, err := Open(path, csvfile.Options{}, sandbox)
	if err != nil {
		return err
	}
	if err := prepare(l); err != nil {
		return err
	}
	if err := l.Record(created(l.Pending()[0])); err != nil {
		return err
	}
	fmt.Println("held")
	io.Copy(io.Discard, os.Stdin)
	return l.Close()
}

// holding starts a process that holds the file at path.
func holding(t *testing.T, path string) (cmd *exec.Cmd, release func()) {
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

// checkRead fails where the file at path, with one result in its journal, is not read as that.
func checkRead(t *testing.T, path string, running bool) {
	t.Helper()
	r, err := Read(path, csvfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Running != running || !r.Unmerged || r.Summary().Counts[provision.Created] != 1 || r.Holder == "" {
		t.Errorf("running %v, holder %q, unmerged %v, %+v", r.Running, r.Holder, r.Unmerged, r.Summary().Counts)
	}
}

func TestASecondRunIsRefusedAndNamesTheFirst(t *testing.T) {
	l, path := start(t, manyRows(3), theAction, sandbox)
	mustClose(t, l)
	link := filepath.Join(t.TempDir(), "link.csv")
	linked := trySymlink(path, link) == nil
	if !linked {
		link = path
	}
	cmd, release := holding(t, path)
	for _, name := range []string{path, link} {
		_, err := Open(name, csvfile.Options{}, sandbox)
		wantError(t, err, ErrLocked)
		if !strings.Contains(err.Error(), fmt.Sprint(name, ": process ", cmd.Process.Pid, " on ")) {
			t.Errorf("%v", err)
		}
		_, err = Create(name, parseText(t, sixRows), theAction, Options{Overwrite: true})
		wantError(t, err, ErrLocked)
	}
	checkRead(t, link, true)
	release()
	mustClose(t, mustRetry(t, link))
	if got := folder(t, path); len(got) != 1 {
		t.Errorf("left: %v", got)
	}
	info, err := os.Lstat(link)
	if err != nil || linked && (info.Mode()&os.ModeSymlink == 0 || len(folder(t, link)) != 1) {
		t.Errorf("the link is %v, %v, beside it %v", info, err, folder(t, link))
	}
}

func TestTheLockOfAKilledRunIsNoObstacle(t *testing.T) {
	l, path := start(t, manyRows(3), theAction, sandbox)
	mustClose(t, l)
	cmd, _ := holding(t, path)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	if got := folder(t, path); len(got) != 3 {
		t.Fatalf("the killed run left %v", got)
	}
	checkRead(t, path, false)
	l = mustRetry(t, path)
	if got := l.Summary().Counts[provision.Created]; got != 1 {
		t.Errorf("%d created", got)
	}
	mustClose(t, l)
}

func TestARunThatHasNoJournalYetIsNotNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hr.results.csv")
	l, err := Create(path, parseText(t, sixRows), theAction, sandbox)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, journal := range []string{"", "qlik-provision journal 2,17,", sealed(journalMagic + ",17"),
		sealed("something else,17,here,now")} {
		write(t, path+".journal", journal)
		_, err := Create(path, parseText(t, sixRows), theAction, sandbox)
		if wantError(t, err, ErrLocked); !strings.HasSuffix(err.Error(),
			path+": it has not yet recorded who it is") {
			t.Errorf("%q: %v", journal, err)
		}
	}
}

func TestOneRunAtATime(t *testing.T) {
	l, path := start(t, manyRows(3), theAction, sandbox)
	mustClose(t, l)
	var (
		inside, ran atomic.Int32
		wg          sync.WaitGroup
	)
	for range 4 {
		wg.Go(func() {
			for range 8 {
				l, err := Open(path, csvfile.Options{}, sandbox)
				if err != nil {
					if !errors.Is(err, ErrLocked) {
						t.Error(err)
					}
					continue
				}
				if ran.Add(1); inside.Add(1) > 1 {
					t.Error("two runs at once")
				}
				if err := prepare(l); err != nil {
					t.Error(err)
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
		t.Error("no run came in")
	}
	if got := folder(t, path); len(got) != 1 {
		t.Errorf("left: %v", got)
	}
}

func TestTheLockIsExclusiveWhileItsFileComesAndGoes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.lock")
	var (
		inside, taken atomic.Int32
		wg            sync.WaitGroup
	)
	for range 8 {
		wg.Go(func() {
			for range 200 {
				l, err := tryLock(path)
				if errors.Is(err, ErrLocked) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				if taken.Add(1); inside.Add(1) > 1 {
					t.Error("two hold the lock")
				}
				runtime.Gosched()
				inside.Add(-1)
				if err := release(l); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if taken.Load() == 0 || exists(path) && runtime.GOOS != "windows" {
		t.Errorf("taken %d times, left behind: %v", taken.Load(), exists(path))
	}
}

func TestAReaderSeesTheResultsWhileARunEnds(t *testing.T) {
	for range 20 {
		l, path := start(t, manyRows(3), theAction, sandbox)
		for _, r := range l.Pending() {
			record(t, l, created(r))
		}
		var (
			ended atomic.Bool
			wg    sync.WaitGroup
		)
		wg.Go(func() {
			for !ended.Load() {
				r, err := Read(path, csvfile.Options{})
				if err != nil || r.Summary().Counts[provision.Created] != 5 {
					t.Errorf("%+v, %v", r, err)
					return
				}
			}
		})
		mustClose(t, l)
		ended.Store(true)
		wg.Wait()
	}
}
