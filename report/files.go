package report

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// files are a result file and what stands beside it while a run works on it. What a power cut may take back is changed
// through do.
type files struct {
	name string // as it was given, for messages
	path string // behind symbolic links

	// step is called before each operation that changes something, with its name and the file's; an error is
	// returned in the operation's place. nil: nothing is called.
	step func(operation, path string) error
}

func (f files) journalPath() string { return f.path + ".journal" }
func (f files) journalName() string { return f.name + ".journal" }
func (f files) lockPath() string    { return f.path + ".lock" }

// tempPath is of a file that is to become the result file. No other name that a run needs is as long, so that
// writing it before the first request shows that all of them can be written.
func (f files) tempPath() string { return f.path + ".unfinished" }

// findFiles follows a symbolic link to the result file, which need not exist yet. A link to a file that does not
// exist is refused: who made it would decide where personal data is written.
func findFiles(name string) (files, error) {
	f := files{name: name, path: name}
	info, err := os.Lstat(f.path)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		if f.path, err = filepath.EvalSymlinks(f.name); errors.Is(err, fs.ErrNotExist) {
			return f, fmt.Errorf("%s %w", f.name, ErrDanglingLink)
		}
		if err == nil {
			info, err = os.Lstat(f.path)
		}
	}
	if err == nil && !info.Mode().IsRegular() {
		return f, &NotResultsError{Path: f.name, Why: "it is not a regular file"}
	}
	if _, err := os.Stat(filepath.Dir(f.name)); err != nil {
		return f, &FolderError{f.name, err}
	}
	return f, ignoreMissing(err)
}

// do does what changes something in the folder.
func (f files) do(operation, path string, change func() error) error {
	if f.step != nil {
		if err := f.step(operation, path); err != nil {
			return err
		}
	}
	return change()
}

// create creates a file that nobody else can read. It fails where there is something at path.
func (f files) create(path string) (file *os.File, err error) {
	err = f.do("create", path, func() error {
		file, err = os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		return err
	})
	return file, err
}

// remove removes a file, which need not exist, and makes that last.
func (f files) remove(path string, patience time.Duration) error {
	err := f.do("remove", path, func() error {
		return retryBusy(patience, isBusy, func() error { return ignoreMissing(os.Remove(path)) })
	})
	if err != nil {
		return err
	}
	return f.syncFolder()
}

// syncFolder makes a change of names last. Windows has no such call, some file systems refuse it, and a folder need
// not be readable.
func (f files) syncFolder() error {
	if runtime.GOOS == "windows" {
		return nil
	}
	path := filepath.Dir(f.path)
	return f.do("sync", path, func() error {
		folder, err := os.Open(path)
		if err == nil {
			err = errors.Join(folder.Sync(), folder.Close())
		}
		for _, harmless := range []error{fs.ErrPermission, syscall.EINVAL, syscall.ENOTSUP} {
			if errors.Is(err, harmless) {
				return nil
			}
		}
		return err
	})
}

// openRegular opens a file to read it; where a run that is about to end has it open, it tries again for a while. It
// follows no link, and does not wait for the other end of a pipe: what is no regular file is ErrNotRegular.
func openRegular(path string) (file *os.File, err error) {
	if err := checkRegular(path); err != nil {
		return nil, err
	}
	err = retryBusy(patienceAtStart, isBusy, func() error {
		file, err = os.OpenFile(path, os.O_RDONLY|noFollow, 0)
		return err
	})
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() { // it was put there after the check
		return nil, errors.Join(&fs.PathError{Op: "open", Path: path, Err: ErrNotRegular}, err, file.Close())
	}
	return file, nil
}

// checkRegular fails with ErrNotRegular where something stands at path that is no regular file.
func checkRegular(path string) error {
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return &fs.PathError{Op: "open", Path: path, Err: ErrNotRegular}
	}
	return nil // opening it says why
}

// standsAt reports whether an open file is the one that stands at path, and a regular one.
func standsAt(file interface{ Stat() (fs.FileInfo, error) }, path string) bool {
	opened, err := file.Stat()
	found, missing := os.Lstat(path)
	return err == nil && missing == nil && os.SameFile(opened, found) && found.Mode().IsRegular()
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// How long a file is waited for that another program has open, where the system does not let it be replaced
// meanwhile.
const (
	patienceAtStart = time.Second
	patienceAtEnd   = 5 * time.Second
)

// retryBusy repeats what another program hinders until it succeeds, fails for another reason, or patience is over.
func retryBusy(patience time.Duration, mayEnd func(error) bool, change func() error) error {
	const pause = 100 * time.Millisecond
	for err := change(); ; err = change() {
		if err == nil || !mayEnd(err) || patience <= 0 {
			return err
		}
		patience -= pause
		<-time.After(pause)
	}
}

// isBusy reports whether err is what Windows answers where another program has the file open. It answers that access
// is denied, too, where a file is about to be removed, or is open and to be replaced.
func isBusy(err error) bool {
	return IsInUse(err) || runtime.GOOS == "windows" && errors.Is(err, fs.ErrPermission)
}

// IsInUse reports whether err says that another program has the file open. Other systems do not mind.
func IsInUse(err error) bool {
	const sharingViolation, lockViolation = syscall.Errno(32), syscall.Errno(33)
	return runtime.GOOS == "windows" && (errors.Is(err, sharingViolation) || errors.Is(err, lockViolation))
}
