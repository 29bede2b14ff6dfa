//go:build unix

package report

import "syscall"

// noFollow are the flags with which openRegular opens a file.
const noFollow = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// isBusy is false: a file that is open can be replaced and removed.
func isBusy(error) bool { return false }

// isShared is false: a file that is open can be opened.
func isShared(error) bool { return false }

// checkReplaceable is nil: the folder decides whether a file can be replaced.
func checkReplaceable(_, _ string) error { return nil }
