package report

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"qlik-provision/provision/roster"
)

// The header of the groups' exports is Subject,Name,Email.
var groups = []struct {
	name string
	rows string
	o    Options
	want []string // outcome and message of each row
}{
	{"the same person three times", "a,Jane,j@x.example\na,Jane,\na,,j@x.example\n", sandbox,
		[]string{"pending", "duplicate same person as row 1; email differs: \"j@x.example\" there", "duplicate same person as row 1; name differs: \"Jane\" there"}},
	{"more is known of the second", "a,,\na,Jane,j@x.example\n", sandbox,
		[]string{"pending", "duplicate same person as row 1; name differs: none there; email differs: none there"}},
	{"three people twice each", "a,Jane,\nb,John,\nc,Ann,\nc,Ann,\nb,John,\na,Jane,\n", sandbox, []string{"pending", "pending", "pending",
		"duplicate same person as row 3", "duplicate same person as row 2", "duplicate same person as row 1"}},
	{"three people under one subject", "a,Jane,\na,John,\na,Ann,\n", sandbox, []string{"invalid subject also claimed by row 2 (John)",
		"invalid subject also claimed by row 1 (Jane)", "invalid subject also claimed by row 1 (Jane)"}},
	{"nothing to compare", "a,,\na,,\n", sandbox, []string{"pending", "duplicate same person as row 1"}},
	{"case and space aside", "a,Jane,\na, JANE ,\n", sandbox, []string{"pending", "duplicate same person as row 1"}},
	{"another case of the subject is another subject", "a,Jane,\nA,Jane,\n", sandbox, []string{"pending", "pending"}},
	{"a stranger makes all of them invalid", "a,Jane,\na,Jane,j@x.example\na,John,\n", sandbox, []string{
		"invalid subject also claimed by row 3 (John)", "invalid subject also claimed by row 3 (John)", "invalid subject also claimed by row 1 (Jane)"}},
	{"two people behind a row that says nothing", "a,,\na,Jane,j@x.example\na,John,\nb,,\n", sandbox, []string{
		"invalid subject also claimed by row 3 (John)", "invalid subject also claimed by row 3 (John)", "invalid subject also claimed by row 2 (Jane, j@x.example)", "pending"}},
	{"two people before a row that says nothing", "a,Jane,j@x.example\na,John,\na,,\n", sandbox, []string{
		"invalid subject also claimed by row 2 (John)", "invalid subject also claimed by row 1 (Jane, j@x.example)", "invalid subject also claimed by row 2 (John)"}},
	{"two people of whom little is said by little", "a,Jane,\na,,j@x.example\na,,k@x.example\n", sandbox, []string{
		"invalid subject also claimed by row 3 (k@x.example)", "invalid subject also claimed by row 3 (k@x.example)", "invalid subject also claimed by row 2 (j@x.example)"}},
	{"two people behind an address", "a,,j@x.example\na,Jane,\na,John,\n", sandbox, []string{
		"invalid subject also claimed by row 3 (John)", "invalid subject also claimed by row 3 (John)", "invalid subject also claimed by row 2 (Jane)"}},
	{"one person of whom little is said by little", "a,,\na,Jane,\na,,j@x.example\na,Jane,J@x.example\n", sandbox, []string{"pending",
		"duplicate same person as row 1; name differs: none there", "duplicate same person as row 1; email differs: none there",
		"duplicate same person as row 1; name differs: none there; email differs: none there"}},
	{"the first that can be sent counts", "a,Jane,broken@\na,Jane,j@x.example\na,Jane,\n", sandbox, []string{
		`invalid line N, column "Email": "broken@" is not an address`, "pending", "duplicate same person as row 2; email differs: \"j@x.example\" there"}},
	{"an invalid row claims its subject", "a,Jane,\na,John,broken@\n", sandbox, []string{
		"invalid subject also claimed by row 2 (John, broken@)", `invalid line N, column "Email": "broken@" is not an address`}},
	{"no subject is nobody's", ",Jane,j@x.example\n,John,\n", sandbox, []string{
		`invalid line N, column "Subject": no subject`, `invalid line N, column "Subject": no subject`}},
	{"no address where one is needed", "a,Jane,\nb,John,j@x.example\n", Options{Tenant: "sandbox", NeedEmail: true}, []string{
		`invalid line N, column "Email": no address`, "pending"}},
	{"one address of two subjects", "a,Jane,j@x.example\nb,John,J@X.example\nc,Ann,a@x.example\n", Options{Tenant: "sandbox", MatchEmail: true}, []string{
		"invalid address also of row 2 (John, b)", "invalid address also of row 1 (Jane, a)", "pending"}},
	{"one address of two subjects, which is no matter", "a,Jane,j@x.example\nb,John,j@x.example\n", sandbox, []string{"pending", "pending"}},
	{"one address of one subject", "a,Jane,j@x.example\na,Jane,j@x.example\n", Options{Tenant: "sandbox", MatchEmail: true},
		[]string{"pending", "duplicate same person as row 1"}},
	{"no address is nobody's", "a,Jane,\nb,John,\n", Options{Tenant: "sandbox", MatchEmail: true}, []string{"pending", "pending"}},
	{"another row of the person, whose address is nobody else's", "a,Jane,j@x.example\na,Jane,k@x.example\nb,John,j@x.example\n",
		Options{Tenant: "sandbox", MatchEmail: true}, []string{
			"invalid address also of row 3 (John, b)", "pending", "invalid address also of row 1 (Jane, a)"}},
	{"a line end in a stranger's name", "a,Jane,\na,\"Jo\nhn\",\n", sandbox, []string{
		"invalid subject also claimed by row 2 (Jo hn)", `invalid line N, column "Name": a control character in "Jo\nhn"`}},
	{"an address that is not ASCII", "a,Jane,ö@x.example\nb,John,Ö@x.example\n", Options{Tenant: "sandbox", MatchEmail: true}, []string{
		"invalid address also of row 2 (John, b)", "invalid address also of row 1 (Jane, a)"}},
	{"a formula in a name", "a,=1+1,\na,John,\n", sandbox, []string{
		"invalid subject also claimed by row 2 (John)", "invalid subject also claimed by row 1 (=1+1)"}},
	{"a long name", "a,John,\na," + strings.Repeat("é", 80) + ",\na," + strings.Repeat("é", 81) + ",\n", sandbox, []string{
		"invalid subject also claimed by row 2 (" + strings.Repeat("é", 80) + ")", "invalid subject also claimed by row 1 (John)",
		"invalid subject also claimed by row 1 (John)"}},
	{"a longer name", "a," + strings.Repeat("é", 81) + ",\na,John,\n", sandbox, []string{
		"invalid subject also claimed by row 2 (John)", "invalid subject also claimed by row 1 (" + strings.Repeat("é", 80) + "…)"}},
	{"a subject that is too long", strings.Repeat("a", mostSubject) + ",Jane,\n" + strings.Repeat("b", mostSubject+1) + ",John,\n", sandbox, []string{
		"pending", "invalid line N: the subject is longer than 30 KiB"}},
}

