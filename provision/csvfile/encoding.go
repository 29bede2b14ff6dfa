package csvfile

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	utf "golang.org/x/text/encoding/unicode"

	"qlik-provision/provision/text"
)

// decode is raw as UTF-8, without a byte order mark, and the dialect's encoding. name is the encoding that the user
// named; where it is "", and where the file shows that it is of another one, the encoding is detected.
func decode(raw, name string) (string, Dialect, *Error) {
	detected, found, err := detect(raw)
	if name == "" {
		return detected, found, err
	}
	e, known := lookUpEncoding(name)
	fix, advice := Fix{Option: OptionEncoding}, encodingAdvice
	if e == nil {
		return "", Dialect{}, &Error{
			Message: fmt.Sprintf("unknown encoding %s", quote(name)),
			Advice:  "use a name such as UTF-8, UTF-16LE, Windows-1252, ISO-8859-2, macintosh or Shift_JIS",
			Fix:     fix,
		}
	}
	if err == nil {
		fix.Value, _, _ = strings.Cut(found.Encoding, " ") // without "with BOM"
		advice = ""
	}
	decoded, dialect, bad := decodeAs(e, raw, known)
	switch isSure := err == nil && !found.Guessed; {
	case isSure && strings.HasPrefix(found.Encoding, known):
		return detected, found, nil
	case isSure && decoded != detected: // ASCII is the same in most encodings
		return "", found, &Error{Message: fmt.Sprintf("the file is %s, not %s", fix.Value, known), Fix: fix}
	case bad != nil:
		bad.Fix, bad.Advice = fix, advice
	}
	return decoded, dialect, bad
}

// lookUpEncoding finds an encoding and its usual name; nil where there is none of that name.
func lookUpEncoding(name string) (encoding.Encoding, string) {
	e, err := htmlindex.Get(name)
	if err != nil {
		e, err = ianaindex.IANA.Encoding(name)
	}
	if err != nil || e == nil || e == encoding.Replacement {
		return nil, ""
	}
	known, _ := ianaindex.MIME.Name(e)
	return e, strings.Replace(cmp.Or(known, name), "windows-", "Windows-", 1)
}

// decodeAs decodes raw, and refuses bytes that the encoding does not have.
func decodeAs(e encoding.Encoding, raw, name string) (string, Dialect, *Error) {
	d, decoded := Dialect{Encoding: name}, raw
	switch {
	case e != utf.UTF8:
		var err error
		if decoded, err = e.NewDecoder().String(raw); err != nil { // U+FFFD stands for what cannot be decoded
			return "", d, &Error{Message: fmt.Sprintf("the file is not %s: %v", name, err)}
		}
	case utf8.ValidString(raw): // it may have U+FFFD
		return raw, d, nil
	}
	return decoded, d, Reject("", garbledLines(decoded, name))
}

// garbledLines are the lines of a text with bytes that are not the encoding's: not UTF-8, or U+FFFD behind a decoder.
func garbledLines(decoded, name string) []Problem {
	var lines []Problem
	line := 1
	for s := range strings.Lines(decoded) {
		if i := strings.IndexRune(s, utf8.RuneError); i >= 0 {
			message := fmt.Sprintf("bytes that are not %s: %s", name, quote(strings.TrimSpace(s)))
			lines = append(lines, Problem{Line: line + countLineEnds(s[:i]), Message: message})
		}
		line += countLineEnds(s)
	}
	return lines
}

// detect decodes a file in UTF-8, UTF-16 or Windows-1252. It refuses what is none of them, and what is several.
func detect(raw string) (string, Dialect, *Error) {
	le, be := utf.UTF16(utf.LittleEndian, utf.IgnoreBOM), utf.UTF16(utf.BigEndian, utf.IgnoreBOM)
	switch {
	case strings.HasPrefix(raw, "\xef\xbb\xbf"):
		return decodeAs(utf.UTF8, raw[3:], "UTF-8 with BOM")
	case strings.HasPrefix(raw, "\xff\xfe"):
		return decodeAs(le, raw[2:], "UTF-16LE")
	case strings.HasPrefix(raw, "\xfe\xff"):
		return decodeAs(be, raw[2:], "UTF-16BE")
	case hasNULs(raw, 1):
		return decodeAs(le, raw, "UTF-16LE")
	case hasNULs(raw, 0):
		return decodeAs(be, raw, "UTF-16BE")
	case utf8.ValidString(raw) && !strings.Contains(raw, sharpS):
		return raw, Dialect{Encoding: "UTF-8"}, nil
	}
	return detectWestern(raw)
}

