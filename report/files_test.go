package report

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
)

func TestALinkToAResultFileIsFollowed(t *testing.T) {
	folderA, folderB := t.TempDir(), t.TempDir()
	link := filepath.Join(folderA, "link.csv")
	real := filepath.Join(folderB, "real.csv")
	symlink(t, real, link)
	write(t, real, ranText(t))
	l, err := Create(link, parseText(t, sixRows), theAction, Options{Tenant: "sandbox", Overwrite: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := prepare(l); err != nil {
		t.Fatal(err)
	}
	mustClose(t, l)
	if got := folder(t, filepath.Join(folderB, "x")); !slices.Equal(got, []string{"real.csv"}) {
		t.Errorf("beside the real file: %v", got)
	}
	symlink(t, "link.csv", filepath.Join(folderA, "next.csv"))
	if r, err := Read(filepath.Join(folderA, "next.csv"), csvfile.Options{}); err != nil || len(r.Rows) != 7 {
		t.Errorf("a link to the link: %+v, %v", r, err)
	}
	round := filepath.Join(folderA, "round.csv")
	symlink(t, round, round)
	_, err = Create(round, parseText(t, sixRows), theAction, sandbox)
	if err == nil || !strings.Contains(err.Error(), "too many links") {
		t.Errorf("a link to itself: %v", err)
	}
}

// trySymlink makes a symbolic link. Some systems say that they made it, and did not.
func trySymlink(target, link string) error {
	err := os.Symlink(target, link)
	if info, statErr := os.Lstat(link); err == nil && (statErr != nil || info.Mode()&fs.ModeSymlink == 0) {
		err = errors.New("no link was made")
	}
	return err
}

// symlink makes a symbolic link, and skips the test where that cannot be done.
func symlink(t *testing.T, target, link string) {
	t.Helper()
	if err := trySymlink(target, link); err != nil {
		t.Skip(err)
	}
}

func TestNamesAreTriedBeforeTheRun(t *testing.T) {
	long := filepath.Join(t.TempDir(), strings.Repeat("x", 242)+".csv") // with .journal it fits
	l, err := Create(long, parseText(t, sixRows), theAction, sandbox)
	if err == nil {
		err = errors.Join(prepare(l), l.Close())
	}
	tooLong := errors.Is(err, syscall.ENAMETOOLONG) || runtime.GOOS == "windows" && err != nil
	if !tooLong || len(folder(t, long)) != 0 {
		t.Errorf("%v, left %v", err, folder(t, long))
	}
	nowhere := filepath.Join(t.TempDir(), "x", "hr.results.csv")
	_, err = Create(nowhere, parseText(t, sixRows), theAction, sandbox)
	as[*FolderError](t, err)
	_, err = Read(nowhere, csvfile.Options{})
	as[*FolderError](t, err)
	for _, path := range []string{t.TempDir(), t.TempDir() + "/"} {
		_, err = Create(path, parseText(t, sixRows), theAction, Options{Overwrite: true})
		as[*NotResultsError](t, err)
	}
	if _, err := Open(filepath.Join(t.TempDir(), "x.csv"), csvfile.Options{}, sandbox); !errors.Is(err,
		fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestFilesOfAKilledRunAreRemoved(t *testing.T) {
	l, path := start(t, manyRows(3), theAction, sandbox)
	mustClose(t, l)
	write(t, path+".unfinished", "personal data")
	mustClose(t, mustRetry(t, path))
	if got := folder(t, path); len(got) != 1 {
		t.Errorf("left: %v", got)
	}
}

func TestAFileThatIsBusyIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		errBusy := errors.New("busy")
		isBusy := func(err error) bool { return err == errBusy }
		for _, c := range []struct {
			patience time.Duration
			free     time.Duration
			want     error
		}{{patienceAtEnd, 3 * time.Second, nil}, {patienceAtEnd, time.Minute, errBusy}, {patienceAtStart,
			3 * time.Second, errBusy}} {
			began := time.Now()
			err := retryBusy(c.patience, isBusy, func() error {
				if time.Since(began) < c.free {
					return errBusy
				}
				return nil
			})
			if took := time.Since(began); err != c.want || took > c.patience+time.Second/2 || err != nil &&
				took < c.patience {
				t.Errorf("%+v: %v after %v", c, err, took)
			}
		}
	})
}

func TestAResultFileThatChangesDuringTheRunIsNotReplaced(t *testing.T) {
	text := ranText(t)
	for _, c := range []struct {
		name   string
		change func(path string)
		merges bool // the next run merges the journal
	}{
		{"emptied", func(path string) { write(t, path, "") }, false},
		{"replaced by an editor", func(path string) {
			write(t, path+"~", tableOf(t, read(t, path)).saved(';', true, "\ufeff"))
			if err := os.Rename(path+"~", path); err != nil {
				t.Fatal(err)
			}
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "hr.results.csv")
			write(t, path, text)
			l := mustRetry(t, path)
			record(t, l, created(l.Pending()[2]))
			c.change(path)
			err := l.Close()
			wantError(t, err, ErrNotReplaced)
			if got := folder(t, path); !slices.Equal(got, []string{"hr.results.csv",
				"hr.results.csv.journal"}) {
				t.Errorf("%v, left %v", err, got)
			}
			if c.merges {
				l = mustRetry(t, path)
				if got := l.Summary().Counts[provision.Created]; got != 3 {
					t.Errorf("%d created", got)
				}
			}
		})
	}
}

