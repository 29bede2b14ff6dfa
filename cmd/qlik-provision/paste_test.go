package main

import (
	"errors"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// paste CODE [PATTERN]: types what the last hint or next line on stderr proposes, as it stands there, into the
// platform's shell. Lines that follow each other are one proposal; of several, a pattern says which is meant.
func cmdPaste(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: paste CODE [PATTERN]")
	}
	proposals := proposed(ts.ReadFile("stderr"))
	if len(args) == 2 {
		pattern, err := regexp.Compile(args[1])
		ts.Check(err)
		proposals = slices.DeleteFunc(proposals, func(p string) bool { return !pattern.MatchString(p) })
	}
	if len(proposals) != 1 {
		ts.Fatalf("%d commands are proposed, not 1: %q", len(proposals), proposals)
	}
	ts.Logf("[pasted]\n%s", proposals[0])
	shell, line := []string{"sh", "-ec"}, proposals[0]
	if runtime.GOOS == "windows" {
		const script = "pasted.cmd"
		text := "@" + strings.ReplaceAll(line, "\n", "\r\n@if errorlevel 1 exit /b 1\r\n@") + "\r\n"
		ts.Check(os.WriteFile(ts.MkAbs(script), []byte(text), 0o600))
		defer os.Remove(ts.MkAbs(script)) // a file of the test
		shell, line = []string{"cmd", "/d", "/c"}, script
	}
	cmdExits(ts, false, append([]string{args[0]}, append(shell, line)...))
}

// proposed are the commands of the last hint or next line: those on lines of their own, or the line itself.
func proposed(stderr string) (proposals []string) {
	at := max(strings.LastIndex("\n"+stderr, "\nhint: "), strings.LastIndex("\n"+stderr, "\nnext: "))
	if at < 0 {
		return nil
	}
	first, rest, _ := strings.Cut(stderr[at+len("hint: "):], "\n")
	if word, _, _ := strings.Cut(first, " "); word == "qlik-provision" || word == "chmod" {
		proposals = append(proposals, first)
	}
	follows := false
	for line := range strings.Lines(rest) {
		command, ok := strings.CutPrefix(strings.TrimRight(line, "\r\n"), "  ")
		switch {
		case ok && follows:
			proposals[len(proposals)-1] += "\n" + command
		case ok:
			proposals = append(proposals, command)
		}
		follows = ok
	}
	return proposals
}

// until NAME N: waits until the tenant's count of that name is N.
func cmdUntil(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	deadline := time.After(60 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for count(ts, args[0]) < want {
		select {
		case <-tick.C:
		case <-deadline:
			ts.Check(errors.New("waited in vain for " + strings.Join(args, " ")))
		}
	}
}

// replace FILE old new: corrects a cell, as somebody with an editor does.
func cmdReplace(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("%s does not hold %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.ReplaceAll(text, args[1], args[2])), 0o600))
}

// append FILE line: adds a line at the end; \ufeff in it is a byte order mark.
func cmdAppend(ts *testscript.TestScript, _ bool, args []string) {
	line := strings.ReplaceAll(args[1], `\ufeff`, "\ufeff")
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(ts.ReadFile(args[0])+line+"\n"), 0o600))
}

// dropline FILE N: deletes a line, counted from 1.
func cmdDropLine(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	lines := strings.SplitAfter(ts.ReadFile(args[0]), "\n")
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Join(slices.Delete(lines, n-1, n), "")), 0o600))
}
