package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// A namedPath is a file of a run with the part it has in it. An empty path is no file.
type namedPath struct{ name, path string }

// checkPaths is an error where two of a run's files are one, and opens the log: nothing is begun where that fails.
// results is the result file, which has names beside it that runs use.
func (c *config) checkPaths(results string, others ...namedPath) error {
	var files []namedPath
	if results != "" {
		files = []namedPath{
			{"the result file", results}, {"the journal", results + ".journal"}, {"the lock", results + ".lock"},
			{"the unfinished result file", results + ".unfinished"},
		}
	}
	files = append(append(files, others...), namedPath{"the log", c.log}, namedPath{"the secret file", c.secretFile})
	for i, a := range files {
		for _, b := range files[:i] {
			if a.path != "" && b.path != "" && sameFile(a.path, b.path) {
				return usage(fmt.Errorf("%s and %s are the same file: %s", b.name, a.name, a.path),
					"use a different file for each")
			}
		}
	}
	if c.log == "" {
		return nil
	}
	file, err := os.OpenFile(c.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return usage(fmt.Errorf("opening the log: %w", err), "give --log a file that can be written")
	}
	c.requests = &requestLog{file: file}
	return nil
}

// sameFile reports whether two names are those of one file, which may not exist yet.
func sameFile(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	if errA == nil && errB == nil {
		return os.SameFile(infoA, infoB)
	}
	a, errA = filepath.Abs(a)
	b, errB = filepath.Abs(b)
	return errA == nil && errB == nil && strings.EqualFold(a, b) // some file systems do not tell case apart
}

// isStdin reports whether an export is standard input, or another pipe: it has no name to make one of.
func isStdin(export string) bool {
	info, err := os.Stat(export)
	return export == "-" || export == "/dev/stdin" || err == nil && !info.Mode().IsRegular() && !info.IsDir()
}

// withDate puts date and time into a file's name, in the place of earlier ones: hr.results.csv →
// hr.2026-03-02-150405.results.csv.
func withDate(path string) string {
	dir, name := filepath.Split(path)
	stem, ending, _ := strings.Cut(name, ".")
	ending = regexp.MustCompile(`^20[-0-9]+\.`).ReplaceAllString(ending, "")
	return dir + strings.TrimSuffix(stem+"."+time.Now().Format("2006-01-02-150405")+"."+ending, ".")
}
