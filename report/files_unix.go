//go:build unix

package report

import "syscall"

// noFollow are flags with which opening a symbolic link fails, and opening a pipe does not wait.
const noFollow = syscall.O_NOFOLLOW | syscall.O_NONBLOCK
