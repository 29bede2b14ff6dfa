package csvfile

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// looksLikeHeader stands for the words of roster.
func looksLikeHeader(cells []string) int {
	n := 0
	for _, c := range cells {
		switch strings.ToLower(strings.TrimSpace(c)) {
		case "employee id", "login", "name", "email", "first", "last":
			n++
		}
	}
	return n
}

func TestRecordsAreReadWithLineAndRawText(t *testing.T) {
	f := read(t, "\nLogin,Name,Note\r\n1,\"a\r\nb\",\r\n , ,\r\n2\r3,\"x\"\"y\",z,more\n4,5\" 6,", Options{})
	want := []Record{
		{3, "1,\"a\r\nb\",", []string{"1", "a\r\nb", ""}},
		{6, "2", []string{"2"}},
		{7, `3,"x""y",z,more`, []string{"3", `x"y`, "z", "more"}},
		{8, `4,5" 6,`, []string{"4", `5" 6`, ""}},
	}
	if diff := cmp.Diff(want, f.Records); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(Record{2, "Login,Name,Note", []string{"Login", "Name", "Note"}}, f.Header); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	if f.Dialect.LineEnd != "\r\n" || f.Block != -1 {
		t.Errorf("line end %q, block %d", f.Dialect.LineEnd, f.Block)
	}
}

func TestBlanksAroundQuotes(t *testing.T) {
	for name, c := range map[string]struct {
		text    string
		want    [][]string
		written string // of the last record
	}{
		"a whole column": {
			"\"Name\", \"Login\"\n\"Hartley, A\", \"00417\"\n\"Lee\",\t\"00418\"\n\"Bo\",\n",
			[][]string{{"Name", "Login"}, {"Hartley, A", "00417"}, {"Lee", "00418"}, {"Bo", ""}}, `"Bo",`,
		},
		"with a delimiter inside": {
			"Login, Name\n1, \"Hartley, Amelia\"\n2, \"Lee, Kai\"\n",
			[][]string{{"Login", " Name"}, {"1", "Hartley, Amelia"}, {"2", "Lee, Kai"}}, `2,"Lee, Kai"`,
		},
		"a blank in front of all, quotes where needed": {
			"Login, Name\n1, \"Hartley, Amelia\"\n2, Kai\n",
			[][]string{{"Login", " Name"}, {"1", "Hartley, Amelia"}, {"2", " Kai"}}, `2, Kai`,
		},
		"behind a closing quote": {
			"Login,Name\n\"1\" ,\"Ada\" \n\"2\",\"Kai \"\"K\"\" Lee\"\t\n",
			[][]string{{"Login", "Name"}, {"1", "Ada"}, {"2", `Kai "K" Lee`}}, `"2","Kai ""K"" Lee"`,
		},
		"not in the whole column": {
			"Login,Name\n1, \"Ada\"\n2,Kai\n3, \"Bo\"\n",
			[][]string{{"Login", "Name"}, {"1", ` "Ada"`}, {"2", "Kai"}, {"3", ` "Bo"`}}, `3," ""Bo"""`,
		},
		"not around all of the cell": {
			"Login,Note\n1, \"urgent\" call\n2, \"open\n3, \"Bo\" \n",
			[][]string{{"Login", "Note"}, {"1", ` "urgent" call`}, {"2", ` "open`}, {"3", "Bo"}}, `3,"Bo"`,
		},
		"one column of two": {
			"Login,Note,Name\n1, 5\" disk, \"Ada\"\n2,none, \"Kai\"\n",
			[][]string{{"Login", "Note", "Name"}, {"1", ` 5" disk`, "Ada"}, {"2", "none", "Kai"}}, `2,none,"Kai"`,
		},
		"tabs as delimiters": {
			"Login\tName\n1\t\"Ada\"\n2\t \"Kai\" \n",
			[][]string{{"Login", "Name"}, {"1", "Ada"}, {"2", "Kai"}}, "2\t\"Kai\"",
		},
	} {
		f := read(t, c.text, Options{})
		if diff := cmp.Diff(c.want, cellsOf(f)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		last := f.Records[len(f.Records)-1]
		if got := string(f.AppendCells(nil, &last, 0, len(last.Cells))); got != c.written {
			t.Errorf("%s: written as %s, want %s", name, got, c.written)
		}
	}
}

// TestMultiLineCellsAreReadAsPythonReadsThem has the cells that Python's csv.reader makes of each record.
func TestMultiLineCellsAreReadAsPythonReadsThem(t *testing.T) {
	for _, c := range []struct {
		record string
		cells  []string
	}{
		{"1,\"a\nb\",c\n", []string{"1", "a\nb", "c"}},
		{"1,\"a\r\nb\",c\r\n", []string{"1", "a\r\nb", "c"}},
		{"1,\"a\rb\",c\r", []string{"1", "a\rb", "c"}},
		{"1,\"\na\n\n\",c\n", []string{"1", "\na\n\n", "c"}},
		{"1,\"say \"\"hi\"\"\n\"\"\",c\n", []string{"1", "say \"hi\"\n\"", "c"}},
		{"1,\"a,b\n2,x,y\",c\n", []string{"1", "a,b\n2,x,y", "c"}},
		{"1,\"a\n\"\"b\"\",c\",\"\n\"\n", []string{"1", "a\n\"b\",c", "\n"}},
		{"\"1\n\",\"\n\",\"c\nd\"\n", []string{"1\n", "\n", "c\nd"}},
		{"1,\"a\n\tb \",\" c\n\"\n", []string{"1", "a\n\tb ", " c\n"}},
		{"1,\"a\r\r\nb\n\r\",c\n", []string{"1", "a\r\r\nb\n\r", "c"}},
		{"1,\"山\n田\",\"é\n\"\n", []string{"1", "山\n田", "é\n"}},
		{"1,\"a\nb\",\"c\nd\"", []string{"1", "a\nb", "c\nd"}},
	} {
		f := read(t, "Login,Name,Note\n"+c.record, Options{})
		if diff := cmp.Diff([][]string{{"Login", "Name", "Note"}, c.cells}, cellsOf(f)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.record, diff)
		}
	}
}

