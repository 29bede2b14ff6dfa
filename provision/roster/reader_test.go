package roster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

func problems(t *testing.T, f *File) []string {
	t.Helper()
	var found []string
	for _, err := range f.Records() {
		if err != nil {
			found = append(found, err.Error())
		}
	}
	return found
}

func TestQuotesDoNotCountInTheLengthOfACell(t *testing.T) {
	for _, quotes := range []int{0, 1, 200} {
		for _, more := range []int{0, 1} {
			plain := strings.Repeat("x", 64<<10-quotes+more)
			for _, cell := range []string{plain + strings.Repeat("x", quotes), `"` + plain + strings.Repeat(`""`, quotes) + `"`} {
				f, err := open(t, "hr.csv", []byte("Login,Note\n1,"+cell+"\n"), Options{})
				if err != nil {
					t.Fatal(err)
				}
				want := ""
				if more > 0 {
					want = `hr.csv:2: column "Note": longer than 64 KiB`
				}
				if got := strings.Join(problems(t, f), "\n"); got != want {
					t.Errorf("%d quotes, %d bytes more: %q, want %q", quotes, more, got, want)
				}
			}
		}
	}
}

func TestARecordThatIsTooLongIsReadOver(t *testing.T) {
	const head = "Login,Name,Note\n"
	for name, c := range map[string]struct {
		long string
		want string
	}{
		"behind a NUL":        {"1\x00,a," + strings.Repeat("x", 70<<10) + "\n", `hr.csv:2: column "Login": a NUL byte`},
		"a cell":              {"1,a," + strings.Repeat("x", 5<<18) + "\n", `hr.csv:2: column "Note": longer than 64 KiB`},
		"a quoted cell":       {"1,\"" + strings.Repeat("x\n", 5<<17) + "\",b\n", `hr.csv:2: column "Name": longer than 64 KiB`},
		"too many cells":      {strings.Repeat("1,", 9000) + "\n", "hr.csv:2: more than 8192 fields"},
		"many cells":          {strings.Repeat("1,", 1<<20) + "\r\n", "hr.csv:2: a row longer than 1 MiB"},
		"quotes within":       {"1,\"" + strings.Repeat(`""`, 5<<17) + "\",b\r", `hr.csv:2: column "Name": longer than 64 KiB`},
		"up to a line feed":   {"1,a," + strings.Repeat("x", 3<<20) + "\n", `hr.csv:2: column "Note": longer than 64 KiB`},
		"up to a return":      {"1,a," + strings.Repeat("x", 3<<20) + "\r", `hr.csv:2: column "Note": longer than 64 KiB`},
		"quotes in the midst": {"1,a" + strings.Repeat(`"`, 5<<18) + ",b\r\n", `hr.csv:2: column "Name": longer than 64 KiB`},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := open(t, "hr.csv", []byte(head+c.long+"2,b\n3,c,\n"), Options{Delimiter: ','})
			if err != nil {
				t.Fatal(err)
			}
			line := 3 + strings.Count(c.long, "\n") - 1
			if strings.HasSuffix(c.long, "\r") {
				line = 3
			}
			want := []string{c.want, fmt.Sprintf(`hr.csv:%d: 2 fields, where the header has 3: "2,b"`, line)}
			got := problems(t, f)
			if strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestAQuoteThatSwallowsTheFileIsNamedWhereItOpened(t *testing.T) {
	rest := strings.Repeat("2,b,c\n", 1<<19)
	f, err := open(t, "hr.csv", []byte("Login,Name,Note\n1,a,b\n\"2\",\"b,c\n"+rest), Options{Delimiter: ','})
	if err != nil {
		t.Fatal(err)
	}
	want := `hr.csv:3: column "Name": the quote that opens here is never closed`
	if got := problems(t, f); len(got) != 1 || got[0] != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// endless is a file of a header, and then the same bytes again and again.
type endless struct {
	head, body string
}

func (e endless) ReadAt(b []byte, at int64) (int, error) {
	n := 0
	if at < int64(len(e.head)) {
		n = copy(b, e.head[at:])
	}
	from := int((at + int64(n) - int64(len(e.head))) % int64(len(e.body)))
	for n < len(b) {
		n += copy(b[n:], e.body[from:])
		from = 0
	}
	return n, nil
}

// An overlooked file is looked over with every 2 MiB that are read of it.
type overlooked struct {
	endless
	look func()
	read int
}

func (o *overlooked) ReadAt(b []byte, at int64) (int, error) {
	n, err := o.endless.ReadAt(b, at)
	before := o.read
	if o.read += n; o.read>>21 > before>>21 {
		o.look()
	}
	return n, err
}

func TestMemoryIsBoundedWhateverTheFile(t *testing.T) {
	const size = 16 << 20
	for name, body := range map[string]string{
		"blank lines":  strings.Repeat(strings.Repeat(" ", 99)+"\n", 40),
		"one long row": strings.Repeat("x", 4096),
		"only commas":  strings.Repeat(",", 4096),
		"long rows":    strings.Repeat("x,", 500_000) + "\n",
		"many cells":   strings.Repeat(",", 1<<20-10) + "\n",
		"only quotes":  strings.Repeat(`"`, 4096),
		"rows":         "1,Somebody,somebody@acme.example\n",
		"broken rows":  "1," + strings.Repeat("x", 200) + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			most, looks := uint64(0), 0
			look := func() {
				runtime.GC()
				runtime.ReadMemStats(&after)
				most = max(most, after.HeapAlloc-min(after.HeapAlloc, before.HeapAlloc))
				looks++
			}
			runtime.GC()
			runtime.ReadMemStats(&before)
			f, err := Open(&overlooked{endless: endless{"Login,Name,Email\n", body}, look: look}, size, "hr.csv", Options{Delimiter: ','})
			if refusal := (*Error)(nil); err != nil && !errors.As(err, &refusal) {
				t.Fatal(err)
			}
			if err == nil {
				for range f.Records() { // what is wrong with the rows does not matter here
				}
			}
			if most > 12<<20 || looks < 8 {
				t.Errorf("%d MiB are in use, having looked %d times", most>>20, looks)
			}
		})
	}
}

func TestSeveralMayRangeAtOnce(t *testing.T) {
	var b strings.Builder
	b.WriteString("Login,Name\n")
	for i := range 2000 {
		fmt.Fprintf(&b, "%d,Person %d\n", i, i)
	}
	f, err := open(t, "hr.csv", []byte(b.String()), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			i := 0
			for r, err := range f.Records() {
				if err != nil || r.Number != i+1 || r.Subject != fmt.Sprint(i) || r.Name != fmt.Sprintf("Person %d", i) || r.Line != i+2 {
					t.Errorf("row %d is %+v, %v", i+1, r, err)
					return
				}
				i++
			}
			if i != 2000 {
				t.Errorf("%d rows", i)
			}
		})
	}
	group.Wait()
}

