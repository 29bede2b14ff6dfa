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

// checkPersons compares the person of each row that the run is for with what the file says of it, restores a
// user_subject that a spreadsheet damaged, and fails with *ChangedError where the rows cannot be run as they are.
func (l *Ledger) checkPersons(acceptPersons bool) error {
	changes := map[ChangeKind][]string{}
	for i := range l.Rows {
		r := &l.Rows[i]
		e := &r.Entry
		switch {
		case l.undo && !e.MayHaveCreated(), !l.undo && !e.Outcome.Done() && e.isEmptied(): // that one is derived again
			continue
		case l.undo && e.Outcome == provision.Created && e.UserID == "":
			return l.refuse("%s has no user_id: restore it, or delete the row", r.place())
		}
		if kind, change := r.findChange(); change != "" {
			changes[kind] = append(changes[kind], change)
		}
	}
	if acceptPersons {
		delete(changes, PersonChanged)
	}
	for _, kind := range []ChangeKind{SubjectDamaged, SubjectChanged, PersonChanged} {
		if rows := changes[kind]; rows != nil {
			return &ChangedError{l.Path, kind, rows}
		}
	}
	if rows := changes[subjectCorrected]; rows != nil {
		l.notify("%v", &ChangedError{l.Path, subjectCorrected, rows})
	}
	return nil
}

// findChange says what changed of the row's person, and restores a user_subject; "" where nothing did.
func (r *Row) findChange() (kind ChangeKind, change string) {
	e, subject := &r.Entry, subjectCell(r.Person.Subject)
	if !e.fits(e.UserSubject) && e.fits(subject) {
		e.UserSubject = subject
	}
	switch isSettled := e.Outcome.Done() || e.Outcome == provision.Pending; {
	case !e.fits(e.UserSubject), subject != e.UserSubject && spreadsheetChanges(e.UserSubject, subject):
		kind = SubjectDamaged
	case subject != e.UserSubject && isSettled:
		kind = SubjectChanged
	case subject != e.UserSubject:
		kind = subjectCorrected
	case e.Outcome == provision.Pending && !strings.EqualFold(e.Check, checkOf(e, r.Person)):
		return PersonChanged, fmt.Sprintf("%s is now %s", r.place(), describePerson(r.Person))
	default:
		return "", ""
	}
	return kind, r.subjectChange(subject)
}

// subjectChange says what is wrong with the row's subject, which is now another one or does not fit its check.
func (r *Row) subjectChange(subject string) string {
	was, is := text.Clip(r.Entry.UserSubject, maxShown), text.Clip(subject, maxShown)
	if was == is {
		return fmt.Sprintf("%s: %s does not fit the row's check", r.place(), csvfile.Quote(is))
	}
	return fmt.Sprintf("%s was %s, is now %s", r.place(), csvfile.Quote(was), csvfile.Quote(is))
}

// isEmptied reports whether somebody emptied what the row was, so that it is derived again; or the row is new.
func (e *Entry) isEmptied() bool { return e.UserSubject == "" && e.Check == "" }

// checkOf is the check cell of an entry, for a person's name and email. It proves, after a spreadsheet has saved
// the file, what the row was.
func checkOf(e *Entry, p provision.Person) string {
	return fmt.Sprintf("c-%08X-%08X", sumOf(e.Action, e.UserSubject, strconv.Itoa(int(e.Row))), sumOf(p.Name, p.Email))
}

// sumOf is the checksum of parts that are joined by a NUL each.
func sumOf(parts ...string) uint32 { return checksum([]byte(strings.Join(parts, "\x00"))) }

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
	const ofNumber = "0123456789.,+-/"
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	n = len(strings.TrimRight(a[:n], ofNumber))
	a, b = a[n:], b[n:]
	n = 0
	for n < min(len(a), len(b)) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	n = len(strings.TrimLeft(a[len(a)-n:], ofNumber))
	return a[:len(a)-n], b[:len(b)-n]
}
