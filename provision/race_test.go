//go:build race

package provision_test

// racing tells whether the race detector is on.
const racing = true
