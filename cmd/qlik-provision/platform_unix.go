//go:build unix

package main

import (
	"context"
	"os/exec"
)

// shellCommand runs a line in the platform's shell.
func shellCommand(ctx context.Context, line string) *exec.Cmd {
	return exec.CommandContext(ctx, "/bin/sh", "-c", line)
}
