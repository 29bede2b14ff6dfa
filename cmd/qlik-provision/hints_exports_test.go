package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// TestHintsOfBadExportsLeadOn pastes the commands that the hints about bad exports print into a shell, as a person
// does: they end in a plan, or at an error that says what to do with the file or the flag first.
func TestHintsOfBadExportsLeadOn(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("hints are pasted into sh here; TestQuotingForCmd is about cmd.exe")
	}
	t.Parallel()
	const corpus = "../../testdata/exports/bad"
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(corpus)); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(dir, "qlik-provision")); err != nil {
		t.Fatal(err)
	}
	expectations, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil || len(expectations) < 30 {
		t.Fatalf("%d bad exports, %v", len(expectations), err)
	}
	planned := 0
	for _, path := range expectations {
		expectation, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		command := "qlik-provision plan " + strings.TrimSuffix(filepath.Base(path), ".txt") + " --offline"
		if flags, found := strings.CutPrefix(string(expectation), "flags:"); found {
			flags, _, _ = strings.Cut(flags, "\n")
			command += flags
		}
		if followHints(t, dir, command) {
			planned++
		}
	}
	if planned < 25 {
		t.Errorf("the hints of only %d bad exports end in a plan", planned)
	}
}

// followHints runs a command and what its hints print, until a plan or until a hint wants something else to be done
// first. It reports whether that was a plan.
func followHints(t *testing.T, dir, command string) (planned bool) {
	t.Helper()
	hint := regexp.MustCompile(`(?m)^hint: (.*(?:\n  .*)*)`)
	printed := regexp.MustCompile(`(?m)(?:^|^  )(qlik-provision .*)`)
	for range 4 {
		cmd := exec.Command("sh", "-c", command)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), asProgram+"=1", quickExit, "PATH="+dir+":"+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		text := string(out)
		switch code := cmd.ProcessState.ExitCode(); {
		case code == exitDone || code == exitRows:
			if strings.ContainsAny(text, "\ufffdÃ") || !strings.Contains(text, "first: ") {
				t.Errorf("%s: a wrong plan\n%s", command, text)
			}
			return true
		case code != exitUsage:
			t.Errorf("%s: %v\n%s", command, err, text)
			return false
		}
		found := hint.FindStringSubmatch(text)
		if found == nil {
			t.Errorf("%s: no hint\n%s", command, text)
			return false
		}
		next := printed.FindStringSubmatch(found[1])
		if next == nil || next[1] == command {
			before, _, _ := strings.Cut(found[1], "qlik-provision ")
			if len(strings.Fields(before)) < 3 {
				t.Errorf("%s: the hint says nothing\n%s", command, text)
			}
			return false
		}
		command = next[1]
	}
	t.Errorf("the hints go round in circles: %s", command)
	return false
}
