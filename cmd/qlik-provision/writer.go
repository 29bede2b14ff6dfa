package main

import (
	"io"
	"sync"
)

// firstError writes to w and keeps the first error, for a writer whose caller does not look. It may be used at once.
type firstError struct {
	w   io.Writer
	mu  sync.Mutex
	err error // guarded by mu
}

func (f *firstError) Write(b []byte) (int, error) {
	n, err := f.w.Write(b)
	if err != nil {
		f.mu.Lock()
		if f.err == nil {
			f.err = err
		}
		f.mu.Unlock()
	}
	return n, err
}

func (f *firstError) failed() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}
