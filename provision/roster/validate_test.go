package roster_test

import (
	"strings"
	"testing"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/roster"
)

// quoted writes a cell as strict CSV.
func quoted(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// judge is the only row of a file with a subject, a name and an address.
func judge(t testing.TB, subject, name, email string, o roster.Options) *roster.Row {
	t.Helper()
	text := "Login,Name,Email\n" + quoted(subject) + "," + quoted(name) + "," + quoted(email) + "\n"
	// The subject is named, so that it may be empty; another row keeps the other columns filled.
	if o.Subject == "" {
		o.Subject = "Login"
	}
	return &mustExport(t, text+"other,Other,other@acme.example\n", o).Rows[0]
}

func TestSubjectsThatCannotBeSent(t *testing.T) {
	codes := map[string]string{
		"": provision.CodeNoSubject,
		// Logins and IDs, some of them near a rule.
		"00417": "", "1E5": "", "1e5": "", "TRUE": "", "12.5": "", "1.2.3": "", "10.0.0": "", "0001": "",
		"-5": "", "#5": "",
		"#abc": "", "na": "", "Nan": "", "nil": "", "tbc": "", "zero": "", "o'brien": "", "a=b": "", "auth0|81": "",
		"urn:x:ada": "", "ada@acme.example": "", "ACME\\ada": "", "佐藤": "", "J\ufffdrg": "", "a b": "",
		"+49 30 1": "",
		"-":        provision.CodeBadSubject, "--": provision.CodeBadSubject, "?": provision.CodeBadSubject,
		"0": provision.CodeBadSubject, "N/A": provision.CodeBadSubject, "n/a": provision.CodeBadSubject,
		"NULL": provision.CodeBadSubject, "null": provision.CodeBadSubject, "TBD": provision.CodeBadSubject,
		"None": provision.CodeBadSubject, "NaN": provision.CodeBadSubject, "(leer)": provision.CodeBadSubject,
		"k.A.": provision.CodeBadSubject, "不明": provision.CodeBadSubject, "Keine Angabe": provision.CodeBadSubject,
		"1.23E+11": provision.CodeBadSubject, "1,23e+11": provision.CodeBadSubject, "1E+15": provision.CodeBadSubject,
		"1.23E11": provision.CodeBadSubject, "417.0": provision.CodeBadSubject, "417,00": provision.CodeBadSubject,
		"1,234.00": provision.CodeBadSubject,
		`="00417"`: provision.CodeBadSubject, "=00417": provision.CodeBadSubject, "=A2&B2": provision.CodeBadSubject,
		"'00417": provision.CodeBadSubject, "'00417'": provision.CodeBadSubject, `"00417"`: provision.CodeBadSubject,
		"“00417”": provision.CodeBadSubject, "«00417»": provision.CodeBadSubject,
		"„00417“": provision.CodeBadSubject,
		"‘00417’": provision.CodeBadSubject, "`00417`": provision.CodeBadSubject, `00417"`: provision.CodeBadSubject,
		"00\u200b417": provision.CodeBadSubject, "00\u202e417": provision.CodeBadSubject,
		"00\u00ad417": provision.CodeBadSubject, "a\u3164b": provision.CodeBadSubject,
		"00\t417":  provision.CodeBadSubject,
		"00\n417":  provision.CodeBadSubject,
		"a\u0085b": provision.CodeBadSubject, "a\u2028b": provision.CodeBadSubject,
		"#REF!": provision.CodeErrorValue, "#¡VALOR!": provision.CodeErrorValue,
		"#¿NOMBRE?": provision.CodeErrorValue,
		"#ССЫЛКА!":  provision.CodeErrorValue, "#Н/Д": provision.CodeErrorValue, "#N/A": provision.CodeErrorValue,
		"#NV": provision.CodeErrorValue, "####": provision.CodeErrorValue, "Err:502": provision.CodeErrorValue,
		"Fehler:502": provision.CodeErrorValue, "#GETTING_DATA": provision.CodeErrorValue,
	}
	for subject, want := range codes {
		row := judge(t, subject, "Ada Lovelace", "ada@acme.example", roster.Options{})
		if row.Code != want {
			t.Errorf("%q: got %q (%s), want %q", subject, row.Code, row.Message, want)
		}
		if want != "" && !strings.HasPrefix(row.Message, `column "Login": `) {
			t.Errorf("%q: message is %s", subject, row.Message)
		}
		// In a template each cell is judged as it would be alone.
		row = judge(t, subject, "Ada Lovelace", "ada@acme.example", roster.Options{Subject: "x|{Login}"})
		if row.Code != want {
			t.Errorf("%q in a template: got %q (%s), want %q", subject, row.Code, row.Message, want)
		}
	}
}

func TestMessageGivesValueOfFormula(t *testing.T) {
	if got := judge(t, `="00417"`, "", "", roster.Options{}).Message; !strings.HasSuffix(got, `"00417"`) {
		t.Errorf("got %s", got)
	}
}

func TestNamesThatCannotBeSent(t *testing.T) {
	for name, want := range map[string]string{
		"": "", "-": "", "=1+1": "", "TRUE": "", "'Ada'": "", "N/A": "", "O'Brien, Seán": "",
		"علی\u200cرضا": "", "#1 Fan": "",
		"Ada\nLovelace": provision.CodeBadName, "Ada\tLovelace": provision.CodeBadName, "Ada\u2028": "",
		"Ada\u2029L": provision.CodeBadName, "#NAME?": provision.CodeErrorValue, "Err:508": provision.CodeErrorValue,
	} {
		if row := judge(t, "ada", name, "ada@acme.example", roster.Options{}); row.Code != want {
			t.Errorf("%q: got %q (%s), want %q", name, row.Code, row.Message, want)
		}
	}
}

func TestAddressIsOneBareMailbox(t *testing.T) {
	for address, want := range map[string]string{
		"a@b.c": "", "first.last+tag@acme.co.uk": "", "o'brien@acme.example": "", "jörg@müller.example": "",
		"用户@例子.广告": "", `"quoted local"@b.c`: "",
		"a@[127.0.0.1]": "", "a@localhost": "", "a!b@b.c": "", "a-@b.c": "",
		"a@xn--mller-kva.example": "", "\u200ba@b.c\u00a0": "", "x=1@b.c": "", "_a@b.c": "",
		"foo@": "not an address", "@b.c": "not an address", "a b@c.d": "not an address", "a@b@c.d": "not an address",
		"a..b@c.d": "not an address", "a.@c.d": "not an address", ".a@c.d": "not an address",
		"a@b..c": "not an address",
		"a@b.c.": "not an address", "plain": "not an address", "a@-b.c": "not an address", "a@b-.c": "not an address",
		"a@b_c.d": "not an address", "a@b.c'": "not an address", "a@b.c…": "not an address",
		"a@b.c/": "not an address",
		"a@b.c!": "not an address", "a@b.c,": "not an address", "a@b,c": `no domain has "," there`,
		"“a@b.c”": "not an address",
		"'a@b.c'": "not an address", "'a@b.c": "not an address", "o’brien@b.c": "not an address",
		"a＠b.c": "not an address",
		"…":     "not an address", "/": "not an address", "N/A": "leave the cell empty", "-": "leave the cell empty",
		"<a@b.c>": "give the bare address", "A <a@b.c>": "more than an address: give the bare address, a@b.c",
		"Lovelace, Ada <a@b.c>": `no mailbox has "," there`, "a@b.c (A)": "more than an address",
		"mailto:jörg@b.c": "give the bare address, jörg@b.c",
		"mailto:a@b.c":    "give the bare address", "a@b.c,d@e.f": "more than one", "a@b.c; d@e.f": "more than one",
		"a@b.c d@e.f": "more than one", "a@b.c/d@e.f": "more than one", `="a@b.c"`: `its value, "a@b.c"`,
		"a\u200b@b.c": "invisible character", "a@b\u202e.c": "invisible character", "a\n@b.c": "line break",
		"a\u0085@b.c": "control or invisible",
	} {
		row := judge(t, "ada", "Ada", address, roster.Options{})
		if want == "" && row.Code != "" || want != "" && row.Code != provision.CodeBadEmail ||
			!strings.Contains(row.Message, want) {
			t.Errorf("%s: got %q, %s; want %q", address, row.Code, row.Message, want)
		}
	}
	row := judge(t, "ada", "Ada", "#REF!", roster.Options{})
	if row.Code != provision.CodeErrorValue {
		t.Errorf("#REF!: got %q", row.Code)
	}
}

func TestRowWithoutAddressIsInvalidWhereOneIsNeeded(t *testing.T) {
	for needed, want := range map[bool]string{true: provision.CodeNoEmail, false: ""} {
		if row := judge(t, "ada", "Ada", "", roster.Options{NeedEmail: needed}); row.Code != want {
			t.Errorf("needed %v: got %q", needed, row.Code)
		}
	}
}

func TestTotalsAndSectionLinesAreNotPersons(t *testing.T) {
	for _, c := range []struct{ subject, name, email string }{
		{"Total", "", ""}, {"Total", "25", ""}, {"TOTAL:", "2 employees", ""}, {"Total: 412", "", ""},
		{"Total.... 25", "", ""},
		{"Grand Total", "2", ""}, {"Subtotal", "", ""}, {"Sub-total", "3", ""}, {"Total Employees: 2", "", ""},
		{"Count", "2 rows", ""}, {"Row count = 2", "", ""}, {"2 rows selected.", "", ""},
		{"(2 rows affected)", "", ""},
		{"Summe: 2 Mitarbeiter", "", ""}, {"Gesamt", "Mitarbeiter", ""}, {"Anzahl", "2", ""},
		{"Total général", "2", ""},
		{"Totale dipendenti", "2", ""}, {"Suma: 2", "", ""}, {"Razem", "2", ""}, {"Итого", "2", ""}, {"合計", "2", ""},
		{"합계", "2", ""}, {"Σύνολο", "2", ""}, {"End of report", "", ""}, {"--- End of file ---", "", ""},
		{"*** ENDE DES BERICHTS ***", "", ""}, {"Fin du rapport", "", ""}, {"Department: Finance", "", ""},
		{"Abteilung Vertrieb", "", ""}, {"部署：営業", "", ""}, {"Report generated 20.11.2026", "", ""},
		{"Erstellt am 20.11.2026", "", ""}, {"Généré le 20/11/2026", "", ""}, {"Generado el 20/11/2026", "", ""},
		{"Confidential", "", ""}, {"VERTRAULICH - nur intern", "", ""}, {"© 2026 Acme", "", ""},
		{"# exported by hr", "", ""},
		{"Page 1 of 3", "", ""}, {"Seite 12 von 13", "", ""}, {"Total", "", "25"}, {"Total", "", "n/a"},
		{"25", "Grand Total", ""}, {"25", "Total employees:", ""},
	} {
		row := judge(t, c.subject, c.name, c.email, roster.Options{})
		if row.Code != provision.CodeNotAPerson {
			t.Errorf("%q: got %q %s", c, row.Code, row.Message)
		} else if !strings.Contains(row.Message, "fill in a name or an address") {
			t.Errorf("%q: %s names no way out", c, row.Message)
		}
	}
}

func TestLoginsNearTotalsArePersons(t *testing.T) {
	for _, c := range []struct{ subject, name, email string }{
		{"summers", "", ""}, {"county01", "", ""}, {"total.joe", "", ""}, {"sum-yi", "", ""},
		{"count_d", "", ""}, {"total25", "Jo Berg", ""},
		{"total", "Jo Total", ""}, {"count", "Count Basie", ""}, {"sum", "", "sum.yi@acme.example"},
		{"17", "Count", ""},
		{"17", "Total", ""}, {"end", "", ""}, {"page", "", ""}, {"department", "", ""}, {"generated", "", ""},
		{"corp:ada", "", ""},
		{"Total", "Chloé Total", ""}, {"Total", "", "total@acme.example"}, {"2024-001", "", ""},
		{"x", "Department: Finance", ""},
	} {
		if row := judge(t, c.subject, c.name, c.email, roster.Options{}); row.Code != "" {
			t.Errorf("%q: got %s", c, row.Message)
		}
	}
}

func TestSubjectsAloneAreLogins(t *testing.T) {
	r := mustExport(t, "Login\ntotal\ncount\nsumme\nlogin2\nGrand Total\nTotal: 4\n", roster.Options{})
	for i, want := range []string{"", "", "", "", provision.CodeNotAPerson, provision.CodeNotAPerson} {
		if row := r.Rows[i]; row.Code != want {
			t.Errorf("%s: got %q", row.Person.Subject, row.Code)
		}
	}
}

func TestNameIsNoEvidenceWhereItIsTheSubject(t *testing.T) {
	r := mustExport(t, "Name,Email\nTotal,\nEnd of report,\nCount Dracula,\nSum Yi,sum@acme.example\n",
		roster.Options{Subject: "Name"})
	for i, want := range []string{provision.CodeNotAPerson, provision.CodeNotAPerson, "", ""} {
		if row := r.Rows[i]; row.Code != want {
			t.Errorf("%s: got %q", row.Person.Subject, row.Code)
		}
	}
}

func TestTotalsAreNotPersonsWhereFirstNameIsTheSubject(t *testing.T) {
	r := mustExport(t, "Vorname;Alter\nAda;30\nSumme;30\nGesamt: 2;30\n", roster.Options{Subject: "{Vorname}"})
	for i, want := range []string{"", provision.CodeNotAPerson, provision.CodeNotAPerson} {
		if row := r.Rows[i]; row.Code != want {
			t.Errorf("%s: got %q", row.Person.Subject, row.Code)
		}
	}
	// A column of first names tells a login from a total.
	r = mustExport(t, "Login,First Name\ntotal,Jo\ntotal,\n", roster.Options{})
	if r.Rows[0].Code != "" || r.Rows[1].Code != provision.CodeNotAPerson {
		t.Errorf("got %q and %q", r.Rows[0].Code, r.Rows[1].Code)
	}
}

func TestTrailerWithMissingCellsIsNotAPerson(t *testing.T) {
	const text = "Login,Name,Email\nTotal 2\na,Ann,a@x.example\nGenerated by Workday, Inc\nTotal: 2\n"
	r := mustExport(t, text, roster.Options{})
	for i, want := range []string{provision.CodeNotAPerson, "", provision.CodeNotAPerson, provision.CodeNotAPerson} {
		if row := r.Rows[i]; row.Code != want {
			t.Errorf("%s: got %q", row.Person.Subject, row.Code)
		}
	}
}

func TestHeaderInMidFileIsNoPerson(t *testing.T) {
	for _, c := range []struct {
		header, row string
		want        string
	}{
		{"Login,Name,Email", "Login,Name,Email", provision.CodeHeaderRow},
		{"Login,Name,Email", "LOGIN, name,e-mail", provision.CodeHeaderRow},
		{"Login,Vorname,Nachname", "Login,Vorname,Nachname", provision.CodeHeaderRow},
		{"Login 1,Dept", "Login 1,Dept", provision.CodeHeaderRow},
		{"Login", "login", provision.CodeHeaderRow},
		{"Login,Dept", "login,IT", ""},
		{"Login,Dept", "login,", ""},
		{"Login,Name,Email", "login,Logan Inn,", ""},
		{"Login,Name,Email", "mail,Mail,mail@acme.example", ""},
		{"Login,Name,Email", "user,User,", ""},
	} {
		o := roster.Options{}
		if strings.Contains(c.header, "1") {
			o.Subject = "Login 1"
		}
		first := "a" + strings.Repeat(",x@x.example", strings.Count(c.header, ","))
		r := mustExport(t, c.header+"\n"+first+"\n"+c.row+"\n", o)
		if row := r.Rows[1]; row.Code != c.want {
			t.Errorf("%s: got %q %s", c.row, row.Code, row.Message)
		}
	}
}

func TestOnlyOuterWhiteSpaceIsTrimmed(t *testing.T) {
	for in, want := range map[string]string{
		" a b ": "a b", "\u00a0a\u00a0": "a", "\u200b\u200c\u200d\u2060a": "a", "a\ufeff": "a", "\ta\r\n": "a",
		"\u00ada\u00ad": "a",
		"\u200ea\u200f": "a", "\u202aa\u202c": "a", "\u2066a\u2069": "a", "\u061c\u180ea": "a",
		"00123": "00123", "1E5": "1E5",
		"\u3000佐藤　健太\u3000": "佐藤　健太",
	} {
		if got := judge(t, "x", in, "", roster.Options{}).Person.Name; got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestUnevenRowsRefuseFile(t *testing.T) {
	const header = "Login,Name,Email,Team\na,A,a@acme.example,IT\n"
	for _, c := range []struct {
		rows   string
		line   int // of the first problem; 0 where the file is read
		why    string
		advice string
	}{
		{"b,B,b@acme.example,IT,,\n", 0, "", ""},
		{"b,B,b@acme.example\n", 0, "", ""},
		{"Total: 2\n", 0, "", ""},
		{"b,B\n", 3, "cells are missing", "all of their cells"},
		{"b,B\nc,C,c@acme.example,IT\n", 3, "cells are missing", "all of their cells"},
		{"b,Berg, B,b@acme.example,IT\n", 3, "a comma in a cell that is not quoted", "quote the cells"},
		{"b,B,b@acme.example,IT,x,y\nTotal: 2\n", 3, "a comma in a cell that is not quoted", "quote the cells"},
		{"Generated by Workday, Inc\n", 0, "", ""},
		{"Total: ask x@acme.example\n", 3, "cells are missing", "all of their cells"},
		{"Total,Bob Total\n", 3, "cells are missing", "all of their cells"},
		{"System HR1 client 100\n", 3, "cells are missing", "delete the line"},
		{"System HR1, x@acme.example\n", 3, "cells are missing", "all of their cells"},
		{"System HR1 client 100\nb,B,b@acme.example,IT\n", 3, "cells are missing", "all of their cells"},
	} {
		_, err := export(header+c.rows, roster.Options{})
		e, _ := err.(*csvfile.Error)
		if c.line == 0 {
			if err != nil {
				t.Errorf("%q: %v", c.rows, err)
			}
			continue
		}
		if e == nil || e.Problems[0].Line != c.line || !strings.Contains(e.Problems[0].Message, c.why) ||
			!strings.Contains(e.Advice, c.advice) {
			t.Errorf("%q: got %v, advice %q; want %+v", c.rows, err, e.Advice, c)
		}
	}
}

func TestRowsInsideQuotedCellRefuseFile(t *testing.T) {
	for text, lines := range map[string][]int{
		"Login,Name,Email\na,\"Ann\nb,Bob,b@acme.example\nc,Cy\",c@acme.example\n":                      {3},
		"Login\tName\tEmail\r\na\t\"Ann\r\nb\tBob\tb@acme.example\r\nc\"\tc@acme.example\r\n":           {3},
		"ID;Login;Name;Mail\r1;a;\"A\r2;b;B;b@acme.example\r3;c;C;c@acme.example\";x@acme.example\r":    {3, 4},
		"Login,Name,Note\n00417,Ann,\"x\n00418,Bob,\n00419,Cy,y\"\n00420,Di,\n":                         {3, 4},
		"Login,Name,Note\n00417,Ann,\"12 High St\nSpringfield, IL, 62701\"\n":                           nil,
		"Login,Name,Note\n00417,Ann,\"12 High St\n62701, Springfield, IL\"\n":                           nil,
		"Login,Name,Note\n00417,Ann,\"see also\nfinance,IT,HR\"\n":                                      nil,
		"Login,Name,Email,Note\na,Ann,a@acme.example,\"12 High St\nSpringfield, IL, 62701, USA\"\n":     nil,
		"Login,Name\na,\"Ann\nb,Bob\"\n":                                                                nil,
		"Login,Name,Email,Note\na,Ann,a@acme.example,\"ask b@acme.example,\nor Cy, the lead, at once\"": nil,
	} {
		_, err := export(text, roster.Options{})
		e, _ := err.(*csvfile.Error)
		var got []int
		if e != nil {
			for _, p := range e.Problems {
				got = append(got, p.Line)
			}
			if !strings.Contains(e.Advice, "replace the line breaks") {
				t.Errorf("%q: advice %q names no way out", text, e.Advice)
			}
		}
		if len(got) != len(lines) || len(got) > 0 && got[0] != lines[0] {
			t.Errorf("%q: got lines %v, want %v (%v)", text, got, lines, err)
		}
	}
}
