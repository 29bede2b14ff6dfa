//go:build unix

package main

import "syscall"

// quitSignal makes a Go program print every goroutine's stack and die.
const quitSignal = syscall.SIGQUIT
