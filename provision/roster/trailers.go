package roster

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"qlik-provision/provision/csvfile"
)

// A trailerKind is how clearly a text is a total, a section line or another line of a report.
type trailerKind int

const (
	notTrailer   trailerKind = iota
	maybeTrailer             // a word such as Total or Count with other text behind it
	clearTrailer
)

func looksLikeTrailer(what string) string {
	return quote(what) + " looks like a total or section line: delete the row; " +
		"if it is a person, fill in a name or an address"
}

// trailerIn is what makes the row a trailer, "" where it is a person: its subject is the text of a trailer, and it has
// neither an address nor a name that reads as one. Of subjects alone, in a file without names and addresses, total may
// be a login; a login has no blank.
func (v *validator) trailerIn(row *Row, hasEmail bool) string {
	if hasEmail {
		return ""
	}
	p, hasColumns := &row.Person, v.columns.Name.text != "" || v.columns.Email.text != "" || len(v.names) > 0
	for _, cell := range v.columns.Subject.cells(row.Record) {
		kind := trailerText(cell)
		if kind == notTrailer {
			continue
		}
		name := v.nameOf(row)
		isNamed := readsAsName(name) && (name != cell || kind == maybeTrailer)
		if hasColumns && !isNamed || !hasColumns && kind == clearTrailer && strings.ContainsAny(cell, " :") {
			return cell
		}
	}
	switch {
	case !hasColumns || p.Subject == "":
	case isReportWord(p.Subject) && v.isAlone(row):
		return p.Subject
	case v.hasNames && p.Email == "" && isCount(p.Name) && !strings.ContainsFunc(p.Subject, isDigitOrAt):
		return p.Subject + " " + p.Name // a total in any words, with its count as the name: Celkový součet,25
	case v.isTotalInName(row):
		return p.Name
	}
	return ""
}

// nameOf is the row's name. Where no column is known to hold it, it is what the columns of its parts hold.
func (v *validator) nameOf(row *Row) string {
	name := row.Person.Name
	for _, i := range v.names {
		name += " " + cellAt(row.Record.Cells, i)
	}
	return trim(name)
}

// isAlone reports whether a row has a subject and nothing else. A number does not count where the subject has a blank,
// which no login has: Total employees,,25.
func (v *validator) isAlone(row *Row) bool {
	hasBlank := strings.Contains(row.Person.Subject, " ")
	for i := range row.Record.Cells {
		cell := cellAt(row.Record.Cells, i)
		if cell != "" && !(hasBlank && isCount(cell)) && !v.columns.Subject.uses(i) {
			return false
		}
	}
	return true
}

// isTotalInName reports a total whose word is in the name's column and whose count is in the subject's: Total,,25
// under Name, Email and Employee ID. A single word may be a name, but for the file's last row.
func (v *validator) isTotalInName(row *Row) bool {
	p, isLast := &row.Person, row.Record == &v.file.Records[len(v.file.Records)-1]
	return (isLast || strings.ContainsAny(p.Name, " :")) && !strings.ContainsFunc(p.Subject, unicode.IsLetter) &&
		trailerText(p.Name) == clearTrailer
}

// isUnevenTrailer reports whether a record with more or fewer cells than the header is a line such as Total: 412,
// without an address.
func (v *validator) isUnevenTrailer(r *csvfile.Record) bool {
	first := slices.IndexFunc(r.Cells, func(cell string) bool { return trim(cell) != "" })
	if v.file.Block >= 0 || first < 0 || strings.Contains(r.Raw, "@") {
		return false
	}
	line := trim(r.Cells[first])
	kind := trailerText(line)
	return kind == clearTrailer && strings.ContainsAny(line, " :") || kind != notTrailer && allNoNames(r.Cells[first+1:])
}

// isCount reports whether a text is a number, with what stands beside numbers: 25, 1.866, (25), 12 %.
func isCount(s string) bool {
	isWord := func(r rune) bool { return unicode.In(r, unicode.L, unicode.M) }
	return strings.ContainsFunc(s, unicode.IsDigit) && !strings.ContainsFunc(s, isWord)
}

func isDigitOrAt(r rune) bool { return unicode.IsDigit(r) || r == '@' }

