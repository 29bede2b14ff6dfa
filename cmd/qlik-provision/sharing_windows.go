package main

import (
	"errors"

	"golang.org/x/sys/windows"
)

// makeFolder begins the command that makes a folder and those above it.
const makeFolder = "mkdir "

// isSharing reports whether err is that of a file which another program keeps open.
func isSharing(err error) bool {
	return errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_LOCK_VIOLATION)
}
