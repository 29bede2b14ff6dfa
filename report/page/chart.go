package page

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"qlik-provision/provision/text"
)

// A chart is what an SVG of a timeline is made of; lengths are its pixels, rounded to tenths.
type chart struct {
	Name                     string
	Width, Height            int
	Left, Right, Top, Bottom float64 // of the plot
	Line, Area               string  // paths
	Waits, Pauses            []band
	Labels                   []tick // of the waits and pauses with room for one
	Across                   []tick // counts
	Up                       []tick // times
}

// Tall is the height of the plot.
func (c chart) Tall() float64 { return c.Bottom - c.Top }

// A band is a gap.
type band struct {
	X, Width float64
	Label    string
}

// A tick is a mark on an axis with its label, or a label alone. Day is set where the date changes.
type tick struct {
	At         float64
	Label, Day string
	Anchor     string // middle or end
}

// How the chart is drawn, in its pixels.
const (
	pauseWidth = 22 // at most
	minBand    = 1.5
	glyph      = 6.4 // a character's width at the size of the labels
	labelGap   = 15  // free between two times
	maxDrawn   = 200 // waits
)

// draw makes a chart of this size. Time is drawn to scale except for the pauses.
func (t *timeline) draw(name string, width, height int) chart {
	c := chart{
		Name: name, Width: width, Height: height,
		Left: 52, Right: float64(width - 2), Top: 26, Bottom: float64(height - 44),
	}
	most := c.countTicks(len(t.at))
	y := func(n int) float64 { return c.Bottom - (c.Bottom-c.Top)*float64(n)/float64(most) }
	s := t.scale(c.Left, c.Right)
	c.path(t, s, y)
	for _, g := range longest(t.waits, maxDrawn) {
		c.Waits = append(c.Waits, s.band(g))
	}
	for _, g := range t.pauses {
		c.Pauses = append(c.Pauses, s.band(g))
	}
	c.label()
	c.timeTicks(s)
	return c
}

// A scale is where moments stand on the chart.
type scale struct {
	pieces []piece
	perMs  float64
}

// A piece is a time drawn to scale.
type piece struct {
	from, to int64
	x        float64 // of from
}

func (t *timeline) scale(left, right float64) scale {
	first, last := t.at[0], t.at[len(t.at)-1]
	length := last - first
	for _, g := range t.pauses {
		length -= g.length()
	}
	pause := 0.0
	if n := float64(len(t.pauses)); n > 0 {
		pause = min(pauseWidth, (right-left)/3/n)
	}
	s := scale{perMs: (right - left - pause*float64(len(t.pauses))) / float64(max(length, 1))}
	x, from := left, first
	for _, g := range t.pauses {
		s.pieces = append(s.pieces, piece{from, g.from, x})
		x += float64(g.from-from)*s.perMs + pause
		from = g.to
	}
	s.pieces = append(s.pieces, piece{from, last, x})
	return s
}

// x is where a moment stands.
func (s scale) x(at int64) float64 {
	i := len(s.pieces) - 1
	for i > 0 && at < s.pieces[i].from {
		i--
	}
	p := s.pieces[i]
	return p.x + float64(min(at, p.to)-p.from)*s.perMs
}

func (s scale) band(g gap) band {
	x := s.x(g.from)
	width := max(s.x(g.to)-x, minBand)
	return band{X: tenths(x), Width: tenths(width), Label: span(g.length())}
}

// path draws how many rows were settled when, as steps, with one step for each pixel at most.
func (c *chart) path(t *timeline, s scale, y func(int) float64) {
	var b strings.Builder
	start := tenths(s.x(t.at[0]))
	fmt.Fprintf(&b, "M%g,%gV", start, tenths(y(0)))
	column := start
	for i, at := range t.at {
		x := tenths(s.x(at))
		if i > 0 && x-column >= 1 {
			fmt.Fprintf(&b, "%gH%gV", tenths(y(i)), x)
			column = x
		}
	}
	fmt.Fprintf(&b, "%gH%g", tenths(y(len(t.at))), tenths(s.x(t.at[len(t.at)-1])))
	c.Line = b.String()
	c.Area = fmt.Sprintf("%sV%gH%gZ", c.Line, tenths(y(0)), start)
}

// label labels the bands above the plot, as far as there is room beside the axis' own name.
func (c *chart) label() {
	all := slices.Concat(c.Waits, c.Pauses)
	slices.SortFunc(all, func(a, b band) int { return cmp.Compare(a.X, b.X) })
	free := glyph * float64(len("rows settled"))
	for _, b := range all {
		half := glyph * float64(len(b.Label)) / 2
		middle := min(b.X+b.Width/2, float64(c.Width)-half)
		if middle-half >= free {
			c.Labels = append(c.Labels, tick{At: tenths(middle), Label: b.Label})
			free = middle + half + 8
		}
	}
}

// countTicks marks about four counts, and returns the highest, which is n or more.
func (c *chart) countTicks(n int) int {
	step := 1
	for grow := 0; (n+step-1)/step > 5; grow++ { // 1, 2, 5, 10, 20, 50, …
		step = step * []int{2, 5, 2}[grow%3] / []int{1, 2, 1}[grow%3]
	}
	most := (n + step - 1) / step * step
	for i := 0; i <= most; i += step {
		at := c.Bottom - (c.Bottom-c.Top)*float64(i)/float64(most)
		c.Across = append(c.Across, tick{At: tenths(at), Label: text.Grouped(i)})
	}
	return most
}

// timeTicks marks times of day, and the date where it changes.
func (c *chart) timeTicks(s scale) {
	step := timeStep(s.perMs)
	form := tickForm(step)
	width := glyph * float64(len(form))
	free, day := 0.0, ""
	mark := func(at int64) {
		when := time.UnixMilli(at).UTC()
		k := tick{At: tenths(s.x(at)), Label: when.Format(form), Anchor: "middle"}
		begin := k.At - width/2
		if k.At+width/2 > c.Right { // it must not leave the picture
			k.Anchor, begin = "end", k.At-width
		}
		if begin < free {
			return
		}
		free = begin + width + labelGap
		if d := when.Format("2 Jan 2006 UTC"); d != day {
			day, k.Day = d, d
		}
		c.Up = append(c.Up, k)
	}
	for _, p := range s.pieces {
		first := (p.from + step - 1) / step * step
		if first > p.to {
			if len(s.pieces) > 1 {
				mark(p.from)
			}
			continue
		}
		for at := first; at <= p.to; at += step {
			mark(at)
		}
	}
}

// tickForm is how times that are so many milliseconds apart are written.
func tickForm(step int64) string {
	switch {
	case step < 1000:
		return "15:04:05.000"
	case step%60_000 == 0:
		return "15:04"
	}
	return "15:04:05"
}

// timeStep is how far apart, in milliseconds, times are marked.
func timeStep(perMs float64) int64 {
	fits := func(step int64) bool {
		return float64(step)*perMs >= glyph*float64(len(tickForm(step)))+labelGap
	}
	const second, minute, hour, day = 1000, 60_000, 3_600_000, 86_400_000
	for _, step := range []int64{
		1, 2, 5, 10, 20, 50, 100, 200, 500,
		second, 2 * second, 5 * second, 10 * second, 15 * second, 30 * second,
		minute, 2 * minute, 5 * minute, 10 * minute, 15 * minute, 30 * minute,
		hour, 2 * hour, 3 * hour, 6 * hour, 12 * hour,
	} {
		if fits(step) {
			return step
		}
	}
	step := int64(day)
	for !fits(step) {
		step *= 2
	}
	return step
}

func tenths(f float64) float64 { return math.Round(f*10) / 10 }
