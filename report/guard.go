package report

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/text"
)

// checkExisting decides whether the file at the place of a new ledger may be replaced. Only a result file is,
// whatever the options say.
func (l *Ledger) checkExisting() error {
	old, err := load(l.files, csvfile.Options{})
	stray := errors.Is(err, ErrStrayJournal)
	unreadable, _ := errors.AsType[*csvfile.Error](err)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case stray && l.options.Overwrite && old.info == nil: // its result file is gone
	case unreadable != nil:
		return &NotResultsError{Path: l.Path, Why: unreadable.Message}
	case l.options.Overwrite && !stray && (old.File != nil || errors.Is(err, ErrOldResults)):
		l.notify("%s is replaced", l.Path)
	case err != nil: // a stray journal, too, where an editor emptied the file: nobody asked to lose it
		return err
	case WasSent(old.Rows):
		s, action := old.Summary(), old.Action.String()
		return &ExistsError{l.Path, s.Rows, s.Rows - s.NotDone, old.isOf(l.File), action == l.Action.String(), action}
	default:
		l.notify("%s is replaced: no row of it was ever sent", l.Path)
	}
	l.info = old.info
	return nil
}

// isOf reports whether a result file is of an export: the same header and the same rows, cell by cell.
func (r *ResultFile) isOf(export *csvfile.File) bool {
	width := r.File.Block
	if !slices.Equal(r.File.Header.Cells[:width], export.Header.Cells) || len(r.Rows) != len(export.Records) {
		return false
	}
	cells := func(record csvfile.Record) string { // a spreadsheet may leave empty ones out at the end
		return strings.TrimRight(strings.Join(record.Cells[:min(width, len(record.Cells))], "\x00"), "\x00")
	}
	for i, row := range r.Rows {
		if row.Number > len(export.Records) || cells(r.File.Records[i]) != cells(export.Records[row.Number-1]) {
			return false
		}
	}
	return true
}

// checkPersons compares the person of each row that the run is for with what the file says of it, restores a
// user_subject that a spreadsheet damaged, and fails with *ChangedError where the rows cannot be run as they are.
func (l *Ledger) checkPersons(acceptPersons bool) error {
	changes := map[ChangeKind][]string{}
	for i := range l.Rows {
		r := &l.Rows[i]
		e := &r.Entry
		switch {
		case l.undo && !e.MayHaveCreated(): // the run is not for it
			continue
		case !l.undo && !e.Outcome.Done() && e.isEmptied(): // it is derived again
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
	case e.isEmptied(): // its user has the subject that it had
		kind = SubjectChanged
	case !e.fits(e.UserSubject), subject != e.UserSubject && spreadsheetChanges(e.UserSubject, subject):
		kind = SubjectDamaged
	case subject != e.UserSubject && isSettled:
		kind = SubjectChanged
	case subject != e.UserSubject:
		kind = subjectCorrected
	case e.Outcome == provision.Pending && !strings.EqualFold(e.Check, checkOf(e, r.Person)):
		return PersonChanged, fmt.Sprintf("%s is now %s", r.place(), r.Person.Describe())
	default:
		return "", ""
	}
	return kind, r.subjectChange(subject)
}

// subjectChange says what is wrong with the row's subject, which is now another one or does not fit its check.
func (r *Row) subjectChange(subject string) string {
	const most = 160 // bytes of a subject
	was, is := text.Clip(r.Entry.UserSubject, most), text.Clip(subject, most)
	if was == is {
		return fmt.Sprintf("%s: %s does not fit the row's check", r.place(), csvfile.Quote(is))
	}
	return fmt.Sprintf("%s was %s, is now %s", r.place(), csvfile.Quote(was), csvfile.Quote(is))
}

// spreadsheetChanges reports whether a subject became another as a spreadsheet does it by itself to a cell that the
// subject is made of: leading zeros are lost, many digits become 1.23E+11 or end in zeros, or the cell became a date.
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
