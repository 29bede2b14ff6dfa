package roster

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// A trailerKind is how clearly a text is a total or a section line.
type trailerKind int

const (
	notTrailer   trailerKind = iota
	maybeTrailer             // a word such as Total or Count with other text behind it
	clearTrailer
)

// trailer marks the row where it is a total, a section line or another line of a report, not a
// person: its subject is such a text, and it has neither an address nor a name that reads as one.
func (v *validator) trailer() bool {
	for _, p := range v.columns.Subject.parts {
		if p.column < 0 {
			continue
		}
		cell := cellAt(v.row.Record.Cells, p.column)
		kind := trailerText(cell)
		if kind == notTrailer {
			continue
		}
		if !v.evidence {
			// Subjects alone: total may be a login, and a login has no blank.
			if kind == clearTrailer && strings.ContainsAny(cell, " :") {
				return v.notAPerson(cell)
			}
			continue
		}
		person := &v.row.Person
		if person.Email != "" && badAddress(person.Email) == "" {
			continue
		}
		if readsAsName(person.Name) && (person.Name != cell || kind == maybeTrailer) {
			continue
		}
		return v.notAPerson(cell)
	}
	return v.evidence && (v.countForName() || v.wordForName())
}

// countForName reports a total in any words, whose count is in the name's column: Celkový součet,25.
// The subject is words, the name a number, and there is no address.
func (v *validator) countForName() bool {
	person := &v.row.Person
	if person.Email != "" || !v.named || !isCount(person.Name) ||
		strings.ContainsFunc(person.Subject, unicode.IsDigit) || strings.Contains(person.Subject, "@") {
		return false
	}
	return v.notAPerson(person.Subject + " " + person.Name)
}

// isCount reports whether a text is a number, with what stands beside numbers: 25, 1.866, (25), 12 %.
func isCount(s string) bool {
	return strings.ContainsFunc(s, unicode.IsDigit) &&
		!strings.ContainsFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.Is(unicode.Mark, r) })
}

// wordForName reports a total whose word is in the name's column and whose count is in the
// subject's: Total,,25 under Name, Email and Employee ID. A single word may be a name, but for the
// file's last row.
func (v *validator) wordForName() bool {
	person := &v.row.Person
	if person.Email != "" && badAddress(person.Email) == "" || trailerText(person.Name) != clearTrailer ||
		strings.ContainsFunc(person.Subject, unicode.IsLetter) || person.Subject == "" {
		return false
	}
	last := v.row.Record == &v.file.Records[len(v.file.Records)-1]
	if !last && !strings.ContainsAny(person.Name, " :") {
		return false
	}
	return v.notAPerson(person.Name)
}

// readsAsName reports whether a text may be somebody's name: letters and no digits, and other words
// than a count's nouns.
func readsAsName(s string) bool {
	letters := false
	for _, r := range s {
		if unicode.IsDigit(r) {
			return false
		}
		letters = letters || unicode.IsLetter(r)
	}
	if !letters {
		return false
	}
	return slices.ContainsFunc(strings.Fields(plainWords(s)), func(w string) bool {
		return !countNouns[strings.Trim(w, ".,:;()")]
	})
}

// allNoNames reports whether none of the cells may be somebody's name.
func allNoNames(cells []string) bool {
	return !slices.ContainsFunc(cells, func(c string) bool { return readsAsName(trim(c)) })
}

