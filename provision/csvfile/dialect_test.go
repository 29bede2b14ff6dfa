package csvfile

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheDelimiterIsDetected(t *testing.T) {
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
		{"Name, Vorname;Login;Email\nLee, Kai;1;a@b.c\nTotal, 1\n", ';'},
		{"Login,Groups\n1,a;b\n2,c;d\n", ','},
		{"Login,Note\n1,\"a;b;c\nd;e;f\"\n2,\"g;h;i\"\n", ','},
		{"\"Login\";\"Name, First\"\n\"1\";\"a, b\"\n", ';'},
		{"Report, made today\n\nA;B;C\n1;2;3\n4;5;6\n", ';'},
		{"A;B\n1;2\n\"3\";4,5\n", ';'},
		{"Login,Name\n1,a,\n2,b,\n", ','},
		{"A|B\n1|2\n", '|'},
		{"Login|Name\n1|" + strings.Repeat("x;", 1000) + "\n", '|'},
		{"Login|Name\n" + strings.Repeat("1|Ada\n", 60_000) + "\"2|a\nb\"|c\n", '|'},
		{"sep=^\nLogin^Name\n1^a\n", '^'},
		{"\"sep=;\"\r\nLogin,Name;Email\r\n1,a;b\r\n", ';'},
		{"Login,Name,Email¦outcome¦user_id¦user_subject¦row\n1¦created¦u1¦1¦1\n", '¦'},
		{"Login¦outcome¦user_id¦user_subject¦row\n1¦created¦u1¦1¦1\n", '¦'},
	} {
		f, err := Read(strings.NewReader(c.text), "hr.csv", Options{LooksLikeHeader: looksLikeHeader, Block: block})
		if err != nil {
			t.Errorf("%.60q: %v", c.text, err)
		} else if got := f.Dialect.Delimiter; got != c.want {
			t.Errorf("%.60q: got %q, want %q", c.text, got, c.want)
		}
	}
}

func TestTheDelimiterThatWasNamedIsUsed(t *testing.T) {
	f := read(t, "sep=,\nLogin;x,Name\n1;y,a\n", Options{Delimiter: ';'})
	if diff := cmp.Diff([][]string{{"Login", "x,Name"}, {"1", "y,a"}}, cellsOf(f)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSepLine(t *testing.T) {
	for line, want := range map[string]rune{
		"sep=;": ';', "SEP=|": '|', `"sep=,"`: ',', "sep=\t": '\t', "sep=": 0, "sep=;;": 0, "sep=a": 0, "sep=\"": 0,
		"sep = ;": 0, "separator": 0,
	} {
		for _, end := range []string{"", "\n", "\r\nx", "\rx"} {
			if got := firstGroup(sepLine, line+end); got != want {
				t.Errorf("%q: got %q, want %q", line+end, got, want)
			}
		}
	}
}

func TestAResultFileIsReadAsASpreadsheetSavedIt(t *testing.T) {
	table := [][]string{
		{"Employee ID", "Name", "Email", "outcome", "user_id", "user_subject", "row", "my note"},
		{"007", "Brückner, Jonas", "jonas@acme.example", "created", "u1", "007", "2", "good"},
		{"008", "Kai \"K\" Lee", "kai@acme.example", "pending", "", "008", "1", ""},
	}
	quoteAll := func(delimiter, end string) string {
		var b strings.Builder
		for _, cells := range table {
			for i, c := range cells {
				if i > 0 {
					b.WriteString(delimiter)
				}
				b.WriteString(`"` + strings.ReplaceAll(c, `"`, `""`) + `"`)
			}
			b.WriteString(end)
		}
		return b.String()
	}
	for name, saved := range map[string]string{
		"semicolons, CRLF, mark": "\ufeff" + quoteAll(";", "\r\n"),
		"Unicode text":           utf16le("\ufeff" + quoteAll("\t", "\r\n")),
		"Windows-1252":           strings.ReplaceAll(quoteAll(";", "\r\n"), "ü", "\xfc"),
		"an unusual delimiter":   quoteAll("¦", "\n"),
	} {
		f := read(t, saved, Options{Block: block})
		if diff := cmp.Diff(table, cellsOf(f)); diff != "" || f.Block != 3 {
			t.Errorf("%s: block at %d (-want +got):\n%s", name, f.Block, diff)
		}
	}
}

func TestTheLastRunOfTheBlocksNamesIsTheBlock(t *testing.T) {
	const columns = "outcome,user_id,user_subject,row"
	f := read(t, "Login,"+columns+","+columns+",row,note\n1,a,b,c,d,created,u1,1,1\n", Options{Block: block})
	if f.Block != 5 {
		t.Errorf("the block is at %d, want 5", f.Block)
	}
	if f = read(t, "Login,outcome,user_id,row,user_subject\n1,a,b,c,d\n", Options{Block: block}); f.Block != -1 {
		t.Errorf("columns in another order are a block at %d", f.Block)
	}
}
