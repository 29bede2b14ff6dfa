package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"qlik-provision/provision"
)

// The header of each export is Subject,Name,Email.
var conflictCases = []struct {
	name, rows string
	want       []string // outcome, code and message of each row
}{
	{"the same person three times", "a,Jane,j@x.example\na,Jane,\na,,j@x.example\n", []string{"pending",
		"duplicate same person as row 1 (Jane <j@x.example>)",
		"duplicate same person as row 1 (Jane <j@x.example>)"}},
	{"more is known of the second", "a,,\na,Jane,j@x.example\n", []string{"pending",
		"duplicate same person as row 1 (a person without name and email)"}},
	{"three people twice each", "a,Jane,\nb,John,\nc,Ann,\nc,Ann,\nb,John,\na,Jane,\n", []string{"pending", "pending",
		"pending",
		"duplicate same person as row 3", "duplicate same person as row 2", "duplicate same person as row 1"}},
	{"three people under one subject", "a,Jane,\na,John,\na,Ann,\n", []string{
		"invalid subject-twice the subject is also in row 2 (John)",
		"invalid subject-twice the subject is also in row 1 (Jane)",
		"invalid subject-twice the subject is also in row 1 (Jane)"}},
	{"nothing to compare", "a,,\na,,\n", []string{"pending", "duplicate same person as row 1"}},
	{"case and space aside", "a,Jane,\na, JANE ,\n", []string{"pending", "duplicate same person as row 1"}},
	{"one person under subjects that differ in case", "a,Jane,\nA,Jane,\n", []string{"pending",
		"duplicate same person as row 1"}},
	{"two people under subjects that differ in case", "a,Jane,\nA,John,\nA,John,\n", []string{"pending", "pending",
		"duplicate same person as row 2"}},
	{"a second person makes all of them invalid", "a,Jane,\na,Jane,j@x.example\na,John,\n", []string{
		"invalid subject-twice the subject is also in row 3 (John)",
		"invalid subject-twice the subject is also in row 3 (John)",
		"invalid subject-twice the subject is also in row 1 (Jane)"}},
	{"two people behind a row without a name", "a,,\na,Jane,j@x.example\na,John,\nb,,\n", []string{
		"invalid subject-twice the subject is also in row 3 (John)",
		"invalid subject-twice the subject is also in row 3 (John)",
		"invalid subject-twice the subject is also in row 2 (Jane <j@x.example>)", "pending"}},
	{"two people before a row without a name", "a,Jane,j@x.example\na,John,\na,,\n", []string{
		"invalid subject-twice the subject is also in row 2 (John)",
		"invalid subject-twice the subject is also in row 1 (Jane <j@x.example>)",
		"invalid subject-twice the subject is also in row 2 (John)"}},
	{"two addresses behind a name", "a,Jane,\na,,j@x.example\na,,k@x.example\n", []string{
		"invalid subject-twice the subject is also in row 3 (k@x.example)",
		"invalid subject-twice the subject is also in row 3 (k@x.example)",
		"invalid subject-twice the subject is also in row 2 (j@x.example)"}},
	{"two names behind an address", "a,,j@x.example\na,Jane,\na,John,\n", []string{
		"invalid subject-twice the subject is also in row 3 (John)",
		"invalid subject-twice the subject is also in row 3 (John)",
		"invalid subject-twice the subject is also in row 2 (Jane)"}},
	{"one person in parts", "a,,\na,Jane,\na,,j@x.example\na,Jane,J@x.example\n", []string{"pending",
		"duplicate same person as row 1 (a person without name and email)",
		"duplicate same person as row 1 (a person without name and email)",
		"duplicate same person as row 1 (a person without name and email)"}},
	{"the first that can be sent counts", "a,Jane,broken@\na,Jane,j@x.example\na,Jane,\n",
		[]string{"invalid bad-email", "pending",
			"duplicate same person as row 2 (Jane <j@x.example>)"}},
	{"an invalid row claims nothing", "a,Jane,\na,John,broken@\n", []string{"pending", "invalid bad-email"}},
	{"no subject is nobody's", ",Jane,j@x.example\n,John,\n", []string{"invalid no-subject", "invalid no-subject"}},
	{"one address under two subjects", "a,Jane,j@x.example\nb,John,J@X.example\nc,Ann,a@x.example\n", []string{
		"invalid email-twice the address is also in row 2 (John <J@X.example>)",
		"invalid email-twice the address is also in row 1 (Jane <j@x.example>)",
		"pending"}},
	{"one address under one subject", "a,Jane,j@x.example\na,Jane,j@x.example\n", []string{"pending",
		"duplicate same person as row 1"}},
	{"no address is nobody's", "a,Jane,\nb,John,\n", []string{"pending", "pending"}},
	{"another row of a person whose address is another person's, too",
		"a,Jane,j@x.example\na,Jane,k@x.example\nb,John,j@x.example\n", []string{
			"invalid email-twice the address is also in row 3 (John <j@x.example>)", "pending",
			"invalid email-twice the address is also in row 1 (Jane <j@x.example>)"}},
	{"an address that is not ASCII", "a,Jane,jö@x.example\nb,John,JÖ@x.example\n", []string{
		"invalid email-twice the address is also in row 2 (John <JÖ@x.example>)",
		"invalid email-twice the address is also in row 1 (Jane <jö@x.example>)"}},
	{"a long name", "a,John,\na," + strings.Repeat("é", 100) + ",\n", []string{
		"invalid subject-twice the subject is also in row 2 (" + strings.Repeat("é", 78) + "…)",
		"invalid subject-twice the subject is also in row 1 (John)"}},
}

