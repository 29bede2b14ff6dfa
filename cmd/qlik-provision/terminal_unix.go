//go:build unix

package main

import (
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// ignoreTerminal keeps Ctrl-C from a sandbox in the background of a shell: at an empty prompt it is meant for nobody. A
// sandbox in the foreground still ends with it.
func ignoreTerminal() {
	foreground, err := unix.IoctlGetInt(2, unix.TIOCGPGRP)
	if err == nil && foreground != unix.Getpgrp() {
		signal.Ignore(syscall.SIGINT)
	}
}
