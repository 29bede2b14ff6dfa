package csvfile

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"

	"qlik-provision/provision/text"
)

// decoded is a file as UTF-8, without its byte order mark.
type decoded struct {
	text    string
	dialect Dialect // its encoding
	garbled bool    // there are bytes that the encoding does not have, U+FFFD in the text or not UTF-8
	fix     Fix     // what to do about them
}

// decode decodes raw from the encoding of this name; "": detected.
func decode(raw, name string) (decoded, *Error) {
	if name != "" {
		return decodeAs(raw, name)
	}
	for _, m := range marks {
		rest, found := strings.CutPrefix(raw, m.bytes)
		switch {
		case !found:
			continue
		case m.encoding == encoding.Replacement:
			return decoded{}, &Error{Message: "the file is UTF-32, which is not supported", Advice: "save it as UTF-8"}
		case m.encoding != nil:
			return decodeWith(m.encoding, rest, m.name)
		}
		if b := countBytes(rest); b.invalid > 0 {
			return decoded{}, b.refuse("the file begins as UTF-8, but "+b.notUTF8(), "export it again, or save it as UTF-8")
		}
		return decoded{text: rest, dialect: Dialect{Encoding: m.name}}, nil
	}
	if e, name := utf16WithoutMark(raw); e != nil {
		return decodeWith(e, raw, name)
	}
	return detect(raw)
}

// decodeAs decodes raw from an encoding that the user named. It refuses a file that is clearly of
// another one.
func decodeAs(raw, name string) (decoded, *Error) {
	e, known := lookUpEncoding(name)
	if e == nil {
		return decoded{}, &Error{
			Message: fmt.Sprintf("unknown encoding %s", quote(name)),
			Advice:  "use a name such as UTF-8, UTF-16LE, Windows-1252, ISO-8859-2, macintosh or Shift_JIS",
			Fix:     Fix{Option: OptionEncoding},
		}
	}
	fix := Fix{Option: OptionEncoding}
	if right, err := decode(raw, ""); err == nil {
		fix.Value = strings.Fields(right.dialect.Encoding)[0]
		ascii := right.dialect.Plain && countBytes(raw).multibyte == 0
		switch {
		case !right.dialect.Guessed && strings.HasPrefix(right.dialect.Encoding, known):
			return right, nil
		case !right.dialect.Guessed && (!ascii || strings.HasPrefix(known, "UTF-16")):
			return right, &Error{Message: fmt.Sprintf("the file is %s, not %s", fix.Value, known), Fix: fix}
		}
	}
	d := decoded{text: raw, dialect: Dialect{Encoding: known, Plain: true}, garbled: !utf8.ValidString(raw)}
	if known != "UTF-8" {
		var err *Error
		if d, err = decodeWith(e, raw, known); err != nil {
			return d, err
		}
	}
	d.fix = fix
	return d, nil
}

// decodeWith decodes raw; e puts U+FFFD in the place of what it cannot read.
func decodeWith(e encoding.Encoding, raw, name string) (decoded, *Error) {
	s, err := e.NewDecoder().String(raw)
	if err != nil {
		return decoded{}, &Error{Message: fmt.Sprintf("the file is not %s: %v", name, err)}
	}
	return decoded{text: s, dialect: Dialect{Encoding: name}, garbled: isGarbled(s)}, nil
}

// isGarbled reports bytes that were not the encoding's, behind a decoder or as UTF-8.
func isGarbled(s string) bool { return strings.ContainsRune(s, utf8.RuneError) }

// explain adds what to do to an error about bytes that an encoding does not have.
func (d decoded) explain(e *Error) *Error {
	if e == nil || !d.garbled {
		return e
	}
	if e.Fix, e.Advice = d.fix, ""; d.fix.Value == "" {
		e.Advice = encodingAdvice
	}
	return e
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
	for _, index := range []*ianaindex.Index{ianaindex.MIME, ianaindex.IANA} {
		if known, err := index.Name(e); err == nil && known != "" {
			return e, strings.Replace(known, "windows-", "Windows-", 1)
		}
	}
	return e, name
}

// The byte order marks. UTF-32's come first: UTF-16's are their beginning.
var marks = [...]struct {
	bytes, name string
	encoding    encoding.Encoding // nil: UTF-8
}{
	{"\xef\xbb\xbf", "UTF-8 with BOM", nil},
	{"\xff\xfe\x00\x00", "UTF-32", encoding.Replacement},
	{"\x00\x00\xfe\xff", "UTF-32", encoding.Replacement},
	{"\xff\xfe", "UTF-16LE", utf16LE},
	{"\xfe\xff", "UTF-16BE", utf16BE},
}

var (
	utf16LE = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	utf16BE = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
)

// utf16WithoutMark finds UTF-16 without a byte order mark: where the text is ASCII, every other byte
// is a NUL.
func utf16WithoutMark(raw string) (encoding.Encoding, string) {
	start := raw[:min(len(raw), 64<<10)]
	var zeros [2]int
	for i := range len(start) {
		if start[i] == 0 {
			zeros[i%2]++
		}
	}
	switch least := len(start) / 16; {
	case len(start) < 8:
	case zeros[1] > least && zeros[0] <= zeros[1]/8:
		return utf16LE, "UTF-16LE"
	case zeros[0] > least && zeros[1] <= zeros[0]/8:
		return utf16BE, "UTF-16BE"
	}
	return nil, ""
}

