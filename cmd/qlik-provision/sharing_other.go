//go:build !windows

package main

// isSharing reports whether err is that of a file which another program keeps open. Only Windows has such errors.
func isSharing(error) bool { return false }
