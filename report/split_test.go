package report

import (
	"bytes"
	"encoding/csv"
	"slices"
	"testing"
)

// FuzzSplitLine cuts lines like encoding/csv does, whatever the cells.
func FuzzSplitLine(f *testing.F) {
	f.Add("created", "6b06", `a,"b`, "")
	f.Add("", "", "", "")
	f.Add(" x", `"`, `""`, "é,\u00a0")
	f.Fuzz(func(t *testing.T, a, b, c, d string) {
		want := []string{a, b, c, d}
		line, err := journalLine(want)
		if err != nil {
			return // a line end within
		}
		body, ok := verify(line)
		got, split := splitLine(body)
		if !ok || !split || !slices.Equal(got, want) {
			t.Fatalf("%q became %q, which is cut into %q", want, line, got)
		}
		if read, err := csv.NewReader(bytes.NewReader(body)).Read(); err != nil || !slices.Equal(read, want) {
			t.Errorf("%q is read as %q by another reader (%v)", body, read, err)
		}
	})
}
