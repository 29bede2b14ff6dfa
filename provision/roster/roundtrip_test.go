package roster

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"qlik-provision/provision"
)

// block stands for the columns of a result file.
var block = []string{"outcome", "user_id", "user_subject", "row"}

// A row is what has to survive.
type row struct {
	provision.Row
	Cells []string
}

func rowsOf(t testing.TB, f *File) []row {
	t.Helper()
	var rows []row
	for r, err := range f.Records() {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row{r.Row, append([]string(nil), r.Fields...)})
	}
	return rows
}

// rewrite writes an export home, with or without the block behind it.
func rewrite(t testing.TB, f *File, ours bool) []byte {
	t.Helper()
	var out []byte
	if !f.Dialect.Plain {
		out = append(out, "\ufeff"...)
	}
	d, columns := f.Dialect.Delimiter, len(f.Header)
	out = f.AppendHeader(out, 0, columns)
	if ours {
		out = append(out, string(d)+strings.Join(block, string(d))...)
	}
	out = append(out, f.Dialect.LineEnd...)
	for r, err := range f.Records() {
		if err != nil {
			t.Fatal(err)
		}
		out = r.AppendTo(out, 0, columns)
		if ours {
			out = append(out, strings.Repeat(string(d), 3)...)
			out = AppendField(out, r.Subject, d)
			out = append(out, string(d)+fmt.Sprint(r.Number)...)
		}
		out = append(out, f.Dialect.LineEnd...)
	}
	return out
}

// withoutDialect are the options that a second reading needs: what decides about the columns.
func (s sampleFile) withoutDialect(t *testing.T) Options {
	o := s.options(t)
	return Options{Subject: o.Subject, Name: o.Name, Email: o.Email, Block: block}
}

func TestEveryExportComesHomeAsItWas(t *testing.T) {
	for _, s := range samples(t, "good") {
		t.Run(s.name, func(t *testing.T) {
			f, err := open(t, s.name, s.bytes, s.options(t))
			if err != nil {
				t.Fatal(err)
			}
			want := rowsOf(t, f)

			o := s.withoutDialect(t)
			again, err := open(t, s.name, rewrite(t, f, true), o)
			if err != nil {
				t.Fatal(err)
			}
			if again.Block != len(f.Header) {
				t.Fatalf("the block is at %d, not at %d", again.Block, len(f.Header))
			}
			got := rowsOf(t, again)
			for i := range got {
				got[i].Cells = got[i].Cells[:len(f.Header)]
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("with the block (-want +got):\n%s", diff)
			}

			o.Delimiter = f.Dialect.Delimiter
			if again, err = open(t, s.name, rewrite(t, f, false), o); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, rowsOf(t, again)); diff != "" {
				t.Errorf("without (-want +got):\n%s", diff)
			}
			if again.Dialect.LineEnd != f.Dialect.LineEnd || again.Dialect.Plain != f.Dialect.Plain {
				t.Errorf("the dialect was %+v and is %+v", f.Dialect, again.Dialect)
			}
		})
	}
}

