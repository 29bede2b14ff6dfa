package roster

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// found is what a header is decided to be: subject, name and email.
type found struct{ Subject, Name, Email string }

func decided(t *testing.T, header string, o Options) (found, error) {
	t.Helper()
	columns := strings.Count(header, ",")
	f, err := open(t, "hr.csv", []byte(header+"\n1"+strings.Repeat(",x", columns)+"\n"), o)
	if err != nil {
		return found{}, err
	}
	return found{f.Columns.Subject.String(), f.Columns.Name.String(), f.Columns.Email.String()}, nil
}

func TestHeadersAreKnownInTheWordsThatHRSystemsUse(t *testing.T) {
	long := "Login" + strings.Repeat(".", 300) + "is compared by its beginning"
	for header, want := range map[string]found{
		long + ",Name":                              {long, "Name", ""},
		"Subject,Name,Email":                        {"Subject", "Name", "Email"},
		"USER_ID,Full Name,E-Mail Address":          {"USER_ID", "Full Name", "E-Mail Address"},
		"employee-number,display.name,Mail":         {"employee-number", "display.name", "Mail"},
		"Login,First Name,Last Name,Work Email":     {"Login", "{First Name} {Last Name}", "Work Email"},
		"UPN,Surname,Given Name,e-mail":             {"UPN", "{Given Name} {Surname}", "e-mail"},
		"Employee Number,First Name,Email":          {"Employee Number", "", "Email"},
		"Personalnummer,Name,Vorname,E-Mail":        {},
		"Personal-Nr.,Anzeigename,E-Mail-Adresse":   {"Personal-Nr.", "Anzeigename", "E-Mail-Adresse"},
		"Mitarbeiternummer,Nachname,Vorname,E-Mail": {"Mitarbeiternummer", "{Vorname} {Nachname}", "E-Mail"},
		"Matricule,NOM,PRENOM,Courriel":             {"Matricule", "{PRENOM} {NOM}", "Courriel"},
		"Identifiant,Nom,Adresse électronique":      {"Identifiant", "Nom", "Adresse électronique"},
		"Usuario,Nombre,Correo":                     {"Usuario", "Nombre", "Correo"},
		"ID de empleado,Nombre,Apellidos,Correo":    {"ID de empleado", "{Nombre} {Apellidos}", "Correo"},
		"Nº empleado,Nombre completo,Email":         {"Nº empleado", "Nombre completo", "Email"},
		"Matricola,Nome,Cognome,E-mail":             {"Matricola", "{Nome} {Cognome}", "E-mail"},
		"Gebruikersnaam,Naam,E-mailadres":           {"Gebruikersnaam", "Naam", "E-mailadres"},
		"社員番号,氏名,メールアドレス":                           {"社員番号", "氏名", "メールアドレス"},
		"ＬＯＧＩＮ,Ｎａｍｅ,Ｅｍａｉｌ":                          {"ＬＯＧＩＮ", "Ｎａｍｅ", "Ｅｍａｉｌ"},
		"Employee ID,Manager Email,Home Email,Name": {"Employee ID", "Name", ""},
	} {
		got, err := decided(t, header, Options{})
		if want == (found{}) {
			if err == nil {
				t.Errorf("%s: decided to be %v, want a question", header, got)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", header, err)
		} else if got != want {
			t.Errorf("%s: got %q, want %q", header, got, want)
		}
	}
}

func TestAFlagNamesAColumnOrATemplate(t *testing.T) {
	const header = "Employee ID,employee id,First,Last,E-Mail,a{b}"
	for _, c := range []struct {
		subject string
		want    string // what a row becomes; a word of the refusal where it begins with !
	}{
		{"Employee ID", "1"},
		{"employee id", "2"},
		{"EMPLOYEE-ID", "!two columns fit"},
		{"e mail", "5"},
		{"a{b}", "6"},
		{"{Employee ID}", "1"},
		{"x|{Employee ID}", "x|1"},
		{"{First}.{Last}", "3.4"},
		{"{{{First}}}", "{3}"},
		{"{First", "!position 1"},
		{"é{First", "!position 2"},
		{"First}", "!closes nothing"},
		{"{Fi{rst}}", "!not closed"},
		{"{Frist}", `!"First", "Last"`},
		{"plain", "!in braces"},
		{"{{}}", "!names no column"},
	} {
		f, err := open(t, "hr.csv", []byte(header+"\n1,2,3,4,5,6\n"), Options{Subject: c.subject})
		if want, refused := strings.CutPrefix(c.want, "!"); refused {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want an error with %s", c.subject, err, want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.subject, err)
		} else if got := rowsOf(t, f)[0].Subject; got != c.want {
			t.Errorf("%s: got %q, want %q", c.subject, got, c.want)
		}
	}
}

func TestARefusalNamesTheFlagThatMendsIt(t *testing.T) {
	for _, c := range []struct {
		export string
		want   []string
	}{
		{"Name,Email\nA,a@b.c\n", []string{"--subject", "{Email}"}},
		{"Name,E-Mail {work}\nA,a@b.c\n", []string{"--subject", "E-Mail {work}"}},
		{"Login,User ID,Name\nA,a,b\n", []string{"--subject", "Login"}},
		{"Login,Mail,E-Mail\nA,a@b.c,\n", []string{"--email", "Mail"}},
		{"Report of today\n\nLogin,Name\na,b\nc,d\n", []string{"--header-row", "3"}},
	} {
		var refusal *Error
		if _, err := open(t, "hr.csv", []byte(c.export), Options{}); !errors.As(err, &refusal) {
			t.Errorf("%q: got %v", c.export, err)
		} else if !slices.Equal(refusal.Flags, c.want) {
			t.Errorf("%q: got %q, want %q", c.export, refusal.Flags, c.want)
		}
	}
}

func TestTheFlagsOfARefusalMendIt(t *testing.T) {
	for _, s := range samples(t, "bad") {
		var refusal *Error
		if err := refuse(t, s); !errors.As(err, &refusal) || len(refusal.Flags) == 0 {
			continue
		}
		mended := s
		mended.flags += " " + refusal.Flags[0] + " '" + refusal.Flags[1] + "'"
		if err := refuse(t, mended); err != nil {
			t.Errorf("%s: with %q: %v", s.name, refusal.Flags, err)
		}
	}
}

func TestFirstAndLastNameLeaveNoSpaceWhereOneIsEmpty(t *testing.T) {
	f, err := open(t, "hr.csv", []byte("Login,First Name,Last Name\n1,Kai,Lee\n2,Kai,\n3, ,Lee\n4,,\u00a0\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range rowsOf(t, f) {
		names = append(names, r.Name)
	}
	if diff := cmp.Diff([]string{"Kai Lee", "Kai", "Lee", ""}, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLooselyAFileOpensWithoutWhatCannotBeDecided(t *testing.T) {
	const ours = "outcome,user_id,user_subject,row\ncreated,u1,1,1\n"
	for _, c := range []struct {
		export  string
		options Options
		want    found // of the first row
	}{
		{"Login,User ID,Email\n1,2,a@b.c\n", Options{}, found{"", "", "a@b.c"}},
		{"Login,User ID,Email\n1,2,a@b.c\n", Options{Name: "User {user id}"}, found{"", "User 2", "a@b.c"}},
		{"Login,Full Name\n1,A\n", Options{Name: "Nickname"}, found{"1", "", ""}},
		{ours, Options{Subject: "Login", Block: block}, found{}},
	} {
		c.options.Loose = true
		f, err := open(t, "hr.csv", []byte(c.export), c.options)
		if err != nil {
			t.Errorf("%q: %v", c.export, err)
		} else if r := rowsOf(t, f)[0]; (found{r.Subject, r.Name, r.Email}) != c.want {
			t.Errorf("%q: got %+v, want %q", c.export, r, c.want)
		}
	}
}
