package main

import (
	"strings"
	"testing"
)

func TestCheckCountsCharactersAndLines(t *testing.T) {
	long := strings.Repeat("ü", mostCharacters)
	for _, c := range []struct {
		what, name, data string
		want             int
	}{
		{"the longest line, of two bytes a character", "a.go", long + "\n", 0},
		{"the same with CRLF", "a.go", long + "\r\n", 0},
		{"two lines that are longer", "a.go", long + "ü\n\n" + long + "x", 2},
		{"a long line of another file", "a.md", long + long, 0},
		{"the longest file", "a.go", strings.Repeat("\n", mostLines), 0},
		{"a longer file", "a.go", strings.Repeat("\n", mostLines+1), 1},
		{"a longer test", "a_test.go", strings.Repeat("\n", mostLines+1), 0},
		{"a large file", "a.bin", strings.Repeat("x", mostBytes+1), 1},
	} {
		if got := check(c.name, []byte(c.data)); len(got) != c.want {
			t.Errorf("%s: %d complaints, want %d: %q", c.what, len(got), c.want, got)
		}
	}
}
