package roster

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"qlik-provision/provision/csvfile"
)

// A trailerKind is how clearly a text is a total, a section line or another line of a report.
type trailerKind int

const (
	notTrailer   trailerKind = iota
	maybeTrailer             // a word such as Total or Count with other text behind it
	clearTrailer
)

// trailerMessage is the message of a row that is a trailer.
func (r *reader) trailerMessage(what string) string {
	return inColumn(r.Columns.Subject.text, quote(what)+" looks like a total or section line: delete the row; "+
		"if it is a person, fill in a name or an address")
}

// trailerIn is what makes the row a trailer, "" where it is a person: its subject is the text of a trailer, and it has
// neither an address nor a name that reads as one. Of subjects alone, in a file without names and addresses, total may
// be a login; a login has no blank.
func (r *reader) trailerIn(row *Row, hasEmail bool) string {
	if hasEmail {
		return ""
	}
	for _, column := range r.Columns.Subject.columns {
		cell := cellAt(row.Record.Cells, column)
		kind := trailerText(cell)
		switch {
		case kind == notTrailer:
		case !r.hasPersons:
			if kind == clearTrailer && strings.ContainsAny(cell, " :") {
				return cell
			}
		default:
			if name := r.nameOf(row); !readsAsName(name) || name == cell && kind == clearTrailer {
				return cell
			}
		}
	}
	p, isLast := &row.Person, row.Record == &r.File.Records[len(r.File.Records)-1]
	switch {
	case !r.hasPersons || p.Subject == "":
	case isReportWord(p.Subject) && r.isAlone(row):
		return p.Subject
	case p.Email == "" && isCount(p.Name) && !strings.ContainsAny(p.Subject, "0123456789@"):
		return p.Subject + " " + p.Name // a total in any words, with its count as the name: Celkový součet,25
	case (isLast || strings.ContainsAny(p.Name, " :")) && !strings.ContainsFunc(p.Subject, unicode.IsLetter) &&
		trailerText(p.Name) == clearTrailer:
		return p.Name // the word as the name, the count as the subject; a single word may be a name
	}
	return ""
}

// nameOf is what all columns for names hold in a row.
func (r *reader) nameOf(row *Row) string {
	var names []string
	for i, f := range r.fields {
		if f&anyName != 0 || slices.Contains(r.Columns.Name.columns, i) {
			names = append(names, cellAt(row.Record.Cells, i))
		}
	}
	return csvfile.Trim(strings.Join(names, " "))
}

// isAlone reports whether a row has a subject and nothing else. A number does not count where the subject has a blank,
// which no login has: Total employees,,25.
func (r *reader) isAlone(row *Row) bool {
	hasBlank := strings.Contains(row.Person.Subject, " ")
	for i := range row.Record.Cells {
		cell := cellAt(row.Record.Cells, i)
		if cell != "" && !(hasBlank && isCount(cell)) && !slices.Contains(r.Columns.Subject.columns, i) {
			return false
		}
	}
	return true
}

// isUnevenTrailer reports whether a record with more or fewer cells than the header is a line such as Total: 412,
// without an address.
func (r *reader) isUnevenTrailer(record *csvfile.Record) bool {
	first := slices.IndexFunc(record.Cells, func(cell string) bool { return csvfile.Trim(cell) != "" })
	if first < 0 || strings.Contains(record.Raw, "@") {
		return false
	}
	line, others := csvfile.Trim(record.Cells[first]), record.Cells[first+1:]
	kind := trailerText(line)
	return kind == clearTrailer && strings.ContainsAny(line, " :") || kind != notTrailer && allNoNames(others)
}

// isCount reports whether a text is a number, with what stands beside numbers: 25, 1.866, (25), 12 %.
func isCount(s string) bool {
	isWord := func(r rune) bool { return unicode.In(r, unicode.L, unicode.M) }
	return strings.ContainsFunc(s, unicode.IsDigit) && !strings.ContainsFunc(s, isWord)
}

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
	return !slices.ContainsFunc(cells, func(c string) bool { return readsAsName(csvfile.Trim(c)) })
}

// trailerText tells whether a text begins as the totals and section lines of reports do. Words count as a whole:
// summers, county01 and total.joe are logins.
func trailerText(s string) trailerKind {
	if s == "" {
		return notTrailer
	}
	beginsAsNumber := s[0] >= '0' && s[0] <= '9'
	if !strings.Contains(s, " ") && (beginsAsNumber || strings.Contains(s, "@")) {
		return notTrailer // an ID, an address
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
	isDecorated := utf8.RuneCountInString(s) > utf8.RuneCountInString(bare)+1 // a comment or a rule: # exported by hr
	count := counted.FindStringSubmatch(bare)
	switch {
	case bare == "":
		return notTrailer
	case isDecorated, reportLine.MatchString(bare), count != nil && means(count[1], noun):
		return clearTrailer
	}
	isBetween := func(r rune) bool { return strings.ContainsRune(" :;=,(", r) }
	words := strings.FieldsFunc(strings.ReplaceAll(bare, "..", " "), isBetween)
	for i, word := range words {
		words[i] = strings.Trim(word, ".–—_*-)") // but not inside: total.joe and sum-yi are logins
	}
	const longest = 4 // words of a phrase
	kind := notTrailer
	for i := range min(longest, len(words)) {
		first, rest := strings.Join(words[:i+1], " "), strings.Join(words[i+1:], " ")
		switch {
		case means(first, phrase), means(first, total) && !readsAsName(rest):
			return clearTrailer
		case means(first, total), means(first, section) && rest != "":
			kind = maybeTrailer
		}
	}
	if len(words) > 1 && means(words[len(words)-1], total) {
		return maybeTrailer
	}
	return kind
}

// They are read only, for texts as plainWords leaves them. A reportLine is a copyright, the number of a page, a word
// and what it is about, or when or by whom the report was made: Department: Finance, Stand: 20.11.2026, Erstellt am
// 20.11.2026. A counted noun is 2 rows selected, (25 Mitarbeiter).
var (
	reportLine = regexp.MustCompile(strings.ReplaceAll(
		`^(©|(page|seite|blatt|pagina|sivu|strana|strona|sayfa|stand) \d|\p{L}[\p{L}\p{M} '/&.-]* ?:([^!-~].*)?$|`+
			`(report|bericht|rapport|rapporto|informe|reporte|relatorio|raport) (MADE|date|name|title|vom|as of)\b|`+
			`MADE[ ,=(–]+(\d|(on|at|by|for|am|von|vom|le|par|el|por|il|op|em)\b))`,
		"MADE", `(generated|created|exported|printed|run|executed|prepared|erstellt|erzeugt|exportiert|gedruckt|genere|`+
			`cree|edite|imprime|exporte|generado|exportado|impreso|generato|creato|esportato|stampato|gegenereerd|`+
			`afgedrukt|gerado|wygenerowano|wygenerowany)`))
	counted = regexp.MustCompile(`^\d[\d.,' ]* (\pL+)`)
)
