package roster

import (
	"cmp"
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/text"
)

// A Warning says what looks wrong and can be sent all the same.
type Warning struct {
	Text  string // one line; it names line and column where it is about a row
	Where string // the condition of Options.Where that leaves it out; "" for none
}

// warn sets what is warned of: these are all the warnings there are. Those about the file as a whole come first.
func (r *reader) warn() {
	r.warnOfUnknownValues()
	r.leaveOutPlaceholders()
	if !r.options.Leavers {
		r.warnOfStates()
	}
	r.warnOfMissingCells()
	r.warnOfSubjectsAlone()
	r.warnOfDamage()
	if r.more > 0 {
		more := text.Plural(r.more, "more warning", "more warnings")
		r.Warnings = append(r.Warnings, Warning{Text: "and " + more})
	}
}

func (r *reader) addWarning(text, where string) {
	if len(r.Warnings) == 20 {
		r.more++
		return
	}
	r.Warnings = append(r.Warnings, Warning{text, where})
}

func (r *reader) addRowWarning(row *Row, column, why string) {
	r.addWarning(fmt.Sprintf("line %d, %s", row.Record.Line, inColumn(column, why)), "")
}

// warnOfUnknownValues warns of values in conditions that no row has.
func (r *reader) warnOfUnknownValues() {
	for _, cond := range r.conditions {
		counts := r.countValues(cond.column, len(r.Rows), true)
		for _, value := range cond.values {
			hasValue := func(v valueCount) bool { return has(foldList(v.text), value) }
			if !slices.ContainsFunc(counts, hasValue) {
				r.addWarning(fmt.Sprintf("the condition %s: no row has %s in column %s; it has %s", quote(cond.text),
					quote(csvfile.Trim(value)), quote(r.headers[cond.column]), r.valuesOf(cond.column)), "")
			}
		}
	}
}

// leaveOutPlaceholders takes placeholders out of names, so that two people called N/A are not one, and warns of them.
func (r *reader) leaveOutPlaceholders() {
	first, rows := "", 0
	for row := range r.sendable() {
		name := row.Person.Name
		if bare := r.withoutPlaceholders(row); name != bare {
			first, row.Person.Name = cmp.Or(first, name), bare
			rows++
		}
	}
	if rows > 0 {
		r.addWarning(fmt.Sprintf("column %s: %s a placeholder for the name, such as %s; it is left out",
			quote(r.Columns.Name.text), text.Plural(rows, "row has", "rows have"), quote(first)), "")
	}
}

// withoutPlaceholders is the row's name without the cells that are placeholders. One that may be a part of a name
// counts only where all cells are placeholders.
func (r *reader) withoutPlaceholders(row *Row) string {
	name, cells, hasName := &r.Columns.Name, row.Record.Cells, false
	for _, p := range name.parts {
		switch cell := cellAt(cells, max(p.column, 0)); {
		case p.column < 0 || cell == "":
		case !isPlaceholder(cell):
			hasName = true
		case !partOfName.MatchString(cell):
			cells = slices.Clone(cells)
			cells[p.column] = ""
		}
	}
	if !hasName {
		return ""
	}
	return name.value(cells)
}

// partOfName is a placeholder that may be a part of a name: Null, K.A., 0. It is read only.
var partOfName = regexp.MustCompile(`^(0|\pL+|(\p{Lu}\. ?)+)$`)

// warnOfMissingCells warns of rows that lack cells at the end.
func (r *reader) warnOfMissingCells() {
	const what = "cells at the end, of columns that are not used; the first is on line"
	if len(r.short) > 0 {
		rows := text.Plural(len(r.short), "row lacks "+what, "rows lack "+what)
		r.addWarning(fmt.Sprint(rows, " ", r.short[0]), "")
	}
}

// warnOfSubjectsAlone warns of rows that have a subject and nothing else, where nearly all others have more.
func (r *reader) warnOfSubjectsAlone() {
	var alone []*Row
	others := 0
	for row := range r.sendable() {
		if r.isAlone(row) {
			alone = append(alone, row)
		} else {
			others++
		}
	}
	if others < 2 || len(alone) > max(1, others/4) {
		return
	}
	for _, row := range alone {
		r.addRowWarning(row, r.Columns.Subject.text,
			quote(row.Person.Subject)+" stands alone in its row: a section line, or a person?")
	}
}

