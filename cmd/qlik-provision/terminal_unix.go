//go:build unix

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// inBackground reports whether the shell that started this process no longer waits for it: its parent is of another
// session, as after "$(qlik-provision sandbox &)".
func inBackground() bool {
	parent, err := unix.Getsid(os.Getppid())
	own, ownErr := unix.Getsid(0)
	return err == nil && ownErr == nil && parent != own
}
