package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gocarina/gocsv"

	"qlik-provision/provision"
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
func Columns() []string {
	return []string{"action", "outcome", "code", "message", "user_id", "user_subject", "http_status", "trace_id",
		"attempts", "finished_at", "tenant", "check", "row"}
}

// oldColumns are the columns of an earlier version's result files.
func oldColumns() []string {
	return []string{"outcome", "user_id", "user_subject", "message", "error_code", "http_status", "trace_id",
		"attempts", "finished_at", "tenant", "row"}
}

// blockSize is the number of our columns.
const blockSize = 13

// decodeEntries maps cells to entries. Cells that hold nonsense become zero values; whether that can be
// accepted is for the caller to judge.
func decodeEntries(cells [][]string) ([]Entry, error) {
	entries := make([]Entry, len(cells))
	if len(cells) == 0 {
		return entries, nil
	}
	if err := gocsv.UnmarshalCSVWithoutHeaders(cellReader(cells), &entries); err != nil {
		return nil, fmt.Errorf("reading result columns: %w", err)
	}
	return entries, nil
}

// encodeEntries maps entries to cells, and calls write with those of each. The slice is reused for the next
// one.
func encodeEntries(entries []Entry, write func(cells []string) error) error {
	return gocsv.MarshalCSVWithoutHeaders(entries, cellWriter(write))
}

// A cellReader is a gocsv.CSVReader of records that are in memory.
type cellReader [][]string

func (r cellReader) ReadAll() ([][]string, error) { return r, nil }

// Read is part of gocsv.CSVReader. gocsv calls ReadAll alone where it fills a slice.
func (r cellReader) Read() ([]string, error) { return nil, fmt.Errorf("a record alone cannot be read") }

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
	i, err := strconv.ParseInt(strings.TrimSpace(cell), 10, 32)
	if err != nil || i < 0 {
		i = 0
	}
	*n = Number(i)
	return nil
}

// A Time is a moment in UTC, in RFC 3339 with milliseconds. The zero Time is an empty cell; anything else is
// read as that.
type Time struct{ time.Time }

// timeOf is t as it is read again after it was written.
func timeOf(t time.Time) Time { return Time{t.UTC().Truncate(time.Millisecond)} }

// MarshalCSV writes RFC 3339.
func (t Time) MarshalCSV() (string, error) {
	if t.IsZero() {
		return "", nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z07:00"), nil
}

// UnmarshalCSV does not fail.
func (t *Time) UnmarshalCSV(cell string) error {
	at, err := time.Parse(time.RFC3339, strings.TrimSpace(cell))
	if err != nil {
		at = time.Time{}
	}
	*t = Time{at.UTC()}
	return nil
}
