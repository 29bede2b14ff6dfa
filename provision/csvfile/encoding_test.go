package csvfile

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
)

func utf16le(s string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

func utf16be(s string) string {
	b := []byte(utf16le(s))
	for i := 0; i < len(b); i += 2 {
		b[i], b[i+1] = b[i+1], b[i]
	}
	return string(b)
}

// encoded is an export with these names, separated by commas, in an encoding.
func encoded(t *testing.T, e encoding.Encoding, names string) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("Login,Name,Email\r\n")
	for i, name := range strings.Split(names, ",") {
		s, err := e.NewEncoder().String(name)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		fmt.Fprintf(&b, "%d,%s,u%d@acme.example\r\n", i, s, i)
	}
	return b.String()
}

func TestTheEncodingIsDetected(t *testing.T) {
	const text = "Login,Name\r\n1,Zoë 山田\r\n"
	for name, c := range map[string]struct {
		file  string
		want  string
		plain bool
	}{
		"UTF-8":                 {text, "UTF-8", true},
		"with a mark":           {"\ufeff" + text, "UTF-8 with BOM", false},
		"UTF-16LE":              {utf16le("\ufeff" + text), "UTF-16LE", false},
		"UTF-16BE":              {utf16be("\ufeff" + text), "UTF-16BE", false},
		"UTF-16LE without mark": {utf16le(text), "UTF-16LE", false},
		"UTF-16BE without mark": {utf16be(text), "UTF-16BE", false},
	} {
		f := read(t, c.file, Options{})
		if f.Dialect.Encoding != c.want || f.Dialect.Plain() != c.plain || f.Dialect.Guessed ||
			f.Header.Cells[0] != "Login" || f.Records[0].Cells[1] != "Zoë 山田" {
			t.Errorf("%s: %+v, %q", name, f.Dialect, cellsOf(f))
		}
	}
}

func TestWesternNamesAreReadAsWindows1252(t *testing.T) {
	for _, names := range []string{
		"Jörg Müller,Günther Groß,Änne Özdemir,Über Straße",
		"Max Groß’,Erika Weiß”",
		"CAFÉ”,Zoë",
		"François Œuvrard,Noël Gaël,Médéric L’Hénoret,ça et là",
		"José Núñez,Íñigo Güemes,¿Quién? ¡Sí!,N.º 3ª",
		"JOÃO CONCEIÇÃO,Luísa Araújo",
		"Åsa Öberg,Åke Ängström",
		"Søren Ærø,Håkon Ødegård",
		"Väinö Hämäläinen,Äänekoski",
		"Tõnu Kõiv,Rõõm,Mõisaküla",
		"Bøe,Sjøen,Sofie Kjær,Høie",
		"Eugène Père,Genève,Mosè,Mercè,Ève",
		"Simões,Guimarães,Galvão,Cãibra",
		"Guðrún Þórðardóttir,Friðþjófur,Eyþór,Ýr Daði",
		"SIGURÐUR ÞÓR",
		"Sigurður Björk,Jörg Müller",
		"Jan Novák,Petra Výborná,Tomáš Šimek",
		"Pat O’Brien,“Bob”,Team – Blue,£5,5° West,Acme™,R®D,½",
		"Jörg Müller,Jürgen Böhm,Käthe Kühn,Sören Weiß,Uwe Öhm,Max Ärger,Ðarko",
	} {
		f, err := Read(strings.NewReader(encoded(t, charmap.Windows1252, names)), "hr.csv", Options{})
		if err != nil {
			t.Errorf("%s: %v", names, err)
			continue
		}
		var got []string
		for _, r := range f.Records {
			got = append(got, r.Cells[1])
		}
		if !f.Dialect.Guessed || f.Dialect.Encoding != "Windows-1252" || strings.Join(got, ",") != names {
			t.Errorf("%s: read as %s, %+v", names, got, f.Dialect)
		}
	}
}

