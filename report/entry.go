package report

import (
	"errors"
	"io"
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
	Code        Text              `csv:"code"`
	Message     Text              `csv:"message"`
	UserID      Text              `csv:"user_id"`
	UserSubject string            `csv:"user_subject"` // as it is or would be sent
	HTTPStatus  Number            `csv:"http_status"`
	TraceID     Text              `csv:"trace_id"`
	Attempts    Number            `csv:"attempts"`
	FinishedAt  Time              `csv:"finished_at"`
	Tenant      string            `csv:"tenant"` // host with port; empty in a plan that contacted nobody
	Check       string            `csv:"check"`
	Row         Number            `csv:"row"`
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

// decodeEntries maps cells to entries. Cells that hold nonsense become zero values; whether that can be
// accepted is for the caller to judge.
func decodeEntries(cells [][]string) ([]Entry, error) {
	entries := make([]Entry, len(cells))
	if len(cells) == 0 {
		return entries, nil
	}
	err := gocsv.UnmarshalCSVWithoutHeaders(cellReader(cells), &entries)
	return entries, err
}

// A batch is an array, not a slice: reflection can read its fields without a copy of each.
type batch [roster.BatchSize]Entry

// encodeEntries maps the first n entries of a batch to cells, and calls write with those of each. The slice is reused
// for the next one.
func encodeEntries(entries *batch, n int, write func(cells []string) error) error {
	enough := errors.New("the entries after the first n are not mapped")
	err := gocsv.MarshalCSVWithoutHeaders(*entries, cellWriter(func(cells []string) error {
		if n--; n < 0 {
			return enough
		}
		return write(cells)
	}))
	if errors.Is(err, enough) {
		return nil
	}
	return err
}

// encodeEntry maps an entry to cells.
func encodeEntry(e Entry, write func(cells []string) error) error {
	return gocsv.MarshalCSVWithoutHeaders([1]Entry{e}, cellWriter(write))
}

// A cellReader is a gocsv.CSVReader of records that are in memory. gocsv calls ReadAll alone where it fills a slice.
type cellReader [][]string

func (r cellReader) ReadAll() ([][]string, error) { return r, nil }
func (r cellReader) Read() ([]string, error)      { return nil, io.EOF }

// A cellWriter is a gocsv.CSVWriter that passes each record on.
type cellWriter func(cells []string) error

func (w cellWriter) Write(cells []string) error { return w(cells) }
func (w cellWriter) Flush()                     {}
func (w cellWriter) Error() error               { return nil }

// A Number is written only where it is not 0. What is no whole number, or below 0, is read as 0: a column that
// informs people does not keep a file from being read.
type Number int

// MarshalCSV writes nothing for 0.
func (n Number) MarshalCSV() (string, error) {
	if n == 0 {
		return "", nil
	}
	return strconv.Itoa(int(n)), nil
}

// UnmarshalCSV does not fail.
func (n *Number) UnmarshalCSV(cell string) error {
	*n = 0
	if i, err := strconv.ParseUint(strings.TrimSpace(cell), 10, 31); err == nil {
		*n = Number(i)
	}
	return nil
}

// A Time is a moment in UTC, in RFC 3339 with milliseconds. The zero Time is an empty cell; anything else is
// read as that.
type Time struct{ time.Time }

// MarshalCSV writes RFC 3339.
func (t Time) MarshalCSV() (string, error) {
	if t.IsZero() {
		return "", nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z07:00"), nil
}

// UnmarshalCSV does not fail.
func (t *Time) UnmarshalCSV(cell string) error {
	at, _ := time.Parse(time.RFC3339, strings.TrimSpace(cell))
	*t = Time{at.UTC()}
	return nil
}

// Text is what the tenant says, or may have said. As a cell it has no control characters, and no spreadsheet
// takes it or a part of it for a formula, whichever separator the file is opened with: an apostrophe stands in
// front of the character that would begin it.
type Text string

// maxText is the size of a Text's cell in bytes, apostrophes aside: enough for any message, and far below what
// a cell may hold.
const maxText = 4 << 10

// MarshalCSV escapes the text. Escaping it again changes nothing.
func (t Text) MarshalCSV() (string, error) {
	return escapeFormulas(cleanCell(text.Clip(string(t), maxText))), nil
}

// UnmarshalCSV takes an apostrophe away that MarshalCSV wrote in front, so that an ID is what it was.
func (t *Text) UnmarshalCSV(cell string) error {
	rest, found := strings.CutPrefix(cell, "'")
	if first, _ := utf8.DecodeRuneInString(rest); found && startsFormula(first) {
		cell = rest
	}
	*t = Text(cell)
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
