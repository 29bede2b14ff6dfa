package main

import (
	"encoding/xml"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestDocsPicture compares the picture in the README with a run on a terminal. With -update it draws the picture.
func TestDocsPicture(t *testing.T) {
	shell := newDocsShell(t)
	shell.run(t, docsPart{kind: "tenant", body: "users.csv"})
	var screen [][]terminalCell
	for _, typed := range []struct {
		command string
		answers []string
	}{
		{"qlik-provision create hr.csv", []string{"y"}},
	} {
		prompt := []terminalCell{{'$', "32"}, {r: ' '}}
		for _, r := range typed.command {
			prompt = append(prompt, terminalCell{r, "1"})
		}
		screen = append(append(screen, prompt), runOnTerminal(t, shell.command(typed.command), typed.answers)...)
	}
	picture := draw(screen)
	if old, err := os.ReadFile("../../docs/img/run.svg"); err == nil && settled(string(old)) == settled(picture) {
		return
	}
	keep(t, "docs/img/run.svg", picture)
}

// draw makes a picture of a terminal's screen.
func draw(screen [][]terminalCell) string {
	const wide, high, margin, bar = 8.4, 20, 20, 36
	screen = foldedAtEdge(screen)
	width, height := int(terminalColumns*wide)+2*margin, len(screen)*high+bar+2*margin
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img"
  aria-label="A run of qlik-provision create on a terminal">
<style>
text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #d6dbe1;
  white-space: pre }
.s1 { font-weight: bold; fill: #fff } .s31 { fill: #ff7b72 } .s32 { fill: #7ee787 } .s33 { fill: #e3b341 }
.s36 { fill: #76d9e6 }
</style>
<rect width="100%%" height="100%%" rx="10" fill="#161b22"/>
<circle cx="24" cy="22" r="6" fill="#ff5f57"/><circle cx="44" cy="22" r="6" fill="#febc2e"/>`+
		`<circle cx="64" cy="22" r="6" fill="#28c840"/>
`, width, height, width, height)
	for i, line := range screen {
		y := bar + margin + i*high
		for start := 0; start < len(line); {
			end := start
			for end < len(line) && line[end].style == line[start].style {
				end++
			}
			var run strings.Builder
			for _, cell := range line[start:end] {
				run.WriteRune(cell.r)
			}
			if s := strings.TrimRight(run.String(), " "); s != "" {
				class := ""
				if line[start].style != "" {
					class = fmt.Sprintf(` class="s%s"`, line[start].style)
				}
				fmt.Fprintf(&b, `<text x="%.1f" y="%d"%s textLength="%.1f">`, margin+float64(start)*wide, y, class,
					float64(utf8.RuneCountInString(s))*wide)
				_ = xml.EscapeText(&b, []byte(s)) // a builder takes everything
				b.WriteString("</text>\n")
			}
			start = end
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// foldedAtEdge breaks lines at the right edge, as a terminal does.
func foldedAtEdge(screen [][]terminalCell) (folded [][]terminalCell) {
	for _, line := range screen {
		for len(line) > terminalColumns {
			folded = append(folded, line[:terminalColumns])
			line = line[terminalColumns:]
		}
		folded = append(folded, line)
	}
	return folded
}