// trailerText tells whether a text begins as the totals and section lines of reports do. Words
// count as a whole: summers, county01 and total.joe are logins.
func trailerText(s string) trailerKind {
	if s == "" || strings.IndexByte(s, ' ') < 0 && (s[0] >= '0' && s[0] <= '9' || strings.IndexByte(s, '@') >= 0) {
		return notTrailer // nothing, an ID, an address
	}
	if isASCIIWord(s) {
		if !endsInDigit(s) && totals[strings.ToLower(s)] {
			return clearTrailer
		}
		return notTrailer
	}
	s = plainWords(s)
	if strings.HasPrefix(s, "# ") || strings.HasPrefix(s, "© ") {
		return clearTrailer
	}
	bare := strings.TrimLeft(s, "-=*_~#>/;•·.( ")
	if decorated := len(s) - len(bare); decorated > 1 && bare != "" && (s[0] == s[1] || s[1] == ' ') {
		return clearTrailer
	}
	if counted.MatchString(bare) || label.MatchString(bare) {
		return clearTrailer
	}
	word := bare
	notInWord := func(r rune) bool { return !unicode.In(r, unicode.L, unicode.M) && r != '-' }
	if i := strings.IndexFunc(bare, notInWord); i >= 0 {
		word = bare[:i]
	}
	if rest := bare[len(word):]; totals[word] && endsWord(rest) {
		rest = strings.TrimLeft(rest, " .:;=,-–—_*()")
		if rest == "" || !readsAsName(rest) {
			return clearTrailer
		}
		return maybeTrailer
	} else if sections[word] && len(rest) > 1 && (strings.ContainsAny(rest[:1], " =") || strings.HasPrefix(rest, ". ")) {
		return maybeTrailer
	}
	for _, phrase := range phrases[word] {
		if rest, found := strings.CutPrefix(bare, phrase); found && endsWord(rest) {
			return clearTrailer
		}
	}
	if i := strings.LastIndexByte(bare, ' '); i > 0 && lastTotals[bare[i+1:]] {
		return maybeTrailer
	}
	return notTrailer
}

// isASCIIWord reports whether s is ASCII letters and digits, as most logins are.
func isASCIIWord(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; (c < 'a' || c > 'z') && (s[i] < '0' || s[i] > '9') {
			return false
		}
	}
	return true
}

// endsWord reports whether what follows a word ends it: total.joe and sum-yi are one word each,
// Total.... 25 is not.
func endsWord(rest string) bool {
	if rest == "" || strings.ContainsAny(rest[:1], " :;=,(") {
		return true
	}
	bare := strings.TrimLeft(rest, ".–—_*-")
	return bare == "" || bare[0] == ' ' || len(rest)-len(bare) > 2
}

// plainWords is a text in lower case and without diacritics, with single blanks.
func plainWords(s string) string {
	ascii := true
	for i := range len(s) {
		if s[i] >= 0x80 {
			ascii = false
			break
		}
	}
	s = strings.ToLower(s)
	if !ascii {
		s = norm.NFC.String(strings.Map(func(r rune) rune {
			if unicode.Is(unicode.Mn, r) {
				return -1
			}
			return r
		}, norm.NFKD.String(s)))
	}
	if !strings.Contains(s, "  ") && !strings.ContainsAny(s, "\t\n\r") {
		return s
	}
	return strings.Join(strings.Fields(s), " ")
}

// counted is a page's number, or a count with its noun: 2 rows selected, (25 Mitarbeiter). label is
// a word and what it is about: Department: Finance, Stand: 20.11.2026. They are read only.
var (
	counted = regexp.MustCompile(`^((page|seite|blatt|pagina|sivu|strana|strona|sayfa|stand) \d|\d[\d.,' ]* (` +
		strings.Join(strings.Fields(nouns), "|") + `)\b)`)
	label = regexp.MustCompile(`^\p{L}[\p{L}\p{M} '/&.-]* ?:([^!-~].*)?$`)
)

// nouns are what reports count.
const nouns = `rows? records? employees? users? people persons? entries items? lines? workers? headcount staff
		results? members? zeilen? datensatze? mitarbeiter personen eintrage? benutzer lignes? employes?
		enregistrements? salaries utilisateurs? personnes? filas? registros? empleados? usuarios? personas? righe
		dipendenti utenti persone rijen medewerkers regels linhas? funcionarios? colaborador(es)? wierszy
		pracownikow satir kayit calisan`

