package page

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"regexp"
	"slices"
	"testing"
)

func TestTimelineFindsWaitsAndPauses(t *testing.T) {
	second := func(s ...float64) []int64 {
		var at []int64
		for _, x := range s {
			at = append(at, int64(x*1000))
		}
		return at
	}
	for _, c := range []struct {
		what          string
		settled       []int64
		waits, pauses []int64 // lengths
	}{
		{"one after the other", second(0, 1, 2, 3, 4), nil, nil},
		{"5 s is none yet", second(0, 0.1, 5.1, 5.2), nil, nil},
		{"more than 5 s", second(0, 0.1, 5.2, 5.3), []int64{5100}, nil},
		{"a slow run has long gaps", second(0, 2, 4, 6, 40, 42, 83, 85), []int64{41000}, nil},
		{"half an hour is a wait", second(0, 1, 1801, 1802), []int64{1_800_000}, nil},
		{"more is the time between runs", second(0, 1, 1802, 1803), nil, []int64{1_801_000}},
	} {
		line := newTimeline(c.settled)
		var waits, pauses []int64
		for _, g := range line.waits {
			waits = append(waits, g.length())
		}
		for _, g := range line.pauses {
			pauses = append(pauses, g.length())
		}
		if !reflect.DeepEqual(waits, c.waits) || !reflect.DeepEqual(pauses, c.pauses) {
			t.Errorf("%s: waits %v and pauses %v, want %v and %v", c.what, waits, pauses, c.waits, c.pauses)
		}
	}
	for _, none := range [][]int64{nil, second(1), second(1, 1, 1)} {
		if newTimeline(none) != nil {
			t.Errorf("%v has a timeline", none)
		}
	}
}

func FuzzChartStaysInsidePicture(f *testing.F) {
	f.Add(uint64(1), 40, int64(1000))
	f.Add(uint64(2), 2, int64(1))
	f.Add(uint64(3), 3000, int64(400))
	f.Add(uint64(4), 60, int64(9_000_000_000_000))
	f.Fuzz(func(t *testing.T, seed uint64, n int, spread int64) {
		if n < 2 || n > 5000 || spread < 1 || spread > 250_000_000_000_000 {
			t.Skip()
		}
		r := rand.New(rand.NewPCG(seed, 0))
		settled := make([]int64, n)
		for i := range settled {
			settled[i] = r.Int64N(spread) - spread/3
			if r.IntN(3) == 0 && i > 0 {
				settled[i] = settled[i-1] + r.Int64N(50)
			}
		}
		slices.Sort(settled)
		line := newTimeline(settled)
		if line == nil {
			return
		}
		c := line.draw("wide", 880, 270)
		for _, number := range regexp.MustCompile(`[0-9.e+-]+|NaN|Inf`).FindAllString(c.Line, -1) {
			var v float64
			if _, err := fmt.Sscan(number, &v); err != nil || !(v >= 0 && v <= 880) {
				t.Fatalf("the line goes to %s", number)
			}
		}
		if len(c.Line) > 32<<10 || len(c.Up) > 20 || len(c.Across) > 7 || float64(len(c.Waits)) > 880/minBand {
			t.Fatalf("the chart has a line of %d bytes, %d times, %d counts, %d waits and %d pauses",
				len(c.Line), len(c.Up), len(c.Across), len(c.Waits), len(c.Pauses))
		}
		for _, b := range append(c.Waits, c.Pauses...) {
			if !(b.X >= c.Left && b.Width >= 0 && b.X+b.Width <= c.Right+0.1) {
				t.Fatalf("a band stands at %v, %v wide", b.X, b.Width)
			}
		}
		wantTimesApart(t, c)
		wantTimesApart(t, line.draw("narrow", 340, 250))
	})
}

// wantTimesApart fails where the times of a chart overlap or leave it.
func wantTimesApart(t *testing.T, c chart) {
	t.Helper()
	end := 0.0 // of the one before
	for _, k := range c.Up {
		width := glyph * float64(len(k.Label))
		begin := k.At - width/2
		if k.Anchor == "end" {
			begin = k.At - width
		}
		if begin < end || begin+width > float64(c.Width) {
			t.Fatalf("the times of the %s chart overlap or leave it: %v", c.Name, c.Up)
		}
		end = begin + width
	}
}

func TestChartTimesDoNotOverlap(t *testing.T) {
	for length := int64(minChart); length < 100_000_000; length += length/7 + 1 {
		settled := make([]int64, 61)
		for i := range settled {
			settled[i] = length * int64(i) / 60
		}
		line := newTimeline(settled)
		for _, c := range []chart{line.draw("wide", 880, 270), line.draw("narrow", 340, 250)} {
			wantTimesApart(t, c)
			if len(c.Up) < 2 {
				t.Errorf("a run of %d ms has the times %v on the %s chart", length, c.Up, c.Name)
			}
		}
	}
}

func TestNumbersAndTextsAsShown(t *testing.T) {
	for got, want := range map[string]string{
		span(0): "0 s", span(9_999): "10 s", span(10_400): "10 s", span(60_000): "1 min 0 s",
		span(252_400): "4 min 12 s", span(3_661_000): "1 h 1 min", span(90_061_000): "1 d 1 h",
		percent(0, 7): "0%", percent(7, 7): "100%", percent(1, 3): "33.3%", percent(1, 100_000): "<0.1%",
		percent(99_999, 100_000): ">99.9%",
		percent(71, 100):         "71%",
		shown("a\tb\nc"):         "a b c", shown("\u202ea"): "⟨U+202E⟩a", shown("\x1b[2J"): "⟨U+001B⟩[2J",
		shown("a\xffb"): "a\ufffdb", shown("👩‍🚀 نرگس\u200cها"): "👩‍🚀 نرگس\u200cها",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestBarIsFullAndShowsEveryPart(t *testing.T) {
	parts := bars([]total{{Count: 99_998}, {Count: 1}, {Count: 1}}, 100_000)
	end := 0.0
	for _, p := range parts {
		if p.Width < 0.7 || p.X-end > 0.05 || end-p.X > 0.05 {
			t.Errorf("a part is %v wide and begins at %v behind one that ends at %v", p.Width, p.X, end)
		}
		end = p.X + p.Width
	}
	if len(parts) != 3 || end < 99.95 || end > 100.05 {
		t.Errorf("%d parts end at %v", len(parts), end)
	}
}