func TestWhoIsWhoInsideTheFile(t *testing.T) {
	for _, c := range groups {
		for name, hash := range map[string]func(string) uint64{"": nil, ", all hashes are 7": func(string) uint64 { return 7 }, ", all hashes are 0": func(string) uint64 { return 0 }} {
			t.Run(c.name+name, func(t *testing.T) {
				o := c.o
				o.hash = hash
				l, path := create(t, "Subject,Name,Email\n"+c.rows, o)
				check := func() {
					t.Helper()
					got := make([]string, l.Rows())
					for _, r := range resultsIn(t, path) {
						_, message, _ := strings.Cut(r.Message, "line ")
						got[r.Row-1] = strings.TrimSpace(string(r.Outcome) + " " + strings.TrimSuffix(r.Message, message))
						if own, found := strings.CutPrefix(message, fmt.Sprint(r.Line)); found {
							got[r.Row-1] += " N" + own
						}
					}
					if diff := cmp.Diff(c.want, got); diff != "" {
						t.Error(diff)
					}
				}
				check()
				closed(t, l)
				before := read(t, path)
				reopen := func() {
					t.Helper()
					var err error
					if l, err = Open(path, roster.Options{}, o); err != nil {
						t.Fatal(err)
					}
					check()
					closed(t, l)
				}
				reopen()
				if diff := cmp.Diff(before, read(t, path)); diff != "" {
					t.Errorf("opened again:\n%s", diff)
				}
				write(t, path, tableOf(t, before).turned().saved(',', false, ""))
				reopen()
			})
		}
	}
}

