package provision

import "strings"

// Nearest returns the first of the words that need the fewest changes to become the one that was typed, of at most so
// many characters inserted, removed or replaced, whatever their case; "" where there is none.
func Nearest(typed string, words []string, most int) (nearest string) {
	for _, word := range words {
		if n := edits(strings.ToLower(typed), strings.ToLower(word)); n <= most {
			nearest, most = word, n-1
		}
	}
	return nearest
}

// edits is how many characters have to be inserted, removed or replaced to make b of a.
func edits(a, b string) int {
	from, to := []rune(a), []rune(b)
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range from {
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range to {
			replaced := diagonal
			if x != y {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(row[j+1]+1, row[j]+1, replaced)
		}
	}
	return row[len(to)]
}
