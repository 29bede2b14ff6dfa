package page

// A bar is a part of the bar of totals, in hundredths of its length.
type bar struct {
	total
	X, Width float64
}

// minBar is how long, in hundredths, a part is at least, so that one row in a hundred thousand is still seen.
const minBar = 0.8

// bars divides the bar among outcomes that rows have.
func bars(totals []total, rows int) []bar {
	var out []bar
	length := 0.0
	for _, t := range totals {
		b := bar{total: t, Width: max(100*float64(t.Count)/float64(rows), minBar)}
		length += b.Width
		out = append(out, b)
	}
	x := 0.0
	for i := range out {
		width := out[i].Width * 100 / length
		out[i].X, out[i].Width = tenths(x), tenths(x+width)-tenths(x)
		x += width
	}
	return out
}
