// Command lint refuses what the compiler and the linters do not look at in the tracked files: Go lines
// over 120 characters, Go files over 350 lines (tests apart), and any file over 1 MB, such as a binary
// that was committed by mistake.
//
//	go run ./.ci/lint
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"unicode/utf8"
)

const (
	mostCharacters = 120
	mostLines      = 350
	mostBytes      = 1_000_000
)

func main() {
	complaints, err := lint()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error: lint:", err)
		os.Exit(2)
	}
	for _, c := range complaints {
		fmt.Println(c)
	}
	if len(complaints) > 0 {
		os.Exit(1)
	}
}

// lint checks every tracked file of the working folder.
func lint() (complaints []string, err error) {
	list, err := exec.Command("git", "ls-files", "-z").Output()
	if err != nil {
		return nil, fmt.Errorf("git ls-files: %w", err)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(list), "\x00"), "\x00") {
		data, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted and not yet committed
		}
		if err != nil {
			return nil, err
		}
		complaints = append(complaints, check(name, data)...)
	}
	return complaints, nil
}

func check(name string, data []byte) (complaints []string) {
	if len(data) > mostBytes {
		complaints = append(complaints, fmt.Sprintf("%s: %d bytes, at most %d", name, len(data), mostBytes))
	}
	if !strings.HasSuffix(name, ".go") {
		return complaints
	}
	lines := 0
	for line := range bytes.Lines(data) {
		lines++
		if n := utf8.RuneCount(bytes.TrimRight(line, "\r\n")); n > mostCharacters {
			complaints = append(complaints, fmt.Sprintf("%s:%d: %d characters, at most %d", name, lines, n, mostCharacters))
		}
	}
	if lines > mostLines && !strings.HasSuffix(name, "_test.go") {
		complaints = append(complaints, fmt.Sprintf("%s: %d lines, at most %d", name, lines, mostLines))
	}
	return complaints
}
