package report

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func FuzzALineIsWhatGocsvMakesOfIt(f *testing.F) {
	f.Add("created", "6b06", "00417", "", "", "201", "", "1", "2026-03-02T09:14:57.123Z", "acme.eu.qlikcloud.com", "7")
	f.Add("failed", "", "a,b", `it said "no"`, "USERS-4", "400", "79cf", "5", "yesterday", "", "1")
	f.Add("", "", "", "", "", "none", "", "-3", "2026-03-02", "sandbox", "2147483647")
	f.Add("PENDING ", " x ", "é", "\t", "", "", "", "", "", "", " 3")
	f.Fuzz(func(t *testing.T, a, b, c, d, e, g, h, i, j, k, l string) {
		row := []string{a, b, c, d, e, g, h, i, j, k, l}
		ours, err := entryFrom(row)
		theirs, theirErr := decode(row)
		if (err == nil) != (theirErr == nil) {
			t.Fatalf("%q: we say %v, gocsv %v", row, err, theirErr)
		}
		if err != nil {
			return
		}
		if diff := cmp.Diff(theirs, ours); diff != "" {
			t.Fatalf("%q is read otherwise:\n%s", row, diff)
		}
		made, err := encode(ours)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(ours.cells(), made) {
			t.Errorf("%q is written as %q, by gocsv as %q", row, ours.cells(), made)
		}
	})
}
