package report

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"qlik-provision/provision"
)

func TestColumnsAreTheFieldsOfAnEntry(t *testing.T) {
	var tags []string
	for f := range reflect.TypeFor[Entry]().Fields() {
		tags = append(tags, f.Tag.Get("csv"))
	}
	if diff := cmp.Diff(tags, Columns()); diff != "" || len(tags) != blockSize {
		t.Error(diff)
	}
}

func TestCellsOfAnEntry(t *testing.T) {
	e := Entry{Action: "create", Outcome: provision.Failed, Code: "USERS-16", Message: "no", UserID: "-abc",
		UserSubject: "0012",
		HTTPStatus:  400, TraceID: "t", Attempts: 2, FinishedAt: TimeCell{finishedAt.UTC().Truncate(time.Millisecond)},
		Tenant: "acme:443", Check: "c-1-2", Row: 12}
	want := []string{"create", "failed", "USERS-16", "no", "'-abc", "0012", "400", "t", "2",
		"2026-03-01T08:30:00.123Z", "acme:443", "c-1-2", "12"}
	encode := func(e Entry) (cells []string) {
		if err := encodeEntries([1]Entry{e}, func(c []string) error {
			cells = append(cells, c...)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return cells
	}
	got := encode(e)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if decoded, err := decodeEntries([][]string{got}); err != nil || decoded[0] != e {
		t.Errorf("%v\n%+v\nwant %+v", err, decoded, e)
	}
	if diff := cmp.Diff(strings.Split(",pending,,,,,,,,,,,1", ","), encode(Entry{Outcome: provision.Pending,
		Row: 1})); diff != "" {
		t.Error(diff)
	}
}

func TestCellsThatASpreadsheetChangedAreRead(t *testing.T) {
	for _, c := range []struct {
		row, status, finished string
		want                  Entry
	}{
		{"0012", "0400", "2026-03-01T09:30:00+01:00", Entry{Row: 12, HTTPStatus: 400, FinishedAt: TimeCell{time.Date(2026,
			3, 1, 8, 30, 0, 0, time.UTC)}}},
		{" 7 ", "", "01.03.2026 09:30", Entry{Row: 7}},
		{"7.9", "4.1", "", Entry{}},
		{"-1", "x", "", Entry{}},
		{"99999999999", "", "", Entry{}},
	} {
		cells := make([]string, blockSize)
		cells[1], cells[6], cells[9], cells[12] = " Created ", c.status, c.finished, c.row
		got, err := decodeEntries([][]string{cells})
		if err != nil {
			t.Fatal(err)
		}
		got[0].trim()
		c.want.Outcome = provision.Created
		if got[0] != c.want {
			t.Errorf("%q: %+v\nwant %+v", cells, got[0], c.want)
		}
	}
}

func TestTheCheckIsOfActionSubjectAndRowAndOfNameAndEmail(t *testing.T) {
	// Worked out with another implementation of CRC-32C: the sum of "123456789" is E3069283.
	if got := checksum([]byte("123456789")); got != 0xE3069283 {
		t.Errorf("%X", got)
	}
	p := provision.Person{Name: "Ada", Email: "ada@acme.example"}
	want := fmt.Sprintf("c-%08X-%08X", checksum([]byte("create\x0000123\x007")),
		checksum([]byte("Ada\x00ada@acme.example")))
	if got := checkOf(&Entry{Action: "create", UserSubject: "00123", Row: 7}, p); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestWhatTheTenantSaysIsNoFormula(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"plain text", "plain text"},
		{"two\r\nlines", "two  lines"},
		{"=HYPERLINK(1)", "'=HYPERLINK(1)"},
		{" \t+1", "  '+1"},
		{"＝1", "'＝1"},
		{"a\u202eb\u2028c\u0085d", "a b c d"},
		{"'=1", "'=1"},
		{"\u200b@x", "\u200b'@x"},
		{"bad;=1+1;", "bad;'=1+1;"},
		{"a,=1", "a,'=1"},
		{"a, =1", "a, '=1"},
		{"a\t=1", "a '=1"},
		{"a|@x", "a|'@x"},
		{"a;;-1;+2", "a;;'-1;'+2"},
		{`a,"=1`, `a,"'=1`},
		{"a - b, c-d, x=1", "a - b, c-d, x=1"},
		{"; - 1", "; '- 1"},
		{"- 1", "'- 1"},
		{"jane@acme.example", "jane@acme.example"},
		{strings.Repeat("é", 100_000), strings.Repeat("é", maxText/2-2) + "…"},
		{"bad \xff", "bad \ufffd"},
	} {
		got, err := TextCell(c.text).MarshalCSV()
		if err != nil || got != c.want {
			t.Errorf("%q became %q, want %q", c.text, got, c.want)
		}
		var again TextCell
		if err := again.UnmarshalCSV(got); err != nil {
			t.Fatal(err)
		}
		if twice, _ := again.MarshalCSV(); twice != got {
			t.Errorf("%q, read and written again, became %q", got, twice)
		}
	}
}

// No part of the text may begin a formula, whatever the text is cut at.
func FuzzNoPartOfATextIsAFormula(f *testing.F) {
	f.Add("bad;=1+1;")
	f.Add("a, \u200b=1")
	f.Fuzz(func(t *testing.T, s string) {
		cell, _ := TextCell(s).MarshalCSV()
		for _, separator := range []string{",", ";", "|", "\t", "\x00"} {
			for part := range strings.SplitSeq(cell, separator) {
				if part = strings.TrimSpace(strings.ReplaceAll(part, "\u200b", "")); part != "" &&
					startsFormula([]rune(part)[0]) {
					t.Errorf("%q, cut at %q, has %q", cell, separator, part)
				}
			}
		}
		var again TextCell
		again.UnmarshalCSV(cell)
		if twice, _ := again.MarshalCSV(); twice != cell {
			t.Errorf("%q, written again, is %q", cell, twice)
		}
	})
}

func TestTheFileIsWrittenAsTheExportIs(t *testing.T) {
	const action = `create --subject Subject --status active`
	a := Action{Command: "create", Subject: "Subject", Status: "active"}
	check := checkOf(&Entry{Action: action, UserSubject: "a", Row: 1}, provision.Person{})
	for _, c := range []struct{ name, export, want string }{
		{"semicolons and CRLF", "Subject;Note\r\na;\"x;\r\ny\"\r\n", "Subject;Note;B\r\na;\"x;\r\ny\";ROW\r\n"},
		{"lone CR", "Subject,Name\ra,b\r", "Subject,Name,B\ra,b,ROW\r"},
		{"a byte order mark", "\ufeffSubject,Name\na,b\n", "\ufeffSubject,Name,B\na,b,ROW\n"},
		{"Windows-1252", "Subject,Name\na,M\xfcller\n", "\ufeffSubject,Name,B\na,Müller,ROW\n"},
		{"columns that have the names of ours", "Subject,outcome,row\na,good,12\n",
			"Subject,outcome,row,B\na,good,12,ROW\n"},
		{"no line end at the end", "Subject,Name\na,b", "Subject,Name,B\na,b,ROW\n"},
		{"one column", "Subject\na\n", "Subject,B\na,ROW\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, path := start(t, c.export, a, sandbox)
			want := func(row string) string {
				row = action + "," + row + ",sandbox," + check + ",1"
				if strings.Contains(c.want, ";") {
					return strings.NewReplacer("B", strings.Join(Columns(), ";"), "ROW", strings.ReplaceAll(row, ",",
						";")).Replace(c.want)
				}
				return strings.NewReplacer("B", block, "ROW", row).Replace(c.want)
			}
			if diff := cmp.Diff(want("pending,,,,a,,,,"), read(t, path)); diff != "" {
				t.Error(diff)
			}
			record(t, l, created(l.Pending()[0]))
			mustClose(t, l)
			if diff := cmp.Diff(want("created,,,id-a,a,201,,1,2026-03-01T08:30:00.123Z"), read(t, path)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
