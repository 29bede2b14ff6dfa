package main

import (
	"context"
	"os/exec"
	"syscall"
)

// shellCommand runs a line in the platform's shell. cmd.exe does not know the quotes that package exec writes.
func shellCommand(ctx context.Context, line string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "cmd.exe")
	cmd.SysProcAttr = &syscall.SysProcAttr{CmdLine: `cmd.exe /d /s /c "` + line + `"`}
	return cmd
}
