package report

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"time"

	"github.com/gofrs/flock"
)

// A lock keeps every other run off a result file. It is on a file of its own, which nobody reads.
type lock struct {
	file *flock.Flock
	path string
}

// How often and how long apart a lock that somebody holds is tried for, because a run that ends may just be letting go.
const (
	lockTries = 3
	lockPause = 50 * time.Millisecond
)

// take takes the lock of p. Where another run has it, it is a *LockedError.
func take(p place) (*lock, error) {
	pause := time.NewTicker(lockPause)
	defer pause.Stop()
	for held := 0; ; {
		l, err := takeOnce(p.lock())
		switch {
		case err != nil:
			return nil, fmt.Errorf("locking %s: %w", p.name, err)
		case l != nil:
			return l, nil
		}
		if held++; held == lockTries {
			return nil, &LockedError{p.name, holder(p.journal())}
		}
		<-pause.C
	}
}

// takeOnce takes the lock, or is nil where another run holds it. A run that ends removes the file, so the one that was locked
// need not be the one that the next run would find; then another is tried for.
func takeOnce(path string) (*lock, error) {
	for range 100 {
		fresh := !there(path)
		file := flock.New(path)
		got, err := file.TryLock()
		if err != nil {
			if fresh {
				err = both(err, ignoreMissing(os.Remove(path)))
			}
			return nil, err
		}
		if !got {
			return nil, nil
		}
		locked, err := file.Stat()
		if err == nil {
			var found fs.FileInfo
			if found, err = os.Stat(path); err == nil && os.SameFile(locked, found) {
				return &lock{file, path}, nil
			}
		}
		if err := both(ignoreMissing(err), file.Unlock()); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("its lock file is replaced again and again")
}

// held reports whether a run holds the lock of p; not known where the lock may not be looked at. It makes none.
func (p place) held() (held, known bool) {
	file := flock.New(p.lock(), flock.SetFlag(os.O_RDONLY))
	got, err := file.TryRLock()
	if err != nil {
		return false, errors.Is(err, fs.ErrNotExist)
	}
	return !got, file.Close() == nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// release removes the lock. Windows does not remove what is open; there another run may take the file over in between, and then
// it stays.
func (l *lock) release() error {
	if runtime.GOOS == "windows" {
		err := l.file.Unlock()
		os.Remove(l.path)
		return err
	}
	return both(ignoreMissing(os.Remove(l.path)), l.file.Unlock())
}
