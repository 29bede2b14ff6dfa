package roster

import (
	"bytes"
	"os"
	"testing"
)

// open reads a file from memory.
func open(t testing.TB, name string, b []byte, o Options) (*File, error) {
	t.Helper()
	return Open(bytes.NewReader(b), int64(len(b)), name, o)
}

func TestNewHiresHaveSixtyRowsOfWhichTwoAreInvalid(t *testing.T) {
	b, err := os.ReadFile("../../testdata/exports/new-hires.csv")
	if err != nil {
		t.Fatal(err)
	}
	f, err := open(t, "new-hires.csv", b, Options{})
	if err != nil {
		t.Fatal(err)
	}
	rows, invalid, twice := 0, 0, 0
	subjects := make(map[string]bool)
	for r, err := range f.Records() {
		if err != nil {
			t.Fatal(err)
		}
		rows++
		if why, _ := f.Check(r, false); why != "" {
			invalid++
			continue
		}
		if subjects[r.Subject] {
			twice++
		}
		subjects[r.Subject] = true
	}
	if rows != 60 || invalid != 2 || twice != 1 {
		t.Errorf("got %d rows, %d invalid, %d twice; want 60, 2, 1", rows, invalid, twice)
	}
}
