//go:build unix

package report

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestLinksBesideTheFileAreNotFollowed(t *testing.T) {
	text := ranText(t)
	for _, suffix := range []string{".lock", ".journal"} {
		path := filepath.Join(t.TempDir(), "hr.results.csv")
		target := filepath.Join(t.TempDir(), "target")
		write(t, path, text)
		write(t, target, "precious")
		if err := os.Symlink(target, path+suffix); err != nil {
			t.Fatal(err)
		}
		if _, _, err := retry(t, path, sandbox); !errors.Is(err, errNotRegular) {
			t.Errorf("%s: %v", suffix, err)
		}
		if read(t, target) != "precious" || read(t, path) != text {
			t.Errorf("%s: something was written", suffix)
		}
		if err := os.Remove(path + suffix); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mkfifo(path+suffix, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := retry(t, path, sandbox); !errors.Is(err, errNotRegular) {
			t.Errorf("%s, a pipe: %v", suffix, err)
		}
	}
}
