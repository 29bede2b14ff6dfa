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

// A place is where a result file stands, symlinks resolved, with what stands beside it while a run is on.
type place struct {
	name string // as it was given, for messages
	path string

	syncing func(path string) // for tests: called with every sync; nil: nothing is
}

// findPlace follows the symlinks of a path at which there need not be a file yet.
func findPlace(name string) (place, error) {
	path := name
	if name != "" && os.IsPathSeparator(name[len(name)-1]) {
		return place{}, &NotResultsError{name, "it names a folder"}
	}
	for range 40 { // as many as Linux follows
		folder, err := filepath.EvalSymlinks(filepath.Dir(path))
		if err != nil {
			return place{}, &NoFolderError{name, err}
		}
		path = filepath.Join(folder, filepath.Base(path))
		info, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return place{name: name, path: path}, nil
		}
		if err != nil {
			return place{}, fmt.Errorf("looking at %s: %w", name, err)
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			if !info.Mode().IsRegular() {
				return place{}, &NotResultsError{name, "it is no file"}
			}
			return place{name: name, path: path}, nil
		}
		target, err := os.Readlink(path)
		if err != nil {
			return place{}, fmt.Errorf("following %s: %w", name, err)
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(folder, target)
		}
		path = target
	}
	return place{}, fmt.Errorf("following %s: too many symbolic links", name)
}

func (p place) journal() string     { return p.path + ".journal" }
func (p place) journalName() string { return p.name + ".journal" }
func (p place) lock() string        { return p.path + ".lock" }
func (p place) there() bool         { return there(p.path) }

func there(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENAMETOOLONG)
}

// draft creates the file that will replace the one at p: in the same folder, readable by nobody else from the first byte.
func (p place) draft() (*os.File, error) {
	return os.CreateTemp(filepath.Dir(p.path), p.draftPattern())
}

func (p place) draftPattern() string { return "." + filepath.Base(p.path) + ".tmp-*" }

// asideName is where a journal is kept that is about to be thrown away.
func (p place) asideName() string {
	return filepath.Join(filepath.Dir(p.path), strings.TrimSuffix(p.draftPattern(), "*")+"journal")
}

// sweep removes the drafts that killed runs left. It is for whoever holds the lock.
func (p place) sweep() {
	drafts, err := os.ReadDir(filepath.Dir(p.path))
	if err != nil {
		return // it would have been a courtesy
	}
	pattern := p.draftPattern()
	prefix := pattern[:len(pattern)-1]
	for _, d := range drafts {
		if name := d.Name(); len(name) > len(prefix) && name[:len(prefix)] == prefix {
			os.Remove(filepath.Join(filepath.Dir(p.path), name))
		}
	}
}

// replace puts a draft in the place of the file. Where somebody has that file open and the system minds, it tries for patience.
func (p place) replace(draft string, patience time.Duration) error {
	if err := try(patience, busy, func() error { return os.Rename(draft, p.path) }); err != nil {
		return err
	}
	return p.syncFolder()
}

// remove removes a file, which need not be there.
func remove(path string, patience time.Duration) error {
	err := try(patience, busy, func() error { return os.Remove(path) })
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// try does what another program's open handle may hinder, until it is done, fails for another reason, or patience is over.
func try(patience time.Duration, busy func(error) bool, do func() error) error {
	err := do()
	if err == nil || !busy(err) {
		return err
	}
	end := time.NewTimer(patience)
	defer end.Stop()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		select {
		case <-end.C:
			return err
		case <-again.C:
			if err = do(); err == nil || !busy(err) {
				return err
			}
		}
	}
}

// sync has all of a file, or the names in a folder, on the disk.
func (p place) sync(f *os.File) error {
	if p.syncing != nil {
		p.syncing(f.Name())
	}
	return f.Sync()
}

// syncFolder makes a rename last. Windows has no such thing, some file systems refuse it, and a folder may be one to write to, not to read.
func (p place) syncFolder() error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(filepath.Dir(p.path))
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if err != nil {
		return err
	}
	err = p.sync(folder)
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil
	}
	return both(err, folder.Close())
}
