package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// An entry is a file of an archive: its name there, and where it is read from.
type entry struct {
	name, source string
	executable   bool
}

// writeArchive writes the files of all folders into one archive, a zip or a tar.gz by its name, below
// a folder named as the archive. The same files and time give the same bytes on every machine.
func writeArchive(file string, modified time.Time, folders []string) (err error) {
	write, root := writeZip, strings.TrimSuffix(filepath.Base(file), ".zip")
	if strings.HasSuffix(file, ".tar.gz") {
		write, root = writeTar, strings.TrimSuffix(filepath.Base(file), ".tar.gz")
	}
	var entries []entry
	for _, folder := range folders {
		found, err := entriesOf(folder, root)
		if err != nil {
			return err
		}
		entries = append(entries, found...)
	}
	if len(entries) == 0 {
		return fmt.Errorf("%s: no files to put into it", file)
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return write(f, modified.UTC(), entries)
}

// entriesOf finds the files below a folder, in the order of their names.
func entriesOf(folder, root string) (entries []entry, err error) {
	err = filepath.WalkDir(folder, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if !d.Type().IsRegular() {
			return fmt.Errorf("%s is not a regular file", file)
		}
		name, err := filepath.Rel(folder, file)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		entries = append(entries, entry{
			name:   path.Join(root, name),
			source: file,
			// By its name: Windows has no modes, and a umask must not matter.
			executable: strings.TrimSuffix(name, ".exe") == "qlik-provision",
		})
		return nil
	})
	return entries, err
}

func (e entry) mode() fs.FileMode {
	if e.executable {
		return 0o755
	}
	return 0o644
}

func writeTar(w io.Writer, modified time.Time, entries []entry) error {
	compressed, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	archive := tar.NewWriter(compressed)
	for _, e := range entries {
		data, err := os.ReadFile(e.source)
		if err != nil {
			return err
		}
		header := &tar.Header{Name: e.name, Size: int64(len(data)), Mode: int64(e.mode()), ModTime: modified}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		if _, err := archive.Write(data); err != nil {
			return err
		}
	}
	return errors.Join(archive.Close(), compressed.Close())
}

func writeZip(w io.Writer, modified time.Time, entries []entry) error {
	archive := zip.NewWriter(w)
	for _, e := range entries {
		data, err := os.ReadFile(e.source)
		if err != nil {
			return err
		}
		header := &zip.FileHeader{Name: e.name, Method: zip.Deflate, Modified: modified}
		header.SetMode(e.mode())
		file, err := archive.CreateHeader(header)
		if err != nil {
			return err
		}
		if _, err := file.Write(data); err != nil {
			return err
		}
	}
	return archive.Close()
}
