package roster_test

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/roster"
)

func TestColumnOfStatesIsWarnedOf(t *testing.T) {
	for _, c := range []struct {
		header string
		values []string
		fix    string // the condition that leaves the leavers out; "" where nobody has left
	}{
		{"Status", []string{"Active", "Terminated", "inactive", "Terminated"}, "Status!=Terminated,inactive"},
		{"Status", []string{"Active", "Terminated, voluntary", "Inactive (x)"},
			"Status!=Terminated, voluntary,Inactive (x)"},
		{"Position Status", []string{"A - Active", "T - Terminated"}, "Position Status!=T - Terminated"},
		{"Employment Status Code", []string{"A", "T"}, "Employment Status Code!=T"},
		{"Active Status", []string{"Yes", "No"}, "Active Status!=No"},
		{"STATUS", []string{"ACTIVE", "DEPROVISIONED", "LOCKED_OUT"}, "STATUS!=DEPROVISIONED"},
		{"Status [READ ONLY]", []string{"Active", "Suspended"}, "Status [READ ONLY]!=Suspended"},
		{"Beschäftigungsstatus", []string{"aktiv", "Ausgeschieden"}, "Beschäftigungsstatus!=Ausgeschieden"},
		{"Mitarbeiterkreis", []string{"Aktive", "ausgeschieden"}, "Mitarbeiterkreis!=ausgeschieden"},
		{"EMPL_STATUS", []string{"A", "T", "I", "L"}, "EMPL_STATUS!=T,I"},
		{"accountEnabled", []string{"True", "False"}, "accountEnabled!=False"},
		{"Actif", []string{"Oui", "Non"}, "Actif!=Non"},
		{"aktiv", []string{"ja", "nein"}, "aktiv!=nein"},
		{"Active", []string{"1", "0"}, "Active!=0"},
		{"Suspended", []string{"FALSE", "TRUE"}, "Suspended!=TRUE"},
		{"userAccountControl", []string{"512", "514", "66050"}, "userAccountControl!=514,66050"},
		{"在職", []string{"はい", "いいえ"}, "在職!=いいえ"},
		{"Status", []string{"Active", "On leave", "Probation"}, ""},
		{"State", []string{"NY", "IL", "CA"}, ""},
		{"Marital Status", []string{"Married", "Separated"}, ""},
		{"MFA Status", []string{"Enabled", "Disabled"}, ""},
		{"Is Manager", []string{"True", "False"}, ""},
		{"Remote", []string{"Yes", "No"}, ""},
		{"Notes", []string{"terminated contract with x", ""}, ""},
	} {
		var b strings.Builder
		fmt.Fprintf(&b, "Login,Name,%s\n", c.header)
		for i, v := range c.values {
			fmt.Fprintf(&b, "u%d,N,%s\n", i, quoted(v))
		}
		r := mustExport(t, b.String(), roster.Options{})
		switch {
		case c.fix == "" && len(r.Warnings) > 0:
			t.Errorf("%s %q: %v", c.header, c.values, r.Warnings)
		case c.fix == "":
		case len(r.Warnings) != 1 || r.Warnings[0].Where != c.fix:
			t.Errorf("%s %q: got %+v, want %s", c.header, c.values, r.Warnings, c.fix)
		default:
			// The condition leaves them out, and nothing is left to warn of. People who leave are no reason for it.
			if again := mustExport(t, b.String(), roster.Options{Where: []string{c.fix}}); len(again.Warnings) > 0 {
				t.Errorf("%s with %s: %v", c.header, c.fix, again.Warnings)
			}
			if leavers := mustExport(t, b.String(), roster.Options{Leavers: true}); len(leavers.Warnings) > 0 {
				t.Errorf("%s of leavers: %v", c.header, leavers.Warnings)
			}
		}
	}
	twice := mustExport(t, "Login,Status,Status\na,Terminated,Active\n", roster.Options{})
	if len(twice.Warnings) != 1 || twice.Warnings[0].Where != "" {
		t.Errorf("two columns of one header: got %+v", twice.Warnings)
	}
	r := mustExport(t, "Login,Status\na,Gone\nb,Terminated\nc,inactive\nd,Terminated\n", roster.Options{})
	want := `column "Status": 2 rows are "Terminated", 1 row is "inactive"; every row becomes a user`
	if len(r.Warnings) != 1 || r.Warnings[0].Text != want {
		t.Errorf("got %v, want %s", r.Warnings, want)
	}
}

