package roster

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"qlik-provision/provision/text"
)

// warnOfStates warns of columns whose values say that people have left: every row becomes a user, theirs too. The
// condition that leaves them out is suggested where it can be written.
func (r *reader) warnOfStates() {
	const most = 24 // a column of states has few values
	for i, header := range r.headers {
		if r.Columns.uses(i) {
			continue
		}
		counts := r.countValues(i, most, false)
		isCoded := slices.ContainsFunc(counts, func(v valueCount) bool { return plainWords(v.text) == "a" })
		var values, rows []string
		for _, v := range counts {
			if v.text != "" && hasLeft(header, plainWords(v.text), isCoded) {
				values = append(values, v.text)
				rows = append(rows, text.Plural(v.rows, "row is ", "rows are ")+quote(v.text))
			}
		}
		if len(values) == 0 {
			continue
		}
		where, leftOut := "", strings.Join(values, ",")
		same := r.columns(func(i int) bool { return r.headers[i] == header })
		if len(same) == 1 && !strings.Contains(header, "=") && !hasEmptyValue(leftOut) {
			where = header + "!=" + leftOut
		}
		r.addWarning(fmt.Sprintf("column %s: %s; every row becomes a user", quote(header), strings.Join(rows, ", ")), where)
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
