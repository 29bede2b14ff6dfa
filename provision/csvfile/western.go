package csvfile

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// isWestern reports whether a text that was decoded from Windows-1252 may be one of a western European
// language. It judges words, as letters of other encodings come out as accented letters and symbols
// where no western word has them. A few odd words among many do not count.
func isWestern(decoded string) bool {
	if strings.ContainsAny(decoded, "\u0081\u008d\u008f\u0090\u009d") { // bytes that it does not have
		return false
	}
	words := make(map[string]int) // with characters that are not ASCII, and how often they occur
	for w := range strings.FieldsFuncSeq(decoded, isNoWordRune) {
		if strings.ContainsFunc(w, isHigh) {
			words[w]++
		}
	}
	var (
		accented  int // words with letters that are not ASCII, or odd
		odd       int // words that no western language has
		icelandic int // words with ð, þ or ý
		acute     int // letters with an acute accent, and æ: frequent in Icelandic, Faroese and Czech
		letters   int // letters that are not ASCII
		symbols   int // what is no letter, and does not stand beside the words of a western text
	)
	for w, n := range words {
		high := len(highLetter.FindAllString(w, -1))
		isOdd := oddWord.MatchString(w)
		if isOdd {
			odd += n
		}
		if isOdd || high > 0 {
			accented += n
		}
		if strings.ContainsAny(w, "ÐÝÞðýþ") {
			icelandic += n
		}
		acute += n * len(acuteLetter.FindAllString(w, -1))
		letters += n * high
		symbols += n * len(oddSymbol.FindAllString(w, -1))
	}
	const share = 5 // one odd word in so many is too many
	return odd*share <= accented && symbols <= max(letters, 1) &&
		(icelandic < 3 || icelandic*3 < accented || acute > 0) // Turkish
}

func isHigh(r rune) bool { return r >= utf8.RuneSelf }

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
	`^HIGH{2,}$|HIGH{4}`,                       // Èâàí, Ïåòðîâ: Cyrillic, Greek, Hebrew, Arabic
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
