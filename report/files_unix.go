//go:build unix

package report

import "syscall"

// noFollow are flags with which opening a symbolic link fails, and opening a pipe does not wait.
const noFollow = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// checkNoLink is nil: noFollow leaves no time between a check and the opening.
func checkNoLink(string) error { return nil }

// isBusy is false: a file that is open can be replaced and removed.
func isBusy(error) bool { return false }

// isInUse is false: a file that is open can be opened.
func isInUse(error) bool { return false }

// checkReplaceable is nil: the folder decides whether a file can be replaced.
func checkReplaceable(_, _ string) error { return nil }
