package report

import (
	"errors"
	"syscall"
)

// noFollow are the flags with which openRegular opens a file: Windows has none.
const noFollow = 0

// isBusy reports whether err is what Windows answers where another program has the file open.
func isBusy(err error) bool {
	const sharingViolation, lockViolation = syscall.Errno(32), syscall.Errno(33)
	return errors.Is(err, syscall.ERROR_ACCESS_DENIED) || errors.Is(err, sharingViolation) ||
		errors.Is(err, lockViolation)
}
