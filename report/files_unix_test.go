//go:build unix

package report

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"qlik-provision/provision/csvfile"
)

// A name is looked at before it is opened; what is put there in between is neither followed nor waited for (noFollow).
func TestOnlyRegularFilesBesideTheResultFileAreOpened(t *testing.T) {
	text := ranText(t)
	target := filepath.Join(t.TempDir(), "target")
	for name, place := range map[string]func(path string) error{
		"a link": func(path string) error {
			write(t, target, "precious")
			return os.Symlink(target, path)
		},
		"a dangling link":      func(path string) error { return os.Symlink(filepath.Join(t.TempDir(), "new"), path) },
		"a link to a device":   func(path string) error { return os.Symlink("/dev/zero", path) },
		"a pipe":               func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"a folder":             func(path string) error { return os.Mkdir(path, 0o700) },
		"a link to the result": func(path string) error { return os.Symlink("hr.results.csv", path) },
	} {
		for _, suffix := range []string{".lock", ".journal"} {
			t.Run(name+" as "+suffix, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "hr.results.csv")
				write(t, path, text)
				if err := place(path + suffix); err != nil {
					t.Fatal(err)
				}
				_, _, err := retry(t, path, sandbox)
				wantError(t, err, ErrNotRegular)
				if _, err := Read(path, csvfile.Options{}); suffix == ".journal" {
					wantError(t, err, ErrNotRegular)
				} else if err != nil {
					t.Error(err)
				}
				link, err := os.Readlink(path + suffix)
				if err == nil && filepath.IsAbs(link) && link != target && link != "/dev/zero" && exists(link) {
					t.Errorf("%s was made", link)
				}
				if exists(target) && read(t, target) != "precious" || read(t, path) != text || len(folder(t, path)) != 2 {
					t.Errorf("something was written: %v", folder(t, path))
				}
			})
		}
	}
}

func TestALinkInThePlaceOfTheUnfinishedFileIsNotFollowed(t *testing.T) {
	path, target := filepath.Join(t.TempDir(), "hr.results.csv"), filepath.Join(t.TempDir(), "target")
	write(t, path, ranText(t))
	write(t, target, "precious")
	if err := os.Symlink(target, path+".unfinished"); err != nil {
		t.Fatal(err)
	}
	mustClose(t, mustRetry(t, path))
	if read(t, target) != "precious" || len(folder(t, path)) != 1 {
		t.Errorf("%q, left %v", read(t, target), folder(t, path))
	}
}

func TestALinkInThePlaceOfTheResultFileIsNotFollowedOnceItsPathIsResolved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hr.results.csv")
	write(t, path, ranText(t))
	link := filepath.Join(t.TempDir(), "link.csv")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	_, err := load(files{name: link, path: link}, csvfile.Options{})
	wantError(t, err, ErrNotRegular)
}

func TestALinkToAFileThatDoesNotExistIsRefused(t *testing.T) {
	target, link := filepath.Join(t.TempDir(), "real.csv"), filepath.Join(t.TempDir(), "hr.results.csv")
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	_, createErr := Create(link, parseText(t, sixRows), theAction, Options{Overwrite: true})
	_, openErr := Open(link, csvfile.Options{}, sandbox)
	_, readErr := Read(link, csvfile.Options{})
	for _, err := range []error{createErr, openErr, readErr} {
		wantError(t, err, ErrDanglingLink)
	}
	if exists(target) || len(folder(t, target)) != 0 || len(folder(t, link)) != 1 {
		t.Errorf("left %v and %v", folder(t, target), folder(t, link))
	}
}
