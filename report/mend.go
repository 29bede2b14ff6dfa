package report

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"qlik-provision/provision"
)

// mostGuesses is how many ways of making a subject of a row are followed.
const mostGuesses = 256

// A guess is a way in which the subjects of a file may have been made: text around the cells of one column.
type guess struct {
	column         int
	prefix, suffix string
}

func (g guess) makes(cells []string, subject string) bool {
	cell := strings.TrimSpace(cells[g.column])
	return len(subject) == len(g.prefix)+len(cell)+len(g.suffix) &&
		strings.HasPrefix(subject, g.prefix) && strings.HasSuffix(subject, g.suffix) &&
		subject[len(g.prefix):len(g.prefix)+len(cell)] == cell
}

// flag is the command-line argument, header and text as --subject takes them.
func (g guess) flag(header string) []string {
	if g.prefix == "" && g.suffix == "" {
		return []string{"--subject", header}
	}
	braces := strings.NewReplacer("{", "{{", "}", "}}")
	return []string{"--subject", braces.Replace(g.prefix) + "{" + header + "}" + braces.Replace(g.suffix)}
}

// flags are the arguments under which every row that is done or pending has the subject that it had, nil where there are none.
// It reads the file again.
func (g *guard) flags() ([]string, error) {
	var guesses []guess
	first := true
	for r, err := range g.sheet.rows() {
		if err != nil {
			return nil, err
		}
		subject := strings.TrimSpace(r.entry.UserSubject)
		if subject == "" || !done(r.entry.Outcome) && r.entry.Outcome != provision.Pending {
			continue
		}
		if first {
			guesses, first = g.guesses(r.Fields, subject), false
		}
		guesses = slices.DeleteFunc(guesses, func(g guess) bool { return !g.makes(r.Fields, subject) })
		if len(guesses) == 0 {
			return nil, nil
		}
	}
	if len(guesses) == 0 {
		return nil, nil
	}
	best := slices.MinFunc(guesses, func(a, b guess) int { return len(a.prefix) + len(a.suffix) - len(b.prefix) - len(b.suffix) })
	return best.flag(g.sheet.file.Header[best.column]), nil
}

// guesses are the ways to make one subject of the cells of its row.
func (g *guard) guesses(cells []string, subject string) []guess {
	var found []guess
	block := g.sheet.file.Block
	for i, cell := range cells {
		header := g.sheet.file.Header[i]
		cell = strings.TrimSpace(cell)
		if cell == "" || i >= block && i < block+columns || strings.TrimSpace(header) == "" || strings.ContainsAny(header, "{}") {
			continue
		}
		for from := 0; len(found) < mostGuesses; {
			at := strings.Index(subject[from:], cell)
			if at < 0 {
				break
			}
			at += from
			found = append(found, guess{i, subject[:at], subject[at+len(cell):]})
			from = at + 1
		}
	}
	return found
}

// damaged reports whether a text became another as when a spreadsheet takes it for a number: zeros in front are gone, digits behind the
// fifteenth became zeros, or many digits became 1.23E+11. Another number is somebody's mending.
func damaged(was, is string) bool {
	a, errA := strconv.ParseFloat(strings.TrimSpace(was), 64)
	b, errB := strconv.ParseFloat(strings.Replace(strings.TrimSpace(is), ",", ".", 1), 64)
	near := 1e-14
	if strings.ContainsAny(is, "eE") {
		near = 0.01
	}
	return errA == nil && errB == nil && math.Abs(a-b) <= math.Abs(a)*near
}
