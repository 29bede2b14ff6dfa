package report

import (
	"cmp"
	"fmt"
	"hash/crc32"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gocarina/gocsv"

	"qlik-provision/provision"
	"qlik-provision/provision/roster"
	"qlik-provision/provision/text"
)

// An Entry is what the result file says of a row: our thirteen columns, in their order. gocsv maps it to cells
// and back.
type Entry struct {
	Action      string            `csv:"action"`
	Outcome     provision.Outcome `csv:"outcome"`
	Code        TextCell          `csv:"code"`
	Message     TextCell          `csv:"message"`
	UserID      TextCell          `csv:"user_id"`
	UserSubject string            `csv:"user_subject"` // as it is or would be sent
	HTTPStatus  NumberCell        `csv:"http_status"`
	TraceID     TextCell          `csv:"trace_id"`
	Attempts    NumberCell        `csv:"attempts"`
	FinishedAt  TimeCell          `csv:"finished_at"`
	Tenant      string            `csv:"tenant"` // host with port; empty in a plan that contacted nobody
	Check       string            `csv:"check"`
	Row         NumberCell        `csv:"row"`
}

// Columns are the names of our columns in their order.
func Columns() []string { return strings.Split(columns, ",") }

const columns = "action,outcome,code,message,user_id,user_subject,http_status,trace_id,attempts,finished_at,tenant," +
	"check,row"

// blockSize is the number of our columns.
const blockSize = 13

// trim removes what an editor may have left around values or in them.
func (e *Entry) trim() {
	for _, value := range []*string{&e.Action, (*string)(&e.Outcome), &e.UserSubject, &e.Tenant, &e.Check} {
		*value = strings.TrimSpace(cleanCell(*value))
	}
	e.Outcome = provision.Outcome(strings.ToLower(string(e.Outcome)))
	if e.Outcome == "" { // a cell that was emptied: the row is to be run
		e.Outcome = provision.Pending
	}
}

// withResult is the entry after a result. Attempts of earlier runs stay where this one made none.
func (e Entry) withResult(r provision.Result) Entry {
	e.Outcome = r.Outcome
	e.Code = TextCell(r.Code)
	e.Message = TextCell(r.Message)
	e.UserID = TextCell(r.UserID)
	e.HTTPStatus = NumberCell(r.HTTPStatus)
	e.TraceID = TextCell(r.TraceID)
	e.Attempts = cmp.Or(NumberCell(r.Attempts), e.Attempts)
	e.FinishedAt = TimeCell{r.FinishedAt.UTC().Truncate(time.Millisecond)} // as it is read again
	return e
}

// MayHaveCreated reports whether a run of the file created the row's user, or may have: undo is for such rows.
func (e Entry) MayHaveCreated() bool {
	return e.Outcome == provision.Created || e.Outcome == provision.Pending && e.Code == provision.CodeMaybeCreated
}

// isEmptied reports whether somebody emptied what the row was, so that it is derived again; or the row is new.
func (e *Entry) isEmptied() bool { return e.UserSubject == "" && e.Check == "" }

// maxSubject is the size of a subject in bytes: a cell of twice that size could not be read again.
const maxSubject = 30 << 10

// subjectCell is a subject as it stands in the user_subject column.
func subjectCell(subject string) string {
	return strings.TrimSpace(cleanCell(text.Clip(subject, maxSubject)))
}

// checkOf is the check cell of an entry, for a person's name and email. It proves, after a spreadsheet has saved
// the file, what the row was.
func checkOf(e *Entry, p provision.Person) string {
	return fmt.Sprintf("c-%08X-%08X", sumOf(e.Action, e.UserSubject, strconv.Itoa(int(e.Row))), sumOf(p.Name, p.Email))
}

// fits reports whether the first half of the entry's check is of a subject.
func (e *Entry) fits(subject string) bool {
	const half = len("c-00000000-")
	want := checkOf(&Entry{Action: e.Action, UserSubject: subject, Row: e.Row}, provision.Person{})
	return len(e.Check) == len(want) && strings.EqualFold(e.Check[:half], want[:half])
}

// sumOf is the checksum of parts that are joined by a NUL each.
func sumOf(parts ...string) uint32 { return checksum([]byte(strings.Join(parts, "\x00"))) }