// hasNULs reports whether NULs stand at even places, 0, or odd ones, 1, and hardly at the others: in
// UTF-16 without a byte order mark that is the other half of ASCII characters.
func hasNULs(raw string, place int) bool {
	start := raw[:min(len(raw), 64<<10)]
	var zeros [2]int
	for i := range len(start) {
		if start[i] == 0 {
			zeros[i%2]++
		}
	}
	return zeros[place] > max(len(start)/16, 1, 8*zeros[1-place])
}

// detectWestern tells UTF-8 from Windows-1252 where raw is not all UTF-8, or has the byte sharpS.
func detectWestern(raw string) (string, Dialect, *Error) {
	invalid, multibyte := 0, 0 // bytes that are not UTF-8, and characters of it with several bytes
	for _, c := range raw {
		switch {
		case c == utf8.RuneError:
			invalid++
		case c >= utf8.RuneSelf:
			multibyte++
		}
	}
	western, _ := charmap.Windows1252.NewDecoder().String(raw) // it has a character for every byte
	if multibyte > 0 {
		multibyte -= len(pair.FindAllString(western, -1))
	}
	switch {
	case multibyte*20 <= invalid && isWestern(western): // other pairs of bytes, such as Ã¼ or Â°, are rare in it
		return western, Dialect{Encoding: "Windows-1252", Guessed: true}, nil
	case utf8.ValidString(raw):
		return raw, Dialect{Encoding: "UTF-8"}, nil
	}
	if multibyte > invalid {
		e := Reject("", garbledLines(raw, "UTF-8"))
		e.Message = "the file is UTF-8, but " + text.Plural(invalid, "byte of it is not", "bytes of it are not")
		return "", Dialect{}, e
	}
	first := 1 + countLineEnds(raw[:strings.IndexRune(raw, utf8.RuneError)])
	return "", Dialect{}, &Error{
		Message:  "the file is neither UTF-8 nor readable as Windows-1252",
		Problems: []Problem{{Line: first, Message: "the first byte that is not UTF-8"}},
		Advice:   encodingAdvice,
		Fix:      Fix{Option: OptionEncoding},
	}
}

const encodingAdvice = "save it as UTF-8, or name its encoding: windows-1250 (Central European), " +
	"windows-1251 (Cyrillic), windows-1253 (Greek), windows-1254 (Turkish), windows-1255 (Hebrew), " +
	"windows-1256 (Arabic), windows-1257 (Baltic), windows-1258 (Vietnamese), windows-1252 (Western European), " +
	"KOI8-R, Shift_JIS, GBK, macintosh, IBM850; where two files were joined, export them as one"

// pair is what Windows-1252 has where UTF-8 would have one character by chance: a letter that ends a
// word, and a closing quote or the like, as in Groß’ and CAFÉ”. It is read only.
var pair = regexp.MustCompile("[A-Za-z]ß[…‘’“”–—›\u00a0«´»]|[A-Z][Æ-Þ][…‘’“”–—›\u00a0«´»](?:[\x00-`{-\x7f]|$)")

// sharpS is ß in Windows-1252; in UTF-8 it begins characters that no export has.
const sharpS = "\xdf"

