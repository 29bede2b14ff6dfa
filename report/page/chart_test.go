package page

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"qlik-provision/provision"
	"qlik-provision/report"
)

// finishedAfter are rows that were finished so many seconds after the start of a run.
func finishedAfter(seconds ...float64) []report.Row {
	rows := make([]report.Row, len(seconds))
	for i, s := range seconds {
		at := sampleStart().Add(time.Duration(s * float64(time.Second)))
		rows[i].Entry = report.Entry{Outcome: provision.Created, FinishedAt: report.TimeCell{Time: at}}
	}
	return rows
}

func TestChartHasWaitsAndPauses(t *testing.T) {
	for what, c := range map[string]struct {
		rows    []report.Row
		columns []int // rows, -1 for a pause
		waiting time.Duration
	}{
		"no row":      {nil, nil, 0},
		"a short run": {finishedAfter(0, 59), nil, 0},
		"one after the other": {
			finishedAfter(1, 7, 12, 13, 17, 23, 28, 33, 38, 44, 48, 53, 58, 61),
			[]int{1, 1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, 0,
		},
		"a wait": {
			finishedAfter(0, 0, 1, 61), []int{3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 55 * time.Second,
		},
		"half an hour is a wait": {
			finishedAfter(0, 1800), append([]int{1}, append(make([]int, 57), 1)...), 57 * 31 * time.Second,
		},
		"more is a pause": {
			finishedAfter(0, 30, 1831, 1861), []int{1, 0, 0, 0, 0, 0, 1, -1, 1, 0, 0, 0, 0, 0, 1}, 50 * time.Second,
		},
	} {
		chart := newChart(c.rows)
		var columns []int
		for _, column := range chart.Columns {
			if column.Pause > 0 {
				column.Count = -1
			}
			columns = append(columns, column.Count)
		}
		if diff := cmp.Diff(c.columns, columns); diff != "" || chart.Waiting != c.waiting {
			t.Errorf("%s: waiting %v, want %v; columns (-want +got):\n%s", what, chart.Waiting, c.waiting, diff)
		}
	}
}

func FuzzChartCountsEveryRow(f *testing.F) {
	f.Add(uint64(1), 40, int64(1000))
	f.Add(uint64(2), 2, int64(1))
	f.Add(uint64(3), 3000, int64(400_000))
	f.Add(uint64(4), 60, int64(9_000_000_000_000))
	f.Add(uint64(5), 900, int64(329_000))
	f.Fuzz(func(t *testing.T, seed uint64, n int, spread int64) {
		if n < 1 || n > 5000 || spread < 1 || spread > 250_000_000_000_000 {
			t.Skip()
		}
		r := rand.New(rand.NewPCG(seed, 0))
		rows := make([]report.Row, n)
		for i := range rows {
			at := time.UnixMilli(r.Int64N(spread) - spread/3)
			rows[i].Entry = report.Entry{Outcome: provision.Created, FinishedAt: report.TimeCell{Time: at}}
		}
		c := newChart(rows)
		count := 0
		for i, column := range c.Columns {
			count += column.Count
			if column.Count > c.Most || i > 0 && column.From.Before(c.Columns[i-1].From) {
				t.Fatalf("column %d is %+v, the highest has %d rows", i, column, c.Most)
			}
		}
		if len(c.Columns) > 0 && count != n || len(c.Columns) > maxColumns+2*c.Pauses {
			t.Fatalf("%d columns have %d rows, want %d", len(c.Columns), count, n)
		}
		if first := c.Rows > 0 && slices.ContainsFunc(rows, func(r report.Row) bool {
			return r.Entry.FinishedAt.Before(c.First) || r.Entry.FinishedAt.After(c.Last)
		}); first {
			t.Fatal("a row was finished before the first or after the last")
		}
	})
}

func TestTextsAsShown(t *testing.T) {
	for got, want := range map[string]string{
		shown("a\tb\nc"): "a b c", shown("\u202ea"): "⟨U+202E⟩a", shown("\x1b[2J"): "⟨U+001B⟩[2J",
		shown("a\xffb"): "a\ufffdb", shown("👩‍🚀 نرگس\u200cها"): "👩‍🚀 نرگس\u200cها",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestBarIsFull(t *testing.T) {
	rows := make([]report.Row, 100_000)
	for i := range rows {
		rows[i].Entry.Outcome = provision.Created
	}
	rows[7].Entry.Outcome, rows[8].Entry.Outcome = provision.Failed, provision.Exists
	end := 0.0
	for _, part := range newTotals(rows) {
		if part.Width != float64(part.Count)/1000 || part.X-end > 0.001 || end-part.X > 0.001 {
			t.Errorf("%s is %v wide and begins at %v behind a part that ends at %v", part.Name, part.Width, part.X, end)
		}
		end = part.X + part.Width
	}
	if end < 99.999 || end > 100.001 {
		t.Errorf("the parts end at %v", end)
	}
}
