package roster

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/text"
)

// states warns of columns whose values say that people have left: every row becomes a user, theirs
// too.
func (w *warnings) states(r *Roster) {
	const most = 24 // a column of states has few values
	for i, header := range r.File.Header.Cells {
		if r.Columns.uses(i) || inBlock(r.File, i) {
			continue
		}
		counts := r.countValues(i, most, false)
		if len(counts) == 0 {
			continue
		}
		leaves := leaverTest(header, counts)
		var values, told []string
		for _, v := range counts {
			if v.text != "" && leaves(provision.Fold(v.text)) {
				values = append(values, v.text)
				told = append(told, text.Plural(v.rows, "row is ", "rows are ")+quote(v.text))
			}
		}
		if len(values) == 0 {
			continue
		}
		warning := Warning{
			Text: fmt.Sprintf("column %s: %s; every row becomes a user", quote(header), strings.Join(told, ", ")),
		}
		sameHeader := func(h string) bool { return h == header }
		if i == slices.IndexFunc(r.File.Header.Cells, sameHeader) &&
			!slices.ContainsFunc(r.File.Header.Cells[i+1:], sameHeader) {
			warning.Fix = csvfile.Fix{Option: OptionWhere, Value: header + "!=" + strings.Join(values, ",")}
		}
		w.file = append(w.file, warning)
	}
}

// leaverTest is the test of a column's values, folded, for those of people who have left.
func leaverTest(header string, counts []valueCount) func(string) bool {
	word := fold(withoutRemark(header))
	if slices.ContainsFunc(otherStates, func(other string) bool { return strings.Contains(word, other) }) {
		return func(string) bool { return false }
	}
	codes := false
	for _, v := range counts {
		codes = codes || provision.Fold(v.text) == "a"
	}
	isState := stateHeader(word)
	return func(v string) bool {
		switch {
		case leaverWords[v], leaverStates[v] && (isState || activeHeaders[word] || inactiveHeaders[word]):
			return true
		case word == "useraccountcontrol": // Active Directory: bit 2 is a disabled account
			n, err := strconv.Atoi(v)
			return err == nil && n&2 != 0
		case activeHeaders[word]:
			return noWords[v]
		case inactiveHeaders[word]:
			return yesWords[v]
		case isState:
			return codes && (v == "t" || v == "i") || slices.ContainsFunc(strings.FieldsFunc(v, notLetter), isLeaver)
		}
		return false
	}
}

// stateHeader reports whether a folded header is that of a column of states.
func stateHeader(word string) bool {
	return strings.Contains(word, "status") || slices.ContainsFunc(stateWords, func(s string) bool {
		return strings.HasSuffix(word, s) || strings.HasPrefix(word, s)
	})
}

func isLeaver(word string) bool { return leaverWords[word] }
func notLetter(r rune) bool     { return !unicode.IsLetter(r) }

func wordSet(words string) map[string]bool {
	set := make(map[string]bool)
	for w := range strings.SplitSeq(words, ",") {
		set[provision.Fold(strings.TrimSpace(w))] = true
	}
	return set
}

// They are read only. Values are folded as provision.Fold does, headers as fold does.
var (
	leaverWords = wordSet(`terminated, inactive, deactivated, deprovisioned, suspended, resigned, dismissed, leaver,
		ex-employee, former employee, deceased, offboarded, not active, non-active, account disabled,
		ausgeschieden, inaktiv, deaktiviert, gekündigt, ausgetreten, inactif, inactive, désactivé, suspendu,
		démissionné, démissionnaire, licencié, inactivo, inactiva, desactivado, suspendido, baja voluntaria,
		baja definitiva, baja laboral, de baja, cesado, despedido, inattivo, disattivato, sospeso, cessato,
		dimesso, dimissionario, licenziato, inactief, uit dienst, uitdienst, uit-dienst, geschorst, inativo,
		desativado, desligado, demitido, suspenso, nieaktywny, zwolniony, neaktivní, inaktív, ayrıldı,
		işten ayrıldı, неактивен, неактивный, уволен, уволена, 退職, 退職済み, 离职, 已离职`)
	// leaverStates say that somebody has left only in a column of states: elsewhere baja is low.
	leaverStates = wordSet(`disabled, blocked, retired, former, left, exited, gesperrt, ehemalig, pensioniert, sorti,
		sortie, parti, partie, retraité, baja, deshabilitado, jubilado, disabilitato, uitgeschakeld, pasif, slutat,
		отключен, заблокирован, 無効, 停用`)
	noWords = wordSet(`false, falsch, faux, falso, falsa, onwaar, no, n, nein, non, nee, não, nie, hayır, нет, 0,
		f, いいえ, 否, off`)
	yesWords = wordSet(`true, wahr, vrai, verdadero, vero, waar, verdadeiro, yes, y, ja, oui, sí, si, sim, tak,
		evet, да, 1, t, x, はい, 是, on`)

	activeHeaders = headerSet(`active activestatus isactive enabled isenabled accountenabled accountactive
		useractive userenabled currentlyactive currentemployee employed aktiv istaktiv aktiviert actif activo
		activa attivo attiva
		actief ativo ativa aktywny aktif активен 有効 在職`)
	inactiveHeaders = headerSet(`inactive isinactive disabled isdisabled accountdisabled userdisabled
		blockcredential blocksignin signinblocked blocked suspended issuspended terminated isterminated deleted isdeleted
		deactivated archived isarchived locked left inaktiv deaktiviert gesperrt geloescht geloscht ausgeschieden
		inactif desactive inactivo inattivo inactief inativo suspendido suspendu sospeso 無効 退職 退職フラグ`)
)

// stateWords begin or end the header of a column of states, folded. It is read only.
var stateWords = strings.Fields(`state zustand statut etat estado stato situacion situation
	situazione situacao lifecycle durum stav stan allapot статус 状态 状態 ステータス`)

// otherStates are parts of headers whose states say nothing of whether somebody has left. It is
// read only.
var otherStates = strings.Fields(`marital familienstand civil disability behinderung veteran military mfa 2fa 2sv
	twofactor multifactor 2step password passwort sync licen lizenz device laptop phone vpn badge permit visa benefit
	insurance deposit bank project mailbox forwarding`)

func headerSet(words string) map[string]bool {
	set := make(map[string]bool)
	for w := range strings.FieldsSeq(words) {
		set[fold(w)] = true
	}
	return set
}
