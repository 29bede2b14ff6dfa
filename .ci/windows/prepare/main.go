// Command prepare writes what tests of the Windows build need under Wine into a folder that has a
// Wine prefix: an overlay of the standard library for go test (overlay.json) and, where Wine has
// none, the library bcryptprimitives.dll.
//
//	go run ./.ci/windows/prepare FOLDER
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: prepare FOLDER")
		os.Exit(2)
	}
	if err := prepare(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func prepare(folder string) error {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return err
	}
	if err := writeOverlay(folder); err != nil {
		return fmt.Errorf("overlay of the standard library: %w", err)
	}
	system := filepath.Join(folder, "prefix", "drive_c", "windows", "system32")
	library := filepath.Join(system, "bcryptprimitives.dll")
	if _, err := os.Stat(library); !errors.Is(err, os.ErrNotExist) {
		return err // Wine 10 and newer have one of their own
	}
	return os.WriteFile(library, randomLibrary(), 0o644)
}
