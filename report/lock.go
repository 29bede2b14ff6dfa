package report

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"

	"github.com/gofrs/flock"
)

// acquireLock locks f: every other run is kept off it. The lock is on a file of its own, which nobody reads, and the
// system releases it when a process is killed. Where another run holds it, which may be about to end, it fails
// with ErrLocked after a while.
func acquireLock(f files) (lock *flock.Flock, err error) {
	mayEnd := func(err error) bool { return isBusy(err) || errors.Is(err, ErrLocked) }
	err = retryBusy(patienceAtStart, mayEnd, func() error {
		lock, err = tryLock(f.lockPath())
		return err
	})
	if errors.Is(err, ErrLocked) {
		err = fmt.Errorf("%w %s: %s", ErrLocked, f.name, readHolder(f.journalPath()))
	}
	return lock, err
}

// tryLock takes the lock. A run that ends removes the file, so the file that was locked need not be the one that the
// next run finds: that is ErrLocked, too.
func tryLock(path string) (*flock.Flock, error) {
	if err := checkRegular(path); err != nil {
		return nil, err
	}
	lock := flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR|noFollow), flock.SetPermissions(0o600))
	switch got, err := lock.TryLock(); {
	case IsInUse(err), err == nil && !got: // Windows says "in use" where another run is about to remove the file
		return nil, ErrLocked
	case err != nil:
		return nil, err
	case !standsAt(lock, path):
		return nil, errors.Join(ErrLocked, lock.Unlock())
	}
	return lock, nil
}

// release removes the lock file and releases the lock. Windows does not remove what is open; there another run
// may lock the file in between, and then it stays.
func release(lock *flock.Flock) error {
	switch {
	case lock == nil: // a preview has none
		return nil
	case runtime.GOOS == "windows":
		err := lock.Unlock()
		os.Remove(lock.Path())
		return err
	}
	return errors.Join(ignoreMissing(os.Remove(lock.Path())), lock.Unlock())
}

// mayBeLocked reports whether a run holds the lock of f, or whether that cannot be told. It creates no lock file.
func (f files) mayBeLocked() bool {
	lock := flock.New(f.lockPath(), flock.SetFlag(os.O_RDONLY|noFollow))
	got, err := lock.TryRLock()
	defer lock.Close() // nothing was written
	return !got && !errors.Is(err, fs.ErrNotExist)
}