// warnOfDamage warns of rows with a value that looks damaged.
func (r *reader) warnOfDamage() {
	c := &r.Columns
	for row := range r.sendable() {
		for _, f := range []struct {
			value  string
			source *Source
		}{{row.Person.Subject, &c.Subject}, {row.Person.Name, &c.Name}, {row.Person.Email, &c.Email}} {
			if why := suspicious(f.value, r.File.Dialect.Guessed); why != "" {
				r.addRowWarning(row, f.source.text, why)
				break
			}
		}
	}
}

// suspicious is why a value looks damaged, "" where it does not. guessed says that the file is taken for Windows-1252
// by its words alone.
func suspicious(v string, guessed bool) string {
	if why := formula(v); why != "" || !guessed && isPlain(v) {
		return why
	}
	for _, s := range suspicions {
		if (guessed || !s.ifGuessed) && s.pattern.MatchString(v) {
			return quote(v) + " " + s.why
		}
	}
	if meant := html.UnescapeString(v); meant != v && htmlEntity.MatchString(v) {
		return quote(v) + " has an HTML entity; it means " + quote(meant)
	}
	return ""
}

// isPlain reports whether none of the suspicions can be true: most values are ASCII without ? and &, or have single
// letters such as é besides.
func isPlain(v string) bool {
	const beforeGreek = '\u0370'
	last := rune(0)
	for _, r := range v {
		if r == '?' || r == '&' || r >= beforeGreek || r >= utf8.RuneSelf && last >= utf8.RuneSelf {
			return false
		}
		last = r
	}
	return true
}

// suspicions are what damaged text looks like. Mojibake is UTF-8 that was read as Windows-1252, or as Macintosh or DOS:
// Ã¼ for ü, â€™ for ’, √º, ├╝. It is a Latin letter or more than two bytes of UTF-8, or two letters of Greek, Cyrillic,
// Hebrew or Arabic; or UTF-8 that was read as Windows-1250, Ă© and Ĺ™ for é and ř, or two Cyrillic letters that were
// read as Windows-1251. Of other code pages, Jšrg, Mu–oz and Groá are Macintosh and DOS in Windows-1252. They are read
// only.
var (
	suspicions = [...]struct {
		pattern   *regexp.Regexp
		why       string
		ifGuessed bool
	}{
		{regexp.MustCompile(`\x{fffd}`), "has letters that were lost earlier (�)", false},
		{regexp.MustCompile(strings.ReplaceAll(
			`[√├┬╔]|Â[\x{a0}-\x{bf}]|[ÃÄÅ]NEXT|[à-ï]NEXT{2}|[ð-ô]NEXT{3}|`+
				`[Í-Û]NEXT.*[Í-Û]NEXT|[ÆÈ][˜™š›¡¯°]|`+
				`[ĂĹ]([^\x00-\x7f\pL\pM\pZ]|[ˇłĽľşżŻŁ])|`+
				`([РС]([^\x00-\x7f\pL\pM]|[Ђ-ЏђѓєіјѕљњћќўџҐґё])){2}`,
			"NEXT", `[€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—™˜š›œžŸśťź\x{80}-\x{bf}]`)),
			"looks garbled, as UTF-8 that was read in another encoding", false},
		{regexp.MustCompile(`\pL[–—†‡€…•™ˆ˜¤¢£¡¿§‚„”“]\p{Ll}|` +
			`\b[bdfghjkmnpqtvwxzBDFGHJKMNPQTVWXZ]j?š[bcdfghjklmnpqrtvwxz]|[Ss]chrš|[aeiou]á($|\PL)`),
			"looks garbled: where it is, name the encoding of the file (macintosh, IBM850)", true},
		{regexp.MustCompile(`\p{Latin}[\p{Cyrillic}\p{Greek}\p{Han}\p{Katakana}]+\p{Latin}`),
			"has letters of two alphabets in one word", false},
		{regexp.MustCompile(`\pL\?\pL`), "has a ? between letters: a letter may be lost", false},
	}
	htmlEntity = regexp.MustCompile(`&[^\s&;]{1,11};`)
)
