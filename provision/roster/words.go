package roster

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A meaning is what the text of a cell may say, other than a person's value; a set of them is what it does.
type meaning uint16

const (
	placeholder   meaning = 1 << iota // a value that is missing
	total                             // begins a report's last lines
	phrase                            // begins other lines of a report
	section                           // begins a section line, where other text follows
	remark                            // heads remarks, in a row of its own
	noun                              // what reports count
	leaver                            // somebody has left
	leaverInState                     // somebody has left, in a column of states: elsewhere baja is low
	no                                // in a column that says who is active
	yes                               // in a column that says who is not
)

// meaningWords has the words of each meaning, between commas.
var meaningWords = [...]struct {
	meaning meaning
	words   string
}{
	{placeholder, `null, (null), [null], <null>, {null}, \n, <nil>, (nil), none, (none), <none>, undefined, n/a, (n/a),
		n / a, n.a., n. a., n.n., n/d, n.d., n/v, n.v., s/d, s/n, k.a., k. a., n.v.t., b/d, tbd, t.b.d., (blank),
		(empty), <blank>, <empty>, (leer), (vide), (vacío), (vuoto), unknown, (unknown), unbekannt, inconnu,
		desconocido, sconosciuto, onbekend, not available, not applicable, not assigned, not set, (not set),
		unassigned, no id, new hire, no aplica, keine angabe, nicht vorhanden, nicht vergeben, sin asignar,
		non renseigné, to be determined, to be defined, missing, 无, 暂无, 未定, なし, 不明, н/д`},
	{total, `total, totals, totale, totali, totaux, totales, totaal, totalt, totalen, subtotal, subtotals, sub-total,
		sous-total, subtotale, subtotaal, zwischensumme, delsumma, sum, summe, summen, suma, sumas, somme, somma, soma,
		summa, σ, ∑, gesamt, gesamtsumme, gesamtzahl, gesamtanzahl, insgesamt, count, anzahl, anz, antal, aantal,
		headcount, cantidad, recuento, quantidade, conteggio, razem, ogolem, toplam, celkem, osszesen, gesamtergebnis,
		teilergebnis, ergebnis, endsumme, eindtotaal, 計, 総合計, berichtsende, yhteensa, ukupno, spolu, skupaj, итого,
		всего, 合計, 総計, 小計, 总计, 合计, 小计, 共计, 합계, 총계, συνολο, jumlah, รวม, المجموع, الاجمالي, eof, confidential,
		vertraulich, confidentiel, confidencial, riservato, vertrouwelijk, poufne, gizli, 機密, 社外秘`},
	{phrase, `grand total, sub total, sous total, row count, record count, number of, nombre de, nombre total,
		numero de, numero di, head count, effectif total, genel toplam, celkovy soucet, i alt, tong cong, tong so,
		suma total, somme totale, end of, ende der, ende des, ende von, fin de, fin du, fin del, fine del, fine della,
		fine report, fim do, fim da, einde van, einde rapport, koniec raportu, rapor sonu, rapor tarihi, as of,
		data as of, date of report, run date, run time, last updated, stand vom, stand am, all rights reserved,
		copyright, strictly confidential, company confidential, highly confidential, streng vertraulich,
		for internal use, internal use only, nur fur, usage interne, data source, cost center, cost centre,
		business unit, generated, exported, wygenerowano`},
	{section, `department, dept, division, abteilung, bereich, kostenstelle, standort, niederlassung, location, region,
		branch, company, firma, section, departement, service, etablissement, departamento, sede, reparto, filiale,
		afdeling, vestiging, avdelning, dzial, departman`},
	{remark, `note, notes, remark, remarks, comment, comments, footer, footnote, footnotes, legend, disclaimer, source,
		sources, summary, notice, filters, anmerkung, anmerkungen, bemerkung, bemerkungen, kommentar, kommentare,
		hinweis, hinweise, fußnote, legende, quelle, quellen, zusammenfassung, remarque, remarques, commentaire,
		commentaires, résumé, nota, notas, observación, observaciones, comentario, comentarios, leyenda, resumen,
		fuente, osservazioni, commenti, riepilogo, fonte, observações, resumo, opmerking, opmerkingen,
		toelichting, samenvatting, uwagi, podsumowanie, poznámka, poznámky, açıklama, notlar, примечание, примечания,
		備考, 注記, 備註, 备注`},
	{noun, `row, rows, record, records, employee, employees, user, users, people, person, persons, entries, item,
		items, line, lines, worker, workers, headcount, staff, result, results, member, members, zeile, zeilen,
		datensatz, datensatze, mitarbeiter, personen, eintrag, eintrage, benutzer, ligne, lignes, employe, employes,
		enregistrement, enregistrements, salaries, utilisateur, utilisateurs, personne, personnes, fila, filas,
		registro, registros, empleado, empleados, usuario, usuarios, persona, personas, righe, dipendenti, utenti,
		persone, rijen, medewerkers, regels, linha, linhas, funcionario, funcionarios, colaborador, colaboradores,
		wierszy, pracownikow, satir, kayit, calisan, total, count, selected, affected, active, all, 件, 名, 人, 行, 명, 건, 位`},
	{leaver, `terminated, inactive, deactivated, deprovisioned, suspended, resigned, dismissed, leaver, ex-employee,
		former employee, deceased, offboarded, not active, non-active, account disabled, ausgeschieden, inaktiv,
		deaktiviert, gekündigt, ausgetreten, inactif, désactivé, suspendu, démissionné, démissionnaire, licencié,
		inactivo, inactiva, desactivado, suspendido, baja voluntaria, baja definitiva, baja laboral, de baja, cesado,
		despedido, inattivo, disattivato, sospeso, cessato, dimesso, dimissionario, licenziato, inactief, uit dienst,
		uitdienst, uit-dienst, geschorst, inativo, desativado, desligado, demitido, suspenso, nieaktywny, zwolniony,
		neaktivní, inaktív, ayrıldı, işten ayrıldı, неактивен, неактивный, уволен, уволена, 退職, 退職済み, 离职, 已离职`},
	{leaverInState, `disabled, blocked, retired, former, left, exited, gesperrt, ehemalig, pensioniert, sorti, sortie,
		parti, partie, retraité, baja, deshabilitado, jubilado, disabilitato, uitgeschakeld, pasif, slutat, отключен,
		заблокирован, 無効, 停用`},
	{no, `false, falsch, faux, falso, falsa, onwaar, no, n, nein, non, nee, não, nie, hayır, нет, 0, f, いいえ, 否, off`},
	{yes, `true, wahr, vrai, verdadero, vero, waar, verdadeiro, yes, y, ja, oui, sí, sim, tak, evet, да, 1, t, x, はい,
		是, on`},
}

// meanings maps a text in lower case, as it is or as plainWords leaves it, to its meanings. It is read only.
var meanings = func() map[string]meaning {
	all := make(map[string]meaning)
	for _, m := range meaningWords {
		for w := range strings.SplitSeq(m.words, ",") {
			w = strings.TrimSpace(w)
			all[w] |= m.meaning
			all[plainWords(w)] |= m.meaning
		}
	}
	return all
}()

// means reports whether a text in lower case has one of these meanings.
func means(lower string, m meaning) bool { return meanings[lower]&m != 0 }

// plainWords is a text in lower case and without diacritics, with single blanks.
func plainWords(s string) string {
	s = strings.ToLower(s)
	if strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) {
		isMark := func(r rune) bool { return unicode.Is(unicode.Mn, r) }
		bare := strings.Join(strings.FieldsFunc(norm.NFKD.String(s), isMark), "")
		s = norm.NFC.String(strings.NewReplacer("ł", "l", "ø", "o", "ı", "i").Replace(bare)) // these do not decompose
	}
	if strings.Contains(s, "  ") || strings.ContainsAny(s, "\t\n\r") {
		s = strings.Join(strings.Fields(s), " ")
	}
	return s
}
