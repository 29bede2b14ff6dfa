package roster_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/roster"
)

// export reads a file with no other options.
func export(text string, o roster.Options) (*roster.Roster, error) {
	return read("hr.csv", []byte(text), csvfile.Options{}, o)
}

// mustExport is export for a file that has to be read.
func mustExport(t testing.TB, text string, o roster.Options) *roster.Roster {
	t.Helper()
	r, err := export(text, o)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return r
}

// mustRefuse is export for a file that has to be refused.
func mustRefuse(t testing.TB, text string, o roster.Options) *csvfile.Error {
	t.Helper()
	_, err := export(text, o)
	var refusal *csvfile.Error
	if !errors.As(err, &refusal) {
		t.Fatalf("%q: got %v, want a *csvfile.Error", text, err)
	}
	return refusal
}

// sources are what a header is decided to be.
type sources struct{ Subject, Name, Email string }

func sourcesOf(r *roster.Roster) sources {
	return sources{r.Columns.Subject.String(), r.Columns.Name.String(), r.Columns.Email.String()}
}

func TestHeadersOfHRSystemsAreKnown(t *testing.T) {
	long := "Login" + strings.Repeat(".", 300) + "is compared by its beginning"
	for header, want := range map[string]sources{
		long + ",Name":                              {long, "Name", ""},
		"Subject,Name,Email":                        {"Subject", "Name", "Email"},
		"USER_ID,Full Name,E-Mail Address":          {"USER_ID", "Full Name", "E-Mail Address"},
		"employee-number,display.name,Mail":         {"employee-number", "display.name", "Mail"},
		"Login,First Name,Last Name,Work Email":     {"Login", "{First Name} {Last Name}", "Work Email"},
		"UPN,Surname,Given Name,e-mail":             {"UPN", "{Given Name} {Surname}", "e-mail"},
		"Employee Number,First Name,Email":          {"Employee Number", "", "Email"},
		"Employee ID (required),Name,Email":         {"Employee ID (required)", "Name", "Email"},
		"Login (Pflichtfeld),(required) Email":      {"Login (Pflichtfeld)", "", "(required) Email"},
		"Employee ID,Email (private),Name":          {"Employee ID", "Name", ""},
		"EMPLID,NAME_DISPLAY,EMAIL_ADDR":            {"EMPLID", "", "EMAIL_ADDR"},
		"Employee ID,Payroll Name,First,Last":       {"Employee ID", "{First} {Last}", ""},
		"Employee ID,Preferred Name,Email":          {"Employee ID", "Preferred Name", "Email"},
		"Personalnummer,Name,Vorname,E-Mail":        {},
		"Employee ID,First Name,Last Name,Known as": {},
		"Employee ID,Name,Preferred Name":           {},
		"Personal-Nr.,Anzeigename,E-Mail-Adresse":   {"Personal-Nr.", "Anzeigename", "E-Mail-Adresse"},
		"Mitarbeiternummer,Nachname,Vorname,E-Mail": {"Mitarbeiternummer", "{Vorname} {Nachname}", "E-Mail"},
		"Matricule,NOM,PRENOM,Courriel":             {"Matricule", "{PRENOM} {NOM}", "Courriel"},
		"Identifiant,Nom,Adresse électronique":      {"Identifiant", "Nom", "Adresse électronique"},
		"Usuario,Nombre,Correo":                     {"Usuario", "Nombre", "Correo"},
		"ID de empleado,Nombre,Apellidos,Correo":    {"ID de empleado", "{Nombre} {Apellidos}", "Correo"},
		"Nº empleado,Nombre completo,Email":         {"Nº empleado", "Nombre completo", "Email"},
		"Matricola,Nome,Cognome,E-mail":             {"Matricola", "{Nome} {Cognome}", "E-mail"},
		"Gebruikersnaam,Naam,E-mailadres":           {"Gebruikersnaam", "Naam", "E-mailadres"},
		"Sicil No,Adı Soyadı,E-posta":               {"Sicil No", "Adı Soyadı", "E-posta"},
		"Numer pracownika,Imię,Nazwisko":            {"Numer pracownika", "{Imię} {Nazwisko}", ""},
		"Табельный номер,Фамилия,Имя":               {"Табельный номер", "{Имя} {Фамилия}", ""},
		"社員番号,氏名,メールアドレス":                           {"社員番号", "氏名", "メールアドレス"},
		"ＬＯＧＩＮ,Ｎａｍｅ,Ｅｍａｉｌ":                          {"ＬＯＧＩＮ", "Ｎａｍｅ", "Ｅｍａｉｌ"},
		"Employee ID,Manager Email,Home Email,Name": {"Employee ID", "Name", ""},
	} {
		r, err := export(header+"\n1"+strings.Repeat(",x", strings.Count(header, ","))+"\n", roster.Options{})
		if want == (sources{}) {
			if err == nil {
				t.Errorf("%s: got %v, want a question", header, sourcesOf(r))
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", header, err)
		} else if got := sourcesOf(r); got != want {
			t.Errorf("%s: got %q, want %q", header, got, want)
		}
	}
}

func TestColumnThatIsEmptyInEveryRowDoesNotFit(t *testing.T) {
	for text, want := range map[string]sources{
		"Login,User ID,Name\na,,A\nb,\u00a0,B\n":              {"Login", "Name", ""},
		"Login,displayName,First,Last\na,,A,B\n":              {"Login", "{First} {Last}", ""},
		"Login,Email,Work Email\na,,a@x.example\nb\u200b,,\n": {"Login", "", "Work Email"},
		"Login,Email,Email\na,,a@x.example\n":                 {"Login", "", "Email"},
	} {
		r := mustExport(t, text, roster.Options{})
		if got := sourcesOf(r); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	r := mustExport(t, "Login,Email,Email\na,,a@x.example\n", roster.Options{Email: "Email"})
	if got := r.Rows[0].Person.Email; got != "a@x.example" {
		t.Errorf("of two columns with one header got %q, want the one that is filled", got)
	}
}

func TestOptionNamesColumnOrTemplate(t *testing.T) {
	const header = "Employee ID,employee id,First,Last,E-Mail,a{b}"
	for _, c := range []struct {
		subject string
		want    string // what a row becomes; a word of the refusal where it begins with !
	}{
		{"Employee ID", "1"},
		{"employee id", "2"},
		{"EMPLOYEE-ID", "!did you mean"},
		{"e mail", "5"},
		{"a{b}", "6"},
		{"{a{b}}", "6"},
		{"x{a{b}}-{First}", "x6-3"},
		{"{Employee ID}", "1"},
		{"x|{Employee ID}", "x|1"},
		{"{First}.{Last}", "3.4"},
		{"{{{First}}}", "{3}"},
		{"{First", "!has a { without its counterpart"},
		{"First}", "!has a } without its counterpart"},
		{"{Fi{rst}}", "!has a { without"},
		{"{Frist}", `!"First", "Last"`},
		{"plain", `!no column "plain"; the headers are`},
		{"Emploee ID", `!did you mean "Employee ID" (first value "1")?`},
		{"{{}}", "!names no column"},
		{"{}", `!no column ""`},
	} {
		r, err := export(header+"\n1,2,3,4,5,6\n", roster.Options{Subject: c.subject})
		if want, refused := strings.CutPrefix(c.want, "!"); refused {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want an error with %s", c.subject, err, want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.subject, err)
		} else if got := r.Rows[0].Person.Subject; got != c.want {
			t.Errorf("%s: got %q, want %q", c.subject, got, c.want)
		}
	}
}

func TestRefusalSuggestsOption(t *testing.T) {
	for _, c := range []struct {
		export  string
		options roster.Options
		want    csvfile.Fix
	}{
		{"Name,Email\nA,a@b.c\n", roster.Options{}, csvfile.Fix{Option: roster.OptionSubject, Value: "{Email}"}},
		{"Name,E-Mail {work}\nA,a@b.c\n", roster.Options{Email: "E-Mail {work}"},
			csvfile.Fix{Option: roster.OptionSubject, Value: "E-Mail {work}"}},
		{"Login,User ID,Name\nA,a,b\n", roster.Options{}, csvfile.Fix{Option: roster.OptionSubject, Value: "Login"}},
		{"Login,Mail,E-Mail\nA,a@b.c,d@b.c\n", roster.Options{},
			csvfile.Fix{Option: roster.OptionEmail, Value: "Mail"}},
		{"Login,First,Last,Preferred Name\na,A,B,C\n", roster.Options{},
			csvfile.Fix{Option: roster.OptionName, Value: "{First} {Last}"}},
		{"Login,Legal First Name,Legal Last Name,Preferred First Name,Preferred Last Name\na,A,B,C,D\n",
			roster.Options{}, csvfile.Fix{Option: roster.OptionName, Value: "{Legal First Name} {Legal Last Name}"}},
		{"Login,First,Forename,Last\na,A,B,C\n", roster.Options{},
			csvfile.Fix{Option: roster.OptionName, Value: "{First} {Last}"}},
		{"Login,Vorname,Name\na,Anna,Berg\n", roster.Options{},
			csvfile.Fix{Option: roster.OptionName, Value: "Name"}},
		{"Login,Vorname,Name\na,Anna,\"Berg, Anna\"\n", roster.Options{},
			csvfile.Fix{Option: roster.OptionName, Value: "Name"}},
		{"Employee ID,employee id\n1,a\n", roster.Options{Subject: "x|{EMPLOYEE-ID}"},
			csvfile.Fix{Option: roster.OptionSubject, Value: "x|{Employee ID}"}},
		{"Login,First Name\na,A\n", roster.Options{Name: "{Fist Name} X"},
			csvfile.Fix{Option: roster.OptionName, Value: "{First Name} X"}},
		{"Login,First Name\na,A\n", roster.Options{Name: "Fist Name|{Fist Name}"},
			csvfile.Fix{Option: roster.OptionName, Value: "Fist Name|{First Name}"}},
		{"Login,E-Mail\na,a@b.c\n", roster.Options{Email: "mail"},
			csvfile.Fix{Option: roster.OptionEmail, Value: "E-Mail"}},
		{"User ID,Name,Login,User ID\n1,A,a,5\n", roster.Options{},
			csvfile.Fix{Option: roster.OptionSubject, Value: "User ID"}},
		{"Login,Groups\na,A\n", roster.Options{Roles: "Group"},
			csvfile.Fix{Option: roster.OptionRoles, Value: "Groups"}},
		{"Login,Name\na,A\n", roster.Options{Name: "{Vorname} {Name}"}, csvfile.Fix{Option: roster.OptionName}},
		{"Department\nx\n", roster.Options{}, csvfile.Fix{Option: roster.OptionSubject}},
		{"ID,ID\n1,a\n", roster.Options{Subject: "x|{ID}"}, csvfile.Fix{}},
		{"Report of today\n\nLogin,Name\na,b\nc,d\n", roster.Options{},
			csvfile.Fix{Option: csvfile.OptionHeaderRow, Value: "3"}},
		{"Gr\xf6\xdfe;Farbe\nx;y\n", roster.Options{}, csvfile.Fix{Option: csvfile.OptionEncoding}},
		{"Ann,ann@acme.example\nBob,bob@acme.example\n", roster.Options{}, csvfile.Fix{}},
	} {
		if got := mustRefuse(t, c.export, c.options); got.Fix != c.want {
			t.Errorf("%q: got %+v, want %+v", c.export, got.Fix, c.want)
		} else if got.Fix.Value == "" && got.Advice == "" {
			t.Errorf("%q: %v suggests nothing", c.export, got)
		}
	}
}

func TestQuestionNamesFirstValues(t *testing.T) {
	got := mustRefuse(t, "Login,User ID,Name\n,x,A\n00417,y,B\n", roster.Options{}).Error()
	if want := `"Login" (first value "00417"), "User ID" (first value "x")`; !strings.Contains(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestHeadersAreListedUpToTwenty(t *testing.T) {
	header := strings.TrimSuffix(strings.Repeat("Column,", 22), ",")
	got := mustRefuse(t, header+"\n"+strings.Repeat("x,", 21)+"x\n", roster.Options{}).Error()
	if strings.Count(got, `"Column"`) != 20 || !strings.Contains(got, "and 2 more") {
		t.Errorf("got %s", got)
	}
}

func TestNameLeavesNoDoubledBlankForEmptyCell(t *testing.T) {
	const rows = "Login,First Name,Middle,Last Name\n" +
		"1,Kai,M,Lee\n2,Kai,,Lee\n3,Kai,,\n4, ,,Lee\n5,,M,Lee\n6,Kai,M,\n7,,,\u00a0\n" +
		"8,Jo  Ann,,Lee\n"
	for template, want := range map[string][]string{
		"":                                  {"Kai Lee", "Kai Lee", "Kai", "Lee", "Lee", "Kai", "", "Jo  Ann Lee"},
		"{First Name} {Middle} {Last Name}": {"Kai M Lee", "Kai Lee", "Kai", "Lee", "M Lee", "Kai M", "", "Jo  Ann Lee"},
	} {
		var names []string
		for _, row := range mustExport(t, rows, roster.Options{Name: template}).Rows {
			names = append(names, row.Person.Name)
		}
		if diff := cmp.Diff(want, names); diff != "" {
			t.Errorf("%q (-want +got):\n%s", template, diff)
		}
	}
}

// TestDecidedColumnsAreFoundAgain reads each good export with the sources that were decided, as a retry does.
func TestDecidedColumnsAreFoundAgain(t *testing.T) {
	again := func(name string, r *roster.Roster) {
		o := roster.Options{
			Subject: r.Columns.Subject.String(), Name: r.Columns.Name.String(), Email: r.Columns.Email.String(),
			Roles: r.Columns.Roles.String(), Decided: true,
		}
		second, err := roster.Read(r.File, o)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		for i := range r.Rows {
			if diff := cmp.Diff(r.Rows[i].Person, second.Rows[i].Person); diff != "" {
				t.Errorf("%s, row %d (-first +again):\n%s", name, i+1, diff)
			}
		}
	}
	for _, s := range samples(t, "good") {
		r, err := s.read(t)
		if err != nil {
			t.Fatal(err)
		}
		again(s.name, r)
	}
	for text, o := range map[string]roster.Options{
		"Login,First {x},Last {y}\na,A,B\n":             {Name: "{First {x}} {Last {y}}"},
		"{Login},Login\na,b\n":                          {Subject: "{Login}"},
		"Login , Login,Name\na,b,N\n":                   {Subject: " Login"},
		"Login,Name,Email,Email\na,N,,a@acme.example\n": {},
	} {
		again(text, mustExport(t, text, o))
	}
}

func TestNothingIsDetectedWhereColumnsAreDecided(t *testing.T) {
	r := mustExport(t, "Login,Name,Email\na,A,a@acme.example\n", roster.Options{Subject: "Login", Decided: true})
	if got, want := sourcesOf(r), (sources{Subject: "Login"}); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