func TestADoneRowStaysDoneWhoeverClaimsItsSubject(t *testing.T) {
	l, path := create(t, "Subject,Name,Email\na,Jane,\na,Jane,j@x.example\nb,John,\nc,Jane,\n", sandbox)
	record(t, l, created(pending(t, l)[0]))
	closed(t, l)
	mended := strings.NewReplacer("b,John,", "a,John,", "pending,,b", "pending,,", "c,Jane,", "a,Jane,", "pending,,c", "pending,,",
		"same person as row 1", "Jane again").Replace(read(t, path))
	l, path, _, err := opened(t, mended, roster.Options{}, sandbox)
	if err != nil {
		t.Fatal(err)
	}
	closed(t, l)
	got := outcomes(t, read(t, path))
	want := map[string]string{"1": "created id-a a", "2": "duplicate  a", "3": "invalid  a", "4": "duplicate  a"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(read(t, path), "Jane again") {
		t.Error("a duplicate that is done was written anew")
	}
}

// Who was created without a name may be either of two who come later; who says nothing at all may be the one who was created.
func TestTwoPeopleAreNotDoneBecauseOneWhoSaysNothingIs(t *testing.T) {
	l, path := create(t, "Subject,Name,Email\na,,\nb,Jane,\nc,John,j@x.example\nd,,\n", sandbox)
	record(t, l, created(pending(t, l)[0]))
	closed(t, l)
	mended := regexp.MustCompile(`(?m)^[bcd](,.*pending,,)[bcd]`).ReplaceAllString(read(t, path), "a$1")
	l, path, _, err := opened(t, mended, roster.Options{}, sandbox)
	if err != nil {
		t.Fatal(err)
	}
	closed(t, l)
	want := map[string]string{"1": "created id-a a", "2": "invalid  a", "3": "invalid  a", "4": "duplicate  a"}
	if diff := cmp.Diff(want, outcomes(t, read(t, path))); diff != "" {
		t.Error(diff)
	}
}

func TestTheDialectIsTheExports(t *testing.T) {
	for _, c := range []struct{ name, export, want string }{
		{"semicolons and CRLF", "Subject;Note\r\na;\"x;\r\ny\"\r\n", "Subject;Note;" + strings.ReplaceAll(block, ",", ";") + "\r\na;\"x;\r\ny\";pending;;a;;;;;;;sandbox;1\r\n"},
		{"lone CR", "Subject,Name\ra,b\r", "Subject,Name," + block + "\ra,b,pending,,a,,,,,,,sandbox,1\r"},
		{"a byte order mark", "\ufeffSubject,Name\na,b\n", "\ufeffSubject,Name," + block + "\na,b,pending,,a,,,,,,,sandbox,1\n"},
		{"Windows-1252", "Subject,Name\na,M\xfcller\n", "\ufeffSubject,Name," + block + "\na,Müller,pending,,a,,,,,,,sandbox,1\n"},
		{"a subject that needs quotes", "Subject,Name\n\"a,b\",c\n", "Subject,Name," + block + "\n\"a,b\",c,pending,,\"a,b\",,,,,,,sandbox,1\n"},
		{"columns that are called as ours", "Subject,outcome,row\na,good,12\n", "Subject,outcome,row," + block + "\na,good,12,pending,,a,,,,,,,sandbox,1\n"},
		{"no line end at the end", "Subject,Name\na,b", "Subject,Name," + block + "\na,b,pending,,a,,,,,,,sandbox,1\n"},
		{"one column", "Subject\na\n", "Subject," + block + "\na,pending,,a,,,,,,,sandbox,1\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, path := create(t, c.export, sandbox)
			if diff := cmp.Diff(c.want, read(t, path)); diff != "" {
				t.Error(diff)
			}
			if got := pending(t, l); len(got) != 1 {
				t.Errorf("to run: %v", got)
			}
			record(t, l, created(pending(t, l)[0]))
			closed(t, l)
			want := strings.NewReplacer("pending", "created", ";;a", ";id-a;a", ",,a", ",id-a,a", ",,\"a,b\"", ",\"id-a,b\",\"a,b\"", ";;;;;;;sandbox", ";;;201;;1;2026-03-01T08:30:00.123Z;sandbox",
				",,,,,,,sandbox", ",,,201,,1,2026-03-01T08:30:00.123Z,sandbox").Replace(c.want)
			if diff := cmp.Diff(want, read(t, path)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAResultFileThatIsThereIsNotReplaced(t *testing.T) {
	text := ran(t)
	for _, c := range []struct {
		name, there string
		rows, done  int
		same        bool
		differing   int
	}{
		{"of this very export", text, 7, 3, true, 0},
		{"of this export, mended where it is not done", strings.Replace(text, "\n,Nobody", "\n1006,Nobody", 1), 7, 3, true, 1},
		{"of this export, mended where it waits", strings.Replace(text, "Annabella\",annabella@acme.example,failed,,1007", "Annabella\",al@acme.example,pending,,", 1), 7, 3, true, 1},
		{"of another export, as far as it waits", strings.Replace(text, "Annabella\",annabella@acme.example,failed", "Annabella\",al@acme.example,pending", 1), 7, 3, false, 0},
		{"of this export, sorted", sorted(text), 7, 3, true, 0},
		{"of another export with as many rows", strings.Replace(text, "Ada Byron,ada@", "Ada B,ada@", 1), 7, 3, false, 0},
		{"of an export with fewer rows", strings.Join(strings.SplitAfter(text, "\n")[:4], ""), 3, 3, false, 0},
		{"of an export with another header", strings.Replace(text, "Employee ID", "Personnel ID", 1), 7, 3, false, 0},
		{"saved with semicolons", tableOf(t, text).saved(';', true, "\ufeff"), 7, 3, true, 0},
		{"that can be read to its fifth row", strings.Replace(text, "sandbox,6\n", "sandbox,six\n", 1), 5, 2, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "hr.results.csv")
			write(t, path, c.there)
			_, err := Create(path, export(t, sixRows), sandbox)
			e := is[*ExistsError](t, err)
			which := map[bool]string{true: "this very", false: "another"}[c.same]
			more := map[int]string{1: "; 1 row to be mended differs from the export, and counts as it stands there"}[c.differing]
			if want := fmt.Sprintf("%s is there already: the results of %s export, %d of %d rows done%s", path, which, c.done, c.rows, more); e.Error() != want {
				t.Errorf("%v\nwant %s", e, want)
			}
			if e.Rows != c.rows || e.Done != c.done || e.SameExport != c.same || e.Differing != c.differing {
				t.Errorf("%+v", e)
			}
			if read(t, path) != c.there || len(folder(t, path)) != 1 {
				t.Errorf("it changed, or something was left: %v", folder(t, path))
			}
			o := sandbox
			o.Overwrite = true
			l, err := Create(path, export(t, sixRows), o)
			if err != nil {
				t.Fatal(err)
			}
			if got := len(pending(t, l)); got != 3 {
				t.Errorf("overwritten, with %d rows to run", got)
			}
			closed(t, l)
		})
	}
}

// sorted is a result file with its rows turned.
func sorted(text string) string {
	lines := strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n")
	lines[len(lines)-1] += "\n"
	slices.Reverse(lines[1:])
	return strings.Join(lines, "")
}

func TestTheJournalOfAResultFileThatIsOverwrittenGoesWithIt(t *testing.T) {
	path, _, _ := ofKilledRun(t)
	_, err := Create(path, export(t, manyRows(5)), sandbox)
	if e := is[*ExistsError](t, err); e.Done != 5 || !e.SameExport {
		t.Errorf("the journal is not counted: %+v", e)
	}
	o := sandbox
	o.Overwrite = true
	l, err := Create(path, export(t, manyRows(5)), o)
	if err != nil {
		t.Fatal(err)
	}
	closed(t, l)
	if got := read(t, path); strings.Contains(got, "created") {
		t.Errorf("the old journal came in:\n%s", got)
	}
}

func TestAnOverwritingThatIsCutOffMixesNothing(t *testing.T) {
	path, _, _ := ofKilledRun(t)
	o := sandbox
	o.Overwrite = true
	var states []string
	o.step = func(string) { states = append(states, snapshot(t, filepath.Dir(path))) }
	l, err := Create(path, export(t, strings.ReplaceAll(manyRows(5), "p1@", "new@")), o)
	if err != nil {
		t.Fatal(err)
	}
	closed(t, l)
	if len(states) < 3 {
		t.Fatalf("%d states", len(states))
	}
	for _, state := range states {
		path := filepath.Join(state, "hr.results.csv")
		isNew := strings.Contains(read(t, path), "new@")
		s, err := Summarize(path)
		if err != nil {
			t.Fatal(err)
		}
		if isNew && s.Done > 0 {
			t.Errorf("the old run's outcomes are in the new file: %+v", s)
		}
	}
}

func TestAnOverwritingThatFailsThrowsNothingAway(t *testing.T) {
	path, ledger, journal := ofKilledRun(t)
	o := sandbox
	o.Overwrite = true
	o.step = func(what string) {
		if what == "journal set aside" {
			drafts, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".hr.results.csv.tmp-[0-9]*"))
			if err != nil || len(drafts) != 1 {
				t.Fatalf("%v, %v", drafts, err)
			}
			if err := os.Remove(drafts[0]); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := Create(path, export(t, manyRows(5)), o); !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "replacing "+path) {
		t.Errorf("%v", err)
	}
	if read(t, path) != ledger || read(t, path+".journal") != journal || len(folder(t, path)) != 2 {
		t.Errorf("left: %v", folder(t, path))
	}
}

func TestARunThatCannotKeepAJournalDoesNotStart(t *testing.T) {
	o := sandbox
	o.storage = func(f *os.File) storage { return &leaky{File: f, left: 10} }
	path := filepath.Join(t.TempDir(), "hr.results.csv")
	if _, err := Create(path, export(t, sixRows), o); err == nil {
		t.Error("created")
	}
	if got := folder(t, path); got != nil {
		t.Errorf("left: %v", got)
	}
	write(t, path, ran(t))
	if _, err := Open(path, roster.Options{}, o); err == nil {
		t.Error("opened")
	}
	if got := folder(t, path); len(got) != 1 {
		t.Errorf("left: %v", got)
	}
}

func TestWhatIsNoResultFileIsNotThrownAway(t *testing.T) {
	for name, text := range map[string]string{
		"an export": sixRows, "a page": "<html>", "nothing": "", "a picture": "\x89PNG\r\n\x1a\n\x00", "text": "Dear all,\n\nplease find attached",
	} {
		for _, overwrite := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, overwrite %v", name, overwrite), func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "hr.results.csv")
				write(t, path, text)
				_, err := Create(path, export(t, sixRows), Options{Overwrite: overwrite})
				is[*NotResultsError](t, err)
				if read(t, path) != text || len(folder(t, path)) != 1 {
					t.Errorf("it changed, or something was left: %v", folder(t, path))
				}
			})
		}
	}
	if _, err := Create(t.TempDir(), export(t, sixRows), Options{Overwrite: true}); err == nil {
		t.Error("a folder was overwritten")
	}
}

func TestAJournalWithoutItsResultFileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hr.results.csv")
	_, journal := cutOff(t)
	write(t, path+".journal", journal)
	refused := func(err error) {
		t.Helper()
		e := is[*StrayJournalError](t, err)
		if want := path + ".journal is there, but " + path + ", to which its outcomes belong, is not"; e.Error() != want {
			t.Errorf("%v\nwant %s", e, want)
		}
	}
	_, err := Create(path, export(t, sixRows), sandbox)
	refused(err)
	_, err = Open(path, roster.Options{}, sandbox)
	refused(err)
	_, err = Summarize(path)
	refused(err)
	if got := folder(t, path); len(got) != 1 {
		t.Errorf("left: %v", got)
	}
}

func TestAnExportThatCannotBeTrustedLeavesNothing(t *testing.T) {
	for name, text := range map[string]string{
		"a row too short": "Subject,Name\na,b\nc\nd,e\n",
		"an open quote":   "Subject,Name\na,\"b\nc,d\n",
		"no rows":         "Subject,Name\n",
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "hr.results.csv")
			f, err := roster.Open(strings.NewReader(text), int64(len(text)), "hr.csv", roster.Options{})
			if err == nil {
				_, err = Create(path, f, sandbox)
			}
			is[*roster.Error](t, err)
			if got := folder(t, path); got != nil {
				t.Errorf("left: %v", got)
			}
		})
	}
	there := filepath.Join(t.TempDir(), "hr.results.csv")
	write(t, there, ran(t))
	_, err := Create(there, export(t, sixRows+"1008,Ann\n1009,Bob,bob@acme.example\n"), sandbox)
	if e := is[*ExistsError](t, err); e.SameExport {
		t.Errorf("of an export that cannot be read: %v", e)
	}
	text := ran(t)
	_, err = Create(filepath.Join(t.TempDir(), "x.csv"), export(t, text), sandbox)
	if e := is[*ResultsGivenError](t, err); e.Error() != "hr.csv is a result file, not an export" {
		t.Errorf("%v", e)
	}
}

