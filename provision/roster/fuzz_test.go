package roster

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// sameAgain: what is accepted can be written back and read unchanged.
func sameAgain(t *testing.T, f *File) {
	var doubts Doubts
	for r, err := range f.Records() {
		if err != nil {
			if !doubts.Add(err) {
				t.Fatal(err)
			}
			continue
		}
		if len(r.Fields) != len(f.Header) {
			t.Fatalf("%d fields under %d headers", len(r.Fields), len(f.Header))
		}
		f.Check(r, true)
	}
	if err := doubts.Err(); err != nil {
		_ = err.Error()
		return
	}
	want, written := rowsOf(t, f), rewrite(t, f, false)
	again, err := open(t, "again.csv", written, Options{Delimiter: f.Dialect.Delimiter})
	if err != nil {
		t.Fatalf("%v in %q", err, written)
	}
	if diff := cmp.Diff(want, rowsOf(t, again)); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
}

func FuzzOpen(f *testing.F) {
	for _, dir := range []string{"good", "bad"} {
		for _, s := range samples(f, dir) {
			if len(s.bytes) < 8<<10 {
				f.Add(s.bytes)
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := open(t, "fuzz.csv", b, Options{})
		if err != nil {
			if _, ok := err.(*Error); !ok {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		sameAgain(t, file)
	})
}

func FuzzRecords(f *testing.F) {
	f.Add(",", "1,a,a@b.c\n2,\"x\r\ny\",\n", 7)
	f.Add(",", "1,a,b\r\n2,\"c\"\r\n3\r4,\r\n", 1)
	f.Add("¦", "\"1\"¦\"a\"¦\"b\"\n", 1)
	f.Add(";", "1;\"a\"\"b\";c\r2;d", 1)
	f.Add("¦", "1¦a\"b¦\"¦\"\r\n\xc2", 2)
	f.Add("\t", "\"open\n", 3)
	f.Fuzz(func(t *testing.T, delimiter, body string, step int) {
		d, n := utf8.DecodeRuneInString(delimiter)
		if n != len(delimiter) || !canDelimit(d) {
			return
		}
		b := []byte(strings.Join([]string{"login", "name", "email"}, delimiter) + "\n" + body)
		file, err := open(t, "fuzz.csv", b, Options{Delimiter: d, Encoding: "utf-8"})
		if err != nil {
			return
		}
		sameAgain(t, file)
		inPieces(t, file, b, max(1, step%9))
	})
}

// inPieces scans the same bytes, a few at a time, and finds the same records.
func inPieces(t *testing.T, f *File, b []byte, step int) {
	whole := newScanner(bytes.NewReader(b), f.Dialect.Delimiter, 1)
	for {
		if err := whole.fill(); err != nil {
			t.Fatal(err)
		}
		if whole.eof {
			break
		}
	}
	pieces := newScanner(bytes.NewReader(b), f.Dialect.Delimiter, 1)
	pieces.buf = make([]byte, 0, step)
	for {
		done, starved := whole.next()
		if starved {
			t.Fatal("starved at the end of the text")
		}
		other, hungry := pieces.next()
		for hungry {
			next := min(len(b), int(pieces.base)+len(pieces.buf)+step)
			pieces.buf = append(pieces.buf, b[int(pieces.base)+len(pieces.buf):next]...)
			pieces.eof = next == len(b)
			other, hungry = pieces.next()
		}
		if done != other {
			t.Fatalf("done is %v in one piece, %v in many", done, other)
		}
		if done {
			return
		}
		if diff := cmp.Diff(whole.cells, pieces.cells, cmp.AllowUnexported(cell{})); diff != "" || whole.fault != pieces.fault || whole.line != pieces.line || whole.lineEnd != pieces.lineEnd {
			t.Fatalf("in one piece %v, in many %v:\n%s", whole.fault, pieces.fault, diff)
		}
	}
}

func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"{A}", "auth0|{A}", "{{{A}}}", "{A} {B C}", "{", "}}", "{é}ü", "{a{b}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		holes, err := parseTemplate(text)
		if err != nil {
			return
		}
		var b strings.Builder
		double := strings.NewReplacer("{", "{{", "}", "}}")
		for _, h := range holes {
			if h.literal {
				b.WriteString(double.Replace(h.text))
			} else {
				b.WriteString("{" + h.text + "}")
			}
		}
		if b.String() != text {
			t.Errorf("%q is parsed as if it were %q", text, b.String())
		}
		c := chooser{[]string{"A", "B C", "é", text}, func(int) bool { return false }}
		if s, err := c.asked("--subject", text); err == nil {
			s.of([]string{"1", "2", "3", "4"})
		}
	})
}

func FuzzDialect(f *testing.F) {
	f.Add([]byte("sep=;\na;b\n1;2\n"), true)
	f.Add([]byte("outcome¦user_id¦user_subject¦row\n"), false)
	f.Add([]byte("a,b\n\"1,2\n"), true)
	f.Fuzz(func(t *testing.T, b []byte, whole bool) {
		if d := findDelimiter(sample{b, whole}, block); !canDelimit(d) {
			t.Errorf("%q was found to be the delimiter", d)
		}
		if d := sepLine(b); d != 0 && !canDelimit(d) {
			t.Errorf("%q was read from sep=", d)
		}
	})
}
