package csvfile

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// block stands for the columns of a result file.
var block = []string{"outcome", "user_id", "user_subject", "row"}

func read(t testing.TB, text string, o Options) *File {
	t.Helper()
	f, err := Read(strings.NewReader(text), "hr.csv", o)
	if err != nil {
		t.Fatalf("%v in %.200q", err, text)
	}
	return f
}

func cellsOf(f *File) [][]string {
	all := [][]string{f.Header.Cells}
	for _, r := range f.Records {
		all = append(all, r.Cells)
	}
	return all
}

// rewrite writes a file back, with more behind each record.
func rewrite(f *File, more ...string) string {
	var out []byte
	if !f.Dialect.Plain() {
		out = append(out, "\ufeff"...)
	}
	for i := -1; i < len(f.Records); i++ {
		r := &f.Header
		if i >= 0 {
			r = &f.Records[i]
		}
		out = f.AppendCells(out, r, 0, len(r.Cells))
		for _, m := range more {
			out = append(out, string(f.Dialect.Delimiter)+m...)
		}
		out = append(out, f.Dialect.LineEnd...)
	}
	return string(out)
}

func TestGoodExportsAreWrittenBackAsTheyWereRead(t *testing.T) {
	files, err := filepath.Glob("../../testdata/exports/good/*")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d exports, %v", len(files), err)
	}
	for _, path := range files {
		expected, err := os.ReadFile(path + ".txt")
		if err != nil {
			continue // it is the expectation of another one
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var o Options
			flags := strings.Fields(strings.SplitN(string(expected), "\n", 2)[0])
			if i := slices.Index(flags, "--encoding"); i > 0 {
				o.Encoding = flags[i+1]
			}
			if i := slices.Index(flags, "--delimiter"); i > 0 {
				o.Delimiter = []rune(flags[i+1])[0]
			}
			f := read(t, string(raw), o)
			want := cellsOf(f)

			again := read(t, rewrite(f), Options{Delimiter: f.Dialect.Delimiter})
			if diff := cmp.Diff(want, cellsOf(again)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if again.Dialect.LineEnd != f.Dialect.LineEnd || again.Dialect.Plain() != f.Dialect.Plain() {
				t.Errorf("the dialect was %+v and is %+v", f.Dialect, again.Dialect)
			}
		})
	}
}
