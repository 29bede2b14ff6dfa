package roster

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/text"
)

// warnOfStates warns of columns whose values say that people have left: every row becomes a user, theirs too. The condition
// that leaves them out is suggested where it can be written.
func (r *reader) warnOfStates() {
	const most = 24 // a column of states has few values
	for i, header := range r.File.Header.Cells {
		if r.Columns.uses(i) {
			continue
		}
		counts := r.countValues(i, most, false)
		leaves := leaverTest(header, counts)
		var values, rows []string
		for _, v := range counts {
			if v.text != "" && leaves(plainWords(v.text)) {
				values = append(values, v.text)
				rows = append(rows, text.Plural(v.rows, "row is ", "rows are ")+quote(v.text))
			}
		}
		if len(values) == 0 {
			continue
		}
		var fix csvfile.Fix
		others, leftOut := slices.Delete(slices.Clone(r.File.Header.Cells), i, i+1), strings.Join(values, ",")
		if !slices.Contains(others, header) && !strings.Contains(header, "=") && !hasEmptyValue(leftOut) {
			fix = csvfile.Fix{Option: OptionWhere, Value: header + "!=" + leftOut}
		}
		r.addWarning(fmt.Sprintf("column %s: %s; every row becomes a user", quote(header), strings.Join(rows, ", ")), fix)
	}
}

// leaverTest is the test of a column's values, as plainWords leaves them, for those of people who have left.
func leaverTest(header string, counts []valueCount) func(string) bool {
	word, flag := fold(withoutRemark(header)), rolesOf(header)&(activeFlag|inactiveFlag)
	if otherState.MatchString(word) {
		return func(string) bool { return false }
	}
	codes := slices.ContainsFunc(counts, func(v valueCount) bool { return plainWords(v.text) == "a" })
	isState := stateHeader.MatchString(word)
	return func(v string) bool {
		switch {
		case means(v, leaver), means(v, leaverInState) && (isState || flag != 0):
			return true
		case word == "useraccountcontrol": // Active Directory: bit 2 is a disabled account
			n, err := strconv.Atoi(v)
			return err == nil && n&2 != 0
		case flag&activeFlag != 0:
			return means(v, no)
		case flag&inactiveFlag != 0:
			return means(v, yes)
		case isState && codes && (v == "t" || v == "i"):
			return true
		}
		words := strings.FieldsFunc(v, func(r rune) bool { return !unicode.IsLetter(r) })
		return isState && slices.ContainsFunc(words, func(w string) bool { return means(w, leaver) })
	}
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
