package report

import (
	"regexp"
	"strings"
	"testing"

	"qlik-provision/provision"
	"qlik-provision/provision/roster"
)

func TestASubjectThatASpreadsheetWouldChangeIsFragile(t *testing.T) {
	for subject, want := range map[string]bool{
		"00123": true, "1E5": true, "1.50": true, "3/4": true, "12-05": true, "123456789012": true, "+49": true, "0.1": true,
		"": false, "123": false, "0": false, "12345678901": false, "emp-1": false, "E": false, "auth0|00123": false, "a@b.example": false,
	} {
		if got := fragile(subject); got != want {
			t.Errorf("%q: fragile %v, want %v", subject, got, want)
		}
		message := witnessed("what happened", subject)
		if rest, kept := testimony(message); rest != "what happened" || (kept == subject) != want && subject != "" {
			t.Errorf("%q became %q, which is read as %q and %q", subject, message, rest, kept)
		}
	}
	if got := witnessed(witnessed("", "007"), "008"); got != "[subject 008]" {
		t.Errorf("a second subject made it %q", got)
	}
	for _, own := range []string{"about [subject lines]", "about some [123]", "[1]"} {
		if rest, kept := testimony(own); rest != own || kept != "" {
			t.Errorf("a message's own brackets were taken for a subject: %q, %q", rest, kept)
		}
	}
}

func TestDamageIsToldFromMending(t *testing.T) {
	for _, test := range []struct {
		was, is string
		want    bool
	}{
		{"00123", "123", true}, {"1E5", "100000", true}, {"1.50", "1.5", true}, {"123456789012", "1.23457E+11", true}, {"123456789012", "1,23E+11", true},
		{"1234567890123456", "1234567890123450", true}, {"00417", "00418", false}, {"100417", "100418", false}, {"00417", "emp-417", false}, {"3/4", "04-Mar", false},
	} {
		if got := damaged(test.was, test.is); got != test.want {
			t.Errorf("%s that became %s: damaged %v", test.was, test.is, got)
		}
	}
}

// A spreadsheet that takes a column for numbers does so with ours as well.
func TestASpreadsheetThatTakesZerosFromEveryColumnIsNoticed(t *testing.T) {
	const text = "Employee ID,Name,Email\n00123,Jane,jane@acme.example\n00124,John,not an address\n00125,Ann,ann@acme.example\n00126,Bob,bob@acme.example\n"
	l, path := create(t, text, sandbox)
	rows := pending(t, l)
	record(t, l, created(rows[0]), failed(rows[1]))
	closed(t, l)
	file := read(t, path)
	zeros := regexp.MustCompile(`(?m)(^|,)00(12\d)(,|$)`)
	damagedFile := zeros.ReplaceAllString(zeros.ReplaceAllString(file, "$1$2$3"), "$1$2$3")
	if strings.Contains(damagedFile, ",0012") || !strings.Contains(damagedFile, "[subject 00126]") {
		t.Fatalf("the damage is not what was meant:\n%s", damagedFile)
	}
	_, _, _, err := opened(t, damagedFile, roster.Options{}, sandbox)
	e := is[*SubjectsError](t, err)
	// The one that is done is not sent; the three others are an invalid, a failed and a pending row.
	if e.Total != 3 || !e.Damaged || e.Rows[0].Was != "00124" || e.Rows[0].Is != "124" {
		t.Errorf("%+v", e)
	}

	// Put back where it is to be sent, or everywhere, the column is enough.
	for _, rows := range []string{"124|125|126", "123|124|125|126"} {
		back := regexp.MustCompile(`(?m)^(`+rows+`),`).ReplaceAllString(damagedFile, "00$1,")
		l, path, _, err := opened(t, back, roster.Options{}, sandbox)
		if err != nil {
			t.Errorf("with %s put back: %v", rows, err)
			continue
		}
		for _, r := range pending(t, l) {
			if len(r.Subject) != 5 {
				t.Errorf("%q would be sent", r.Subject)
			}
		}
		closed(t, l)
		if after := read(t, path); !strings.Contains(after, ",00126,") {
			t.Errorf("user_subject is not put back:\n%s", after)
		}
	}

	// Mending a cell is something else, and so is emptying user_subject.
	mended := strings.Replace(file, "\n00124,John,not an address,", "\n00134,John,john@acme.example,", 1)
	l, _, _, err = opened(t, strings.Replace(mended, "\n00126,", "\n126,", 1), roster.Options{}, sandbox)
	if err == nil {
		closed(t, l)
		t.Error("a pending row without its zeros went on")
	}
	l, path, _, err = opened(t, mended, roster.Options{}, sandbox)
	if err != nil {
		t.Fatal(err)
	}
	if n := l.Counts()[provision.Pending]; n != 3 {
		t.Errorf("%d rows are to run", n)
	}
	closed(t, l)
	if after := read(t, path); strings.Contains(after, "[subject 00124]") || !strings.Contains(after, "[subject 00134]") {
		t.Errorf("the message keeps a subject that is no longer the row's:\n%s", after)
	}

	// It is for the file: people are not shown it.
	s, err := Summarize(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range s.Causes {
		if strings.Contains(c.Message, witnessBegins) || c.State == provision.Pending && c.Code == "" && c.Message == "" {
			t.Errorf("a cause is %+v", c)
		}
	}
}