func TestStringsOfARecordStayValid(t *testing.T) {
	var b strings.Builder
	b.WriteString("Login,Name\n")
	for i := range 3000 {
		fmt.Fprintf(&b, "%d,\"Person \"\"%d\"\"\"\n", i, i)
	}
	f, err := open(t, "hr.csv", []byte(b.String()), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	for r, err := range f.Records() {
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, r.Subject+r.Fields[1])
	}
	for i, s := range kept {
		if want := fmt.Sprintf(`%dPerson "%d"`, i, i); s != want {
			t.Fatalf("row %d is %q now, not %q", i+1, s, want)
		}
	}
}

func TestRangingMayStopEarly(t *testing.T) {
	f, err := open(t, "hr.csv", []byte("Login,Name\n1,a\n2\n3\n4,b\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for stop := 1; stop <= 4; stop++ {
		n := 0
		for range f.Records() {
			if n++; n == stop {
				break
			}
		}
		if n != stop {
			t.Errorf("%d records, want to stop at %d", n, stop)
		}
	}
}

// failing is a file on a bad disk.
type failing struct {
	text   string
	from   int64 // the first byte that cannot be read
	passes int   // how often all of it can be read before, from its start
}

func (f *failing) ReadAt(b []byte, at int64) (int, error) {
	if at < 4 {
		f.passes--
	}
	good := int64(len(b))
	if f.passes < 0 {
		good = min(max(f.from-at, 0), good)
	}
	n, err := strings.NewReader(f.text).ReadAt(b[:good], at)
	if n < len(b) && err == nil {
		err = iotest.ErrTimeout
	}
	return n, err
}

func utf16le(s string) string {
	b := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

func TestAFailureToReadIsNoProblemOfTheFile(t *testing.T) {
	const head = "Login,Name\n"
	rows, blank := strings.Repeat("1,a\n", 100_000), strings.Repeat("\n", 400<<10)
	titled := utf16le("Title\nLogin,Name\n1,a\n")
	for name, c := range map[string]struct {
		file    failing
		options Options
	}{
		"its first bytes":                     {failing{head + rows, 100, 0}, Options{}},
		"to its end":                          {failing{head + rows, 390_000, 0}, Options{}},
		"again, it is not UTF-8":              {failing{head + "1,\xe4\n" + rows, 390_000, 2}, Options{}},
		"again, for the delimiter":            {failing{head + rows, 0, 1}, Options{Encoding: "utf-8"}},
		"as far as the header":                {failing{blank + head + rows, 350 << 10, 0}, Options{Encoding: "utf-8"}},
		"as far as the first row":             {failing{head + blank + rows, 350 << 10, 0}, Options{Encoding: "utf-8"}},
		"over a row that is too long":         {failing{head + strings.Repeat("x", 4<<20), 3 << 20, 0}, Options{Encoding: "utf-8"}},
		"again, to the line of the header":    {failing{titled, 0, 2}, Options{HeaderRow: 2}},
		"again, to the line below the header": {failing{titled, 0, 3}, Options{HeaderRow: 2}},
	} {
		_, err := Open(&c.file, int64(len(c.file.text)), "hr.csv", c.options)
		if err == nil || err.Error() != "reading hr.csv: timeout" || !errors.Is(err, iotest.ErrTimeout) {
			t.Errorf("cannot be read %s: got %v", name, err)
		}
		var doubts Doubts
		if doubts.Add(err) || doubts.Err() != nil {
			t.Errorf("cannot be read %s: it was taken for a problem", name)
		}
	}
}

func TestAFailureToReadIsTheLastThingThatARangeYields(t *testing.T) {
	const head = "Login,Name\n"
	for name, c := range map[string]struct {
		body string
		want []string
	}{
		"behind a row":              {"1,a\n", []string{"1", "reading hr.csv: timeout"}},
		"behind a row that is kept": {"1\n", []string{`hr.csv:2: 1 field, where the header has 2: "1"`, "reading hr.csv: timeout"}},
	} {
		file := &failing{text: head + c.body + strings.Repeat("\n", 400<<10), from: 350 << 10}
		f, err := Open(file, int64(len(file.text)), "hr.csv", Options{Encoding: "utf-8"})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for r, err := range f.Records() {
			if err != nil {
				got = append(got, err.Error())
			} else {
				got = append(got, r.Subject)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAFileThatIsCutWhileItIsReadDoesNotEndThere(t *testing.T) {
	const want = "reading hr.csv: it changed while it was being read"
	for _, mark := range []string{"", "\xff\xfe"} {
		text := "Login,Email\n" + strings.Repeat("1,somebody@acme.example\n", 10_000)
		if mark != "" {
			text = utf16le(text)
		}
		path := filepath.Join(t.TempDir(), "hr.csv")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		f, err := Open(file, int64(len(text)), "hr.csv", Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, int64(len(text))-16); err != nil {
			t.Fatal(err)
		}
		var last error
		for r, err := range f.Records() {
			if last = err; err == nil && r.Email != "somebody@acme.example" {
				t.Errorf("got %q of a row that was cut", r.Email)
			}
		}
		if last == nil || last.Error() != want {
			t.Errorf("got %v, want %s", last, want)
		}
		for _, left := range []int64{100, 0} {
			if err := os.Truncate(path, left); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(file, int64(len(text)), "hr.csv", Options{}); err == nil || err.Error() != want {
				t.Errorf("with %d bytes left: got %v, want %s", left, err, want)
			}
		}
	}
}

func TestADelimiterOfSeveralBytesIsFoundAcrossPieces(t *testing.T) {
	var b strings.Builder
	b.WriteString("Login，Name\n")
	for i := range 20000 {
		fmt.Fprintf(&b, "%d，\"P，%d\"\n", i, i)
	}
	f, err := open(t, "hr.csv", []byte(b.String()), Options{Delimiter: '，'})
	if err != nil {
		t.Fatal(err)
	}
	if rows := rowsOf(t, f); len(rows) != 20000 || rows[19999].Name != "P，19999" {
		t.Errorf("%d rows", len(rows))
	}
}

func TestEveryUndecodableCellIsNamed(t *testing.T) {
	f, err := open(t, "hr.csv", []byte("Login,Name\n1,a\n2,\xff\n\xc3,b\n"), Options{Encoding: "utf8"})
	if err != nil {
		t.Fatal(err)
	}
	want := "hr.csv:3: column \"Name\": bytes that are not UTF-8: \"\\xff\"\nhr.csv:4: column \"Login\": bytes that are not UTF-8: \"\\xc3\""
	if got := strings.Join(problems(t, f), "\n"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