// isReportWord reports whether a subject is a total, a count or the heading of remarks, with digits or without: Notes,
// Total2, Anz. 2, 2件. It is for subjects that stand alone in their row.
func isReportWord(subject string) bool {
	isNoLetter := func(r rune) bool { return !unicode.In(r, unicode.L, unicode.M) }
	letters := strings.FieldsFunc(plainWords(subject), isNoLetter)
	return len(letters) == 1 && means(letters[0], total|remark|noun)
}

// readsAsName reports whether a text may be somebody's name: letters and no digits, and other words than a count's
// nouns.
func readsAsName(s string) bool {
	if strings.ContainsFunc(s, unicode.IsDigit) || !strings.ContainsFunc(s, unicode.IsLetter) || isPlaceholder(s) {
		return false
	}
	isNoNoun := func(w string) bool { return !means(strings.Trim(w, ".,:;()"), noun) }
	return slices.ContainsFunc(strings.Fields(plainWords(s)), isNoNoun)
}

// allNoNames reports whether none of the cells may be somebody's name.
func allNoNames(cells []string) bool {
	return !slices.ContainsFunc(cells, func(c string) bool { return readsAsName(trim(c)) })
}

// trailerText tells whether a text begins as the totals and section lines of reports do. Words count as a whole:
// summers, county01 and total.joe are logins.
func trailerText(s string) trailerKind {
	if s == "" || strings.IndexByte(s, ' ') < 0 && (s[0] >= '0' && s[0] <= '9' || strings.IndexByte(s, '@') >= 0) {
		return notTrailer // nothing, an ID, an address
	}
	s = plainWords(s)
	isNoLogin := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }
	if !strings.ContainsFunc(s, isNoLogin) { // most logins, and a single word of a total
		if means(s, total) {
			return clearTrailer
		}
		return notTrailer
	}
	bare := strings.TrimLeft(s, "-=*_~#>/;•·.( ")
	count := counted.FindStringSubmatch(bare)
	switch {
	case bare == "":
		return notTrailer
	case decorated.MatchString(s), reportLine.MatchString(bare), count != nil && means(count[1], noun):
		return clearTrailer
	}
	kind := notTrailer
	for i, r := range bare + " " {
		if unicode.In(r, unicode.L, unicode.M) {
			continue
		}
		switch words, rest := bare[:i], bare[i:]; {
		case !endsWord(rest):
		case means(words, phrase), means(words, total) && !readsAsName(strings.TrimLeft(rest, " .:;=,-–—_*()")):
			return clearTrailer
		case means(words, total), means(words, section) && beginsText.MatchString(rest):
			kind = maybeTrailer
		}
	}
	if i := strings.LastIndexByte(bare, ' '); i > 0 && means(bare[i+1:], total) {
		return maybeTrailer
	}
	return kind
}

// endsWord reports whether what follows a word ends it: total.joe and sum-yi are one word each, Total.... 25 is not.
func endsWord(rest string) bool {
	if rest == "" || strings.ContainsAny(rest[:1], " :;=,(") {
		return true
	}
	bare := strings.TrimLeft(rest, ".–—_*-")
	return bare == "" || bare[0] == ' ' || len(rest)-len(bare) > 2
}

// They are read only, for texts as plainWords leaves them. A decorated line is a comment or a rule: # exported by hr. A
// reportLine is the number of a page, or a word and what it is about: Department: Finance, Stand: 20.11.2026. A counted
// noun is 2 rows selected, (25 Mitarbeiter). beginsText is what stands behind the word of a section line.
var (
	decorated  = regexp.MustCompile(`^(©|[-=*_~#>/;•·.(] |[-=*_~#>/;•·.(]{2})`)
	reportLine = regexp.MustCompile(`^((page|seite|blatt|pagina|sivu|strana|strona|sayfa|stand) \d|` +
		`\p{L}[\p{L}\p{M} '/&.-]* ?:([^!-~].*)?$)`)
	counted    = regexp.MustCompile(`^\d[\d.,' ]* (\pL+)`)
	beginsText = regexp.MustCompile(`^([ =].|\. )`)
)
