package report

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/text"
)

// guardPersons compares each row's person with what the file says of it, restores a user_subject that a
// spreadsheet damaged, and fails with *ChangedError where the rows cannot be run as they are.
func (l *Ledger) guardPersons(acceptPersons bool) error {
	var damaged, changed, corrected, persons []string
	for i := range l.rows {
		r := &l.rows[i]
		e, subject := &r.Entry, subjectCell(r.Person.Subject)
		emptied := e.UserSubject == "" && e.Check == ""
		fits := e.fits(e.UserSubject)
		if !fits && e.fits(subject) {
			e.UserSubject, l.unsaved, fits = subject, true, true
		}
		switch {
		case emptied && e.Outcome.Done() && subject != "": // its user has the subject that it had
			changed = append(changed, r.subjectChange(subject))
		case emptied: // it is derived
		case !fits:
			damaged = append(damaged, r.subjectChange(subject))
		case subject == e.UserSubject:
			if e.Outcome == provision.Pending && !strings.EqualFold(e.Check, checkOf(e, r.Person)) {
				persons = append(persons, fmt.Sprintf("%s is now %s", r.place(), describePerson(r.Person)))
			}
		case spreadsheetChanges(e.UserSubject, subject):
			damaged = append(damaged, r.subjectChange(subject))
		case e.Outcome.Done() || e.Outcome == provision.Pending:
			changed = append(changed, r.subjectChange(subject))
		default:
			corrected = append(corrected, r.subjectChange(subject))
		}
	}
	name := l.files.name
	switch {
	case damaged != nil:
		return &ChangedError{name, SubjectDamaged, damaged}
	case changed != nil:
		return &ChangedError{name, SubjectChanged, changed}
	case persons != nil && !acceptPersons:
		return &ChangedError{name, PersonChanged, persons}
	case corrected != nil:
		l.notify("%s: the subject of %s was corrected:%s", name, text.Plural(len(corrected), "row", "rows"),
			listRows(corrected))
	}
	return nil
}

// place is where the row stands in a result file.
func (r *Row) place() string { return fmt.Sprintf("row %d (line %d)", r.Number, r.Line) }

// subjectChange says what is wrong with the row's subject, which is now another one or does not fit its check.
func (r *Row) subjectChange(subject string) string {
	was, is := text.Clip(r.Entry.UserSubject, maxShown), text.Clip(subject, maxShown)
	if was == is {
		return fmt.Sprintf("%s: %s does not fit the row's check", r.place(), csvfile.Quote(is))
	}
	return fmt.Sprintf("%s was %s, is now %s", r.place(), csvfile.Quote(was), csvfile.Quote(is))
}

// checkOf is the check cell of an entry, for a person's name and email. It proves, after a spreadsheet has saved
// the file, what the row was.
func checkOf(e *Entry, p provision.Person) string {
	row := e.Action + "\x00" + e.UserSubject + "\x00" + strconv.Itoa(int(e.Row))
	check := appendHex([]byte("c-"), checksum([]byte(row)))
	check = appendHex(append(check, '-'), checksum([]byte(p.Name+"\x00"+p.Email)))
	return string(check)
}

// appendHex appends eight hexadecimal digits.
func appendHex(b []byte, sum uint32) []byte {
	for shift := 28; shift >= 0; shift -= 4 {
		b = append(b, "0123456789ABCDEF"[sum>>shift&15])
	}
	return b
}

// fits reports whether the first half of the entry's check is of a subject.
func (e *Entry) fits(subject string) bool {
	const half, whole = len("c-00000000-"), len("c-00000000-00000000")
	if len(e.Check) != whole {
		return false
	}
	want := checkOf(&Entry{Action: e.Action, UserSubject: subject, Row: e.Row}, provision.Person{})
	return strings.EqualFold(e.Check[:half], want[:half])
}

// maxSubject is the size of a subject in bytes: a cell of twice that size could not be read again.
const maxSubject = 30 << 10

// subjectCell is a subject as it stands in the user_subject column.
func subjectCell(subject string) string {
	return strings.TrimSpace(cleanCell(text.Clip(subject, maxSubject)))
}

// spreadsheetChanges reports whether a subject became another as a spreadsheet does it by itself to a cell
// that the subject is made of: leading zeros are lost, many digits become 1.23E+11 or end in zeros, or the
// cell became a date.
func spreadsheetChanges(was, is string) bool {
	was, is = cutCommon(was, is)
	if dateLike.MatchString(is) && strings.ContainsAny(was, "0123456789") && !dateLike.MatchString(was) {
		return true
	}
	a, errA := strconv.ParseFloat(was, 64)
	b, errB := strconv.ParseFloat(strings.Replace(is, ",", ".", 1), 64)
	tolerance := 1e-14 // of digits behind the fifteenth
	if strings.ContainsAny(is, "eE") {
		tolerance = 0.01
	}
	return errA == nil && errB == nil && math.Abs(a-b) <= math.Abs(a)*tolerance
}

// dateLike matches what spreadsheets write for a date: 03.04.2024, 4/3/24, 2024-04-03, 3-Apr, Apr 24, 03. Mrz.
var dateLike = regexp.MustCompile(`^(\d{1,4}[./-]\d{1,2}[./-]\d{1,4}` +
	`|\d{1,2}\.?[ ./-]?\p{L}{3,9}\.?([ ./-]\d{2,4})?` +
	`|\p{L}{3,9}\.?[ ./-]\d{2,4})$`)

// cutCommon takes away what two texts have in common in front and at the end, down to the number or date that
// differs.
func cutCommon(a, b string) (string, string) {
	ofNumber := func(c byte) bool { return c >= '0' && c <= '9' || strings.IndexByte(".,+-/", c) >= 0 }
	from := 0
	for from < min(len(a), len(b)) && a[from] == b[from] {
		from++
	}
	for from > 0 && ofNumber(a[from-1]) {
		from--
	}
	a, b = a[from:], b[from:]
	end := 0
	for end < min(len(a), len(b)) && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	for end > 0 && ofNumber(a[len(a)-end]) {
		end--
	}
	return a[:len(a)-end], b[:len(b)-end]
}
