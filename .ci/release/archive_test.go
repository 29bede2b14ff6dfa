package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

var modified = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// folders are what an archive is made from, with modes and times that must not matter.
func folders(t *testing.T, program string) []string {
	t.Helper()
	build, files := t.TempDir(), t.TempDir()
	for name, mode := range map[string]os.FileMode{
		filepath.Join(build, program):            0o600,
		filepath.Join(files, "LICENSE"):          0o755,
		filepath.Join(files, "man", "program.1"): 0o600,
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(filepath.Base(name)), mode); err != nil {
			t.Fatal(err)
		}
	}
	return []string{build, files}
}

func TestArchiveHasItsFilesBelowOneFolder(t *testing.T) {
	for _, c := range []struct {
		file, program string
		list          func(*testing.T, []byte) []string
	}{
		{"qlik-provision_1.2.3_linux_amd64.tar.gz", "qlik-provision", listTar},
		{"qlik-provision_1.2.3_linux_amd64.zip", "qlik-provision.exe", listZip},
	} {
		file := filepath.Join(t.TempDir(), c.file)
		if err := writeArchive(file, modified, folders(t, c.program)); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		const root = "qlik-provision_1.2.3_linux_amd64/"
		want := []string{
			"-rwxr-xr-x " + root + c.program + " 2026-03-01T12:00:00Z",
			"-rw-r--r-- " + root + "LICENSE 2026-03-01T12:00:00Z",
			"-rw-r--r-- " + root + "man/program.1 2026-03-01T12:00:00Z",
		}
		if got := c.list(t, data); !slices.Equal(got, want) {
			t.Errorf("%s has %q, want %q", c.file, got, want)
		}
		again := filepath.Join(t.TempDir(), c.file)
		if err := writeArchive(again, modified, folders(t, c.program)); err != nil {
			t.Fatal(err)
		}
		if second, err := os.ReadFile(again); err != nil || !bytes.Equal(data, second) {
			t.Errorf("%s: made twice, and not equal (%v)", c.file, err)
		}
	}
}

func listTar(t *testing.T, data []byte) (list []string) {
	compressed, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	archive := tar.NewReader(compressed)
	for {
		header, err := archive.Next()
		if err == io.EOF {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		mode := header.FileInfo().Mode()
		list = append(list, fmt.Sprintf("%v %s %s", mode, header.Name, header.ModTime.UTC().Format(time.RFC3339)))
	}
}

func listZip(t *testing.T, data []byte) (list []string) {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.File {
		list = append(list, fmt.Sprintf("%v %s %s", f.Mode(), f.Name, f.Modified.UTC().Format(time.RFC3339)))
	}
	return list
}
