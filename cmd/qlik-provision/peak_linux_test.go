package main

import (
	"os/exec"
	"syscall"
)

// peakMemory is how many bytes of memory a process that has ended had at the most.
func peakMemory(cmd *exec.Cmd) int64 {
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return usage.Maxrss << 10
}