func TestAnExportThatChangesWhileItIsReadIsRefused(t *testing.T) {
	const changed = "hr.csv changed while it was being read"
	lines := strings.SplitAfter(sixRows, "\n")
	for name, c := range map[string]struct{ after, says string }{
		"a subject that is another's": {strings.Replace(sixRows, "1007", "1003", 1), changed},
		"cut short":                   {strings.Join(lines[:5], ""), "reading hr.csv: it changed while it was being read"},
		"a row emptied":               {strings.Replace(sixRows, lines[7], strings.Repeat("\n", len(lines[7])), 1), changed},
		"every row emptied":           {lines[0] + strings.Repeat("\n", len(sixRows)-len(lines[0])), "hr.csv has a header, but no rows"},
	} {
		after := c.after
		refused, said := 0, false
		for at := 1; at < 16; at++ {
			in := &switching{before: sixRows, after: after, at: at}
			f, err := roster.Open(in, int64(len(sixRows)), "hr.csv", roster.Options{})
			if err != nil {
				continue
			}
			path := filepath.Join(t.TempDir(), "hr.results.csv")
			l, err := Create(path, f, sandbox)
			if err != nil {
				refused++
				said = said || err.Error() == c.says
				if got := folder(t, path); got != nil {
					t.Errorf("%s: left %v", name, got)
				}
				continue
			}
			if got := read(t, path); strings.Count(got, "pending,,1003,") > 1 || strings.Count(got, "\n") != len(lines)-1 && strings.Count(got, "\n") != len(strings.FieldsFunc(after, func(r rune) bool { return r == '\n' })) {
				t.Errorf("%s, read %d: a mixture:\n%s", name, at, got)
			}
			closed(t, l)
		}
		if refused == 0 || !said {
			t.Errorf("%s: refused %d times, and said %q: %v", name, refused, c.says, said)
		}
	}
}

