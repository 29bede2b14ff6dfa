package roster

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestARefusalSaysWhatIsWrongAndWhatToDo(t *testing.T) {
	columns := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "C%d,", i+1)
		}
		return strings.TrimSuffix(b.String(), ",") + "\n"
	}
	const (
		page   = "<!DOCTYPE html>\n<title>Sign in</title>\n"
		isPage = "hr.csv is an HTML page, not a CSV file"
		look   = "look at it in a browser: it may be a login page, or a table that calls itself .xls; then export it as CSV"
		first  = `"C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8", "C9", "C10", "C11", "C12", "C13", "C14", "C15", "C16", "C17", "C18", "C19", "C20"`
		say    = "say which it is with --subject"
	)
	for name, c := range map[string]struct {
		export  string
		options Options
		want    Error
	}{
		"two first names": {
			"Login,First Name,Forename,Last Name\n1,a,b,c\n", Options{},
			Error{Message: `hr.csv: two columns fit the name: "First Name" and "Forename"`, Flags: []string{"--name", "First Name"}, Hint: "--name decides"},
		},
		"two last names": {
			"Login,First Name,Last Name,Surname\n1,a,b,c\n", Options{},
			Error{Message: `hr.csv: two columns fit the name: "Last Name" and "Surname"`, Flags: []string{"--name", "Last Name"}, Hint: "--name decides"},
		},
		"three subjects": {
			"Login,User ID,Username\n1,a,b\n", Options{},
			Error{Message: `hr.csv: 3 columns fit the subject: "Login" and "User ID" and "Username"`, Flags: []string{"--subject", "Login"}, Hint: "--subject decides"},
		},
		"two columns for a template's header": {
			"Employee ID,employee id\n1,a\n", Options{Subject: "x|{EMPLOYEE-ID}"},
			Error{Message: `hr.csv: two columns fit the subject: "Employee ID" and "employee id"`, Flags: []string{"--subject", "x|{Employee ID}"}, Hint: "--subject decides"},
		},
		"a template's header twice": {
			"ID,ID\n1,a\n", Options{Subject: "x|{ID}"},
			Error{Message: `hr.csv: two columns are called "ID", so which of them is the subject is not clear`, Hint: "rename all but the one that is meant"},
		},
		"more headers than are listed": {
			columns(22) + columns(22), Options{},
			Error{Message: "hr.csv: no column is known to be the subject; the headers are " + first + " and 2 more", Hint: say},
		},
		"a header on the line of the delimiter": {
			"sep=;\nLogin;Name\n1;a\n", Options{HeaderRow: 1},
			Error{Message: "hr.csv: line 1, where the header should stand, only says what the delimiter is", Hint: "leave --header-row out, or try --header-row 2"},
		},
		"Windows-1252, perhaps": {
			"Gr\xf6\xdfe;Farbe\nx;y\n", Options{},
			Error{
				Message: `hr.csv: no column is known to be the subject; the headers are "Größe", "Farbe"`,
				Hint:    "it is not UTF-8 and was read as Windows-1252; where that is wrong, say what it is with --encoding: Shift_JIS, ISO-8859-2, macintosh …",
			},
		},
		"an address where the header should be": {
			"Ann,ann@acme.example\nBob,bob@acme.example\n", Options{},
			Error{Message: `hr.csv: there is no header: line 1 holds "ann@acme.example", so it is a row`, Hint: "put a line with the columns' names above it"},
		},
		"only the block": {
			strings.Join(block, ",") + "\ncreated,u1,a,1\n", Options{Block: block, Subject: "Login"},
			Error{Message: "hr.csv has the columns of a result file, but none of an export", Hint: "give the export, or the result file as it was written"},
		},
		"too many columns":      {columns(4097), Options{}, Error{Message: "hr.csv: the header has 4097 columns, more than 4096"}},
		"long and empty":        {strings.Repeat(" \n", 200<<10), Options{}, Error{Message: "hr.csv is empty"}},
		"no line behind":        {"Login,Name", Options{HeaderRow: 2}, Error{Message: "hr.csv has no line 2 for a header, only 1"}},
		"no line behind an end": {"Login,Name\r\n", Options{HeaderRow: 2}, Error{Message: "hr.csv has no line 2 for a header, only 1"}},
		"the header too far down": {
			strings.Repeat("Title\n", 50_000) + "Login,Name\n1,a\n", Options{HeaderRow: 50_001},
			Error{Message: "hr.csv: line 50001 is not among the first 256 KiB, where the header has to stand", Hint: "delete the lines above the header"},
		},
		"a page below sep=":     {"sep=;\n" + page, Options{}, Error{Message: isPage, Hint: look}},
		"JSON in UTF-16":        {utf16le("{\n  \"users\": []\n}\n"), Options{}, Error{Message: "hr.csv is JSON, not a CSV file", Hint: "ask for the export as CSV"}},
		"gzip":                  {"\x1f\x8b\x08\x00\x00\x00\x00\x00", Options{}, Error{Message: "hr.csv is a gzip archive, not a CSV file", Hint: "unpack it first: gunzip"}},
		"RTF":                   {"{\\rtf1\\ansi Login\\par}\n", Options{}, Error{Message: "hr.csv is an RTF document, not a CSV file", Hint: "ask for the export as CSV"}},
		"a bracket and no more": {"[\n", Options{}, Error{Message: `hr.csv: no column is known to be the subject; the headers are "["`, Hint: say}},
		"UTF-16BE without a mark": {
			strings.Repeat("\x00a\x00,", 8), Options{},
			Error{Message: "hr.csv looks like UTF-16 without a byte order mark", Flags: []string{"--encoding", "UTF-16BE"}},
		},
	} {
		var got *Error
		if _, err := open(t, "hr.csv", []byte(c.export), c.options); !errors.As(err, &got) {
			t.Errorf("%s: got %v, want an *Error", name, err)
		} else if diff := cmp.Diff(c.want, Error{Message: got.Message, Problems: got.Problems, Flags: got.Flags, Hint: got.Hint}, cmp.AllowUnexported(Error{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
