package roster

import (
	"strings"
	"testing"
)

func TestTheDelimiterIsFound(t *testing.T) {
	for _, c := range []struct {
		text string
		want rune
	}{
		{"Login,Name\n1,a\n", ','},
		{"Login;Name\n1;a\n", ';'},
		{"Login\tName\n1\ta\n", '\t'},
		{"Login|Name\n1|a\n", '|'},
		{"Login\na\nb\n", ','},
		{"Login;Gehalt\n1;1,5\n2;2,5\n", ';'},
		{"Login;Name\n1;Lee, Kai\n2;Hartley, Amelia\n", ';'},
		{"Name, Vorname;PersNr;E-Mail\nLee, Kai;1;a@b.c\nTotal, 1\n", ';'},
		{"Login,Groups\n1,a;b\n2,c;d\n", ','},
		{"Login,Note\n1,\"a;b;c\nd;e;f\"\n2,\"g;h;i\"\n", ','},
		{"\"Login\";\"Name, First\"\n\"1\";\"a, b\"\n", ';'},
		{"Report, made today\n\nA;B;C\n1;2;3\n4;5;6\n", ';'},
		{"A;B\n1;2\n\"open;3,4,5\n", ';'},
		{"Login,Name\n1,a,\n2,b,\n", ','},
		{"A|B\n1|2\n", '|'},
		{"Login|Name\n1|" + strings.Repeat("x;", 1000) + "\n", '|'},
	} {
		if got := findDelimiter(sample{[]byte(c.text), true}, nil); got != c.want {
			t.Errorf("%.60q: got %q, want %q", c.text, got, c.want)
		}
	}
}

func TestAFlagOverrulesWhatIsFound(t *testing.T) {
	f, err := open(t, "hr.csv", []byte("sep=,\nLogin;x,Name\n1;y,a\n"), Options{Delimiter: ';', Subject: "Login"})
	if err != nil {
		t.Fatal(err)
	}
	if r := rowsOf(t, f)[0]; r.Subject != "1" || r.Cells[1] != "y,a" {
		t.Errorf("got %+v", r)
	}
}

func TestTheSepLineIsOneOnlyWhereItIsWhole(t *testing.T) {
	for line, want := range map[string]rune{
		"sep=;": ';', "SEP=|": '|', `"sep=,"`: ',', "sep=\t": '\t', "sep=": 0, "sep=;;": 0, "sep=a": 0, "sep=\"": 0, "sep = ;": 0, "separator": 0,
	} {
		for _, end := range []string{"", "\n", "\r\nx", "\rx"} {
			if got := sepLine([]byte(line + end)); got != want {
				t.Errorf("%q: got %q, want %q", line+end, got, want)
			}
		}
	}
}

func TestAnEncodingIsNamedAsPeopleDo(t *testing.T) {
	for name, want := range map[string]string{
		"utf8": "UTF-8", "UTF-8": "UTF-8", "latin1": "Windows-1252", "ISO-8859-1": "Windows-1252", "cp1252": "Windows-1252", "shift-jis": "Shift_JIS",
		"sjis": "Shift_JIS", "macintosh": "macintosh", "UTF-16LE": "UTF-16LE", "utf-16be": "UTF-16BE", "IBM850": "IBM850", "gbk": "GBK", "": "", "utf-7": "", "iso-2022-cn": "",
		"x-mac-cyrillic": "x-mac-cyrillic",
	} {
		if _, got := lookUp(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestTheMarkOfTheEncodingThatWasNamedIsNoText(t *testing.T) {
	const text = "Login,Name\n1,é\n"
	swapped := []byte(utf16le(text))
	for i := 0; i < len(swapped); i += 2 {
		swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
	}
	for _, c := range []struct{ named, file, want string }{
		{"utf-8", "\ufeff" + text, "UTF-8 with BOM"},
		{"utf-16le", utf16le(text), "UTF-16LE"},
		{"utf-16be", string(swapped), "UTF-16BE"},
		{"csUTF16", utf16le(text), "UTF-16LE"},
		{"csUTF16", string(swapped), "UTF-16BE"},
	} {
		f, err := open(t, "hr.csv", []byte(c.file), Options{Encoding: c.named})
		if err != nil {
			t.Errorf("%s: %v", c.named, err)
		} else if f.Dialect.Encoding != c.want || f.Dialect.Plain || f.Header[0] != "Login" || rowsOf(t, f)[0].Name != "é" {
			t.Errorf("%s: read as %+v, header %q", c.named, f.Dialect, f.Header)
		}
	}
}

func TestARecordThatTheSampleCutsDoesNotCount(t *testing.T) {
	for whole, want := range map[bool]int{true: 3, false: 2} {
		n := 0
		sample{[]byte("a;b\n1;2\n3"), whole}.records(';', func(int, []string, bool) bool {
			n++
			return true
		})
		if n != want {
			t.Errorf("whole %v: %d records, want %d", whole, n, want)
		}
	}
}
