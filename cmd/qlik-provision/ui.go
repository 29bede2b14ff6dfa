package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/term"
)

// The rules of output:
//
//   - stdout carries only what was asked for: --json, the sandbox's settings. Everything for people goes to stderr.
//   - The first line of a run names the tenant. After it comes one line for each thing worth knowing, in lower case, with no full stop.
//   - Every end that is not 0 has a line "error: …", and one "hint: …" with what to type next.
//   - Whatever came from a file or a tenant is printed without its control characters: nothing of it reaches the terminal as a command.
//   - Colour is for terminals only, and not with NO_COLOR (no-color.org) or TERM=dumb. It adds nothing that the words do not say.
//   - On a terminal one line shows the progress; elsewhere a plain line comes every few seconds.

// A ui writes to stderr. Its methods may be called at once.
type ui struct {
	mu       sync.Mutex
	w        io.Writer // guarded by mu
	progress *progress // guarded by mu; nil where none is shown

	fd       int
	terminal bool
	colour   bool
}

func newUI(w io.Writer) *ui {
	u := &ui{w: w}
	if f, ok := w.(*os.File); ok {
		u.fd = int(f.Fd())
		u.terminal = term.IsTerminal(u.fd) && os.Getenv("TERM") != "dumb"
	}
	// The consoles of Windows take colours where something newer than conhost shows them; it sets WT_SESSION or TERM.
	modern := runtime.GOOS != "windows" || os.Getenv("WT_SESSION") != "" || os.Getenv("TERM") != ""
	u.colour = u.terminal && modern && os.Getenv("NO_COLOR") == ""
	return u
}

// columns is how wide the terminal is; 80 where that is not known.
func (u *ui) columns() int {
	if width, _, err := term.GetSize(u.fd); u.terminal && err == nil && width > 0 {
		return width
	}
	return 80
}

// note prints a line worth knowing.
func (u *ui) note(line string) { u.print(printable(line) + "\n") }

// say prints a line, formatted.
func (u *ui) say(format string, args ...any) { u.note(fmt.Sprintf(format, args...)) }

// print writes text that is printable already, with the progress line out of its way.
func (u *ui) print(text string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.progress != nil {
		u.progress.clear()
	}
	// Where stderr is gone there is nobody left to tell, and the run is worth more than its words.
	_, _ = io.WriteString(u.w, text)
}

// failure prints an end that is not 0. An error may be of several lines; each is one of ours.
func (u *ui) failure(f *failure) {
	text := u.paint(red, "error:") + " " + printableLines(f.Error()) + "\n"
	if f.hint != "" {
		text += u.paint(cyan, "hint:") + " " + printable(f.hint) + "\n"
	}
	u.print(text)
}

type colour string

const (
	red    colour = "31"
	green  colour = "32"
	yellow colour = "33"
	cyan   colour = "36"
	bold   colour = "1"
)

func (u *ui) paint(c colour, s string) string {
	if !u.colour {
		return s
	}
	return "\x1b[" + string(c) + "m" + s + "\x1b[0m"
}

// printable takes out of s what a terminal would obey or what would change the order of the text: control characters, and the marks that turn its direction.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Bidi_Control, r):
			return -1
		case obeyed(r):
			return ' '
		}
		return r
	}, s)
}

// obeyed reports whether a terminal would act on r instead of showing it.
func obeyed(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Bidi_Control, r)
}

func printableLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = printable(lines[i])
	}
	return strings.Join(lines, "\n")
}
