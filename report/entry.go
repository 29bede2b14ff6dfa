// Package report keeps the result file of a run: every row of the export with what became of it. The file is the ledger that a
// run works through, so it is whole before the first request, and can be run again. The package also counts and shows it.
package report

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"qlik-provision/provision"
)

// Columns are the names of our columns, in the order in which they stand behind the export's own.
func Columns() []string {
	return []string{"outcome", "user_id", "user_subject", "message", "error_code", "http_status", "trace_id", "attempts",
		"finished_at", "tenant", "row"}
}

// Where the columns stand that are looked at without decoding all of them.
const (
	outcomeColumn = 0
	subjectColumn = 2
	messageColumn = 3
	tenantColumn  = 9
	rowColumn     = 10
	columns       = 11
)

// An Entry is what the result file says of one row: our columns, in their order.
type Entry struct {
	Outcome     provision.State `csv:"outcome"`
	UserID      string          `csv:"user_id"`
	UserSubject string          `csv:"user_subject"` // as it was or would be sent
	Message     string          `csv:"message"`
	ErrorCode   string          `csv:"error_code"`
	HTTPStatus  Number          `csv:"http_status"`
	TraceID     string          `csv:"trace_id"`
	Attempts    Number          `csv:"attempts"`
	FinishedAt  Time            `csv:"finished_at"`
	Tenant      string          `csv:"tenant"` // host with port; empty in a plan that asked nobody
	Row         int             `csv:"row"`    // of the export, from 1
}

// A Number is a count that is written only where there is something to count. What is no number is read as 0: a column that
// tells people something must not keep a file from being read.
type Number int

// MarshalCSV writes nothing for 0.
func (n Number) MarshalCSV() (string, error) {
	if n == 0 {
		return "", nil
	}
	return strconv.Itoa(int(n)), nil
}

// UnmarshalCSV never fails.
func (n *Number) UnmarshalCSV(s string) error {
	i, _ := strconv.Atoi(strings.TrimSpace(s))
	*n = Number(i)
	return nil
}

// A Time is a moment in UTC, to the millisecond; the zero Time is written as nothing, and what is no time is read as that.
type Time struct{ time.Time }

// MarshalCSV writes RFC 3339.
func (t Time) MarshalCSV() (string, error) {
	if t.IsZero() {
		return "", nil
	}
	at := t.UTC()
	ms := at.Nanosecond() / 1e6
	// Package time writes whole seconds of this form many times as fast as any other.
	b := at.AppendFormat(make([]byte, 0, len("2006-01-02T15:04:05.000Z")), time.RFC3339)
	b = append(b[:len(b)-1], '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10), 'Z')
	return string(b), nil
}

// UnmarshalCSV never fails.
func (t *Time) UnmarshalCSV(s string) error {
	at, err := time.Parse(time.RFC3339, strings.TrimSpace(s))
	if err != nil {
		at = time.Time{}
	}
	t.Time = at.UTC()
	return nil
}

// entryOf is how an outcome stands in the file.
func entryOf(o provision.Outcome, tenant string) Entry {
	message := tame(o.Message)
	if !done(o.State) {
		message = witnessed(message, o.Row.Subject)
	}
	return Entry{
		Outcome:     o.State,
		UserID:      tameID(o.UserID),
		UserSubject: o.Row.Subject,
		Message:     message,
		ErrorCode:   tame(o.ErrorCode),
		HTTPStatus:  Number(o.HTTPStatus),
		TraceID:     tame(o.TraceID),
		Attempts:    Number(o.Attempts),
		FinishedAt:  Time{o.FinishedAt.UTC().Truncate(time.Millisecond)},
		Tenant:      tenant,
		Row:         o.Row.Number,
	}
}

// done reports whether nothing is left to do for a row in this state by itself; a duplicate depends on another row.
func done(s provision.State) bool { return s == provision.Created || s == provision.Exists }

// mostText is how many bytes of a text that is not ours are kept: enough for any message, and far from what a cell may hold.
const mostText = 4 << 10

// tame makes a text of the tenant's fit for a cell: as clean does, and never taken for a formula by a spreadsheet, which does so
// with = + - @, their full-width forms too, even behind white space. Such a text gets an apostrophe in front, which is the
// spreadsheets' own sign for text.
func tame(s string) string {
	s = clean(s)
	first := strings.TrimLeftFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) // zero-width signs are nothing to see either
	})
	for _, sign := range []string{"=", "+", "-", "@", "＝", "＋", "－", "＠"} {
		if strings.HasPrefix(first, sign) {
			return "'" + s
		}
	}
	return s
}

// tameID makes an id of the tenant's fit for a cell. One of letters, digits, _ and - alone, as ids are, stays what it is even where it begins with a -:
// it is looked up by that, and there is nothing in it to run.
func tameID(s string) string {
	odd := func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '_' && r != '-'
	}
	if len(s) <= mostText && strings.IndexFunc(s, odd) < 0 {
		return s
	}
	return tame(s)
}

// clean puts spaces where control characters are, line ends of every kind and what turns the direction of writing among them,
// and cuts what is longer than a message needs to be.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	if len(s) > mostText {
		n := mostText - len("'…")
		for !utf8.RuneStart(s[n]) {
			n--
		}
		s = s[:n] + "…"
	}
	return strings.Map(func(r rune) rune {
		if controls(r) {
			return ' '
		}
		return r
	}, s)
}

// controls reports whether r is no sign of a text but does something to it: ends a line, or turns the direction of writing.
func controls(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

// rowNumber reads a row's number: whole, from 1.
func rowNumber(s string) (int, bool) {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 32)
	return int(n), err == nil && n >= 1
}

// stateOf reads an outcome's word. A cell that somebody emptied is a row to be tried.
func stateOf(s string) (provision.State, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	if s == "" {
		return provision.Pending, true
	}
	for _, known := range provision.States() {
		if s == string(known) {
			return known, true
		}
	}
	return "", false
}
