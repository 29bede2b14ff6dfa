package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// A terminal is a pseudo-terminal with a run of the program in its foreground.
type terminal struct {
	*process
	keyboard *os.File
	done     chan struct{} // closed when the program has left the terminal

	mu   sync.Mutex
	sent strings.Builder // guarded by mu: all that the terminal was sent
}

// onTerminal starts the program with standard input, output and error on a terminal that is so many columns wide.
func (p *program) onTerminal(t *testing.T, columns int, args ...string) *terminal {
	t.Helper()
	keyboard, screen := openTerminal(t, columns)
	c := p.command(args...)
	c.Stdin, c.Stdout, c.Stderr = screen, screen, screen
	c.Env = append(c.Env, "TERM=xterm-256color", "NO_COLOR=")
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	c.start(t)
	if err := screen.Close(); err != nil {
		t.Fatal(err)
	}
	tt := &terminal{process: c, keyboard: keyboard, done: make(chan struct{})}
	go tt.show()
	return tt
}

// openTerminal opens a pseudo-terminal.
func openTerminal(t *testing.T, columns int) (keyboard, screen *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals: %v", err)
	}
	t.Cleanup(func() { _ = keyboard.Close() })
	fd := int(keyboard.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: uint16(columns)}); err != nil {
		t.Fatal(err)
	}
	screen, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return keyboard, screen
}

// show keeps what the program writes, until the program and its children have gone.
func (tt *terminal) show() {
	defer close(tt.done)
	for buf := make([]byte, 4096); ; {
		n, err := tt.keyboard.Read(buf)
		tt.mu.Lock()
		tt.sent.Write(buf[:n])
		tt.mu.Unlock()
		if err != nil {
			return // EIO on Linux
		}
	}
}

// screen is all that the terminal was sent.
func (tt *terminal) screen() string {
	tt.mu.Lock()
	defer tt.mu.Unlock()
	return tt.sent.String()
}

func (tt *terminal) waitFor(t *testing.T, text string) {
	t.Helper()
	until(t, fmt.Sprintf("%q on the terminal", text), func() bool { return strings.Contains(tt.screen(), text) })
}

// press types keys; "\r" is Enter, "\x03" Ctrl-C, "\x04" Ctrl-D.
func (tt *terminal) press(t *testing.T, keys string) {
	t.Helper()
	if _, err := io.WriteString(tt.keyboard, keys); err != nil {
		t.Fatal(err)
	}
}

// end waits for the program, and returns its exit code and all that the terminal was sent.
func (tt *terminal) end(t *testing.T) (code int, sent string) {
	t.Helper()
	code = tt.process.end(t)
	<-tt.done
	return code, tt.screen()
}
