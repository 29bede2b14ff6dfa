package roster

import (
	"fmt"
	"html"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/text"
)

// A Warning says what looks wrong and can be sent all the same.
type Warning struct {
	Text string      // one line; it names line and column where it is about a row
	Fix  csvfile.Fix // an option that keeps it from being sent: OptionWhere with a condition; the zero Fix is none
}

// String is the warning's text.
func (w Warning) String() string { return w.Text }

// warnings collects warnings; the zero value is ready.
type warnings struct {
	file []Warning // about the file as a whole
	row  []Warning
	more int
}

const maxWarnings = 20

func (w *warnings) add(text string) { w.file = append(w.file, Warning{Text: text}) }

func (w *warnings) addRow(line int, column, why string) {
	if len(w.row) == maxWarnings {
		w.more++
		return
	}
	w.row = append(w.row, Warning{Text: at(line, column, why)})
}

// list is what is warned of: 20 warnings at most, then one that counts the others.
func (w *warnings) list() []Warning {
	all := append(w.file, w.row...)
	if more := len(all) - maxWarnings + w.more; more > 0 {
		all = append(all[:maxWarnings], Warning{Text: "and " + text.Plural(more, "more warning", "more warnings")})
	}
	return all
}

// missingCells warns of the lines whose rows lack cells at the end.
func (w *warnings) missingCells(lines []int) {
	if len(lines) == 0 {
		return
	}
	numbers := make([]string, len(lines))
	for i, line := range lines {
		numbers[i] = strconv.Itoa(line)
	}
	w.add(fmt.Sprintf("%s at the end, of columns that are not used: line %s",
		text.Plural(len(lines), "row lacks cells", "rows lack cells"), enumerate(numbers, 5)))
}

// rows warns of rows whose values look damaged, and of rows that are nothing but a subject.
// Mojibake in a file whose encoding was named by the user refuses it.
func (w *warnings) rows(r *Roster, forced bool) error {
	c := &r.Columns
	alone := r.subjectsAlone()
	for i := range r.Rows {
		row := &r.Rows[i]
		if !row.Sendable() {
			continue
		}
		if len(alone) > 0 && alone[0] == i {
			alone = alone[1:]
			w.addRow(row.Record.Line, c.Subject.header(),
				quote(row.Person.Subject)+" stands alone in its row: a section line, or a person?")
		}
		for _, v := range [...]struct {
			value  string
			source *Source
		}{{row.Person.Subject, &c.Subject}, {row.Person.Name, &c.Name}, {row.Person.Email, &c.Email}} {
			why := suspicious(v.value)
			if why == "" {
				continue
			}
			if forced && isMojibake(v.value) && !strings.HasPrefix(r.File.Dialect.Encoding, "UTF") {
				return mojibakeError(r.File, row.Record.Line, v.source.header(), v.value)
			}
			w.addRow(row.Record.Line, v.source.header(), why)
			break
		}
	}
	return nil
}

func mojibakeError(f *csvfile.File, line int, column, value string) error {
	return &csvfile.Error{
		File: f.Name, Message: "the file is not " + f.Dialect.Encoding + ": letters are garbled",
		Problems: []csvfile.Problem{{Line: line, Column: column, Message: quote(value)}},
		Advice:   "let the encoding be detected",
	}
}

// subjectsAlone lists the rows that have a subject and nothing else, where nearly all others have
// more.
func (r *Roster) subjectsAlone() []int {
	var alone []int
	others := 0
	for i := range r.Rows {
		row := &r.Rows[i]
		if !row.Sendable() {
			continue
		}
		if row.Person.Name == "" && row.Person.Email == "" && r.hasNothingElse(row) {
			alone = append(alone, i)
		} else {
			others++
		}
	}
	if others < 2 || len(alone) > max(1, others/4) {
		return nil
	}
	return alone
}

func (r *Roster) hasNothingElse(row *Row) bool {
	for i := range row.Record.Cells {
		if cellAt(row.Record.Cells, i) != "" && !r.Columns.Subject.uses(i) && !inBlock(r.File, i) {
			return false
		}
	}
	return true
}

// suspicious is why a value looks damaged, "" where it does not.
func suspicious(v string) string {
	if why := formula(v); why != "" {
		return why
	}
	plain := true
	for i := range len(v) {
		if c := v[i]; c >= utf8.RuneSelf || c == '?' || c == '&' {
			plain = false
			break
		}
	}
	switch {
	case plain:
		return ""
	case strings.ContainsRune(v, utf8.RuneError):
		return quote(v) + " has letters that were lost earlier (�)"
	case isMojibake(v):
		return quote(v) + " looks garbled, as UTF-8 that was read in another encoding"
	case questionInWord(v):
		return quote(v) + " has a ? between letters: a letter may be lost"
	case hasEntity(v):
		return quote(v) + " has an HTML entity; it means " + quote(html.UnescapeString(v))
	}
	return ""
}

// isMojibake reports whether a value has UTF-8 that was read as Windows-1252, or as Macintosh or DOS:
// Ã¼ for ü, â€™ for ’, √º, ├╝.
func isMojibake(v string) bool {
	if strings.ContainsAny(v, "√├┬╔") {
		return true
	}
	var b []byte
	weak := 0
	for _, r := range v + " " {
		c, ok := charmap.Windows1252.EncodeRune(r)
		if !ok && r >= 0x80 && r < 0xa0 {
			c, ok = byte(r), true
		}
		if ok && c >= 0x80 {
			b = append(b, c)
			continue
		}
		for len(b) > 1 {
			r, size := utf8.DecodeRune(b)
			if r == utf8.RuneError {
				size = 1
			} else if size > 2 || r >= 0xa0 && r < 0x180 {
				return true
			} else if r >= 0x370 && r < 0x700 { // Greek, Cyrillic, Hebrew, Arabic
				weak++
			}
			b = b[size:]
		}
		b = b[:0]
	}
	return weak > 1
}

// questionInWord reports whether a ? stands between two letters.
func questionInWord(v string) bool {
	before := ' '
	for i, r := range v {
		if r == '?' && unicode.IsLetter(before) {
			if next, _ := utf8.DecodeRuneInString(v[i+1:]); unicode.IsLetter(next) {
				return true
			}
		}
		before = r
	}
	return false
}

// hasEntity reports whether a value has an HTML entity: &amp; &eacute; &#39;
func hasEntity(v string) bool {
	for {
		_, rest, found := strings.Cut(v, "&")
		if !found {
			return false
		}
		v = rest
		if end := strings.IndexByte(rest, ';'); end > 1 && end < 12 {
			entity := "&" + rest[:end+1]
			if html.UnescapeString(entity) != entity && !strings.ContainsAny(rest[:end], " &") {
				return true
			}
		}
	}
}