func TestAResultFileThatChangesBeforeTheRunIsNotReplaced(t *testing.T) {
	for _, isNew := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "hr.results.csv")
		var l *Ledger
		var err error
		if isNew {
			l, err = Create(path, parseText(t, sixRows), theAction, sandbox)
		} else {
			write(t, path, ranText(t))
			l, err = Open(path, csvfile.Options{}, sandbox)
		}
		if err != nil {
			t.Fatal(err)
		}
		write(t, path, "edited meanwhile")
		if err := prepare(l); err == nil || !strings.Contains(err.Error(), "another program changed it") {
			t.Errorf("new %v: %v", isNew, err)
		}
		mustClose(t, l)
		if got := read(t, path); got != "edited meanwhile" || len(folder(t, path)) != 1 {
			t.Errorf("new %v: left %v with %q", isNew, folder(t, path), got)
		}
	}
}

func TestFilesThatDisappearDuringTheRunLoseNoResult(t *testing.T) {
	for _, suffix := range []string{"", ".journal"} {
		l, path := start(t, sixRows, theAction, sandbox)
		record(t, l, created(l.Pending()[0]))
		if err := os.Remove(path + suffix); err != nil {
			t.Skip(err)
		}
		mustClose(t, l)
		if got := folder(t, path); strings.Count(read(t, path), ",created,") != 1 || len(got) != 1 {
			t.Errorf("%s removed: left %v with\n%s", suffix, got, read(t, path))
		}
	}
}

func TestAJournalThatDisappearsIsWrittenAgainWhereTheFileCannotBeReplaced(t *testing.T) {
	l, path := start(t, sixRows, theAction, sandbox)
	before := read(t, path)
	rows := l.Pending()
	record(t, l, created(rows[0]), failed(rows[1]))
	if err := os.Remove(path + ".journal"); err != nil {
		t.Skip(err)
	}
	write(t, path, "")
	err := l.Close()
	if wantError(t, err, ErrNotReplaced); !strings.HasSuffix(err.Error(), "the results are in "+path+".journal") {
		t.Error(err)
	}
	write(t, path, before)
	r, err := Read(path, csvfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Summary().Counts; got[provision.Created] != 1 || got[provision.Failed] != 1 {
		t.Errorf("%v", got)
	}

	l, path = start(t, sixRows, theAction, sandbox)
	record(t, l, created(l.Pending()[0]))
	err = errors.Join(os.Remove(path+".journal"), os.Mkdir(path+".journal", 0o700))
	if write(t, path, ""); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); !strings.HasSuffix(err.Error(), "its journal was removed, and could not be written again") {
		t.Error(err)
	}
}

func TestAFolderThatMovesAwayKeepsTheResults(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a folder with open files cannot be moved")
	}
	home, away := filepath.Join(t.TempDir(), "home"), filepath.Join(t.TempDir(), "away")
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(home, "hr.results.csv")
	write(t, path, ranText(t))
	l := mustRetry(t, path)
	record(t, l, created(l.Pending()[2]))
	if err := os.Rename(home, away); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	l = mustRetry(t, filepath.Join(away, "hr.results.csv"))
	if got := l.Summary().Counts[provision.Created]; got != 3 {
		t.Errorf("%d created", got)
	}
}

func TestAReadOnlyFolderIsFoundBeforeTheRun(t *testing.T) {
	if runtime.GOOS == "windows" || os.Getuid() == 0 {
		t.Skip("the user who runs this may write everywhere")
	}
	path := filepath.Join(t.TempDir(), "hr.results.csv")
	write(t, path, ranText(t))
	if err := os.Chmod(filepath.Dir(path), 0o500); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(filepath.Dir(path), 0o700)
	if _, err := Open(path, csvfile.Options{}, sandbox); !errors.Is(err, os.ErrPermission) {
		t.Errorf("opened: %v", err)
	}
	if _, err := Create(filepath.Join(filepath.Dir(path), "other.csv"), parseText(t, sixRows), theAction,
		sandbox); !errors.Is(err, os.ErrPermission) {
		t.Errorf("created: %v", err)
	}
}
