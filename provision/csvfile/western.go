package csvfile

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/encoding/charmap"
)

// isWestern reports whether raw may be Windows-1252: text of a western European language. It judges
// words, as letters of other encodings come out as accented letters and symbols where no western
// word has them. A few odd words among many do not count.
func isWestern(raw string) bool {
	var (
		accented  int // words with letters that are not ASCII, or odd
		odd       int // words that no western language has
		short     int // words of two letters, both not ASCII
		icelandic int // words with ð, þ or ý
		acute     int // letters with an acute accent, and æ: frequent in Icelandic, Faroese and Czech
		letters   int // letters that are not ASCII
		symbols   int // what is no letter, and does not stand beside the words of a western text
	)
	var decoded strings.Builder
	for i := range len(raw) {
		decoded.WriteRune(charmap.Windows1252.DecodeByte(raw[i]))
	}
	for w := range strings.FieldsFuncSeq(decoded.String(), isNoWordRune) {
		high := len(highLetter.FindAllString(w, -1))
		isOdd := oddWord.MatchString(w)
		if isOdd {
			odd++
		}
		if isOdd || high > 0 {
			accented++
		}
		if high == 2 && len(w) == len("éé") {
			short++
		}
		if strings.ContainsAny(w, "ÐÝÞðýþ") {
			icelandic++
		}
		acute += len(acuteLetter.FindAllString(w, -1))
		letters += high
		symbols += len(oddSymbol.FindAllString(w, -1))
	}
	const share = 5 // one odd word in so many is too many
	return odd*share <= accented && symbols <= max(letters, 1) && (short < 2 || short < accented) &&
		(icelandic < 3 || icelandic*3 < accented || acute > 0) // Turkish
}

// isNoWordRune reports whether c stands between the words of western texts.
func isNoWordRune(c rune) bool {
	return c < 0x80 && !unicode.IsLetter(c) || strings.ContainsRune("€…‘’•–—™\u00a0©«\u00ad®´·»", c)
}

// They are read only. × and ÷ count as letters: they are in KOI8-R.
var (
	highLetter  = regexp.MustCompile(`[ŠŒŽšœžŸÀ-ÿ]`)
	acuteLetter = regexp.MustCompile(`[ÁÆÉÍÓÚáæéíóú]`)
	oddSymbol   = regexp.MustCompile(`[^a-zA-ZŠŒŽšœžŸÀ-ÿ‚„‹“”›¡¢£¥§ª°±²³µº¼½¾¿]`)
	oddWord     = regexp.MustCompile(strings.NewReplacer(
		"LOWER", "[a-zšœžß-öø-ÿ]", "SYMBOL", "[^a-zA-ZŠŒŽšœžŸÀ-ÿ]", "HIGH", `[^\x00-\x7f]`,
		"ACCENT", "[áéíóúÁÉÍÓÚöÖ]",
		"FOREIGN", "[àâãåçèêëìîïñòôõùûüÀÂÃÅÇÈÊËÌÎÏÑÒÔÕÙÛÜ]",
	).Replace(strings.Join(oddWords, "|")))
)

// oddWords are patterns of words that no western language has, as Windows-1252 shows those of other
// encodings.
var oddWords = []string{
	`^HIGH{3,}$|HIGH{4}`,                       // Èâàí, Ïåòðîâ: Cyrillic, Greek, Hebrew, Arabic
	`LOWER[ŠŒŽŸÀ-ÖØ-Þ]`,                        // NguyêÞn, JosŽ
	`.SYMBOLLOWER`,                             // Gra¿yna, J”rg
	`^[£ª¯º¼¾]LOWER`,                           // £ukasz, ªtefan, ¼uboš
	`...[‚„³¹]$`,                               // Pawe³, Andr‚
	`.[þÞ]$`,                                   // þ begins a word or a part of one
	`[aeiouAEIOUýÝöÖüÜ][þÞ]`,                   // Ayþe
	`^Ý[bcdfghjklnpqstvwxzBCDFGHJKLNPQSTVWXZ]`, // Ýbrahim
	`^[ðÐ].`,                                   // ð never begins a word: Ðarûnas
	`[yY]ý`,                                    //
	`[Èè][aeiouáéíó]`,                          // Èech, Kováèová
	`oø|ø[áí]`,                                 // Dvoøák, Jiøí
	`iæ$`,                                      // Petroviæ
	`ã[bcdfghjklmnpqrtvwxz]`,                   // Brãtianu
	`.[õÕ]$`,                                   // Gergõ
	`[õÕ]([^e].*)?ACCENT|ACCENT.*[õÕ]([^e]|$)`, // Tõkés; Estonian has no such accents
	`ŸLOWER`,                        // MŸller
	`[ðþý].*FOREIGN|FOREIGN.*[ðþý]`, // Bçrziòð, Çaðla: letters that Icelandic does not have
}

// isPair reports whether the character of UTF-8 at i, n bytes long, is rather two of Windows-1252:
// a letter that ends a word, and a closing quote or the like, as in Groß’ and CAFÉ”.
func isPair(raw string, i, n int) bool {
	if n != 2 || i == 0 || !strings.ContainsRune("…‘’“”–—›\u00a0«´»", charmap.Windows1252.DecodeByte(raw[i+1])) {
		return false
	}
	before, after := raw[i-1], byte(0)
	if raw[i] == 0xdf {
		return isASCIILetter(rune(before))
	}
	if i+2 < len(raw) {
		after = raw[i+2]
	}
	return raw[i] > 0xc5 && 'A' <= before && before <= 'Z' && after < 0x80 && (after < 'a' || after > 'z')
}

func isASCIILetter(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' }
