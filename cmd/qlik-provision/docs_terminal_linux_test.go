package main

import (
	"bytes"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// A terminalCell is a character on a terminal and how it is set.
type terminalCell struct {
	r     rune
	style string // the parameters of the escape sequence, "" for plain text
}

const terminalColumns = 100

// runOnTerminal runs a command on a terminal of its own and types the answers, each when it is asked for. It returns
// the lines that the terminal shows in the end.
func runOnTerminal(t *testing.T, cmd *exec.Cmd, answers []string) [][]terminalCell {
	t.Helper()
	master, slave := openTerminal(t, terminalColumns)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	err := cmd.Start()
	if err := slave.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	asked := regexp.MustCompile(`(\[y/N\]|\n *type [^\n]*:) $`)
	var out []byte
	buf := make([]byte, 4096)
	for {
		n, err := master.Read(buf)
		out = append(out, buf[:n]...)
		if len(answers) > 0 && asked.Match(out) {
			if _, err := master.WriteString(answers[0] + "\n"); err != nil {
				t.Fatal(err)
			}
			answers = answers[1:]
		}
		if err != nil {
			break // EIO: the last one who had the terminal open has ended
		}
	}
	_ = cmd.Wait() // its code is none of this function's business
	if len(answers) > 0 {
		t.Errorf("nobody asked for %q:\n%s", answers, out)
	}
	return showOnTerminal(out)
}

// showOnTerminal is what a terminal shows of a program's output: carriage returns, deleted lines and styles as the
// program uses them.
func showOnTerminal(out []byte) [][]terminalCell {
	lines := [][]terminalCell{nil}
	column, style := 0, ""
	sequence := regexp.MustCompile(`^\x1b\[([0-9;]*)([A-Za-z])`)
	for len(out) > 0 {
		line := &lines[len(lines)-1]
		if m := sequence.FindSubmatch(out); m != nil {
			switch string(m[2]) {
			case "m":
				style = strings.TrimPrefix(string(m[1]), "0")
			case "K":
				*line = (*line)[:min(len(*line), column)]
				if string(m[1]) == "2" {
					*line = nil
				}
			}
			out = out[len(m[0]):]
			continue
		}
		r := bytes.Runes(out[:min(len(out), 4)])[0]
		out = out[len(string(r)):]
		switch r {
		case '\n':
			lines = append(lines, nil)
			column = 0
		case '\r':
			column = 0
		default:
			for len(*line) <= column {
				*line = append(*line, terminalCell{r: ' '})
			}
			(*line)[column] = terminalCell{r, style}
			column++
		}
	}
	for len(lines) > 0 && len(lines[len(lines)-1]) == 0 {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// terminalText is the text of lines, without their styles.
func terminalText(lines [][]terminalCell) string {
	var b strings.Builder
	for _, line := range lines {
		runes := make([]rune, len(line))
		for i, cell := range line {
			runes[i] = cell.r
		}
		fmt.Fprintln(&b, strings.TrimRight(string(runes), " "))
	}
	return b.String()
}
