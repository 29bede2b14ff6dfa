package roster

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// A text is a file's bytes as UTF-8, behind its byte order mark.
type text struct {
	r       io.ReaderAt
	size    int64
	mark    int64             // length of the byte order mark
	decode  encoding.Encoding // nil: the bytes are UTF-8
	checked bool              // there are no undecodable bytes
}

// all reads the text from its start on.
func (t text) all() io.Reader {
	section := io.NewSectionReader(t.r, t.mark, t.size-t.mark)
	if t.decode == nil {
		return section
	}
	return transform.NewReader(section, t.decode.NewDecoder())
}

// from reads the text from an offset into it on.
func (t text) from(offset int64) (io.Reader, error) {
	if t.decode == nil {
		return io.NewSectionReader(t.r, t.mark+offset, t.size-t.mark-offset), nil
	}
	r := t.all()
	_, err := io.CopyN(io.Discard, r, offset)
	return r, err
}

// A steady file has size bytes whenever it is read. Where one is cut while it is read, its last row would be half a row.
type steady struct {
	io.ReaderAt
	size int64
}

func (s steady) ReadAt(b []byte, at int64) (int, error) {
	n, err := s.ReaderAt.ReadAt(b, at)
	if err == io.EOF && at+int64(n) < s.size {
		err = errors.New("it changed while it was being read")
	}
	return n, err
}

// The marks at a file's start; UTF-32's would pass for UTF-16's.
var marks = []struct {
	bytes, name string
	decode      encoding.Encoding
}{
	{"\xef\xbb\xbf", "UTF-8 with BOM", nil},
	{"\xff\xfe\x00\x00", "UTF-32", encoding.Replacement},
	{"\x00\x00\xfe\xff", "UTF-32", encoding.Replacement},
	{"\xff\xfe", "UTF-16LE", unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)},
	{"\xfe\xff", "UTF-16BE", unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)},
}

// findEncoding sets f.text and what the dialect says of the encoding.
func (f *File) findEncoding(r io.ReaderAt, size int64, name string) error {
	r = steady{r, size}
	f.text = text{r: r, size: size}
	start := make([]byte, min(size, 4096))
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), start); err != nil {
		return fmt.Errorf("reading %s: %w", f.Name, err)
	}
	if what := foreign(start); what != nil {
		return what.refuse(f.Name)
	}
	if name != "" {
		return f.forceEncoding(name, start)
	}
	for _, m := range marks {
		if !bytes.HasPrefix(start, []byte(m.bytes)) {
			continue
		}
		if m.name == "UTF-32" {
			return &Error{Message: f.Name + " is UTF-32, which is not read", Hint: "save it as UTF-8"}
		}
		f.Dialect.Encoding, f.text.mark, f.text.decode = m.name, int64(len(m.bytes)), m.decode
		if m.decode != nil {
			return nil
		}
	}
	if name := wide(start); name != "" {
		return &Error{
			Message: fmt.Sprintf("%s looks like UTF-16 without a byte order mark", f.Name),
			Flags:   []string{"--encoding", name},
		}
	}
	return f.judge()
}

// fewWide is how many bytes of Windows-1252 there are to a pair that happens to be a character of UTF-8, at least: such pairs (Ã¼, Â°) stand in no word.
const fewWide = 20

