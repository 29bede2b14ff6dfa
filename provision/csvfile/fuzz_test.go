package csvfile

import (
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// FuzzRead reads any bytes: what is read can be written back and is read the same.
func FuzzRead(f *testing.F) {
	paths, err := filepath.Glob("../../testdata/exports/*/*")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		if len(raw) < 8<<10 && filepath.Ext(path) != ".txt" {
			f.Add(raw)
		}
	}
	for _, s := range []string{
		"a, \"b\"\n1, \"c\" \n", "#TYPE x\na,b\n\x1a", "'a','b'\n", "\"a,b,c\"\n  \"1,2,3\"\n", "x\rÐ\x92\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := Read(strings.NewReader(string(b)), "fuzz.csv", Options{Block: block})
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Error() == "" {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		comesBack(t, file)
	})
}

// FuzzRecords reads what stands behind a header.
func FuzzRecords(f *testing.F) {
	f.Add(",", "1,a,a@b.c\n2,\"x\r\ny\",\n")
	f.Add(",", "1,a,b\r\n2,\"c\"\r\n3\r4,\r\n")
	f.Add("¦", "\"1\"¦\"a\"¦\"b\"\n")
	f.Add(";", "1;\"a\"\"b\";c\r2;d")
	f.Add("¦", "1¦a\"b¦\"¦\"\r\n\xc2")
	f.Add("\t", "\"open\n")
	f.Add(",", "1, \"a, b\" ,c\n2, d,e\n")
	f.Fuzz(func(t *testing.T, delimiter, body string) {
		d, n := utf8.DecodeRuneInString(delimiter)
		if n != len(delimiter) || firstGroup(wholeDelimiter, delimiter) == 0 {
			return
		}
		text := strings.Join([]string{"login", "name", "email"}, delimiter) + "\n" + body
		file, err := Read(strings.NewReader(text), "fuzz.csv", Options{Delimiter: d, Encoding: "utf-8"})
		if err != nil {
			return
		}
		comesBack(t, file)
		asTheStandardLibrary(t, file, text)
	})
}

// comesBack writes a file back, and reads it with the same cells, and again with columns behind them.
func comesBack(t *testing.T, f *File) {
	want, written := cellsOf(f), rewrite(f)
	if firstGroup(sepLine, f.Header.Raw) != 0 || strings.HasPrefix(f.Header.Raw, "#TYPE ") || foreign(written) != nil ||
		strings.Contains(written, "\x1a") {
		return // the first line, or the last, would be read as something else than before
	}
	o := Options{Delimiter: f.Dialect.Delimiter, HeaderRow: 1, Encoding: "utf-8"}
	again, err := Read(strings.NewReader(written), "again.csv", o)
	if e := (*Error)(nil); errors.As(err, &e) && e.Fix.Option == OptionDelimiter && len(f.Header.Cells) == 1 {
		return // a delimiter that is named is doubted more than one that is detected
	}
	if err != nil {
		t.Fatalf("%v in %q", err, written)
	}
	if diff := cmp.Diff(want, cellsOf(again)); diff != "" {
		t.Fatalf("%q (-want +got):\n%s", written, diff)
	}
	if third := rewrite(again); third != written {
		t.Fatalf("written %q, then %q", written, third)
	}
}

// asTheStandardLibrary compares the records with encoding/csv's, where that reads the file. It knows no CR.
func asTheStandardLibrary(t *testing.T, f *File, text string) {
	if strings.ContainsAny(text, "\r\x1a") || f.Dialect.Delimiter == utf8.RuneError {
		return
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord = f.Dialect.Delimiter, -1
	all, err := r.ReadAll()
	if err != nil {
		return
	}
	all = slices.DeleteFunc(all, func(cells []string) bool {
		return !slices.ContainsFunc(cells, func(c string) bool { return Trim(c) != "" })
	})
	if diff := cmp.Diff(all, cellsOf(f)); diff != "" {
		t.Fatalf("%q (-encoding/csv +got):\n%s", text, diff)
	}
}