// checksum is the CRC-32C of b.
func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// decodeEntries maps cells to entries. Cells that hold nonsense become zero values; whether that can be
// accepted is for the caller to judge.
func decodeEntries(cells [][]string) ([]Entry, error) {
	entries := make([]Entry, len(cells))
	if len(cells) == 0 {
		return entries, nil
	}
	err := gocsv.UnmarshalCSVWithoutHeaders(roster.Table(cells), &entries)
	return entries, err
}

// encodeEntries maps an array of entries to cells. The slice that write gets is reused for the next entry.
func encodeEntries(array any, write func(cells []string) error) error {
	return gocsv.MarshalCSVWithoutHeaders(array, cellWriter(write))
}

// A cellWriter is a gocsv.CSVWriter that passes each record on.
type cellWriter func(cells []string) error

func (w cellWriter) Write(cells []string) error { return w(cells) }
func (w cellWriter) Flush()                     {}
func (w cellWriter) Error() error               { return nil }

// A NumberCell is written only where it is not 0. What is no whole number, or below 0, is read as 0: a column that
// informs people does not keep a file from being read.
type NumberCell int

// MarshalCSV writes nothing for 0.
func (n NumberCell) MarshalCSV() (string, error) {
	if n == 0 {
		return "", nil
	}
	return strconv.Itoa(int(n)), nil
}

// UnmarshalCSV does not fail.
func (n *NumberCell) UnmarshalCSV(cell string) error {
	*n = 0
	if i, err := strconv.ParseUint(strings.TrimSpace(cell), 10, 31); err == nil {
		*n = NumberCell(i)
	}
	return nil
}

// A TimeCell is a moment in UTC, in RFC 3339 with milliseconds. The zero TimeCell is an empty cell; anything else is
// read as that.
type TimeCell struct{ time.Time }

// MarshalCSV writes RFC 3339.
func (t TimeCell) MarshalCSV() (string, error) {
	if t.IsZero() {
		return "", nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z07:00"), nil
}

// UnmarshalCSV does not fail.
func (t *TimeCell) UnmarshalCSV(cell string) error {
	at, _ := time.Parse(time.RFC3339, strings.TrimSpace(cell))
	*t = TimeCell{at.UTC()}
	return nil
}

// A TextCell is what the tenant says, or may have said. As a cell it has no control characters, and no spreadsheet
// takes it or a part of it for a formula, whichever separator the file is opened with: an apostrophe stands in
// front of the character that would begin it.
type TextCell string

// maxText is the size of a TextCell in bytes, apostrophes aside: enough for any message, and far below what
// a cell may hold.
const maxText = 4 << 10

// MarshalCSV escapes the text. Escaping it again changes nothing.
func (t TextCell) MarshalCSV() (string, error) {
	return escapeFormulas(cleanCell(text.Clip(string(t), maxText))), nil
}

// UnmarshalCSV takes an apostrophe away that MarshalCSV wrote in front, so that an ID is what it was.
func (t *TextCell) UnmarshalCSV(cell string) error {
	rest, found := strings.CutPrefix(cell, "'")
	if first, _ := utf8.DecodeRuneInString(rest); found && startsFormula(first) {
		cell = rest
	}
	*t = TextCell(cell)
	return nil
}

// cleanCell replaces each control character, and each that changes the direction of writing, by a space.
func cleanCell(s string) string {
	return strings.Map(func(r rune) rune {
		if text.IsControl(r) || text.IsBidi(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

// escapeFormulas puts an apostrophe in front of each character that may begin a formula: where a cell begins, or would
// begin if s were cut at a separator. A dash between blanks is a dash.
func escapeFormulas(s string) string {
	if !strings.ContainsFunc(s, startsFormula) {
		return s
	}
	return afterBlank.ReplaceAllString(afterSeparator.ReplaceAllString(s, "$1'$2"), "$1'$2")
}

// They are read only: what may begin a formula, behind what separates cells. Characters of Cf have no width.
var (
	afterSeparator = regexp.MustCompile(`((?:^|[,;|:^~"，；])[\s\p{Z}\p{Cf}]*)([=+\-@＝＋－＠])`)
	afterBlank     = regexp.MustCompile(`([\s\p{Z}]\p{Cf}*)([=+\-@＝＋－＠](?:[^\s\p{Z}]|$))`)
)

// startsFormula reports whether a spreadsheet takes a cell that begins with r for a formula.
func startsFormula(r rune) bool { return strings.ContainsRune("=+-@＝＋－＠", r) }
