package roster

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// listed is how many problems of a file an Error lists; the others it counts.
const listed = 20

// A Problem is what is wrong with one record and makes the whole file doubtful.
type Problem struct {
	File    string
	Line    int    // of the file, from 1; 0 where it has none
	Column  string // the header's cell; "" where it is no column's
	Message string
}

// Error names file, line, column and what is wrong: hr.csv:17: column "E-Mail": …
func (p *Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	if p.Column != "" {
		b.WriteString(": column " + quote(p.Column))
	}
	return b.String() + ": " + p.Message
}

// An Error refuses a whole file, before anything is sent.
type Error struct {
	Message  string
	Problems []*Problem // 20 at most
	More     int        // how many problems there are besides
	Flags    []string   // command-line arguments that would mend it, not quoted for a shell: --subject, {Email}
	Hint     string     // what to do, where that is no flag

	missing bool // the header lacks a column, so perhaps it is no header
}

// Error is the message, then a line for each problem that is listed, then how many there are besides.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Message)
	for _, p := range e.Problems {
		b.WriteString("\n  " + p.Error())
	}
	if e.More > 0 {
		fmt.Fprintf(&b, "\n  and %d more", e.More)
	}
	return b.String()
}

// Doubts collects the problems of a file's records, so that all of them are named at once. The zero value is ready.
//
//	var doubts roster.Doubts
//	for record, err := range f.Records() {
//		if err != nil {
//			if !doubts.Add(err) {
//				return err // reading failed
//			}
//			continue
//		}
//		…
//	}
//	return doubts.Err()
type Doubts struct {
	file  string
	kept  []*Problem
	total int
}

// Add takes a *Problem and reports whether err was one.
func (d *Doubts) Add(err error) bool {
	p, ok := err.(*Problem)
	if !ok {
		return false
	}
	d.file = p.File
	d.total++
	if len(d.kept) < listed {
		d.kept = append(d.kept, p)
	}
	return true
}

// Err is the *Error that refuses the file, nil where nothing was added.
func (d *Doubts) Err() error {
	if d.total == 0 {
		return nil
	}
	return &Error{
		Message:  fmt.Sprintf("%s: %s the whole file doubtful", d.file, plural(d.total, "line makes", "lines make")),
		Problems: d.kept,
		More:     d.total - len(d.kept),
	}
}

// quote shows a value of the file: in quotes, at most 40 runes of it, control characters escaped.
func quote(s string) string {
	const most = 40
	if utf8.RuneCountInString(s) > most {
		n := 0
		for i := range s {
			if n == most-1 {
				s = s[:i] + "…"
				break
			}
			n++
		}
	}
	return strconv.Quote(s)
}
