package report

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// files are a result file and what stands beside it while a run works on it. What is changed in the folder is
// changed through do.
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

// findFiles follows a symbolic link to the result file, which need not exist yet. A link to a file that does not
// exist is refused: who made it would decide where personal data is written.
func findFiles(f files) (files, error) {
	if f.name == "" || os.IsPathSeparator(f.name[len(f.name)-1]) {
		return f, &NotResultsError{Path: f.name, Why: "it is a folder"}
	}
	f.path = f.name
	info, err := os.Lstat(f.path)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		f.path, err = filepath.EvalSymlinks(f.name)
		if errors.Is(err, fs.ErrNotExist) {
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

// exists reports whether there is anything at path.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENAMETOOLONG)
}

// standsAt reports whether an open file is the one that stands at path.
func standsAt(file interface{ Stat() (fs.FileInfo, error) }, path string) (bool, error) {
	opened, err := file.Stat()
	if err != nil {
		return false, err
	}
	found, err := os.Lstat(path)
	return err == nil && os.SameFile(opened, found), ignoreMissing(err)
}

// openRegular opens a file without following links, and without waiting for the other end of what is no
// regular file: that is ErrNotRegular.
func openRegular(path string, flag int) (*os.File, error) {
	if err := checkNoLink(path); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, flag|noFollow, 0o600)
	if err != nil {
		return nil, notRegular(path, nil, err)
	}
	info, err := file.Stat()
	if err = notRegular(path, info, err); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// notRegular is ErrNotRegular where what was opened at path is a link or no regular file, else err.
func notRegular(path string, info fs.FileInfo, err error) error {
	refused := errors.Is(err, syscall.ELOOP) || errors.Is(err, syscall.EISDIR) || errors.Is(err, syscall.ENXIO)
	if refused || err == nil && info != nil && !info.Mode().IsRegular() {
		return &fs.PathError{Op: "open", Path: path, Err: ErrNotRegular}
	}
	return err
}

func (f files) strayJournal() error { return fmt.Errorf("%s %w", f.journalName(), ErrStrayJournal) }

// openTogether opens a result file and its journal, nil where there is none. A run that ends meanwhile
// replaces the one and removes the other; then both are opened again.
func openTogether(f files) (file, journal *os.File, err error) {
	for range 100 {
		file, err = openRegular(f.path, os.O_RDONLY)
		if errors.Is(err, fs.ErrNotExist) && exists(f.journalPath()) {
			err = f.strayJournal()
		}
		if err != nil {
			return nil, nil, err
		}
		journal, err = openRegular(f.journalPath(), os.O_RDONLY)
		if err = ignoreMissing(err); err != nil {
			return nil, nil, errors.Join(fmt.Errorf("reading %s: %w", f.journalName(), err), file.Close())
		}
		inPlace, err := standsAt(file, f.path)
		if inPlace {
			return file, journal, nil
		}
		journal.Close() // nothing where there is none
		if err = errors.Join(err, file.Close()); err != nil {
			return nil, nil, err
		}
	}
	return nil, nil, fmt.Errorf("%s is replaced again and again", f.name)
}

// tempPrefix begins the names of the files that are written beside the result file. They are the longest names
// that a run needs.
func (f files) tempPrefix() string { return "." + filepath.Base(f.path) + ".tmp-" }

// createTemp creates a file beside the result file that nobody else can read.
func (f files) createTemp() (file *os.File, err error) {
	folder := filepath.Dir(f.path)
	err = f.do("create", filepath.Join(folder, f.tempPrefix()), func() error {
		file, err = os.CreateTemp(folder, f.tempPrefix()+"*")
		return err
	})
	return file, err
}

// tryNames fails where a file that the run is going to need could not be created: the one with the longest name
// is. The lock was created already.
func (f files) tryNames() error {
	file, err := f.createTemp()
	if err != nil {
		return err
	}
	err = file.Close()
	// A scanner may have opened the file in the meantime, where a file that is open cannot be removed.
	return errors.Join(err, retryBusy(patienceAtEnd, isBusy, func() error { return os.Remove(file.Name()) }))
}

// removeTemps removes what killed runs left. The lock must be held.
func (f files) removeTemps() {
	folder := filepath.Dir(f.path)
	entries, _ := os.ReadDir(folder) // a folder need not be one that can be listed
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), f.tempPrefix()) {
			os.Remove(filepath.Join(folder, e.Name()))
		}
	}
}

// How long a file is waited for that another program has open, where the system does not let it be replaced
// meanwhile.
const (
	patienceAtStart = time.Second
	patienceAtEnd   = 5 * time.Second
)

// rename renames a file, and makes that last.
func (f files) rename(from, to string, patience time.Duration) error {
	err := f.do("rename", from, func() error {
		return retryBusy(patience, isBusy, func() error { return os.Rename(from, to) })
	})
	if err != nil {
		return err
	}
	return f.syncFolder()
}

// remove removes a file, which need not exist, and makes that last.
func (f files) remove(path string, patience time.Duration) error {
	if !exists(path) {
		return nil
	}
	err := f.do("remove", path, func() error {
		return retryBusy(patience, isBusy, func() error { return os.Remove(path) })
	})
	if ignoreMissing(err) != nil {
		return err
	}
	return f.syncFolder()
}

// retryBusy repeats what another program hinders until it succeeds, fails for another reason, or patience is
// over.
func retryBusy(patience time.Duration, isBusy func(error) bool, change func() error) error {
	const pause = 100 * time.Millisecond
	for err := change(); ; err = change() {
		if err == nil || !isBusy(err) || patience <= 0 {
			return err
		}
		patience -= pause
		<-time.After(pause)
	}
}

// syncFolder makes a rename last. Windows has no such call, some file systems refuse it, and a folder need not
// be readable.
func (f files) syncFolder() error {
	if runtime.GOOS == "windows" {
		return nil
	}
	path := filepath.Dir(f.path)
	return f.do("sync", path, func() error {
		folder, err := os.Open(path)
		if errors.Is(err, fs.ErrPermission) {
			return nil
		}
		if err != nil {
			return err
		}
		err = folder.Sync()
		if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
			err = nil
		}
		return errors.Join(err, folder.Close())
	})
}
