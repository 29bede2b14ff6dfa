package roster

import (
	"cmp"
	"fmt"
	"html"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
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
	r.warnOfSubjectsAlone()
	r.warnOfDamage()
	const most = 20
	if more := len(r.Warnings) - most; more > 0 {
		r.Warnings = append(r.Warnings[:most], Warning{Text: "and " + text.Plural(more, "more warning", "more warnings")})
	}
}

func (r *reader) addWarning(format string, args ...any) {
	r.Warnings = append(r.Warnings, Warning{Text: fmt.Sprintf(format, args...)})
}

// warnOfUnknownValues warns of values in conditions that no row has.
func (r *reader) warnOfUnknownValues() {
	for _, cond := range r.conditions {
		present, _ := r.valuesOf(cond.column, len(r.Rows), true)
		for _, value := range cond.values {
			if !slices.ContainsFunc(present, func(v string) bool { return has(foldList(v), value) }) {
				r.addWarning("the condition %s: no row has %s in column %s; it has %s", quote(cond.text),
					quote(csvfile.Trim(value)), quote(r.headers[cond.column]), list(present, 8))
			}
		}
	}
}

// leaveOutPlaceholders takes names away that are placeholders, so that two people called N/A are not one, and warns of
// them.
func (r *reader) leaveOutPlaceholders() {
	first, rows := "", 0
	for row := range r.sendable() {
		isNamed := func(column int) bool {
			cell := cellAt(row.Record.Cells, column)
			return cell != "" && !isPlaceholder(cell)
		}
		p := &row.Person
		if p.Name != "" && !slices.ContainsFunc(r.Columns.Name.columns, isNamed) {
			first = cmp.Or(first, p.Name)
			p.Name = ""
			rows++
		}
	}
	if rows > 0 {
		r.addWarning("column %s: %s a placeholder for the name, such as %s; it is left out",
			quote(r.Columns.Name.text), text.Plural(rows, "row has", "rows have"), quote(first))
	}
}

// warnOfStates warns of columns whose values say that people have left: every row becomes a user, theirs too. The
// condition that leaves them out is suggested where it can be written.
func (r *reader) warnOfStates() {
	const most = 24 // a column of states has few values
	for i, header := range r.headers {
		if r.Columns.uses(i) {
			continue
		}
		values, rows := r.valuesOf(i, most, false)
		isCoded := slices.ContainsFunc(values, func(v string) bool { return plainWords(v) == "a" })
		var left, counts []string
		for _, v := range values {
			if v != "" && hasLeft(header, plainWords(v), isCoded) {
				left = append(left, v)
				counts = append(counts, text.Plural(rows[v], "row is ", "rows are ")+quote(v))
			}
		}
		if len(left) == 0 {
			continue
		}
		r.addWarning("column %s: %s; every row becomes a user", quote(header), strings.Join(counts, ", "))
		same := r.columns(func(i int) bool { return r.headers[i] == header })
		allLeft := strings.Join(left, ",")
		if len(same) == 1 && !strings.Contains(header, "=") && !hasEmptyValue(allLeft) {
			r.Warnings[len(r.Warnings)-1].Where = header + "!=" + allLeft
		}
	}
}

// hasLeft reports whether a value of a column, as plainWords leaves it, says that somebody has left. isCoded says that
// the column has A for active people.
func hasLeft(header, value string, isCoded bool) bool {
	word, flag := fold(withoutRemark(header)), fieldsOf(header)&(activeFlag|inactiveFlag)
	isState := stateHeader.MatchString(word)
	switch {
	case otherState.MatchString(word):
		return false
	case means(value, leaver), means(value, leaverInState) && (isState || flag != 0):
		return true
	case word == "useraccountcontrol": // Active Directory: bit 2 is a disabled account
		n, err := strconv.Atoi(value)
		return err == nil && n&2 != 0
	case flag&activeFlag != 0:
		return means(value, no)
	case flag&inactiveFlag != 0:
		return means(value, yes)
	case isState && isCoded && (value == "t" || value == "i"):
		return true
	}
	words := strings.FieldsFunc(value, func(r rune) bool { return !unicode.IsLetter(r) })
	return isState && slices.ContainsFunc(words, func(w string) bool { return means(w, leaver) })
}

// They are read only, for headers as fold leaves them. stateHeader is that of a column of states; otherState is a part
// of a header whose states say nothing of whether somebody has left.
var (
	stateHeader = regexp.MustCompile(strings.ReplaceAll(`status|^(WORD)|(WORD)$`, "WORD", `state|zustand|statut|etat|`+
		`estado|stato|situacion|situation|situazione|situacao|lifecycle|durum|stav|stan|allapot|статус|状态|状態|ステータス`))
	otherState = regexp.MustCompile(`marital|familienstand|civil|disability|behinderung|veteran|military|mfa|2fa|2sv|` +
		`twofactor|multifactor|2step|password|passwort|sync|licen|lizenz|device|laptop|phone|vpn|badge|permit|visa|` +
		`benefit|insurance|deposit|bank|project|mailbox|forwarding`)
)

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
		why := quote(row.Person.Subject) + " stands alone in its row: a section line, or a person?"
		r.addWarning("line %d, %s", row.Record.Line, inColumn(r.Columns.Subject.text, why))
	}
}

// warnOfDamage warns of rows with a value that looks damaged.
func (r *reader) warnOfDamage() {
	sources := r.Columns.sources()
	for row := range r.sendable() {
		for i, value := range []string{row.Person.Subject, row.Person.Name, row.Person.Email} {
			if why := suspicious(value, r.File.Dialect.Guessed); why != "" {
				r.addWarning("line %d, %s", row.Record.Line, inColumn(sources[i].text, why))
				break
			}
		}
	}
}

// suspicious is why a value looks damaged, "" where it does not. guessed says that the file is taken for Windows-1252
// by its words alone.
func suspicious(v string, guessed bool) string {
	mayBeDamaged := func(r rune) bool { return r >= utf8.RuneSelf || r == '?' || r == '&' }
	if why := formula(v); why != "" || !strings.ContainsFunc(v, mayBeDamaged) {
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