func TestWhatProgramsAddToAFileIsNoRecord(t *testing.T) {
	for name, text := range map[string]string{
		"a final Ctrl-Z":                "Login,Name\n1,Ada\n\x1a",
		"a Ctrl-Z on a line of its own": "Login,Name\r\n1,Ada\r\n\x1a\r\n",
		"Ctrl-Z behind the last cell":   "Login,Name\n1,Ada\x1a",
		"a #TYPE line":                  "#TYPE Selected.System.Object\r\nLogin,Name\r\n1,Ada\r\n",
		"a sep= line":                   "sep=,\nLogin,Name\n1,Ada\n",
		"blank lines":                   "\n \t\nLogin,Name\n,\n1,Ada\n\"\",\" \"\n\n",
		"a byte order mark":             "\ufeffLogin,Name\n1,Ada\n",
	} {
		want := [][]string{{"Login", "Name"}, {"1", "Ada"}}
		if diff := cmp.Diff(want, cellsOf(read(t, text, Options{}))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestTheHeaderIsTheLineThatWasNamed(t *testing.T) {
	f := read(t, "Report, made today\n\nLogin;Name\n1;Ada\n", Options{HeaderRow: 3})
	if diff := cmp.Diff([][]string{{"Login", "Name"}, {"1", "Ada"}}, cellsOf(f)); diff != "" || f.Records[0].Line != 4 {
		t.Errorf("line %d (-want +got):\n%s", f.Records[0].Line, diff)
	}
	f = read(t, "sep=;\nLogin;Name\n1;Ada\n", Options{HeaderRow: 1}) // the line that only names the delimiter is none
	if f.Header.Line != 2 || f.Header.Cells[1] != "Name" {
		t.Errorf("line %d: %q", f.Header.Line, f.Header.Cells)
	}
}

func TestALongCellIsMeasuredWithoutQuotes(t *testing.T) {
	for _, quotes := range []int{0, 1, 200} {
		plain := strings.Repeat("x", maxField-quotes)
		for _, cell := range []string{
			plain + strings.Repeat("x", quotes),
			`"` + plain + strings.Repeat(`""`, quotes) + `"`,
		} {
			if f := read(t, "Login,Note\n1,"+cell+"\n", Options{}); len(f.Records[0].Cells[1]) != maxField {
				t.Errorf("%d quotes: %d bytes", quotes, len(f.Records[0].Cells[1]))
			}
			longer := "Login,Note\n1," + strings.Replace(cell, "x", "xx", 1) + "\n"
			want := "hr.csv: file rejected: 1 malformed row\n  hr.csv:2: column \"Note\": longer than 64 KiB"
			if _, err := Read(strings.NewReader(longer), "hr.csv", Options{}); err == nil || err.Error() != want {
				t.Errorf("%d quotes: got %v, want %s", quotes, err, want)
			}
		}
	}
}

func TestAllMalformedRowsAreNamed(t *testing.T) {
	text := "Login,Name,Note\n" +
		"1,\"a\"b,c\n" +
		"2,a\x00,c\n" +
		strings.Repeat("3,", maxCells) + "\n" +
		"4,\"two\nlines\x00\",c\n" +
		"5,\"\x00\"\"\",\"open\nto the end\n6,a,b\n"
	want := `hr.csv: file rejected: 5 malformed rows
  hr.csv:2: column "Name": text behind a closing quote: ""a"b"
  hr.csv:3: column "Name": a NUL byte
  hr.csv:4: more than 20000 cells
  hr.csv:6: column "Name": a NUL byte
  hr.csv:7: column "Note": the quote that opens here is never closed`
	_, err := Read(strings.NewReader(text), "hr.csv", Options{Delimiter: ','})
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestMalformedRowsBeyondTwentyAreCounted(t *testing.T) {
	var e *Error
	_, err := Read(strings.NewReader("Login,Name\n"+strings.Repeat("1,\"a\"b\n", 1_025)), "hr.csv", Options{})
	if !errors.As(err, &e) {
		t.Fatalf("got %v", err)
	}
	if strings.Count(e.Error(), "\n  hr.csv:") != 20 || !strings.HasSuffix(e.Error(), "\n  and 1,005 more") {
		t.Errorf("got %v", e)
	}
}

func TestAFailureOfTheReaderIsNoFaultOfTheFile(t *testing.T) {
	_, err := Read(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("Login\n1\n"))), "hr.csv", Options{})
	if !errors.Is(err, iotest.ErrTimeout) || err.Error() != "reading hr.csv: timeout" {
		t.Errorf("got %v", err)
	}
}

func TestCellsOfARecordDoNotShareTheirCapacity(t *testing.T) {
	f := read(t, "Login,Name\n1,a\n2,b\n", Options{})
	_ = append(f.Records[0].Cells, "grown")
	if got := f.Records[1].Cells[0]; got != "2" {
		t.Errorf("the next record begins with %q", got)
	}
}

func TestAFileOfAHundredThousandRowsIsRead(t *testing.T) {
	var b strings.Builder
	b.WriteString("Login，Name\n")
	for i := range 100_000 {
		fmt.Fprintf(&b, "%d，\"P，%d\"\n", i, i)
	}
	f := read(t, b.String(), Options{Delimiter: '，'})
	if r := f.Records[len(f.Records)-1]; len(f.Records) != 100_000 || r.Line != 100_001 || r.Cells[1] != "P，99999" {
		t.Errorf("%d records, the last is %+v", len(f.Records), r)
	}
}
