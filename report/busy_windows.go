package report

import (
	"errors"
	"syscall"
)

// busy reports whether err is what Windows says of a file that another program has open.
func busy(err error) bool {
	const sharingViolation, lockViolation = syscall.Errno(32), syscall.Errno(33)
	return errors.Is(err, syscall.ERROR_ACCESS_DENIED) || errors.Is(err, sharingViolation) || errors.Is(err, lockViolation)
}
