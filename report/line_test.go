package report

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gocarina/gocsv"
	"github.com/google/go-cmp/cmp"
)

func FuzzALineIsWhatGocsvMakesOfIt(f *testing.F) {
	f.Add("created", "6b06", "00417", "", "", "201", "", "1", "2026-03-02T09:14:57.123Z", "acme.eu.qlikcloud.com", "7")
	f.Add("failed", "", "a,b", `it said "no"`, "USERS-4", "400", "79cf", "5", "yesterday", "", "1")
	f.Add("", "", "", "", "", "none", "", "-3", "2026-03-02", "sandbox", "2147483647")
	f.Add("PENDING ", " x ", "é", "\t", "", "", "", "", "", "", " 3")
	f.Add("created", "", "", "", "", "", "", "", "", "", "x")
	f.Add("erledigt", "", "", "", "", "", "", "", "", "", "1")
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
		if cells := ours.cells(); !slices.Equal(cells[:], made) {
			t.Errorf("%q is written as %q, by gocsv as %q", row, cells, made)
		}
	})
}

// grid is what gocsv writes to and reads from here.
type grid [][]string

func (g *grid) Write(row []string) error {
	*g = append(*g, slices.Clone(row))
	return nil
}

func (g *grid) Flush()                       {}
func (g *grid) Error() error                 { return nil }
func (g *grid) Read() ([]string, error)      { return nil, io.EOF }
func (g *grid) ReadAll() ([][]string, error) { return *g, nil }

// encode has gocsv make the cells of an entry, by its tags.
func encode(e Entry) ([]string, error) {
	var out grid
	if err := gocsv.MarshalCSVWithoutHeaders([]Entry{e}, &out); err != nil {
		return nil, err
	}
	return out[0], nil
}

// decode has gocsv read an entry, by its tags, but for the two columns that a row stands or falls by.
func decode(row []string) (Entry, error) {
	n, isRow := rowNumber(row[rowColumn])
	state, isState := stateOf(row[outcomeColumn])
	if !isRow || !isState {
		return Entry{}, errors.New("no row of ours")
	}
	var out [1]Entry
	err := gocsv.UnmarshalCSVWithoutHeaders(&grid{row[:rowColumn]}, &out)
	out[0].Row, out[0].Outcome = n, state
	return out[0], err
}

func TestTheColumnsAreThoseOfAnEntrysTags(t *testing.T) {
	header, err := gocsv.MarshalString([]Entry{})
	if want := strings.Join(Columns(), ",") + "\n"; err != nil || header != want {
		t.Errorf("%q, %v; want %q", header, err, want)
	}
}

func TestATimeIsWrittenToTheMillisecond(t *testing.T) {
	for _, nanos := range []int64{0, 1, 999_999, 1_000_000, 123_456_789, 999_999_999} {
		for _, at := range []time.Time{time.Unix(0, nanos), time.Unix(1_772_353_800, nanos).In(time.FixedZone("", 7200)), time.Unix(253_402_300_800, nanos), time.Unix(-70_000_000_000, nanos)} {
			got, err := Time{at}.MarshalCSV()
			if want := at.UTC().Format("2006-01-02T15:04:05.000Z07:00"); err != nil || got != want {
				t.Errorf("%s, %v, want %s", got, err, want)
			}
		}
	}
}
