package roster

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
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

func TestARecordThatIsTooLongIsReadOver(t *testing.T) {
	const head = "Login,Name,Note\n"
	for name, c := range map[string]struct {
		long string
		want string
	}{
		"a cell":              {"1,a," + strings.Repeat("x", 5<<18) + "\n", `hr.csv:2: column "Note": longer than 64 KiB`},
		"a quoted cell":       {"1,\"" + strings.Repeat("x\n", 5<<17) + "\",b\n", `hr.csv:2: column "Name": longer than 64 KiB`},
		"too many cells":      {strings.Repeat("1,", 9000) + "\n", "hr.csv:2: more than 8192 fields"},
		"many cells":          {strings.Repeat("1,", 1<<20) + "\r\n", "hr.csv:2: a row longer than 1 MiB"},
		"quotes within":       {"1,\"" + strings.Repeat(`""`, 5<<17) + "\",b\r", `hr.csv:2: column "Name": longer than 64 KiB`},
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
			most := uint64(0)
			runtime.GC()
			runtime.ReadMemStats(&before)
			f, err := Open(endless{"Login,Name,Email\n", body}, size, "hr.csv", Options{Delimiter: ','})
			if err != nil {
				var refusal *Error
				if !errors.As(err, &refusal) {
					t.Fatal(err)
				}
				return
			}
			n := 0
			for range f.Records() {
				if n++; n < 10 || n%50_000 == 0 {
					runtime.GC()
					runtime.ReadMemStats(&after)
					most = max(most, after.HeapAlloc-min(after.HeapAlloc, before.HeapAlloc))
				}
			}
			if most > 12<<20 {
				t.Errorf("%d MiB are in use", most>>20)
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

// failing reads as far as its text goes, and then fails.
type failing struct{ *bytes.Reader }

func (r failing) ReadAt(b []byte, at int64) (int, error) {
	n, err := r.Reader.ReadAt(b, at)
	if err == io.EOF {
		err = iotest.ErrTimeout
	}
	return n, err
}

func TestAFailureToReadIsNoProblemOfTheFile(t *testing.T) {
	text := []byte("Login,Name\n" + strings.Repeat("1,a\n", 10000))
	_, err := Open(failing{bytes.NewReader(text)}, int64(len(text))+1, "hr.csv", Options{})
	var refusal *Error
	if errors.As(err, &refusal) || !errors.Is(err, iotest.ErrTimeout) {
		t.Errorf("got %v", err)
	}
	var doubts Doubts
	if doubts.Add(err) || doubts.Err() != nil {
		t.Error("it was taken for a problem")
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
