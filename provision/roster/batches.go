package roster

import (
	"runtime"

	"golang.org/x/sync/errgroup"
)

// BatchSize is how many rows InBatches passes at most.
const BatchSize = 1000

// InBatches calls do for all of n rows, a range of indices at a time, on all processors at once.
func InBatches(n int, do func(from, to int)) {
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for from := 0; from < n; from += BatchSize {
		group.Go(func() error {
			do(from, min(from+BatchSize, n))
			return nil
		})
	}
	_ = group.Wait() // do has no errors
}