func TestSuspiciousNamesAreWarnedOf(t *testing.T) {
	for name, want := range map[string]string{
		"JÃ¶rg": "garbled", "Andrâ€™s": "garbled", "GÃ–THE": "garbled",
		"GroÃŸ": "garbled", "Å‚ukasz": "garbled",
		"Ð˜Ð²Ð°Ð½": "garbled", "ÄŒapek": "garbled",
		"РџРµС‚СЂРѕРІ": "garbled", "РњР°СЂРёСЏ": "garbled",
		"È˜erban": "garbled", "TrÆ°Æ¡ng": "garbled", "JĂĽrgen": "garbled",
		"JiĹ™Ă\u00ad": "garbled", "Ĺ»ĂłĹ‚Ä‡": "garbled", "AÄźaoÄźlu": "garbled",
		"GyĹ‘zĹ‘": "garbled", "HĂ©lĂ¨ne": "garbled",
		"BĂLAN Ștefan": "", "SAVĂ-POPA": "", "ALÉŠ": "", "JÓŹWIAK": "", "BARTŮŠEK": "", "ĽUBOŠ": "", "Ĺupta": "",
		"Њего Рљажић": "", "Соломія Їжак": "", "РЕСПУБЛИКА": "",
		"Ắnh": "", "Ă\u0301nh": "", "RENÉ’S": "", "ÆRØ": "", "Сёрён": "",
		"LeÃ¯la": "garbled", "æ\u009d\u008e": "", "M?ller": "? between letters", "J\ufffdrg": "lost",
		"Tom &amp; Jerry": `it means "Tom & Jerry"`, "O&#39;Hara": "O'Hara", "Zo&euml;": "Zoë",
		"JOÃO ÂNGELO": "", "Groß’": "", "CAÑ’": "", "«ANDRÉ»": "",
		"Łukasz": "", "Đặng Ánh": "", "Şahin Ğ": "",
		"JГјrgen": "two alphabets", "J眉rgen": "two alphabets",
		"Hﾃｩlﾃｨne": "two alphabets", "Petrоv": "two alphabets",
		"Þórður": "", "王Anna": "", "Anna 王 Li": "", "Anna王": "", "M.ª Ana": "", "Ana Βασιλική": "",
		"Who?": "", "? !": "left out", "AT&T; x": "", "R&D": "", "Иван": "",
		"佐藤": "", "Seán Ó’Néill": "", "Jean–Luc": "",
	} {
		r := mustExport(t, "Login,Name\na,"+quoted(name)+"\n", roster.Options{})
		if r.Rows[0].Code != "" {
			continue // control characters are the other rules'
		}
		got := ""
		if len(r.Warnings) > 0 {
			got = r.Warnings[0].Text
		}
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		} else if got != "" && !strings.Contains(got, `column "Name": `) {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

func TestOtherCodePagesAreWarnedOf(t *testing.T) {
	for _, c := range []struct {
		encoding *charmap.Charmap
		name     string
		warned   bool
	}{
		{charmap.Macintosh, "Jörg Berg", true}, {charmap.Macintosh, "Anna Schröder", true},
		{charmap.Macintosh, "Ana Muñoz", true}, {charmap.Macintosh, "Rosa López", true},
		{charmap.CodePage850, "Max Groß", true}, {charmap.CodePage437, "Erika Weiß, Dr.", true},
		{charmap.Windows1252, "Jörg Groß", false}, {charmap.Windows1252, "Pat O’Brien – “Bob”", false},
		{charmap.Windows1252, "Tomaž Šket Aleš Pšenica", false}, {charmap.Windows1252, "Iñaki Julián Adrián", false},
		{charmap.Windows1252, "Chloé d’Étampes", false}, {charmap.Windows1252, "Luísa Goiás", false},
		{charmap.Windows1252, "Sjöberg–Lind", false}, {charmap.Windows1252, "Jana Nováková", false},
		{charmap.Windows1252, "Hélène L’hénoret", false}, {charmap.Windows1252, "Pétur Friðriksson", false},
	} {
		line, err := c.encoding.NewEncoder().String("Login;Name\na;" + c.name + "\n")
		if err != nil {
			t.Fatal(err)
		}
		r, err := read("hr.csv", []byte(line), csvfile.Options{}, roster.Options{})
		if err != nil {
			t.Errorf("%s %s: %v", c.encoding, c.name, err)
		} else if warned := len(r.Warnings) > 0; warned != c.warned {
			t.Errorf("%s %s: read as %s, %v", c.encoding, c.name, r.Rows[0].Person.Name, r.Warnings)
		}
	}
}

func TestPlaceholdersAreLeftOutOfNames(t *testing.T) {
	const header = "Login,First Name,Last Name\n"
	for cells, want := range map[string]string{
		"N/A,N/A": "", "NULL,": "", "TBD,TBD": "", "-,-": "", "unbekannt,": "", "K.A.,K.A.": "",
		"Ada,-": "Ada -", "n/a,Lee": "n/a Lee", "Jennifer,Null": "Jennifer Null", "None,Lee": "None Lee",
		"Ada,Lovelace": "Ada Lovelace", "Person,0": "Person 0", "Ramesh,K.A.": "Ramesh K.A.",
		"N.V.,Ramana": "N.V. Ramana", "n.n.,Lee": "n.n. Lee",
		"Al -,Lee": "Al - Lee", "Prince,Rogers ☥": "Prince Rogers ☥", "Philips,Group N.V.": "Philips Group N.V.",
	} {
		r := mustExport(t, header+"a,"+cells+"\nb,Bo,Berg\n", roster.Options{})
		leftOut := strings.Trim(strings.Replace(cells, ",", " ", 1), " ") != want
		if got := r.Rows[0].Person.Name; got != want || len(r.Warnings) > 0 != leftOut {
			t.Errorf("%s: got %q, warnings %v", cells, got, r.Warnings)
		}
	}
}

func TestSubjectAloneInRowIsWarnedOf(t *testing.T) {
	const full = "a,A,a@acme.example,IT\nb,B,,IT\nc,,c@acme.example,\nd,D,,\n"
	for rows, want := range map[string]int{
		full + "Finance,,,\n":               1,
		full + "Finance,,,HR\n":             0,
		full + "x,,,\ny,,,\n":               0, // two of six: they are not the exception
		"Finance,,,\na,A,,\nb,B,,\n":        1,
		"Finance,,,\na,A,,\n":               0,
		"a,,,\nb,,,\n":                      0,
		full + full + full + "x,,\ny,,,,\n": 2,
	} {
		r, err := export("Login,Name,Email,Team\n"+rows, roster.Options{Subject: "Login", Name: "Name", Email: "Email"})
		if err != nil {
			continue
		}
		n := 0
		for _, w := range r.Warnings {
			if strings.Contains(w.Text, "stands alone") {
				n++
			}
		}
		if n != want {
			t.Errorf("%q: got %v, want %d", rows, r.Warnings, want)
		}
	}
}

func TestKnownWordsAloneInRowAreNotPersons(t *testing.T) {
	people := strings.Repeat("a,A,a@acme.example,IT\n", 40)
	known := []string{
		"Notes", "NOTE:", "Bemerkungen", "Hinweis", "Remarques :", "Observações", "Uwagi", "備考", "Примечания",
		"2件", "12 名", "Σ 2", "Anz. 2", "Total2", "合計2", "合計 2", "Summe: 2", "Count 2", "Mitarbeiter: 2",
		"Itogo", "Итого2",
	}
	logins := []string{"Itogo", "county01", "total.joe", "note.taker", "sum_yi", "notes_admin", "jdoe", "countess"}
	for i, subject := range append(known, logins...) {
		want := provision.CodeNotAPerson
		if i >= len(known) || subject == "Itogo" {
			want = ""
		}
		// Also in a file of which a retry has little left.
		for _, text := range []string{people + subject + ",,,\n", subject + ",,,\n" + people, "a,A,,\n" + subject + ",,,\n"} {
			r := mustExport(t, "Login,Name,Email,Team\n"+text, roster.Options{})
			for _, row := range r.Rows {
				if row.Person.Subject == subject && row.Code != want {
					t.Errorf("%s: got %q", subject, row.Code)
				}
			}
		}
		// With a name it is somebody.
		r := mustExport(t, "Login,Name,Email,Team\n"+people+quoted(subject)+",Jo Berg,,\n", roster.Options{})
		if row := r.Rows[len(r.Rows)-1]; row.Code != "" && !strings.ContainsAny(subject, ": ") {
			t.Errorf("%s with a name: got %q", subject, row.Code)
		}
	}
}

func TestMissingCellsAreWarnedOfOnce(t *testing.T) {
	r := mustExport(t, "Login,Name,Team\n"+strings.Repeat("a,A\n", 7), roster.Options{})
	want := "7 rows lack cells at the end, of columns that are not used; the first is on line 2"
	if len(r.Warnings) != 1 || r.Warnings[0].Text != want {
		t.Errorf("got %v", r.Warnings)
	}
}

func TestTwentyWarningsAreListed(t *testing.T) {
	r := mustExport(t, "Login,Name,Status\n"+strings.Repeat("a,M?ller,Terminated\n", 30), roster.Options{})
	if len(r.Warnings) != 21 || !strings.Contains(r.Warnings[0].Text, "Terminated") ||
		r.Warnings[20].Text != "and 11 more warnings" {
		t.Errorf("got %d: %v", len(r.Warnings), r.Warnings)
	}
}
