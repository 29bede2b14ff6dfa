package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"qlik-provision/provision/sandbox"
	"qlik-provision/provision/sandbox/faults"
)

// escapes are the sequences that this program and its bar send to a terminal.
var escapes = regexp.MustCompile(`\x1b\[(?:0|1|31|32|33|36)m|\x1b\[[012]?K|\x1b\[1A`)

// lines are what is drawn on one line of a terminal after the other, a new drawing of the same line included.
func lines(sent string) []string {
	return strings.FieldsFunc(escapes.ReplaceAllString(sent, ""), func(r rune) bool { return r == '\r' || r == '\n' })
}

func TestBarFitsTheTerminal(t *testing.T) {
	t.Parallel()
	for _, columns := range []int{120, 80, 40, 20} {
		t.Run(fmt.Sprintf("%d columns", columns), func(t *testing.T) {
			t.Parallel()
			tenant := newTenant(sandbox.Options{Latency: 20 * time.Millisecond},
				faults.Fault{Kind: faults.Status, Status: 400, On: sandbox.EndpointCreate, Subjects: []string{"00007"}},
				faults.Fault{Kind: faults.Status, Status: 429, RetryAfter: "1", On: sandbox.EndpointCreate, Skip: 60, Times: 1})
			p := newProgram(t, tenant)
			p.write(t, "hr.csv", 300)
			tt := p.onTerminal(t, columns, "create", "hr.csv", "--yes", "--workers", "4", "--rate", "100/s", "--burst", "40")
			code, sent := tt.end(t)
			if code != exitRows {
				t.Errorf("exit code %d", code)
			}
			drawn, waiting := 0, 0
			for _, line := range lines(sent) {
				if !regexp.MustCompile(`^ *\d+%`).MatchString(line) {
					continue
				}
				drawn++
				if strings.Contains(line, "waiti") {
					waiting++
				}
				if n := utf8.RuneCountInString(line); n >= columns {
					t.Errorf("a line of %d: %q", n, line)
				}
			}
			if drawn < 4 || waiting == 0 || !strings.Contains(sent, "█") {
				t.Errorf("%d lines, %d of them say that the run waits:\n%q", drawn, waiting, sent)
			}
		})
	}
}

func TestTerminalIsSentNothingButOurOwnSequences(t *testing.T) {
	t.Parallel()
	tenant := newTenant(sandbox.Options{}, faults.Fault{Kind: faults.Status, Status: 400, On: sandbox.EndpointCreate,
		Code: hostileText, Title: hostileText + markup})
	for _, text := range []string{clearScreen, setTitle, turned} {
		tenant.Add(sandbox.User{Subject: text, Name: text, Email: fmt.Sprintf("p%d@example.com", len(tenant.Users()))})
	}
	p := newProgram(t, tenant)
	p.write(t, "hr.csv", 15)
	code, sent := p.onTerminal(t, 100, "create", "hr.csv", "--yes").end(t)
	if code != exitRows {
		t.Errorf("exit code %d\n%q", code, sent)
	}
	rest := strings.ReplaceAll(escapes.ReplaceAllString(sent, ""), "\r", "")
	if found := obeyed(rest); len(found) > 0 || !strings.Contains(rest, "txt.exe") {
		t.Errorf("%v in %q", found, rest)
	}
}

func TestHelpIsAsWideAsTheTerminal(t *testing.T) {
	t.Parallel()
	p := newProgram(t, newTenant(sandbox.Options{}))
	for columns, want := range map[int]int{40: 48, 70: 70, 100: 100, 200: 110} {
		code, sent := p.onTerminal(t, columns, "create", "--help").end(t)
		widest := 0
		for _, line := range lines(sent) {
			if !strings.Contains(line, "qlik-provision") { // a command, like a word, is not broken
				widest = max(widest, utf8.RuneCountInString(line))
			}
		}
		if code != exitDone || widest > want || widest < want-12 {
			t.Errorf("exit code %d; on %d columns the longest line has %d\n%s", code, columns, widest, sent)
		}
	}
}
