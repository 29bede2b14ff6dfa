package csvfile

import "strings"

// isWestern reports whether raw may be Windows-1252: text of a western European language. It judges words, as letters
// of other encodings come out as accented letters and symbols where no western word has them. A few odd words among
// many do not count.
func isWestern(raw string) bool {
	var w wordCounts
	for i := 0; i < len(raw); i++ {
		from := i
		high := 0
		for ; i < len(raw) && isWordByte(raw[i]); i++ {
			if raw[i] >= 0x80 {
				high++
			}
		}
		if high > 0 {
			w.add(raw[from:i], high)
		}
	}
	const share = 5 // one odd word in so many is too many
	switch {
	case w.odd > 0 && w.odd*share > w.accented,
		w.symbols > max(w.letters, 1),
		w.short > 1 && w.short == w.accented,
		w.icelandic > 2 && w.icelandic*3 >= w.accented && w.acute == 0: // Turkish
		return false
	}
	return true
}

// wordCounts counts the words of a text, and the bytes in them, that are not ASCII as Windows-1252.
type wordCounts struct {
	accented  int // words with letters that are not ASCII, or odd
	odd       int // words that no western language has
	short     int // words of two letters, both not ASCII
	icelandic int // words with ð, þ or ý
	letters   int // letters that are not ASCII
	acute     int // letters with an acute accent, and æ: frequent in Icelandic, Faroese and Czech
	symbols   int // what is no letter, and does not stand beside the words of a western text
}

// add counts a word with so many bytes that are not ASCII.
func (w *wordCounts) add(word string, high int) {
	letters, icelandic := 0, false
	for i := range len(word) {
		switch c := word[i]; {
		case c < 0x80:
		case isHighLetter(c):
			letters++
			icelandic = icelandic || strings.IndexByte("\xd0\xdd\xde\xf0\xfd\xfe", c) >= 0
			if strings.IndexByte("\xc1\xc6\xc9\xcd\xd3\xda\xe1\xe6\xe9\xed\xf3\xfa", c) >= 0 {
				w.acute++
			}
		case strings.IndexByte(commonSymbols, c) < 0:
			w.symbols++
		}
	}
	w.letters += letters
	odd := isOddWord(word, high)
	if odd {
		w.odd++
	}
	if odd || letters > 0 {
		w.accented++
	}
	if letters == 2 && len(word) == 2 {
		w.short++
	}
	if icelandic {
		w.icelandic++
	}
}

// isWordByte reports whether c is part of a word, or may be in another encoding.
func isWordByte(c byte) bool {
	return isLetter(c) || c >= 0x80 && strings.IndexByte(separators, c) < 0
}

const (
	// separators stand between the words of western texts: € … ‘ ’ • – — ™ nbsp © « soft hyphen ® ´ · »
	separators = "\x80\x85\x91\x92\x95\x96\x97\x99\xa0\xa9\xab\xad\xae\xb4\xb7\xbb"
	// commonSymbols stand beside the words of western texts: ‚ „ ‹ “ ” › ¡ ¢ £ ¥ § ª ° ± ² ³ µ º ¼ ½ ¾ ¿
	commonSymbols = "\x82\x84\x8b\x93\x94\x9b\xa1\xa2\xa3\xa5\xa7\xaa\xb0\xb1\xb2\xb3\xb5\xba\xbc\xbd\xbe\xbf"
)

// isOddWord reports whether no western word is like w, which has some bytes that are not ASCII.
func isOddWord(w string, high int) bool {
	if high == len(w) && high >= 3 {
		return true // Èâàí: not one letter of ASCII
	}
	run := 0
	for i := range len(w) {
		c := w[i]
		if c < 0x80 {
			run = 0
			continue
		}
		if run++; run >= 4 {
			return true
		}
		first, last := i == 0, i == len(w)-1
		switch {
		case isHighLetter(c):
			if !first && isUpper(c) && isLower(w[i-1]) {
				return true // NguyêÞn, JosŽ
			}
			if isOddIcelandic(w, i) || isOddSpelling(w, i) {
				return true
			}
		case !first && !last && isLower(w[i+1]):
			return true // Gra¿yna, J”rg
		case first && !last && strings.IndexByte("\xa3\xaa\xaf\xba\xbc\xbe", c) >= 0 && isLower(w[1]):
			return true // £ukasz, ªtefan, ¼uboš
		case last && i >= 3 && strings.IndexByte("\x82\x84\xb3\xb9", c) >= 0:
			return true // Pawe³, Andr‚
		}
	}
	return false
}

