//go:build unix

package main

import (
	"context"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"
)

// makeFolder begins the command that makes a folder and those above it.
const makeFolder = "mkdir -p "

// shellCommand runs a line in the platform's shell.
func shellCommand(ctx context.Context, line string) *exec.Cmd {
	return exec.CommandContext(ctx, "/bin/sh", "-c", line)
}

// inBackground reports whether the shell that started this process no longer waits for it: its parent is of another
// session, as after "$(qlik-provision sandbox &)".
func inBackground() bool {
	parent, err := unix.Getsid(os.Getppid())
	own, ownErr := unix.Getsid(0)
	return err == nil && ownErr == nil && parent != own
}
