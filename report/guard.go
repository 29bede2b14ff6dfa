package report

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"qlik-provision/provision"
	"qlik-provision/provision/text"
)

// guard compares each row's person with what the file says of it, restores a user_subject that a spreadsheet
// damaged, and fails with *SubjectsError or *ChangedError where the rows cannot be run as they are.
func (l *Ledger) guard() error {
	var damaged, moved, renamed, corrected rowList
	for i := range l.rows {
		r := &l.rows[i]
		e := &r.Entry
		if e.UserSubject == "" && e.Check == "" {
			continue // to be derived
		}
		subject := subjectCell(r.Person.Subject)
		ofSubject, ofPerson, ok := parseCheck(e.Check)
		switch {
		case r.fits(l.actionText):
		case ok && ofSubject == subjectSum(l.actionText, subject, r.Number):
			e.UserSubject = subject
			l.unsaved = true
		default:
			damaged.add(r, e.UserSubject, subject)
			continue
		}
		switch {
		case subject == e.UserSubject:
			if e.Outcome == provision.Pending && ofPerson != personSum(r.Person) {
				renamed.add(r, "", describePerson(r.Person))
			}
		case e.Outcome.Done() || e.Outcome == provision.Pending:
			moved.add(r, e.UserSubject, subject)
		case spreadsheetChanges(e.UserSubject, subject):
			damaged.add(r, e.UserSubject, subject)
		default:
			corrected.add(r, e.UserSubject, subject)
		}
	}
	switch {
	case damaged.total > 0:
		return &SubjectsError{l.files.name, damaged.first, damaged.total, true}
	case moved.total > 0:
		first := moved.first[0]
		return &SubjectsError{l.files.name, moved.first, moved.total, spreadsheetChanges(first.Was, first.Is)}
	case renamed.total > 0 && !l.options.AcceptChanges:
		return &ChangedError{l.files.name, renamed.first, renamed.total}
	}
	if renamed.total > 0 {
		l.notify("%v", &ChangedError{l.files.name, renamed.first, renamed.total})
	}
	if corrected.total > 0 {
		l.notify("%s: the subject of %s was corrected:%s", l.files.name, text.Plural(corrected.total, "row", "rows"),
			listRows(corrected.first, corrected.total, false))
	}
	return nil
}

// A rowList counts rows and keeps the first ones.
type rowList struct {
	first []ChangedRow
	total int
}

func (l *rowList) add(r *Row, was, is string) {
	if l.total++; l.total <= maxListed {
		l.first = append(l.first, ChangedRow{r.Number, r.Line, text.Clip(was, maxShown), text.Clip(is, maxShown)})
	}
}

// checkOf is a row's cell in the check column. It proves, after a spreadsheet has saved the file, what the row
// was.
func checkOf(action, subject string, row int, p provision.Person) string {
	return fmt.Sprintf("c-%08X-%08X", subjectSum(action, subject, row), personSum(p))
}

func subjectSum(action, subject string, row int) uint32 {
	return sum(action, subject, strconv.Itoa(row))
}

func personSum(p provision.Person) uint32 { return sum(p.Name, p.Email) }

// sum is the CRC-32C of parts joined by a NUL each.
func sum(parts ...string) uint32 {
	b := make([]byte, 0, 256)
	for i, part := range parts {
		if i > 0 {
			b = append(b, 0)
		}
		b = append(b, part...)
	}
	return checksum(b)
}

// parseCheck takes a check apart; ok is false where it is none.
func parseCheck(check string) (ofSubject, ofPerson uint32, ok bool) {
	parts := strings.Split(check, "-")
	if len(parts) != 3 || !strings.EqualFold(parts[0], "c") {
		return 0, 0, false
	}
	a, errA := strconv.ParseUint(parts[1], 16, 32)
	b, errB := strconv.ParseUint(parts[2], 16, 32)
	return uint32(a), uint32(b), errA == nil && errB == nil
}

// fits reports whether a row's check fits what the file says of it.
func (r *Row) fits(action string) bool {
	ofSubject, _, ok := parseCheck(r.Entry.Check)
	return ok && ofSubject == subjectSum(action, r.Entry.UserSubject, r.Number)
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