// countNouns are the words that make no name, in a cell beside a total: 25 employees, Headcount. It
// is read only.
var countNouns = func() map[string]bool {
	set := wordSet("total, count, selected, affected, active, all")
	for n := range strings.FieldsSeq(nouns) {
		set[strings.TrimSuffix(n, "?")] = true
		if strings.HasSuffix(n, "s?") || strings.HasSuffix(n, "n?") || strings.HasSuffix(n, "e?") {
			set[n[:len(n)-2]] = true
		}
	}
	return set
}()

// totals are words that begin a report's last lines. It is read only.
var totals = wordSet(plainWords(`total, totals, totale, totali, totaux, totales, totaal, totalt, totalen,
		subtotal, subtotals, sub-total, sous-total, subtotale, subtotaal, zwischensumme, delsumma, sum, summe,
		summen, suma, sumas, somme, somma, soma, summa, gesamt, gesamtsumme, gesamtzahl, gesamtanzahl, insgesamt,
		count, anzahl, antal, aantal, headcount, cantidad, recuento, quantidade, conteggio, razem, ogolem, toplam,
		celkem, osszesen, gesamtergebnis, teilergebnis, endsumme, eindtotaal, 計, 総合計, berichtsende, yhteensa,
		ukupno, spolu, skupaj, итого, всего, 合計, 総計, 小計, 总计, 合计, 小计, 共计,
		합계, 총계, συνολο, jumlah, รวม, المجموع, الاجمالي, eof, confidential, vertraulich, confidentiel,
		confidencial, riservato, vertrouwelijk, poufne, gizli, 機密, 社外秘`))

// sections are words that begin a section line where other text follows: Department Finance. It is read only.
var sections = wordSet(`department, dept, division, abteilung, bereich, kostenstelle, standort, niederlassung,
		location, region, branch, company, firma, section, departement, service, etablissement, departamento,
		sede, reparto, filiale, afdeling, vestiging, avdelning, dzial, departman`)

// lastTotals are words that end a spreadsheet's subtotals: Finance Total. It is read only.
var lastTotals = wordSet(`total, totals, subtotal, subtotals, ergebnis, gesamt, summe, totale, totaal,
		totalt, confidential`)

// phrases are the beginnings of a report's other lines, by their first word. It is read only.
var phrases = func() map[string][]string {
	set := make(map[string][]string)
	for p := range wordSet(`grand total, sub total, sous total, row count, record count, number of, nombre de,
		nombre total,
		numero de, numero di, head count, effectif total, genel toplam, celkovy soucet, i alt, tong cong, tong so,
		suma total, somme totale, end of, ende der,
		ende des, ende von, fin de, fin du, fin del, fine del, fine della, fine report, fim do, fim da, einde van,
		einde rapport, koniec raportu, rapor sonu, report generated, report created, report run, report date,
		report name, report title, report as of, report executed, report printed, generated, created on,
		created at, created by, exported, printed on, printed at, printed by, run on, run at, run by, run date,
		run time, executed on, as of, data as of, date of report, last updated, prepared by, prepared for,
		bericht erstellt, bericht vom, stand vom, stand am, report erstellt, erstellt am, erstellt von, erzeugt am,
		exportiert am,
		exportiert von, gedruckt am, rapport genere, genere le, genere par, edite le, imprime le,
		exporte le, cree le, informe generado, reporte generado, generado el, generado por, exportado el,
		impreso el, report generato, rapporto generato, generato il, creato il, esportato il, stampato il,
		rapport gegenereerd, gegenereerd op, afgedrukt op, relatorio gerado, gerado em, exportado em,
		wygenerowano, raport wygenerowany, rapor tarihi, all rights reserved, copyright, strictly confidential,
		company confidential, highly confidential, streng vertraulich, for internal use, internal use only,
		nur fur, usage interne, data source, cost center, cost centre, business unit`) {
		word, _, _ := strings.Cut(p, " ")
		set[word] = append(set[word], p)
	}
	return set
}()
