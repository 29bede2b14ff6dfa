package roster

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/text"
)

// states warns of columns whose values say that people have left: every row becomes a user, theirs
// too.
func (w *warnings) states(r *Roster, today time.Time) {
	for i, header := range r.File.Header.Cells {
		if r.Columns.uses(i) || inBlock(r.File, i) {
			continue
		}
		told, leftOut := r.leavers(i)
		if told == "" && rolesOf(header)&leaveDate != 0 {
			told, leftOut = r.pastDates(i, today)
		}
		if told == "" {
			continue
		}
		var fix csvfile.Fix
		others := slices.Concat(r.File.Header.Cells[:i], r.File.Header.Cells[i+1:])
		if leftOut != "" && !slices.Contains(others, header) {
			fix = csvfile.Fix{Option: OptionWhere, Value: header + leftOut}
		}
		w.add(fmt.Sprintf("column %s: %s; every row becomes a user", quote(header), told), fix)
	}
}

// leavers tells how many rows have which state of somebody who has left, and the condition behind the
// header that leaves them out; both are "" where there are none.
func (r *Roster) leavers(column int) (told, leftOut string) {
	const most = 24 // a column of states has few values
	counts := r.countValues(column, most, false)
	leaves := leaverTest(r.File.Header.Cells[column], counts)
	var values, rows []string
	for _, v := range counts {
		if v.text != "" && leaves(plainWords(v.text)) {
			values = append(values, v.text)
			rows = append(rows, text.Plural(v.rows, "row is ", "rows are ")+quote(v.text))
		}
	}
	if len(values) == 0 {
		return "", ""
	}
	told, leftOut = strings.Join(rows, ", "), strings.Join(values, ",")
	if slices.Contains(foldAll(strings.Split(leftOut, ",")), "") {
		return told, "" // Terminated, cannot be told from Terminated and an empty value
	}
	return told, "!=" + leftOut
}

// leaverTest is the test of a column's values, as plainWords leaves them, for those of people who have
// left.
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

// pastDates is leavers for a column of the dates on which people leave. The condition keeps the rows
// without a date; there is none where a date is still to come, or no row is without one.
func (r *Roster) pastDates(column int, today time.Time) (told, leftOut string) {
	past, empty, other := 0, 0, 0
	for i := range r.Rows {
		switch v := cellAt(r.Rows[i].Record.Cells, column); {
		case r.Rows[i].Skipped:
		case v == "":
			empty++
		case isPast(v, today):
			past++
		default:
			other++
		}
	}
	if past == 0 {
		return "", ""
	}
	if empty > 0 && other == 0 {
		leftOut = "="
	}
	return text.Plural(past, "row has a date in the past", "rows have dates in the past"), leftOut
}

// isPast reports whether a text is a date before today, in whatever order of day and month. A date in
// the first days of a computer's calendar stands for none.
func isPast(s string, today time.Time) bool {
	s = timeOfDay.ReplaceAllString(s, "")
	past := false
	for _, layout := range []string{
		"2006-1-2", "2006/1/2", "2006.1.2", "20060102", "2.1.2006", "1/2/2006", "2/1/2006", "1-2-2006", "2-1-2006",
		"2.1.06", "1/2/06", "2/1/06", "2-Jan-2006", "2-Jan-06", "2 Jan 2006", "2 January 2006", "Jan 2, 2006",
		"January 2, 2006",
	} {
		if t, err := time.Parse(layout, s); err == nil {
			if t.Year() <= 1970 || !t.Before(today.Truncate(24*time.Hour)) {
				return false
			}
			past = true
		}
	}
	return past
}

// The headers are folded as fold does. All of it is read only. stateHeader is that of a column of
// states; otherState is a part of a header whose states say nothing of whether somebody has left.
var (
	timeOfDay   = regexp.MustCompile(`[T ]\d{1,2}:\d\d.*$`)
	stateHeader = regexp.MustCompile(strings.ReplaceAll(`status|^(WORD)|(WORD)$`, "WORD", `state|zustand|statut|etat|`+
		`estado|stato|situacion|situation|situazione|situacao|lifecycle|`+
		`durum|stav|stan|allapot|статус|状态|状態|ステータス`))
	otherState = regexp.MustCompile(`marital|familienstand|civil|disability|behinderung|veteran|military|mfa|2fa|2sv|` +
		`twofactor|multifactor|2step|password|passwort|sync|licen|lizenz|device|laptop|phone|vpn|badge|permit|visa|` +
		`benefit|insurance|deposit|bank|project|mailbox|forwarding`)
)
