package report

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// noFollow is no flag: Windows has none that keeps a link from being followed.
const noFollow = 0

// checkNoLink fails with ErrNotRegular where something stands at path that is no regular file.
func checkNoLink(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return nil // opening it says why
	}
	return notRegular(path, info, nil)
}

// isBusy reports whether err is what Windows answers where another program has the file open. It answers that access
// is denied, too, where a file is about to be removed, or is open and to be replaced.
func isBusy(err error) bool { return isInUse(err) || errors.Is(err, syscall.ERROR_ACCESS_DENIED) }

// isInUse reports whether err says that another program has the file open.
func isInUse(err error) bool {
	const sharingViolation, lockViolation = syscall.Errno(32), syscall.Errno(33)
	return errors.Is(err, sharingViolation) || errors.Is(err, lockViolation)
}

// checkReplaceable fails where another program keeps the file open, and with ErrReadOnly where it is read-only: Windows
// replaces neither.
func checkReplaceable(path, name string) error {
	const accessDelete = 0x10000 // DELETE, which needs that all who have the file open share it
	utf16, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return err
	}
	file, err := syscall.CreateFile(utf16, accessDelete,
		syscall.FILE_SHARE_READ|syscall.FILE_SHARE_WRITE|syscall.FILE_SHARE_DELETE, nil, syscall.OPEN_EXISTING,
		syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if isInUse(err) {
		return &fs.PathError{Op: "replace", Path: name, Err: err}
	}
	if err == nil {
		if err := syscall.CloseHandle(file); err != nil {
			return err
		}
	}
	if info, err := os.Lstat(path); err == nil && info.Mode().Perm()&0o200 == 0 {
		return fmt.Errorf("%s %w", name, ErrReadOnly)
	}
	return nil // where there is no such file, or another reason, replacing it shows that
}
