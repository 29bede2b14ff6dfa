package main

import (
	"context"
	"os/exec"
	"syscall"
)

// makeFolder begins the command that makes a folder and those above it.
const makeFolder = "mkdir "

// shellCommand runs a line in the platform's shell. cmd.exe does not know the quotes that package exec writes.
func shellCommand(ctx context.Context, line string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "cmd.exe")
	cmd.SysProcAttr = &syscall.SysProcAttr{CmdLine: `cmd.exe /d /s /c "` + line + `"`}
	return cmd
}

// inBackground is for shells with jobs; Windows has none.
func inBackground() bool { return false }
