package report

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"qlik-provision/provision"
)

func TestAResultThatDoesNotFitOnTheDiskLeavesTheJournalWhole(t *testing.T) {
	for _, stuck := range []bool{false, true} { // stuck: nothing can be cut off either
		t.Run(fmt.Sprintf("stuck %v", stuck), func(t *testing.T) {
			full := false
			path := filepath.Join(t.TempDir(), "hr.results.csv")
			step := func(operation, path string) error {
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
			l, err := watched(step)(Create(path, parseText(t, manyRows(9)), theAction, sandbox))
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
			if whole := strings.HasSuffix(read(t, path+".journal"), "\n"); whole == stuck {
				t.Errorf("the journal is\n%s", read(t, path+".journal"))
			}
			if l.Summary().Counts[provision.Created] != 1 {
				t.Error("a result that was not recorded is counted")
			}
			full = false
			if err := l.Record(created(rows[2])); err != nil {
				t.Errorf("with space again: %v", err)
			}
			mustClose(t, l)
			if got := strings.Count(read(t, path), ",created,"); got != 2 {
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
		path := filepath.Join(t.TempDir(), "hr.results.csv")
		step := func(operation, path string) error {
			mu.Lock()
			defer mu.Unlock()
			if operation == "sync" && strings.HasSuffix(path, ".journal") {
				syncs++
				return fail
			}
			return nil
		}
		l, err := watched(step)(Create(path, parseText(t, manyRows(3)), theAction, sandbox))
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

func TestAnEndReportsAllItsErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var broken atomic.Bool
		path := filepath.Join(t.TempDir(), "hr.results.csv")
		step := func(operation, path string) error {
			switch {
			case !broken.Load():
			case operation == "sync" && strings.HasSuffix(path, ".journal"):
				return syscall.EIO
			case operation == "rename":
				return syscall.EBUSY
			}
			return nil
		}
		l, err := watched(step)(Create(path, parseText(t, manyRows(3)), theAction, sandbox))
		if err == nil {
			err = prepare(l)
		}
		if err != nil {
			t.Fatal(err)
		}
		record(t, l, created(l.Pending()[0]))
		broken.Store(true)
		time.Sleep(2 * syncInterval) // nothing is recorded after the sync that failed
		err = l.Close()
		for _, want := range []error{ErrNotReplaced, syscall.EIO, syscall.EBUSY} {
			wantError(t, err, want)
		}
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
				l.Pending()
			}
		})
	}
	pending := l.Pending()
	for _, r := range pending {
		rows <- r
	}
	close(rows)
	wg.Wait()
	if got := l.Summary(); got.Counts[provision.Created] != len(pending) ||
		got.Run[provision.Created] != len(pending) {
		t.Errorf("%d rows run, %+v", len(pending), got)
	}
	mustClose(t, l)
	if got := strings.Count(read(t, path), ",created,"); got != len(pending) {
		t.Errorf("%d in the file, %d run", got, len(pending))
	}
}

func TestOnlyResultsOfRowsAreRecorded(t *testing.T) {
	l, _ := start(t, sixRows, theAction, sandbox)
	if err := l.Record(provision.Result{Number: 99, Outcome: provision.Created}); err == nil {
		t.Error("a result of no row was recorded")
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