// detect decodes UTF-8 or Windows-1252; it refuses what is neither, and what is both.
func detect(raw string) (decoded, *Error) {
	plain := decoded{text: raw, dialect: Dialect{Encoding: "UTF-8", Plain: true}}
	if utf8.ValidString(raw) && strings.IndexByte(raw, 0xdf) < 0 {
		return plain, nil
	}
	b := countBytes(raw)
	var e *Error
	switch {
	case b.utf8():
		return plain, nil
	case b.invalid < b.multibyte:
		return decoded{}, b.refuse("the file is mostly UTF-8, but "+b.notUTF8(),
			"correct the line, or export the file again")
	case b.multibyte*pairsAreRare > b.invalid && isWestern(withoutMultibyte(raw)):
		e = b.refuse("the file is UTF-8 in some places, but "+b.notUTF8(),
			"two files of different encodings may have been joined; export them as one")
	case b.undefined == 0 && isWestern(raw):
		d, err := decodeWith(charmap.Windows1252, raw, "Windows-1252")
		d.dialect.Guessed, d.garbled = true, false
		return d, err
	default:
		e = b.refuse("the file is neither UTF-8 nor readable as Windows-1252", encodingAdvice)
	}
	e.Fix = Fix{Option: OptionEncoding}
	if e.Advice == encodingAdvice && isJapanese(raw) {
		e.Fix.Value = "Shift_JIS"
	}
	return decoded{}, e
}

const encodingAdvice = "save it as UTF-8, or name its encoding: windows-1250 (Central European), " +
	"windows-1251 (Cyrillic), windows-1253 (Greek), windows-1254 (Turkish), windows-1255 (Hebrew), " +
	"windows-1256 (Arabic), windows-1257 (Baltic), windows-1258 (Vietnamese), windows-1252 (Western European), " +
	"KOI8-R, Shift_JIS, GBK, macintosh, IBM850"

// pairsAreRare is how many bytes of Windows-1252 there are at least for each pair that is a
// character of UTF-8 by chance, such as Ã¼ or Â°.
const pairsAreRare = 20

// isJapanese reports whether raw is Shift_JIS: all of it decodes, with kana, and no kana or kanji
// stands beside an ASCII letter. Other encodings decode, too, but to kanji alone or within words.
func isJapanese(raw string) bool {
	d, err := decodeWith(japanese.ShiftJIS, raw, "")
	return err == nil && !d.garbled && kana.MatchString(d.text) && !japaneseInWord.MatchString(d.text)
}

// They are read only.
var (
	kana           = regexp.MustCompile(`[\x{3040}-\x{30ff}]`)
	japaneseInWord = regexp.MustCompile(`[A-Za-z][\x{3040}-\x{ffff}]|[\x{3040}-\x{ffff}][A-Za-z]`)
)

// byteCounts is what the bytes of a file say about its encoding.
type byteCounts struct {
	invalid   int // bytes that are not UTF-8
	line      int // of the first of them
	multibyte int // characters of more than one byte in UTF-8
	pairs     int // of these, those that are rather two characters of Windows-1252; not counted in multibyte
	sharpS    int // of these, those with ß, which are no character of a living script
	undefined int // bytes that Windows-1252 does not have
}

// utf8 reports whether the text is UTF-8. Text whose only characters beside ASCII are like Groß’ is
// not.
func (b byteCounts) utf8() bool {
	return b.invalid == 0 && (b.multibyte > 0 || b.pairs > b.sharpS || b.pairs == 0)
}

// refuse is the error about bytes that are not UTF-8.
func (b byteCounts) refuse(message, advice string) *Error {
	return &Error{
		Message:  message,
		Problems: []Problem{{Line: b.line, Message: "the first byte that is not UTF-8"}},
		Advice:   advice,
	}
}

func (b byteCounts) notUTF8() string {
	return text.Plural(max(b.invalid, 1), "byte of it is not", "bytes of it are not")
}

func countBytes(raw string) (b byteCounts) {
	line := 1
	for i := 0; i < len(raw); {
		c, n := utf8.DecodeRuneInString(raw[i:])
		switch {
		case c == utf8.RuneError && n == 1:
			if b.invalid++; b.invalid == 1 {
				b.line = line
			}
		case n > 1 && isPair(raw, i, n):
			if b.pairs++; raw[i] == 0xdf {
				b.sharpS++
			}
			if b.line == 0 {
				b.line = line
			}
		case n > 1:
			b.multibyte++
		case c == '\n' || c == '\r' && !strings.HasPrefix(raw[i:], "\r\n"):
			line++
		}
		for _, x := range []byte(raw[i : i+n]) {
			if x == 0x81 || x == 0x8d || x == 0x8f || x == 0x90 || x == 0x9d {
				b.undefined++
			}
		}
		i += n
	}
	return b
}

// withoutMultibyte puts blanks in the place of the characters of UTF-8 that have more than one byte.
func withoutMultibyte(raw string) string {
	var b strings.Builder
	for i, r := range raw {
		if r >= utf8.RuneSelf && r != utf8.RuneError {
			b.WriteByte(' ')
		} else {
			b.WriteByte(raw[i]) // ASCII, or not UTF-8
		}
	}
	return b.String()
}
