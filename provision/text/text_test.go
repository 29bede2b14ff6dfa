package text

import (
	"testing"
	"unicode/utf8"
)

func TestGroupedSeparatesThousands(t *testing.T) {
	for n, want := range map[int]string{0: "0", 12: "12", 999: "999", 1866: "1,866", 100000: "100,000",
		-1234567: "-1,234,567"} {
		if got := Grouped(n); got != want {
			t.Errorf("%d: %s, not %s", n, got, want)
		}
	}
}

func TestPluralAgreesWithItsNumber(t *testing.T) {
	for n, want := range map[int]string{0: "0 rows", 1: "1 row", 2: "2 rows", 2000: "2,000 rows"} {
		if got := Plural(n, "row", "rows"); got != want {
			t.Errorf("%d: %s, not %s", n, got, want)
		}
	}
}

func TestClipKeepsWholeCharactersWithinTheSize(t *testing.T) {
	const s = "Jörg Müller"
	for size := 3; size <= len(s)+1; size++ {
		got := Clip(s, size)
		if len(got) > size || !utf8.ValidString(got) {
			t.Errorf("%d bytes: %q", size, got)
		}
		if (got == s) != (size >= len(s)) {
			t.Errorf("%d bytes: %q", size, got)
		}
	}
}

func TestCharactersThatDoNotBelongInAValue(t *testing.T) {
	for _, c := range []struct {
		r                        rune
		control, bidi, invisible bool
	}{
		{'a', false, false, false}, {'\u00e9', false, false, false}, {' ', false, false, false},
		{'\n', true, false, false}, {'\u0085', true, false, false}, {'\u2028', true, false, false},
		{'\u202e', false, true, true}, {'\u2067', false, true, true}, {'\u200f', false, true, true},
		{'\u200b', false, false, true}, {'\u00ad', false, false, true}, {'\ufeff', false, false, true},
	} {
		if IsControl(c.r) != c.control || IsBidi(c.r) != c.bidi || IsInvisible(c.r) != c.invisible {
			t.Errorf("%U: control %v, bidi %v, invisible %v", c.r, IsControl(c.r), IsBidi(c.r), IsInvisible(c.r))
		}
	}
}
