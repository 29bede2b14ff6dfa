package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// A namedPath is a file of a run with the part it has in it. An empty path is no file.
type namedPath struct{ name, path string }

// checkPaths is an error where two of a run's files are one, or the log cannot be written: nothing is begun then.
func (c *config) checkPaths(results string, others ...namedPath) error {
	files := others
	if results != "" {
		files = append(files, filesOf(results)...)
	}
	files = append(files, namedPath{"the log", c.log}, namedPath{"the secret file", c.secretFile})
	if err := distinct(files); err != nil || c.log == "" {
		return err
	}
	log, err := openLog(c.log)
	if err != nil {
		return err
	}
	return log.close()
}

// filesOf are a result file and the names that runs use beside it.
func filesOf(results string) []namedPath {
	return []namedPath{
		{"the result file", results},
		{"the journal", results + ".journal"},
		{"the lock", results + ".lock"},
		{"the unfinished result file", results + ".unfinished"},
	}
}

// distinct is an error where two of the paths are one file.
func distinct(paths []namedPath) error {
	for i, a := range paths {
		for _, b := range paths[:i] {
			if a.path != "" && b.path != "" && sameFile(a.path, b.path) {
				return usage(fmt.Errorf("%s and %s are the same file: %s", b.name, a.name, a.path),
					"use a different file for each")
			}
		}
	}
	return nil
}

func sameFile(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	if errA == nil && errB == nil {
		return os.SameFile(infoA, infoB)
	}
	return resolve(a) == resolve(b)
}

// resolve makes a path absolute, with the links of its folder resolved: the file itself may not exist yet.
func resolve(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(abs)); err == nil {
		abs = filepath.Join(dir, filepath.Base(abs))
	}
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		abs = strings.ToLower(abs) // file systems that do not tell case apart
	}
	return abs
}

// resultsOf is the name of an export's result file without -o, "" for standard input.
func (c *config) resultsOf(export string) string {
	if isStdin(export) {
		return ""
	}
	dir, name := filepath.Split(export)
	stem := strings.TrimSuffix(name, filepath.Ext(name))
	if c.action.Command == "disable" {
		stem += ".disable"
	}
	if c.sandbox {
		stem += ".sandbox"
	}
	return dir + stem + ".results.csv"
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
