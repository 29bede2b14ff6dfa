package main

import (
	"bytes"
	"fmt"
	"os"
	"time"
)

// watchMemory looks at a process until it is told to stop, and then says how many bytes of memory it had at the most. What the system says of a process
// that has ended will not do: it counts what this one had when it started the other.
func watchMemory(pid int) (stop func() int64) {
	quit, peak := make(chan struct{}), make(chan int64)
	go func() {
		most := int64(0)
		for {
			status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			if _, after, ok := bytes.Cut(status, []byte("VmHWM:")); ok {
				var kib int64
				if _, err := fmt.Sscan(string(after), &kib); err == nil {
					most = max(most, kib<<10)
				}
			}
			select {
			case <-quit:
				peak <- most
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	return func() int64 {
		close(quit)
		return <-peak
	}
}