// isWestern reports whether a text that was decoded from Windows-1252 may be of a western European language. It judges
// words, as letters of other encodings come out as accented letters and symbols where no western word has them. A few
// odd words among many do not count.
func isWestern(decoded string) bool {
	if strings.ContainsAny(decoded, "\u0081\u008d\u008f\u0090\u009d") { // bytes that it does not have
		return false
	}
	words := make(map[string]int) // with characters that are not ASCII, and how often they occur
	for w := range strings.FieldsFuncSeq(decoded, isNoWordRune) {
		if utf8.RuneCountInString(w) < len(w) {
			words[w]++
		}
	}
	accented, odd, icelandic := 0, 0, 0 // words: with letters that are not ASCII, odd ones, those with ð, þ or ý
	letters, symbols := 0, 0            // that are not ASCII; symbols that stand beside no western word
	for w, n := range words {
		high := len(highLetter.FindAllString(w, -1))
		letters += n * high
		symbols += n * len(oddSymbol.FindAllString(w, -1))
		switch {
		case oddWord.MatchString(w):
			odd += n
		case high > 0:
			accented += n
		}
		if strings.ContainsAny(w, "ÐÝÞðýþ") {
			icelandic += n
		}
	}
	isTurkish := icelandic >= 3 && icelandic*3 >= accented+odd && !strings.ContainsAny(decoded, "ÁÆÉÍÓÚáæéíóú")
	return odd*4 <= accented && symbols <= max(letters, 1) && !isTurkish
}

// isNoWordRune reports whether c stands between the words of western texts.
func isNoWordRune(c rune) bool {
	return c < utf8.RuneSelf && !unicode.IsLetter(c) || strings.ContainsRune("€…‘’•–—™\u00a0©«\u00ad®´·»", c)
}

// They are read only. × and ÷ count as letters: they are in KOI8-R. An oddWord is of no western language: it has the
// letters of others, as Windows-1252 shows them.
var (
	highLetter = regexp.MustCompile(`[ŠŒŽšœžŸÀ-ÿ]`)
	oddSymbol  = regexp.MustCompile(`[^a-zA-ZŠŒŽšœžŸÀ-ÿ‚„‹“”›¡¢£¥§ª°±²³µº¼½¾¿]`)
	oddWord    = regexp.MustCompile(strings.NewReplacer(
		"LOWER", "[a-zšœžß-öø-ÿ]", "SYMBOL", "[^a-zA-ZŠŒŽšœžŸÀ-ÿ]", "HIGH", `[^\x00-\x7f]`,
		"ACCENT", "[áéíóúÁÉÍÓÚöÖ]", "FOREIGN", "[àâãåçèêëìîïñòôõùûüÀÂÃÅÇÈÊËÌÎÏÑÒÔÕÙÛÜ]",
	).Replace(strings.Join([]string{
		`^HIGH{2,}$|HIGH{4}`,                              // Cyrillic, Greek, Hebrew, Arabic: Èâàí, Ïåòðîâ
		`LOWER[ŠŒŽŸÀ-ÖØ-Þ]|ŸLOWER`,                        // capitals within a word: NguyêÞn, JosŽ, MŸller
		`.SYMBOLLOWER|^[£ª¯º¼¾]LOWER|...[‚„³¹]$`,          // symbols as letters: Gra¿yna, £ukasz, Andr‚, Pawe³
		`[Èè][aeiouáéíó]|oø|ø[áí]|iæ$`,                    // Czech, Slovak, Croatian: Èech, Dvoøák, Petroviæ
		`ã[b-df-hj-np-rtv-xz]`,                            // Romanian: Brãtianu
		`.[õÕ]$|[õÕ]([^e].*)?ACCENT|ACCENT.*[õÕ]([^e]|$)`, // Hungarian, not Estonian: Gergõ, Tõkés
		`^[ðÐ].|[ðþý].*FOREIGN|FOREIGN.*[ðþý]|[yY]ý`,      // Baltic, Turkish: Ðarûnas, Bçrziòð, Çaðla, Yýldýz
		`.[þÞ]$|[aeiouAEIOUýÝöÖüÜ][þÞ]`,                   // Turkish: Güneþ, Ayþe; Icelandic begins words with þ
		`^Ý[b-df-hj-lnpqstv-xzB-DF-HJ-LNPQSTV-XZ]`,        // Turkish: Ýbrahim
	}, "|")))
)