// isOddIcelandic reports whether the letter at i is Icelandic, but stands where Turkish, Lithuanian and Vietnamese have
// another one in its place: Ayþe, Ýbrahim, Ðarûnas.
func isOddIcelandic(w string, i int) bool {
	last := i == len(w)-1
	switch w[i] {
	case 0xfe, 0xde: // þ begins a word or a part of one
		return i > 0 && (last || strings.IndexByte("aeiouAEIOU\xfd\xdd\xf6\xd6\xfc\xdc", w[i-1]) >= 0)
	case 0xdd: // Ý
		return i == 0 && !last && strings.IndexByte("bcdfghjklnpqstvwxzBCDFGHJKLNPQSTVWXZ", w[1]) >= 0
	case 0xd0, 0xf0: // ð never begins one
		return i == 0 && !last
	case 0xfd: // ý never stands beside y
		return i > 0 && (w[i-1] == 'y' || w[i-1] == 'Y')
	}
	return false
}

// isOddSpelling reports whether the letter at i stands where no western language has it, but Czech, Slovak, Hungarian,
// Romanian, the Baltic and the southern Slavic languages have another one in its place.
func isOddSpelling(w string, i int) bool {
	before, after := byte(0), byte(0)
	if i > 0 {
		before = w[i-1]
	}
	if i+1 < len(w) {
		after = w[i+1]
	}
	switch w[i] {
	case 0xc8, 0xe8: // È before a vowel: Èech, Kováèová
		return strings.IndexByte("aeiou\xe1\xe9\xed\xf3", after) >= 0
	case 0xf8: // ø behind o, or before an accented vowel: Dvoøák, Jiøí
		return before == 'o' || after == 0xe1 || after == 0xed
	case 0xe6: // iæ at the end: Petroviæ
		return after == 0 && before == 'i'
	case 0xe3: // ã before a consonant: Brãtianu
		return strings.IndexByte("bcdfghjklmnpqrtvwxz", after) >= 0
	case 0xd5, 0xf5: // õ at the end, or beside letters that Estonian does not have: Gergõ, Tõkés
		return after == 0 && i > 0 || after != 'e' && strings.ContainsAny(latin1(w), "áéíóúÁÉÍÓÚöÖ")
	case 0x9f: // Ÿ within lower case: MŸller
		return isLower(after)
	case 0xf0, 0xfe, 0xfd: // letters of Icelandic beside others that it does not have: Bçrziòð, Çaðla
		return strings.ContainsAny(latin1(w), "àâãåçèêëìîïñòôõùûüÀÂÃÅÇÈÊËÌÎÏÑÒÔÕÙÛÜ")
	}
	return false
}

// latin1 is a word of Windows-1252 as UTF-8; what is not in Latin-1 is no letter that anybody asks for.
func latin1(w string) string {
	runes := make([]rune, len(w))
	for i := range len(w) {
		runes[i] = rune(w[i])
	}
	return string(runes)
}

// isPair reports whether the character of UTF-8 at i, n bytes long, is rather two of Windows-1252: a letter that ends a
// word, and a closing quote or the like, as in Groß’ and CAFÉ”.
func isPair(raw string, i, n int) bool {
	if n != 2 || i == 0 || strings.IndexByte("\x85\x91\x92\x93\x94\x96\x97\x9b\xa0\xab\xb4\xbb", raw[i+1]) < 0 {
		return false
	}
	before := raw[i-1]
	if raw[i] == 0xdf {
		return before < 0x80 && isLetter(before)
	}
	after := byte(0)
	if i+2 < len(raw) {
		after = raw[i+2]
	}
	return raw[i] > 0xc5 && 'A' <= before && before <= 'Z' && !isLower(after) && after < 0x80
}

func isLetter(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || isHighLetter(c)
}

// isHighLetter reports whether c is a letter of Windows-1252 beside ASCII's. × and ÷ count: they are letters in KOI8-R.
func isHighLetter(c byte) bool {
	return c >= 0xc0 || strings.IndexByte("\x8a\x8c\x8e\x9a\x9c\x9e\x9f", c) >= 0
}

func isLower(c byte) bool {
	return 'a' <= c && c <= 'z' || c >= 0xdf && c != 0xf7 || c == 0x9a || c == 0x9c || c == 0x9e
}

// isUpper is for what isHighLetter finds.
func isUpper(c byte) bool {
	return 0xc0 <= c && c <= 0xde && c != 0xd7 || c == 0x8a || c == 0x8c || c == 0x8e || c == 0x9f
}