// judge reads the whole file: UTF-8, or Windows-1252, or to be refused.
func (f *File) judge() error {
	marked := f.text.mark > 0
	var b bytesSeen
	if err := b.read(f.text); err != nil {
		return fmt.Errorf("reading %s: %w", f.Name, err)
	}
	switch {
	case b.invalid == 0:
		f.text.checked = true
		if !marked {
			f.Dialect.Encoding, f.Dialect.Plain = "UTF-8", true
		}
	case marked:
		return &Error{
			Message:  fmt.Sprintf("%s begins as UTF-8, but is not: %s", f.Name, plural(b.invalid, "byte is not", "bytes are not")),
			Problems: []*Problem{{File: f.Name, Line: b.line, Message: "the first byte that is not UTF-8"}},
			Hint:     "export it again, or save it as UTF-8",
		}
	case b.invalid < b.wide:
		return &Error{
			Message:  fmt.Sprintf("%s is UTF-8 for the most part, but %s", f.Name, plural(b.invalid, "byte of it is not", "bytes of it are not")),
			Problems: []*Problem{{File: f.Name, Line: b.line, Message: "the first byte that is not UTF-8"}},
			Hint:     "mend the line, or export the file again; --encoding says what it is, where it is something else",
		}
	case b.undefined > 0:
		e := &Error{
			Message:  fmt.Sprintf("%s is neither UTF-8 nor Windows-1252", f.Name),
			Problems: []*Problem{{File: f.Name, Line: b.undefinedLine, Message: "the first byte that neither has"}},
			Hint:     "say what it is with --encoding: Shift_JIS, ISO-8859-2, macintosh …",
		}
		if decodes(f.text, japanese.ShiftJIS) {
			e.Flags = []string{"--encoding", "Shift_JIS"}
		}
		return e
	case b.wide*fewWide > b.invalid:
		return &Error{
			Message:  fmt.Sprintf("%s is UTF-8 in some places, but %s", f.Name, plural(b.invalid, "byte of it is not", "bytes of it are not")),
			Problems: []*Problem{{File: f.Name, Line: b.line, Message: "the first byte that is not UTF-8"}},
			Hint:     "two files of different encodings may have been put together; export them as one, or say what all of it is with --encoding",
		}
	default:
		f.text.decode, f.text.checked = charmap.Windows1252, true
		f.Dialect.Encoding, f.Dialect.Guessed = "Windows-1252", true
	}
	return nil
}

// forceEncoding takes the encoding that was asked for.
func (f *File) forceEncoding(name string, start []byte) error {
	e, known := lookUp(name)
	if e == nil {
		return &Error{
			Message: fmt.Sprintf("unknown encoding %s", quote(name)),
			Hint:    "use a name such as UTF-8, UTF-16LE, Windows-1252, ISO-8859-2, macintosh or Shift_JIS",
		}
	}
	f.Dialect.Encoding, f.text.decode = known, e
	if known == "UTF-8" {
		f.text.decode, f.Dialect.Plain = nil, true
	}
	for _, m := range marks {
		switch {
		case !bytes.HasPrefix(start, []byte(m.bytes)) || m.name == "UTF-32":
		case strings.HasPrefix(m.name, known):
			f.text.mark, f.text.decode, f.Dialect.Encoding, f.Dialect.Plain = int64(len(m.bytes)), m.decode, m.name, false
			return nil
		case len(m.bytes) == 3 || strings.HasPrefix(known, "UTF-16"):
			return &Error{
				Message: fmt.Sprintf("%s begins with the byte order mark of %s, so it is not %s", f.Name, strings.Fields(m.name)[0], known),
				Hint:    "leave --encoding out",
			}
		}
	}
	return nil
}

// lookUp finds an encoding and its usual name; nil where there is none of that name.
func lookUp(name string) (encoding.Encoding, string) {
	e, err := htmlindex.Get(name)
	if err != nil {
		if e, err = ianaindex.IANA.Encoding(name); err != nil {
			if e, err = ianaindex.MIME.Encoding(name); err != nil {
				return nil, ""
			}
		}
	}
	if e == nil || e == encoding.Replacement {
		return nil, ""
	}
	for _, index := range []*ianaindex.Index{ianaindex.MIME, ianaindex.IANA} {
		if known, err := index.Name(e); err == nil && known != "" {
			return e, strings.Replace(known, "windows-", "Windows-", 1)
		}
	}
	return e, name
}

// wide names the UTF-16 that bytes without a mark look like, "" where they do not.
func wide(b []byte) string {
	var zeros [2]int
	for i, c := range b {
		if c == 0 {
			zeros[i%2]++
		}
	}
	switch most := len(b) / 6; {
	case len(b) < 8:
	case zeros[1] > most && zeros[0] <= zeros[1]/8:
		return "UTF-16LE"
	case zeros[0] > most && zeros[1] <= zeros[0]/8:
		return "UTF-16BE"
	}
	return ""
}

// decodes reports whether the whole text makes sense in an encoding.
func decodes(t text, e encoding.Encoding) bool {
	t.decode = e
	var broken bool
	err := pieces(t.all(), func(b []byte) {
		broken = broken || bytes.ContainsRune(b, utf8.RuneError)
	})
	return err == nil && !broken
}

func plural(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}
