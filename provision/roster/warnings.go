package roster

import (
	"cmp"
	"fmt"
	"html"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

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

// warn sets what is warned of: these are all the warnings there are. Those about the file as a whole
// come first.
func (r *Roster) warn(v *validator, conditions []*condition, short []int, o Options) {
	w := &warnings{}
	w.unknownValues(r, conditions)
	w.placeholderNames(r)
	if !o.Leavers {
		w.states(r, cmp.Or(o.Today, time.Now()))
	}
	w.missingCells(short)
	w.subjectsAlone(r, v)
	w.suspiciousValues(r)
	if r.Warnings = w.list; w.more > 0 {
		more := text.Plural(w.more, "more warning", "more warnings")
		r.Warnings = append(r.Warnings, Warning{Text: "and " + more})
	}
}

// warnings collects warnings, 20 at most, and counts the others; the zero value is ready.
type warnings struct {
	list []Warning
	more int
}

func (w *warnings) add(text string, fix csvfile.Fix) {
	if len(w.list) == 20 {
		w.more++
		return
	}
	w.list = append(w.list, Warning{text, fix})
}

func (w *warnings) addRow(row *Row, column, why string) {
	separator := ": "
	if column != "" {
		separator = ", "
	}
	w.add(fmt.Sprint("line ", row.Record.Line, separator, inColumn(column, why)), csvfile.Fix{})
}

// unknownValues warns of values in conditions that no row has.
func (w *warnings) unknownValues(r *Roster, conditions []*condition) {
	for _, cond := range conditions {
		for i, seen := range cond.seen {
			if !seen {
				w.add(fmt.Sprintf("the condition %s: no row has %s in column %s; it has %s", quote(cond.text),
					quote(trim(cond.values[i])), quote(cond.header), r.valuesOf(cond.column)), csvfile.Fix{})
			}
		}
	}
}

// placeholderNames leaves placeholders out of names, so that two people called N/A are not one, and
// warns of them. A word such as Null may be a last name, so it counts only where it is the whole name.
func (w *warnings) placeholderNames(r *Roster) {
	s, first, rows := &r.Columns.Name, "", 0
	for i := range r.Rows {
		row := &r.Rows[i]
		if !row.Sendable() {
			continue
		}
		all, cells := true, row.Record.Cells
		for _, p := range s.parts {
			switch cell := cellAt(cells, max(p.column, 0)); {
			case p.column < 0 || cell == "":
			case !isPlaceholder(cell):
				all = false
			case strings.ContainsFunc(cell, func(r rune) bool { return !unicode.IsLetter(r) }):
				cells = slices.Clone(cells)
				cells[p.column] = ""
			}
		}
		name := s.value(cells)
		if all {
			name = ""
		}
		if name != row.Person.Name {
			if rows++; rows == 1 {
				first = row.Person.Name
			}
			row.Person.Name = name
		}
	}
	if rows > 0 {
		w.add(fmt.Sprintf("column %s: %s a placeholder for the name, such as %s; it is left out", quote(s.header()),
			text.Plural(rows, "row has", "rows have"), quote(first)), csvfile.Fix{})
	}
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
	const what = "cells at the end, of columns that are not used: line"
	rows := text.Plural(len(lines), "row lacks "+what, "rows lack "+what+"s")
	w.add(rows+" "+enumerate(numbers, 5), csvfile.Fix{})
}

// subjectsAlone warns of rows that have a subject and nothing else, where nearly all others have more.
func (w *warnings) subjectsAlone(r *Roster, v *validator) {
	var alone []*Row
	others := 0
	for i := range r.Rows {
		switch row := &r.Rows[i]; {
		case !row.Sendable():
		case v.isAlone(row):
			alone = append(alone, row)
		default:
			others++
		}
	}
	if others < 2 || len(alone) > max(1, others/4) {
		return
	}
	for _, row := range alone {
		w.addRow(row, r.Columns.Subject.header(),
			quote(row.Person.Subject)+" stands alone in its row: a section line, or a person?")
	}
}

// suspiciousValues warns of rows with a value that looks damaged.
func (w *warnings) suspiciousValues(r *Roster) {
	for i := range r.Rows {
		row := &r.Rows[i]
		if !row.Sendable() {
			continue
		}
		for _, f := range r.Columns.fields(&row.Person) {
			if why := suspicious(f.value, r.File.Dialect.Guessed); why != "" {
				w.addRow(row, f.source.header(), why)
				break
			}
		}
	}
}

// suspicious is why a value looks damaged, "" where it does not. guessed says that the file is taken
// for Windows-1252 by its words alone.
func suspicious(v string, guessed bool) string {
	if why := formula(v); why != "" {
		return why
	}
	if strings.IndexFunc(v, func(r rune) bool { return r >= utf8.RuneSelf || r == '?' || r == '&' }) < 0 {
		return ""
	}
	switch {
	case strings.ContainsRune(v, utf8.RuneError):
		return quote(v) + " has letters that were lost earlier (�)"
	case mojibake.MatchString(v):
		return quote(v) + " looks garbled, as UTF-8 that was read in another encoding"
	case guessed && otherCodePage.MatchString(v):
		return quote(v) + " looks garbled: where it is, name the encoding of the file (macintosh, IBM850)"
	case twoAlphabets.MatchString(v):
		return quote(v) + " has letters of two alphabets in one word"
	case lostLetter.MatchString(v):
		return quote(v) + " has a ? between letters: a letter may be lost"
	}
	for _, entity := range htmlEntity.FindAllString(v, -1) {
		if html.UnescapeString(entity) != entity {
			return quote(v) + " has an HTML entity; it means " + quote(html.UnescapeString(v))
		}
	}
	return ""
}

// They are read only. otherCodePage is what letters of Macintosh and DOS are in Windows-1252, within a
// word: Jšrg, Mu–oz, Groá.
var (
	otherCodePage = regexp.MustCompile(`\pL[–—†‡€…•™ˆ˜¤¢£¡¿§‚„”“]\p{Ll}|` +
		`\b[bdfghjkmnpqtvwxzBDFGHJKMNPQTVWXZ]j?š[bcdfghjklmnpqrtvwxz]|[Ss]chrš|[aeiou]á($|\PL)`)
	twoAlphabets = regexp.MustCompile(`\p{Latin}[\p{Cyrillic}\p{Greek}\p{Han}\p{Katakana}]+\p{Latin}`)
	lostLetter   = regexp.MustCompile(`\pL\?\pL`)
	htmlEntity   = regexp.MustCompile(`&[^\s&;]{1,11};`)
)

// mojibake is UTF-8 that was read as Windows-1252, or as Macintosh or DOS: Ã¼ for ü, â€™ for ’, √º,
// ├╝.
// It is a Latin letter or more than two bytes of UTF-8, or two letters of Greek, Cyrillic, Hebrew or
// Arabic. The second line is UTF-8 that was read as Windows-1250, Ă© and Ĺ™ for é and ř, and two
// Cyrillic letters that were read as Windows-1251. It is read only.
var mojibake = regexp.MustCompile(strings.ReplaceAll(
	`[√├┬╔]|Â[\x{a0}-\x{bf}]|[ÃÄÅ]NEXT|[à-ï]NEXT{2}|[ð-ô]NEXT{3}|`+
		`[Í-Û]NEXT.*[Í-Û]NEXT|[ÆÈ][˜™š›¡¯°]|`+
		`[ĂĹ]([^\x00-\x7f\pL\pM\pZ]|[ˇłĽľşżŻŁ])|`+
		`([РС]([^\x00-\x7f\pL\pM]|[Ђ-ЏђѓєіјѕљњћќўџҐґё])){2}`,
	"NEXT", `[€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—™˜š›œžŸśťź\x{80}-\x{bf}]`))
