package report

import (
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

func TestAFileThatIsGoneAlreadyIsRemoved(t *testing.T) {
	if err := remove(filepath.Join(t.TempDir(), "hr.results.csv.journal"), 0); err != nil {
		t.Error(err)
	}
}

func TestAFileThatAnotherProgramHasOpenIsWaitedFor(t *testing.T) {
	open, other := errors.New("open elsewhere"), errors.New("something else")
	for _, c := range []struct {
		name  string
		says  func(since time.Duration) error
		takes time.Duration
		err   error
	}{
		{"it is not", func(time.Duration) error { return nil }, 0, nil},
		{"closed after a second", func(since time.Duration) error {
			if since < time.Second {
				return open
			}
			return nil
		}, time.Second, nil},
		{"never closed", func(time.Duration) error { return open }, 5 * time.Second, open},
		{"another error at once", func(time.Duration) error { return other }, 0, other},
		{"another error later", func(since time.Duration) error {
			if since < time.Second {
				return open
			}
			return other
		}, time.Second, other},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				err := try(busyPatience, func(err error) bool { return err == open }, func() error { return c.says(time.Since(start)) })
				if took := time.Since(start); err != c.err || took != c.takes {
					t.Errorf("%v after %v, want %v after %v", err, took, c.err, c.takes)
				}
			})
		})
	}
}
