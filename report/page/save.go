package page

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"qlik-provision/report"
)

// Save writes the page of a result file to path: to a file beside it that nobody else can read, which then replaces a
// page of ours. For anything else at path it fails with ErrNotPage, for a missing folder with a *report.FolderError.
func Save(path string, r *report.Results) error {
	if err := checkReplaceable(path); err != nil {
		return err
	}
	draft, err := os.CreateTemp(filepath.Dir(path), ".qlik-provision-*.tmp") // mode 0600
	if errors.Is(err, fs.ErrNotExist) {
		return &report.FolderError{Path: path, Err: err}
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	err = Write(draft, r)
	if err == nil {
		err = draft.Sync()
	}
	if err = errors.Join(err, draft.Close()); err == nil {
		err = os.Rename(draft.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, errors.Join(err, os.Remove(draft.Name())))
	}
	return nil
}

// ErrNotPage says that there is a file at the page's path that is no page of ours.
var ErrNotPage = errors.New("already exists, and is not the page of a result file")

// pageMark stands near the top of every page of ours, and allows the next one to replace it.
const pageMark = `<meta name="generator" content="qlik-provision">`

// pageMarkWithin is how far from a page's beginning, in bytes, its mark stands at most.
const pageMarkWithin = 512

// checkReplaceable is nil where there is nothing at path, or a page of ours.
func checkReplaceable(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s %w", path, ErrNotPage)
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	head, err := io.ReadAll(io.LimitReader(file, pageMarkWithin))
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	if !bytes.Contains(head, []byte(pageMark)) {
		return fmt.Errorf("%s %w", path, ErrNotPage)
	}
	return nil
}