func TestOrdinaryCellsComeHomeByteForByte(t *testing.T) {
	const export = "\"Employee ID\",Name,Email,Note\r\n" +
		"1,\"A, B\",a@acme.example,\"two\r\nlines\"\r\n" +
		"2,\"C\",c@acme.example,\"\"\r\n" +
		" 3,=D ,d@acme.example,\"say \"\"hi\"\"\"\r\n"
	f, err := open(t, "hr.csv", []byte(export), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := string(rewrite(t, f, false)); got != export {
		t.Errorf("got %q, want %q", got, export)
	}
}

func TestAResultFileIsReadAsASpreadsheetSavedIt(t *testing.T) {
	table := [][]string{
		{"Employee ID", "Name", "Email", "outcome", "user_id", "user_subject", "row", "my note"},
		{"007", "Brückner, Jonas", "jonas@acme.example", "created", "u1", "007", "2", "good"},
		{"008", "Kai \"K\" Lee", "kai@acme.example", "pending", "", "008", "1", ""},
	}
	quoteAll := func(delimiter, end string) string {
		var b strings.Builder
		for _, cells := range table {
			for i, c := range cells {
				if i > 0 {
					b.WriteString(delimiter)
				}
				b.WriteString(`"` + strings.ReplaceAll(c, `"`, `""`) + `"`)
			}
			b.WriteString(end)
		}
		return b.String()
	}
	cutShort := strings.Replace(strings.Replace(quoteAll(",", "\n"), `,""`+"\n", "\n", 1), `"outcome"`, "outcome", 1)
	for name, saved := range map[string][]byte{
		"semicolons, CRLF, mark":         []byte("\ufeff" + quoteAll(";", "\r\n")),
		"Unicode text":                   []byte(utf16le(quoteAll("\t", "\r\n"))),
		"Windows-1252":                   bytes.ReplaceAll([]byte(quoteAll(";", "\r\n")), []byte("ü"), []byte{0xfc}),
		"an unusual delimiter":           []byte(quoteAll("¦", "\n")),
		"empty cells at the end dropped": []byte(cutShort),
	} {
		t.Run(name, func(t *testing.T) {
			f, err := open(t, "hr.results.csv", saved, Options{Block: block})
			if err != nil {
				t.Fatal(err)
			}
			var got [][]string
			for _, r := range rowsOf(t, f) {
				got = append(got, r.Cells)
			}
			if diff := cmp.Diff(table[1:], got); diff != "" || f.Block != 3 {
				t.Errorf("block at %d (-want +got):\n%s", f.Block, diff)
			}
		})
	}
}

func TestARecordCutInsideTheBlockIsAProblem(t *testing.T) {
	f, err := open(t, "hr.results.csv", []byte("id,Login,outcome,user_id,user_subject,row\n1,a,created,u1,a,1\n2,b,pending,,b\n"), Options{Block: block})
	if err != nil {
		t.Fatal(err)
	}
	var doubts Doubts
	for _, err := range f.Records() {
		if err != nil {
			doubts.Add(err)
		}
	}
	if err := doubts.Err(); err == nil || !strings.Contains(err.Error(), "hr.results.csv:3: 5 fields, where the header has 6") {
		t.Errorf("got %v", err)
	}
}

func TestTheBlockIsACandidateForNothing(t *testing.T) {
	export := "subject,email,user_subject,outcome,user_id,user_subject,row\nx,x@acme.example,y,created,u1,z,1\n"
	f, err := open(t, "hr.results.csv", []byte(export), Options{Block: block, Subject: "{user_subject}"})
	if err != nil {
		t.Fatal(err)
	}
	if got := rowsOf(t, f)[0].Subject; got != "y" {
		t.Errorf("the subject is %q, want the export's own column, y", got)
	}
	if _, err := open(t, "hr.results.csv", []byte(export), Options{Block: block, Subject: "{user_id}"}); err == nil {
		t.Error("a template with a column of the block was taken")
	}
}

func TestTheLastRunOfTheBlocksNamesIsTheBlock(t *testing.T) {
	export := "Login,outcome,user_id,user_subject,row,outcome,user_id,user_subject,row,note\n1,a,b,c,d,created,u1,1,1,\n"
	f, err := open(t, "hr.results.csv", []byte(export), Options{Block: block, Subject: "Login"})
	if err != nil {
		t.Fatal(err)
	}
	if f.Block != 5 {
		t.Errorf("the block is at %d, want 5", f.Block)
	}
}

func TestAMarkInTheHeaderBelowTitleLinesComesHome(t *testing.T) {
	f, err := open(t, "hr.csv", []byte("Title\n\ufeffLogin,Name\n1,a\n"), Options{HeaderRow: 2, Subject: "Login"})
	if err != nil {
		t.Fatal(err)
	}
	again, err := open(t, "hr.csv", rewrite(t, f, true), Options{Block: block, Subject: "Login"})
	if err != nil {
		t.Fatal(err)
	}
	if again.Header[0] != f.Header[0] {
		t.Errorf("the header was %q and is %q", f.Header[0], again.Header[0])
	}
}
