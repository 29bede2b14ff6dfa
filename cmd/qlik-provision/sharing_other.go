//go:build !windows

package main

// makeFolder begins the command that makes a folder and those above it.
const makeFolder = "mkdir -p "

// isSharing reports whether err is that of a file which another program keeps open. Only Windows has such errors.
func isSharing(error) bool { return false }
