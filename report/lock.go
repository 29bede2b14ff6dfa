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

// A lock keeps every other run off a result file. It is on a file of its own, which nobody reads. The system
// releases it when a process is killed.
type lock struct {
	file *flock.Flock
	path string
}

// lockPatience is how long a lock is tried that another run holds: that run may be about to end.
const lockPatience = 200 * time.Millisecond

// acquireLock locks f. Where another run holds the lock it fails with ErrLocked.
func acquireLock(f files) (l *lock, err error) {
	mayEnd := func(err error) bool { return isBusy(err) || errors.Is(err, ErrLocked) }
	err = retryBusy(lockPatience, mayEnd, func() error {
		l, err = tryLock(f.lockPath())
		if err == nil && l == nil {
			err = ErrLocked
		}
		return err
	})
	switch {
	case errors.Is(err, ErrLocked):
		return nil, fmt.Errorf("%w %s: %s", ErrLocked, f.name, readHolder(f.journalPath()))
	case err != nil:
		return nil, fmt.Errorf("locking %s: %w", f.name, err)
	}
	return l, nil
}

// tryLock takes the lock, or is nil where another run holds it. A run that ends removes the file, so the file
// that was locked need not be the one that the next run finds; then it is tried again.
func tryLock(path string) (*lock, error) {
	for range 100 {
		if err := checkNoLink(path); err != nil {
			return nil, err
		}
		file := flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR|noFollow), flock.SetPermissions(0o600))
		got, err := file.TryLock()
		if isInUse(err) { // Windows answers so where another run is about to remove the file
			return nil, nil
		}
		if err != nil || !got {
			return nil, notRegular(path, nil, err)
		}
		locked, err := file.Stat()
		if err = notRegular(path, locked, err); err == nil {
			var inPlace bool
			if inPlace, err = standsAt(file, path); inPlace {
				return &lock{file, path}, nil
			}
		}
		if err := errors.Join(err, file.Unlock()); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("its lock file is replaced again and again")
}

// mayBeLocked reports whether a run holds the lock of f, or whether that cannot be told. It creates no lock file.
func (f files) mayBeLocked() bool {
	file := flock.New(f.lockPath(), flock.SetFlag(os.O_RDONLY|noFollow))
	got, err := file.TryRLock()
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	return !got || file.Close() != nil
}

// release removes the lock file and releases the lock. Windows does not remove what is open; there another run
// may lock the file in between, and then it stays.
func (l *lock) release() error {
	if l == nil { // a preview has none
		return nil
	}
	if runtime.GOOS == "windows" {
		err := l.file.Unlock()
		os.Remove(l.path)
		return err
	}
	return errors.Join(ignoreMissing(os.Remove(l.path)), l.file.Unlock())
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