func TestNamesInOtherEncodingsAreRefused(t *testing.T) {
	for _, c := range []struct {
		encoding encoding.Encoding
		option   string
		names    string
	}{
		{charmap.Windows1251, "windows-1251", "Иван Петров"},
		{charmap.Windows1251, "windows-1251", "Ли Ян,John Smith"},
		{charmap.KOI8R, "koi8-r", "Иван Петров,Лев Цой"},
		{charmap.CodePage866, "ibm866", "Иван Петров,Мария Сидорова"},
		{charmap.Windows1253, "windows-1253", "Ελένη Παπαδοπούλου"},
		{charmap.Windows1255, "windows-1255", "דוד כהן"},
		{charmap.Windows1256, "windows-1256", "محمد علي"},
		{charmap.Windows874, "windows-874", "สมชาย ใจดี"},
		{simplifiedchinese.GBK, "gbk", "王伟,李娜"},
		{japanese.ShiftJIS, "shift_jis", "山田太郎"},
		{charmap.Windows1250, "windows-1250", "Łukasz Wiśniewski,Paweł Dąbrowski,Grażyna Wójcik"},
		{charmap.ISO8859_2, "iso-8859-2", "Łukasz Wiśniewski,Paweł Dąbrowski,Grażyna Wójcik"},
		{charmap.Windows1250, "windows-1250", "Ştefan Ionescu,Gheorghiţă"},
		{charmap.Windows1250, "windows-1250", "Győző Szűcs,László Tőkés,Zoltán Kovács"},
		{charmap.Windows1250, "windows-1250", "Petar Petrović,Želimir Čović"},
		{charmap.Windows1250, "windows-1250", "Jiří Dvořák,Petra Výborná"},
		{charmap.Windows1250, "windows-1250", "Mária Kováčová,Štefan Hríb,Ľuboš Vĺk"},
		{charmap.ISO8859_16, "iso-8859-16", "Ioana Brătianu"},
		{charmap.Windows1257, "windows-1257", "Jānis Bērziņš,Ģirts Ķēniņš"},
		{charmap.Windows1254, "windows-1254", "İbrahim Doğan"},
		{charmap.Windows1254, "windows-1254", "Ayşe Yılmaz,Çağlar Doğan,Özgür Aydın"},
		{charmap.Windows1257, "windows-1257", "Šarūnas Petrauskas"},
		{charmap.Macintosh, "macintosh", "Jörg Müller,François Lefèvre"},
		{charmap.CodePage850, "ibm850", "Jörg Müller,Hélène Prévôt"},
	} {
		export := encoded(t, c.encoding, c.names)
		var e *Error
		if _, err := Read(strings.NewReader(export), "hr.csv", Options{}); !errors.As(err, &e) {
			t.Errorf("%s, %s: got %v", c.option, c.names, err)
		} else if e.Fix.Option != OptionEncoding || e.Advice == "" || len(e.Problems) == 0 {
			t.Errorf("%s, %s: %+v", c.option, c.names, e)
		}
		name, _, _ := strings.Cut(c.names, ",")
		if f := read(t, export, Options{Encoding: c.option}); f.Records[0].Cells[1] != name {
			t.Errorf("%s is read as %s", c.names, f.Records[0].Cells[1])
		}
	}
}

func TestWindows1252IsAWayOutWhereDetectionRefuses(t *testing.T) {
	f := read(t, encoded(t, charmap.Windows1252, "Aþena"), Options{Encoding: "windows-1252"})
	if got := f.Records[0].Cells[1]; got != "Aþena" || f.Dialect.Guessed {
		t.Errorf("read as %q", got)
	}
}

func TestAnEncodingHasItsCommonNames(t *testing.T) {
	for name, want := range map[string]string{
		"utf8": "UTF-8", "UTF-8": "UTF-8", "latin1": "Windows-1252", "ISO-8859-1": "Windows-1252", "cp1252": "Windows-1252",
		"shift-jis": "Shift_JIS", "sjis": "Shift_JIS", "macintosh": "macintosh", "UTF-16LE": "UTF-16LE",
		"utf-16be": "UTF-16BE", "IBM850": "IBM850", "gbk": "GBK", "": "", "utf-7": "", "iso-2022-cn": "",
		"x-mac-cyrillic": "x-mac-cyrillic", "windows-1258": "Windows-1258", "KOI8-R": "KOI8-R",
	} {
		if _, got := lookUpEncoding(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestTheByteOrderMarkOfTheNamedEncodingIsNoText(t *testing.T) {
	const text = "\ufeffLogin,Name\n1,é\n"
	for _, c := range []struct{ named, file, want string }{
		{"utf-8", text, "UTF-8 with BOM"},
		{"utf-16le", utf16le(text), "UTF-16LE"},
		{"utf-16be", utf16be(text), "UTF-16BE"},
		{"csUTF16", utf16le(text), "UTF-16LE"},
		{"csUTF16", utf16be(text), "UTF-16BE"},
	} {
		f := read(t, c.file, Options{Encoding: c.named})
		if f.Dialect.Encoding != c.want || f.Dialect.Plain() || f.Header.Cells[0] != "Login" || f.Records[0].Cells[1] != "é" {
			t.Errorf("%s: read as %+v, %q", c.named, f.Dialect, cellsOf(f))
		}
	}
}
