package main

import (
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/term"

	"qlik-provision/provision/text"
)

// The rules of output:
//
//   - stdout carries only what was asked for: --json, a plan's table, the sandbox's settings. The rest goes to stderr.
//   - The first line of a run names the tenant. After it comes one line for each thing worth knowing, in lower
//     case, with no full stop.
//   - Every end that is not 0 has a line "error: …", and one "hint: …" with what to type next. A command that is
//     to be pasted stands on a line of its own, indented.
//   - Text from a file or a tenant is printed without control characters: nothing of it is a command to the
//     terminal.
//   - Colour is for terminals only, and not with NO_COLOR (no-color.org) or TERM=dumb. It adds nothing to the words.
//   - On a terminal one line shows the progress; elsewhere a plain line comes every few seconds.

// An output writes to stderr. It is safe for concurrent use.
type output struct {
	mu    sync.Mutex
	w     io.Writer // guarded by mu
	drawn int       // guarded by mu: columns of the line of progress; 0 where none is shown

	fd       int
	terminal bool // stderr is one
	cursor   bool // and it can move its cursor: TERM is not dumb
	colour   bool
}

func newOutput(w io.Writer) *output {
	u := &output{w: w}
	if f, ok := w.(*os.File); ok {
		u.fd = int(f.Fd())
		u.terminal = term.IsTerminal(u.fd)
		u.cursor = u.terminal && os.Getenv("TERM") != "dumb"
	}
	// Windows consoles newer than conhost show colours; they set WT_SESSION or TERM.
	modern := runtime.GOOS != "windows" || os.Getenv("WT_SESSION") != "" || os.Getenv("TERM") != ""
	u.colour = u.cursor && modern && os.Getenv("NO_COLOR") == ""
	return u
}

// columns is how wide the terminal is; 80 where that is not known.
func (u *output) columns() int {
	if width, _, err := term.GetSize(u.fd); u.terminal && err == nil && width > 0 {
		return width
	}
	return 80
}

// note prints a line worth knowing.
func (u *output) note(line string) { u.print(printable(line) + "\n") }

// print writes printable text, with the line of progress out of its way.
func (u *output) print(lines string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.drawn > 0 {
		lines = "\r" + strings.Repeat(" ", min(u.drawn, u.columns())-1) + "\r" + lines
		u.drawn = 0
	}
	// Where stderr is gone nobody can be told, and the run is worth more than its messages.
	_, _ = io.WriteString(u.w, lines)
}

// failure prints an end that is not 0.
func (u *output) failure(f *failure) {
	u.print(u.paint(red, "error:") + " " + printable(f.Error()) + "\n" +
		u.paint(cyan, "hint:") + " " + printable(f.hint) + "\n")
}

type colour string

const (
	red    colour = "31"
	green  colour = "32"
	yellow colour = "33"
	cyan   colour = "36"
	bold   colour = "1"
)

// paint colours s, where the terminal shows colours.
func (u *output) paint(c colour, s string) string {
	if !u.colour {
		return s
	}
	return "\x1b[" + string(c) + "m" + s + "\x1b[0m"
}

// printable removes from s what a terminal would obey or what changes the order of the text: control characters, other
// than line ends, and marks of direction.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case text.IsBidi(r):
			return -1
		case text.IsControl(r) && r != '\n':
			return ' '
		}
		return r
	}, s)
}

// wrap breaks text at blanks and line ends into lines no wider than columns, where its words are not wider themselves.
func wrap(s string, columns int, first, rest string) string {
	var b strings.Builder
	line := first
	for i, word := range strings.Fields(s) {
		switch {
		case i == 0:
			line += word
		case utf8.RuneCountInString(line+" "+word) > columns:
			b.WriteString(line + "\n")
			line = rest + word
		default:
			line += " " + word
		}
	}
	return b.String() + line + "\n"
}
