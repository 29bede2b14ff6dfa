package page

import (
	"fmt"
	"math"
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
	Across                   []tick // counts
	Up                       []tick // times
}

// Tall is the height of the plot.
func (c chart) Tall() float64 { return c.Bottom - c.Top }

// A band is a gap. Label is its length.
type band struct {
	X, Width float64
	Label    string
}

// A tick is a mark on an axis with its label. Day is set where the date changes.
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
)

// draw makes a chart of this size. Time is drawn to scale except for the pauses. Waits too short to be seen are left
// out.
func (t *timeline) draw(name string, width, height int) chart {
	c := chart{
		Name: name, Width: width, Height: height,
		Left: 52, Right: float64(width - 2), Top: 26, Bottom: float64(height - 44),
	}
	most := c.countTicks(len(t.at))
	y := func(n int) float64 { return tenths(c.Bottom - c.Tall()*float64(n)/float64(most)) }
	s := t.scale(c.Left, c.Right)
	c.path(t, s, y)
	for _, g := range t.waits {
		if b := s.band(g); b.Width >= minBand {
			c.Waits = append(c.Waits, b)
		}
	}
	for _, g := range t.pauses {
		c.Pauses = append(c.Pauses, s.band(g))
	}
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
	n := float64(len(t.pauses))
	pause := min(pauseWidth, (right-left)/3/max(n, 1))
	s := scale{perMs: (right - left - pause*n) / float64(max(t.working(), 1))}
	x, from := left, t.at[0]
	for _, g := range t.pauses {
		s.pieces = append(s.pieces, piece{from, g.from, x})
		x += float64(g.from-from)*s.perMs + pause
		from = g.to
	}
	s.pieces = append(s.pieces, piece{from, t.at[len(t.at)-1], x})
	return s
}

// x is where a moment stands.
func (s scale) x(at int64) float64 {
	i := len(s.pieces) - 1
	for i > 0 && at < s.pieces[i].from {
		i--
	}
	p := s.pieces[i]
	return tenths(p.x + float64(min(at, p.to)-p.from)*s.perMs)
}

func (s scale) band(g gap) band {
	x := s.x(g.from)
	return band{X: x, Width: tenths(s.x(g.to) - x), Label: span(g.length())}
}

// path draws how many rows were settled when, as steps, with one step for each pixel at most.
func (c *chart) path(t *timeline, s scale, y func(int) float64) {
	var b strings.Builder
	start := s.x(t.at[0])
	fmt.Fprintf(&b, "M%g,%gV", start, y(0))
	column := start
	for i, at := range t.at {
		if x := s.x(at); i > 0 && x-column >= 1 {
			fmt.Fprintf(&b, "%gH%gV", y(i), x)
			column = x
		}
	}
	fmt.Fprintf(&b, "%gH%g", y(len(t.at)), s.x(t.at[len(t.at)-1]))
	c.Line = b.String()
	c.Area = fmt.Sprintf("%sV%gH%gZ", c.Line, y(0), start)
}

// countTicks marks about four counts, and returns the highest, which is n or more.
func (c *chart) countTicks(n int) int {
	step := 1
	for grow := 0; (n+step-1)/step > 5; grow++ { // 1, 2, 5, 10, 20, 50, …
		step = step * []int{2, 5, 2}[grow%3] / []int{1, 2, 1}[grow%3]
	}
	most := (n + step - 1) / step * step
	for i := 0; i <= most; i += step {
		at := c.Bottom - c.Tall()*float64(i)/float64(most)
		c.Across = append(c.Across, tick{At: tenths(at), Label: text.Grouped(i)})
	}
	return most
}

// timeTicks marks times of day, and the date where it changes. Where two times would overlap, the second is left out.
func (c *chart) timeTicks(s scale) {
	step, form := timeStep(s.perMs)
	width := glyph * float64(len(form))
	free, day := 0.0, ""
	for _, p := range s.pieces {
		at := (p.from + step - 1) / step * step
		if at > p.to && len(s.pieces) > 1 {
			at = p.from
		}
		for ; at <= p.to; at += step {
			when := time.UnixMilli(at).UTC()
			k := tick{At: s.x(at), Label: when.Format(form), Anchor: "middle"}
			begin := k.At - width/2
			if k.At+width/2 > c.Right { // it must not leave the picture
				k.Anchor, begin = "end", k.At-width
			}
			if begin < free {
				continue
			}
			free = begin + width + labelGap
			if d := when.Format("2 Jan 2006 UTC"); d != day {
				day, k.Day = d, d
			}
			c.Up = append(c.Up, k)
		}
	}
}

// timeStep is how far apart, in milliseconds, times are marked, and how they are written.
func timeStep(perMs float64) (step int64, form string) {
	for _, seconds := range []int64{
		5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
	} {
		step, form = 1000*seconds, "15:04"
		if seconds < 60 {
			form = "15:04:05"
		}
		if float64(step)*perMs >= glyph*float64(len(form))+labelGap {
			break
		}
	}
	return step, form
}

func tenths(f float64) float64 { return math.Round(f*10) / 10 }
