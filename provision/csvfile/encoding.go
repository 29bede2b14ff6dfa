package csvfile

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"

	"qlik-provision/provision/text"
)

// decode is raw as UTF-8, without a byte order mark, and the dialect's encoding. name is the encoding
// that the user named; where it is "", and where the file shows that it is of another one, the
// encoding is detected.
func decode(raw, name string) (string, Dialect, *Error) {
	if name == "" {
		return detect(raw)
	}
	e, known := lookUpEncoding(name)
	fix := Fix{Option: OptionEncoding}
	if e == nil {
		return "", Dialect{}, &Error{
			Message: fmt.Sprintf("unknown encoding %s", quote(name)),
			Advice:  "use a name such as UTF-8, UTF-16LE, Windows-1252, ISO-8859-2, macintosh or Shift_JIS",
			Fix:     fix,
		}
	}
	decoded, found, err := detect(raw)
	if err == nil {
		fix.Value, _, _ = strings.Cut(found.Encoding, " ")
		isASCII := found.Plain() && !strings.ContainsFunc(raw, isHigh)
		switch {
		case found.Guessed:
		case strings.HasPrefix(found.Encoding, known):
			return decoded, found, nil
		case !isASCII || strings.HasPrefix(known, "UTF-16"):
			return "", found, &Error{Message: fmt.Sprintf("the file is %s, not %s", fix.Value, known), Fix: fix}
		}
	}
	if decoded, found, err = decodeAs(e, raw, known); err != nil {
		if err.Fix, err.Advice = fix, ""; fix.Value == "" {
			err.Advice = encodingAdvice
		}
	}
	return decoded, found, err
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
	d := Dialect{Encoding: name}
	if e == unicode.UTF8 && utf8.ValidString(raw) {
		return raw, d, nil
	}
	decoded := raw
	if e != unicode.UTF8 {
		var err error
		decoded, err = e.NewDecoder().String(raw) // U+FFFD stands for what cannot be decoded
		if err != nil {
			return "", d, &Error{Message: fmt.Sprintf("the file is not %s: %v", name, err)}
		}
	}
	return decoded, d, Reject("", garbledLines(decoded, name))
}

// garbledLines are the lines of a text with bytes that are not the encoding's: not UTF-8, or U+FFFD
// behind a decoder.
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

// detect decodes a file in UTF-8, UTF-16 or Windows-1252. It refuses what is none of them, and what
// is several.
func detect(raw string) (string, Dialect, *Error) {
	for _, m := range []struct {
		bytes, name string
		encoding    encoding.Encoding
	}{
		{"\xef\xbb\xbf", "UTF-8 with BOM", unicode.UTF8},
		{"\xff\xfe", "UTF-16LE", encodingUTF16(unicode.LittleEndian)},
		{"\xfe\xff", "UTF-16BE", encodingUTF16(unicode.BigEndian)},
	} {
		if rest, found := strings.CutPrefix(raw, m.bytes); found {
			return decodeAs(m.encoding, rest, m.name)
		}
	}
	if e, name := unmarkedUTF16(raw); e != nil {
		return decodeAs(e, raw, name)
	}
	if utf8.ValidString(raw) && !strings.Contains(raw, sharpS) {
		return raw, Dialect{Encoding: "UTF-8"}, nil
	}
	return detectWestern(raw)
}

func encodingUTF16(order unicode.Endianness) encoding.Encoding {
	return unicode.UTF16(order, unicode.IgnoreBOM)
}

// unmarkedUTF16 finds UTF-16 without a byte order mark: where the text is ASCII, every other byte is
// a NUL.
func unmarkedUTF16(raw string) (encoding.Encoding, string) {
	start := raw[:min(len(raw), 64<<10)]
	var zeros [2]int // at even and odd places
	for i := range len(start) {
		if start[i] == 0 {
			zeros[i%2]++
		}
	}
	switch least := max(len(start)/16, 1); {
	case zeros[1] > max(least, 8*zeros[0]):
		return encodingUTF16(unicode.LittleEndian), "UTF-16LE"
	case zeros[0] > max(least, 8*zeros[1]):
		return encodingUTF16(unicode.BigEndian), "UTF-16BE"
	}
	return nil, ""
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
	case multibyte*pairsAreRare <= invalid && isWestern(western):
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

const (
	sharpS       = "\xdf" // in Windows-1252; in UTF-8 it begins characters that no export has
	pairsAreRare = 20     // how many bytes of Windows-1252 there are at least for each other pair, such as Ã¼ or Â°
)
