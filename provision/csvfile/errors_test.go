package csvfile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAFileThatIsNotReadAsItWasMeantIsRefused(t *testing.T) {
	row := "1,Ada,a@acme.example\n"
	for name, c := range map[string]struct {
		text string
		o    Options
		want string
		fix  Fix
	}{
		"colons": {
			"Login:Name:Email\n1:Ada:a@x.example\n", Options{},
			`the header is one column: "Login:Name:Email"`, Fix{Option: OptionDelimiter, Value: ":"},
		},
		"carets": {
			"Login^Name\n1^Ada\n", Options{},
			`the header is one column: "Login^Name"`, Fix{Option: OptionDelimiter, Value: "^"},
		},
		"tildes": {
			"A~B\n1~Ada\n2~Bo\n", Options{},
			`the header is one column: "A~B"`, Fix{Option: OptionDelimiter, Value: "~"},
		},
		"commas of full width": {
			"Login，Name\n1，Ada\n", Options{},
			`the header is one column: "Login，Name"`, Fix{Option: OptionDelimiter, Value: "，"},
		},
		"colons, no rows": {
			"Login:Name\n", Options{},
			`the header is one column: "Login:Name"`, Fix{Option: OptionDelimiter, Value: ":"},
		},
		"the named delimiter": {
			"Login;Name\n1;Ada\n", Options{Delimiter: ','},
			`with ',' as delimiter the header is one column: "Login;Name"`, Fix{Option: OptionDelimiter, Value: ";"},
		},
		"the named delimiter, tab": {
			"Login,Name\n1,Ada\n", Options{Delimiter: '\t'},
			`with '\t' as delimiter the header is one column: "Login,Name"`, Fix{Option: OptionDelimiter, Value: ","},
		},

		"lines in quotes": {
			"\"Login,Name,Email\"\n\"1,Ada,a@x.example\"\n", Options{},
			"every line is quoted as one cell\n  hr.csv:1: \"Login,Name,Email\"", Fix{},
		},
		"lines in quotes, semicolons": {
			"\"Login;Name\"\n\"1;Ada\"\n", Options{},
			"every line is quoted as one cell\n  hr.csv:1: \"Login;Name\"", Fix{},
		},
		"lines in quotes, with quotes": {
			"\"Login,\"\"Name\"\",Email\"\n\"1,\"\"Ada\"\",a@x.example\"\n", Options{Delimiter: ','},
			"every line is quoted as one cell\n  hr.csv:1: \"Login,\"Name\",Email\"", Fix{},
		},
		"the header in quotes": {
			"\"Login,Name,Email\"\n" + row, Options{},
			"the header is quoted as one cell\n  hr.csv:1: \"Login,Name,Email\"", Fix{},
		},

		"single quotes": {
			"'Login','Email'\n'1','a@x.example'\n", Options{},
			"the file quotes with ', which are no quotes in CSV", Fix{},
		},
		"curly quotes": {
			"“Login”,“Email”\n“1”,“a@x.example”\n", Options{},
			"the file quotes with “, which are no quotes in CSV", Fix{},
		},
		"German quotes": {
			"„Login“;„Email“\n„1“;„a@x.example“\n", Options{},
			"the file quotes with „, which are no quotes in CSV", Fix{},
		},
		"guillemets": {
			"« Login »;« Email »\n« 1 »;« a »\n", Options{},
			"the file quotes with «, which are no quotes in CSV", Fix{},
		},

		"UTF-8 read as Windows-1252": {
			"Login,Name\n1,Jörg\n", Options{Encoding: "windows-1252"},
			"the file is UTF-8, not Windows-1252", Fix{Option: OptionEncoding, Value: "UTF-8"},
		},
		"UTF-8 read as Shift_JIS": {
			"Login,Name\n1,山田\n", Options{Encoding: "Shift_JIS"},
			"the file is UTF-8, not Shift_JIS", Fix{Option: OptionEncoding, Value: "UTF-8"},
		},
		"ASCII read as UTF-16": {
			"Login,Name\n1,Ada\n", Options{Encoding: "utf-16le"},
			"the file is UTF-8, not UTF-16LE", Fix{Option: OptionEncoding, Value: "UTF-8"},
		},
		"UTF-16 read as UTF-8": {
			utf16le("Login,Name\n1,Ada\n"), Options{Encoding: "utf-8"},
			"the file is UTF-16LE, not UTF-8", Fix{Option: OptionEncoding, Value: "UTF-16LE"},
		},
		"bytes that are not UTF-8": {
			"Login,Name\n1,a\n2,\xff\n\xc3,b\n", Options{Encoding: "utf8"},
			"file rejected: 2 malformed rows\n  hr.csv:3: bytes that are not UTF-8: \"2,\\xff\"\n" +
				"  hr.csv:4: bytes that are not UTF-8: \"\\xc3,b\"",
			Fix{Option: OptionEncoding, Value: "Windows-1252"},
		},
		"one broken byte": {
			"Login,Name\n1,Jörg\n2,Zoë\n3,\xe9\n", Options{},
			"the file is UTF-8, but 1 byte of it is not\n  hr.csv:4: bytes that are not UTF-8: \"3,\\xe9\"", Fix{},
		},
		"two files in one": {
			"Login,Name\n1,J\xf6rg\n2,Jürgen\n3,Zo\xeb\n", Options{},
			"the file is neither UTF-8 nor readable as Windows-1252\n  hr.csv:2: the first byte that is not UTF-8",
			Fix{Option: OptionEncoding},
		},

		"a header behind the end": {
			"Login,Name\r\n", Options{HeaderRow: 2},
			"there is no header on line 2: the line is empty, or the file ends before it", Fix{Option: OptionHeaderRow},
		},
		"a header on a blank line": {
			"Login,Name\n\n1,a\n", Options{HeaderRow: 2},
			"there is no header on line 2: the line is empty, or the file ends before it", Fix{Option: OptionHeaderRow},
		},
		"too many columns": {
			strings.Repeat("a,", maxCells) + "b\n1\n", Options{},
			"the header cannot be read\n  hr.csv:1: more than 20000 cells", Fix{},
		},
		"nothing":                {"", Options{}, "the file is empty", Fix{}},
		"nothing but Ctrl-Z":     {"\x1a", Options{}, "the file is empty", Fix{}},
		"nothing but a sep line": {"sep=;\n", Options{}, "the file is empty", Fix{}},
		"an open quote in the header": {
			"Login,\"Name\n1,a\n", Options{},
			"the header cannot be read\n  hr.csv:1: the quote that opens here is never closed", Fix{},
		},

		"a page below sep=": {"sep=;\n<html><body>\n", Options{}, "the file is an HTML page, not a CSV file", Fix{}},
		"XML":               {"<?xml version=\"1.0\"?>\n<Users/>\n", Options{}, "the file is XML, not a CSV file", Fix{}},
		"JSON in UTF-16": {
			utf16le("\ufeff{\n  \"users\": []\n}\n"), Options{},
			"the file is JSON, not a CSV file", Fix{},
		},
	} {
		c.o.LooksLikeHeader = looksLikeHeader
		var e *Error
		if _, err := Read(strings.NewReader(c.text), "hr.csv", c.o); !errors.As(err, &e) {
			t.Errorf("%s: got %v", name, err)
			continue
		}
		if diff := cmp.Diff("hr.csv: "+c.want, e.Error()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if e.Fix != c.fix {
			t.Errorf("%s: fix %+v, want %+v", name, e.Fix, c.fix)
		}
		leadsOn(t, c.text, c.o, e)
	}
}

// leadsOn checks that an error says what to do, and that an option it suggests reads the file.
func leadsOn(t *testing.T, text string, o Options, e *Error) {
	t.Helper()
	if e.Fix.Value == "" {
		if e.Advice == "" && e.Fix.Option != OptionHeaderRow {
			t.Errorf("%v: no advice", e)
		}
		return
	}
	switch e.Fix.Option {
	case OptionDelimiter:
		o.Delimiter = []rune(e.Fix.Value)[0]
	case OptionEncoding:
		o.Encoding = e.Fix.Value
	case OptionHeaderRow:
		o.HeaderRow = int(e.Fix.Value[0] - '0')
	}
	if _, err := Read(strings.NewReader(text), "hr.csv", o); err != nil {
		t.Errorf("%v: with %+v: %v", e, e.Fix, err)
	}
}

func TestAFileThatOnlyLooksOddIsRead(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		o    Options
		want []string // the header
	}{
		"one column":                  {"Login\nada\nbo\n", Options{}, []string{"Login"}},
		"one column, delimiter named": {"Login\nada\nbo\n", Options{Delimiter: ','}, []string{"Login"}},
		"one column with a colon": {
			"Work Contact: Work Email\nada@x.example\n", Options{},
			[]string{"Work Contact: Work Email"},
		},
		"one quoted column": {"\"Login\"\n\"ada\"\n", Options{}, []string{"Login"}},
		"one column of quoted names": {
			"\"Last, First\"\n\"Lee, Kai\"\n", Options{Delimiter: ','},
			[]string{"Last, First"},
		},
		"a title with a comma above quoted names": {
			"Company: Acme, Inc.\n\"a\";\"Lee, Kai\"\n\"b\";\"Sato, Mia\"\n", Options{}, []string{"Company: Acme, Inc."},
		},
		"one header in single quotes": {"'Login',Name\n1,Ada\n", Options{}, []string{"'Login'", "Name"}},
		"an apostrophe": {
			"Manager's Login,Name\n1,Ada\n", Options{},
			[]string{"Manager's Login", "Name"},
		},
		"brackets around a header": {"[Login],Name\n1,Ada\n", Options{}, []string{"[Login]", "Name"}},
		"angle brackets":           {"<Login>,<Name>\n1,Ada\n", Options{}, []string{"<Login>", "<Name>"}},
		"no rows":                  {"Login,Name\n", Options{}, []string{"Login", "Name"}},
		"a header with a mark, titled": {
			"Title\n\ufeffLogin,Name\n1,a\n", Options{HeaderRow: 2},
			[]string{"\ufeffLogin", "Name"},
		},
	} {
		c.o.LooksLikeHeader = looksLikeHeader
		f, err := Read(strings.NewReader(c.text), "hr.csv", c.o)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if diff := cmp.Diff(c.want, f.Header.Cells); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestEveryRefusalOfTheCorpusLeadsOn(t *testing.T) {
	paths, err := filepath.Glob("../../testdata/exports/bad/*")
	if err != nil || len(paths) < 30 {
		t.Fatalf("%d files, %v", len(paths), err)
	}
	refused := 0
	for _, path := range paths {
		if filepath.Ext(path) == ".txt" {
			continue // it is the expectation of another one
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var e *Error
		if _, err := Read(strings.NewReader(string(raw)), filepath.Base(path), Options{}); errors.As(err, &e) {
			refused++
			leadsOn(t, string(raw), Options{}, e)
		}
	}
	if refused < 15 {
		t.Errorf("only %d were refused", refused)
	}
}