func TestAnExportThatCannotBeReadToItsEndIsRefused(t *testing.T) {
	text := "Employee ID,Name,Email\n1,Jane,j@x.example\n2,John,j@x.example\n2,Jack,j@x.example\n"
	broken := &os.PathError{Op: "read", Path: "hr.csv", Err: syscall.EIO}
	for _, there := range []string{"", strings.SplitAfter(ran(t), "\n")[0] + "2,Jim,,created,,2,,,,,,,sandbox,1\n"} {
		failures := 0
		for at := 1; ; at++ {
			in := &switching{before: text, at: at, fail: broken}
			f, err := roster.Open(in, int64(len(text)), "hr.csv", roster.Options{})
			if err != nil {
				continue
			}
			path := filepath.Join(t.TempDir(), "hr.results.csv")
			if there != "" {
				write(t, path, there)
			}
			l, err := Create(path, f, Options{Tenant: "sandbox", MatchEmail: true})
			if err == nil {
				closed(t, l)
			} else if !errors.Is(err, broken) {
				is[*ExistsError](t, err)
			}
			if !errors.Is(err, broken) {
				if in.reads >= at {
					t.Errorf("read %d failed, and that is %v", at, err)
				}
				break
			}
			failures++
			if want := "reading hr.csv: read hr.csv: " + syscall.EIO.Error(); err.Error() != want {
				t.Errorf("%v\nwant %s", err, want)
			}
			if left := folder(t, path); there == "" && left != nil || there != "" && (len(left) != 1 || read(t, path) != there) {
				t.Errorf("left: %v", left)
			}
		}
		if failures == 0 {
			t.Error("it was never refused")
		}
	}
}

// A switching file becomes another at its at-th read, or fails that once.
type switching struct {
	before, after string
	at, reads     int
	fail          error
}

func (s *switching) ReadAt(b []byte, at int64) (int, error) {
	s.reads++
	text := s.before
	switch {
	case s.fail != nil && s.reads == s.at:
		return 0, s.fail
	case s.fail == nil && s.reads >= s.at:
		text = s.after
	}
	return strings.NewReader(text).ReadAt(b, at)
}

func TestAReadOnlyFolderIsFoundBeforeTheRun(t *testing.T) {
	if runtime.GOOS == "windows" || os.Getuid() == 0 {
		t.Skip("the user who runs this may write everywhere")
	}
	path := filepath.Join(t.TempDir(), "hr.results.csv")
	write(t, path, ran(t))
	if err := os.Chmod(filepath.Dir(path), 0o500); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(filepath.Dir(path), 0o700)
	if _, err := Open(path, roster.Options{}, sandbox); !errors.Is(err, os.ErrPermission) {
		t.Errorf("opened: %v", err)
	}
	if _, err := Create(filepath.Join(filepath.Dir(path), "other.csv"), export(t, sixRows), sandbox); !errors.Is(err, os.ErrPermission) {
		t.Errorf("created: %v", err)
	}
}