func TestRowsThatContradictEachOther(t *testing.T) {
	a := Action{Command: "create", Subject: "Subject", Name: "Name", Email: "Email", Status: "active"}
	for _, c := range conflictCases {
		t.Run(c.name, func(t *testing.T) {
			l, path := start(t, "Subject,Name,Email\n"+c.rows, a, sandbox)
			check := func() {
				t.Helper()
				got := make([]string, len(c.want))
				for number, outcome := range outcomes(t, path) {
					if strings.HasPrefix(outcome, "invalid bad-") || strings.HasPrefix(outcome, "invalid no-") {
						outcome = strings.Join(strings.Fields(outcome)[:2], " ")
					}
					got[number-1] = outcome
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Error(diff)
				}
			}
			check()
			mustClose(t, l)
			before := read(t, path)
			mustClose(t, mustRetry(t, path))
			if diff := cmp.Diff(before, read(t, path)); diff != "" {
				t.Errorf("opened again:\n%s", diff)
			}
			write(t, path, tableOf(t, before).reversed().saved(',', false, ""))
			mustClose(t, mustRetry(t, path))
			check()
		})
	}
}

func TestContradictingRowsAreOnlyLookedUp(t *testing.T) {
	const rows = "Employee ID,Name,Email\n1,Jane,j@x.example\n2,John,j@x.example\n3,Ann,\n3,Bob,\n4,Eve,\n"
	disable := theAction
	disable.Command, disable.Status = "disable", ""
	for _, c := range []struct {
		action Action
		want   string // number, and ? where the row is only looked up
	}{{theAction, "1? 2? 3? 4? 5 "}, {disable, "1 2 5 "}} {
		l, _ := start(t, rows, c.action, sandbox)
		var got strings.Builder
		for _, r := range l.Pending() {
			got.WriteString(string('0' + rune(r.Number)))
			if r.LookupOnly {
				got.WriteByte('?')
			}
			got.WriteByte(' ')
		}
		if got.String() != c.want {
			t.Errorf("%s: %q, want %q", c.action.Command, got.String(), c.want)
		}
	}
}

func TestADoneRowMakesNoSubjectTwice(t *testing.T) {
	l, path := start(t, "Employee ID,Name,Email\na,Jane,\na,Jane,j@x.example\nb,,b@x.example\nc,Jane,\n", theAction,
		sandbox)
	record(t, l, created(l.Pending()[0]), failed(l.Pending()[1]), failed(l.Pending()[2]))
	mustClose(t, l)
	tb := tableOf(t, read(t, path))
	tb.set(3, "Employee ID", "a").set(3, "Name", "John").set(4, "Employee ID", "a")
	write(t, path, tb.saved(',', false, ""))
	mustClose(t, mustRetry(t, path))
	want := map[int]string{
		1: "created", 2: "duplicate same person as row 1 (Jane)",
		3: "failed subject-conflict the subject belongs to another person: Jane in row 1 (created), " +
			"John <b@x.example> here",
		4: "duplicate same person as row 1",
	}
	if diff := cmp.Diff(want, outcomes(t, path)); diff != "" {
		t.Error(diff)
	}
}

// Who was created without a name may be either of two who come later; a row that says nothing may be the one
// who was created.
func TestTwoPeopleBesideADoneRowWithoutAName(t *testing.T) {
	l, path := start(t, "Employee ID,Name,Email\na,,\nb,Jane,\nc,John,j@x.example\nd,,\n", theAction, sandbox)
	record(t, l, created(l.Pending()[0]))
	for _, r := range l.Pending() {
		record(t, l, failed(r))
	}
	mustClose(t, l)
	tb := tableOf(t, read(t, path))
	for row := 2; row <= 4; row++ {
		tb.set(row, "Employee ID", "a")
	}
	write(t, path, tb.saved(',', false, ""))
	l = mustRetry(t, path)
	mustClose(t, l)
	got := outcomes(t, path)
	if got[1] != "created" || !strings.HasPrefix(got[2], "invalid subject-twice") || !strings.HasPrefix(got[3],
		"invalid subject-twice") ||
		!strings.HasPrefix(got[4], "duplicate") {
		t.Errorf("%v", got)
	}
}

func TestDoneSkippedAndDeletedRowsClaimNoAddress(t *testing.T) {
	a := theAction
	a.Where = []string{"State=Active"}
	l, path := start(t,
		"Employee ID,Name,Email,State\n1,Jane,j@x.example,Active\n2,Ann,a@x.example,Left\n"+
			"3,Ann,a@x.example,Active\n4,Bob,b@x.example,Active\n", a, sandbox)
	rows := l.Pending()
	record(t, l, created(rows[0]), failed(rows[1]), failed(rows[2]))
	mustClose(t, l)
	write(t, path, tableOf(t, read(t, path)).set(4, "Email", "j@x.example").saved(',', false, ""))
	l = mustRetry(t, path)
	if got := l.Summary().Counts; got[provision.Pending] != 2 || got[provision.Skipped] != 1 ||
		got[provision.Created] != 1 {
		t.Errorf("%v", got)
	}
}
