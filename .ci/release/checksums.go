package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

const checksumsFile = "SHA256SUMS"

// writeChecksums writes SHA256SUMS into a folder: one line for each of its other files, as sha256sum
// writes and checks them.
func writeChecksums(folder string) error {
	files, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	for _, f := range files {
		if !f.Type().IsRegular() || f.Name() == checksumsFile {
			continue
		}
		data, err := os.ReadFile(filepath.Join(folder, f.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(data), f.Name())
	}
	return os.WriteFile(filepath.Join(folder, checksumsFile), b.Bytes(), 0o644)
}

var checksumLine = regexp.MustCompile(`^([0-9a-f]{64}) [ *](\S+)$`)

// readChecksums reads a file of that form: checksums by file name.
func readChecksums(file string) (map[string]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sums := map[string]string{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		match := checksumLine.FindStringSubmatch(lines.Text())
		if match == nil {
			return nil, fmt.Errorf("%s: no checksum and file name: %q", file, lines.Text())
		}
		sums[match[2]] = match[1]
	}
	return sums, lines.Err()
}
