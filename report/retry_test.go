package report

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"qlik-provision/provision"
	"qlik-provision/provision/roster"
)

// ran is the result file of a run over sixRows: 1 and 3 done, 7 failed, and what was invalid.
func ran(t testing.TB) string {
	t.Helper()
	l, path := create(t, sixRows, sandbox)
	rows := pending(t, l)
	record(t, l, created(rows[0]), created(rows[1]), failed(rows[2]))
	closed(t, l)
	return read(t, path)
}

// opened opens a result file with this text.
func opened(t testing.TB, text string, in roster.Options, o Options) (l *Ledger, path string, said []string, err error) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "hr.results.csv")
	write(t, path, text)
	o.Notify = func(s string) { said = append(said, s) }
	l, err = Open(path, in, o)
	if err == nil {
		t.Cleanup(func() { l.Close() })
	} else if now := read(t, path); now != text {
		t.Errorf("refused, and changed to\n%s", now)
	} else if got := folder(t, path); len(got) != 1 {
		t.Errorf("refused, and left %v", got)
	}
	return l, path, said, err
}

// A table is a result file as a spreadsheet has it.
type table [][]string

func tableOf(t testing.TB, text string) table {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// saved writes a table as a spreadsheet would.
func (tb table) saved(comma rune, crlf bool, bom string) string {
	var b bytes.Buffer
	b.WriteString(bom)
	w := csv.NewWriter(&b)
	w.Comma, w.UseCRLF = comma, crlf
	if err := w.WriteAll(tb); err != nil {
		panic(err) // a bytes.Buffer does not fail
	}
	return b.String()
}

// turned has the last row first.
func (tb table) turned() table {
	turned := slices.Clone(tb)
	slices.Reverse(turned[1:])
	return turned
}

func (tb table) column(name string) int { return slices.Index(tb[0], name) }

func (tb table) set(row int, column, value string) table {
	tb[row][tb.column(column)] = value
	return tb
}

func TestAResultFileIsTakenAsASpreadsheetSavedIt(t *testing.T) {
	text := ran(t)
	for _, c := range []struct {
		name  string
		save  func(table) string
		run   []int  // row numbers that are left to run
		said  string // in what is notified
		holds string // in the file afterwards
	}{
		{"as it was", func(tb table) string { return tb.saved(',', false, "") }, []int{7}, "", "pending,,1007,the tenant said no,"},
		{"semicolons, CRLF and a byte order mark", func(tb table) string { return tb.saved(';', true, "\ufeff") }, []int{7}, "",
			"\ufeffEmployee ID;Name;Email;outcome;"},
		{"tabs", func(tb table) string { return tb.saved('\t', false, "") }, []int{7}, "", "1001\tAda Byron\tada@acme.example\tcreated\tid-1001"},
		{"every cell in quotes", func(tb table) string {
			var b strings.Builder
			for _, row := range tb {
				for i, cell := range row {
					row[i] = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
				}
				b.WriteString(strings.Join(row, ",") + "\r\n")
			}
			return b.String()
		}, []int{7}, "", `"1003","Grace Hopper","grace@acme.example","created"`},
		{"sorted", func(tb table) string { return tb.turned().saved(',', false, "") }, []int{7}, "", "sandbox,7\n,Nobody"},
		{"filtered", func(tb table) string { return append(tb[:1:1], tb[3], tb[7]).saved(',', false, "") }, []int{7},
			"of 7 rows that there were at least, 5 are no longer there", "sandbox,7\n"},
		{"a column of notes behind", func(tb table) string {
			for i := range tb {
				tb[i] = append(tb[i], "")
			}
			tb[0][len(tb[0])-1], tb[7][len(tb[7])-1] = "note", "call her, please"
			return tb.saved(',', false, "")
		}, []int{7}, "", `sandbox,7,"call her, please"`},
		{"a column in front", func(tb table) string {
			for i := range tb {
				tb[i] = append([]string{"x"}, tb[i]...)
			}
			return tb.saved(',', false, "")
		}, []int{7}, "", "x,1001,Ada Byron"},
		{"empty cells of a note column dropped", func(tb table) string {
			tb[0] = append(tb[0], "note", "who")
			return tb.saved(',', false, "")
		}, []int{7}, "", ""},
		{"the last line end gone", func(tb table) string { return strings.TrimSuffix(tb.saved(',', false, ""), "\n") }, []int{7}, "", "sandbox,7\n"},
		{"a mended cell", func(tb table) string { return tb.set(6, "Employee ID", "1006").saved(',', false, "") }, []int{6, 7},
			`row 6 (line 7): the subject was "", and is "1006" now`, "1006,Nobody,nobody@acme.example,pending,,1006,,"},
		{"one of two people given a subject of their own", func(tb table) string { return tb.set(5, "Employee ID", "1005").saved(',', false, "") },
			[]int{4, 5, 7}, `"1005"`, "1005,John Roe,john@acme.example,pending,,1005,,"},
		{"two people become one", func(tb table) string { return tb.set(5, "Name", "Jane Doe").saved(',', false, "") }, []int{4, 7}, "",
			"1004,Jane Doe,john@acme.example,duplicate,,1004,\"same person as row 4;"},
		{"an outcome emptied", func(tb table) string { return tb.set(3, "outcome", "").saved(',', false, "") }, []int{3, 7}, "", ""},
		{"a pending row that is meant to change", func(tb table) string {
			return tb.set(7, "outcome", "pending").set(7, "user_subject", "").set(7, "Employee ID", "9007").saved(',', false, "")
		}, []int{7}, `"9007"`, "9007,\"Lovelace, Annabella\",annabella@acme.example,pending,,9007"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, path, said, err := opened(t, c.save(tableOf(t, text)), roster.Options{}, sandbox)
			if err != nil {
				t.Fatal(err)
			}
			var run []int
			for _, r := range pending(t, l) {
				run = append(run, r.Number)
				record(t, l, created(r))
			}
			slices.Sort(run)
			if !slices.Equal(run, c.run) {
				t.Errorf("left to run: %v, want %v", run, c.run)
			}
			if got := strings.Join(said, "\n"); !strings.Contains(got, c.said) || c.said == "" && got != "" {
				t.Errorf("said %q, want %q", got, c.said)
			}
			opened := read(t, path)
			if !strings.Contains(opened, c.holds) {
				t.Errorf("the file is\n%s\nwant in it %s", opened, c.holds)
			}
			closed(t, l)
			done := map[string]bool{"1": c.name != "filtered", "3": true}
			for _, n := range c.run {
				done[fmt.Sprint(n)] = true
			}
			for row, is := range outcomes(t, read(t, path)) {
				if strings.HasPrefix(is, "created id-") != done[row] {
					t.Errorf("row %s is %q at last", row, is)
				}
			}
		})
	}
}

func TestAFailedRowKeepsWhatItsLastTrySaidUntilTheNext(t *testing.T) {
	text := strings.Replace(ran(t), "failed,,1007", "failed,id-of-somebody-else,1007", 1)
	l, path, _, err := opened(t, text, roster.Options{}, sandbox)
	if err != nil {
		t.Fatal(err)
	}
	closed(t, l)
	want := `1007,"Lovelace, Annabella",annabella@acme.example,pending,,1007,the tenant said no,USERS-16,400,t-1,2,2026-03-01T08:30:00.123Z,sandbox,7`
	if got := strings.Split(read(t, path), "\n")[7]; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestWithNothingToDoTheFileStaysAsItIs(t *testing.T) {
	text := strings.Join(strings.SplitAfter(ran(t), "\n")[:4], "")
	for _, mode := range []fs.FileMode{0o600, 0o644, 0o640} {
		path := filepath.Join(t.TempDir(), "hr.results.csv")
		write(t, path, text)
		chmod(t, path, mode)
		before, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		l, err := Open(path, roster.Options{}, sandbox)
		if err != nil {
			t.Fatal(err)
		}
		if got := pending(t, l); got != nil {
			t.Errorf("left to run: %v", got)
		}
		closed(t, l)
		if diff := cmp.Diff(text, read(t, path)); diff != "" {
			t.Error(diff)
		}
		after, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		// What others may read is written anew: who is not its owner could not take it from them otherwise.
		if runtime.GOOS != "windows" && (after.Mode().Perm() != 0o600 || os.SameFile(before, after) != (mode == 0o600)) {
			t.Errorf("with mode %04o: its mode is %v, the same file: %v", mode, after.Mode(), os.SameFile(before, after))
		}
	}
}

func TestWhatChangesIsWritten(t *testing.T) {
	const header = "Subject," + block + "\n"
	for _, c := range []struct{ name, there, want string }{
		{"a row that was invalid, to the same number of bytes", header + "a,invalid,,a,,,,,,,sandbox,1\n", header + "a,pending,,a,,,,,,,sandbox,1\n"},
		{"a line end at last", header + "a,created,id,a,,,,,,,sandbox,1", header + "a,created,id,a,,,,,,,sandbox,1\n"},
		{"a title above the header", "sep=,\n" + header + "a,created,id,a,,,,,,,sandbox,1\n", header + "a,created,id,a,,,,,,,sandbox,1\n"},
		{"an outcome in capitals is one", header + "a,CREATED,id,a,,,,,,,sandbox,1\n", header + "a,CREATED,id,a,,,,,,,sandbox,1\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, path, _, err := opened(t, c.there, roster.Options{}, sandbox)
			if err != nil {
				t.Fatal(err)
			}
			closed(t, l)
			if diff := cmp.Diff(c.want, read(t, path)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAPlanGetsTheTenantThatRunsIt(t *testing.T) {
	l, path := create(t, sixRows, Options{})
	closed(t, l)
	if strings.Contains(read(t, path), "acme.eu") {
		t.Fatal("an offline plan names a tenant")
	}
	l, err := Open(path, roster.Options{}, Options{Tenant: "acme.eu.example:443"})
	if err != nil {
		t.Fatal(err)
	}
	closed(t, l)
	if got := strings.Count(read(t, path), "acme.eu.example:443"); got != 7 {
		t.Errorf("%d rows name the tenant", got)
	}
}

func TestAnotherTenantIsRefused(t *testing.T) {
	_, path, _, err := opened(t, ran(t), roster.Options{}, Options{Tenant: "acme.eu.example"})
	is[*TenantError](t, err)
	if want := path + " holds results of the tenant sandbox, but this run is for acme.eu.example"; err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
}

func TestSubjectsThatAreNoLongerWhatWasSentAreRefused(t *testing.T) {
	const text = "Employee ID,Login,Name,Email\n00123,ada,Ada Byron,ada@acme.example\n00456,grace,Grace Hopper,grace@acme.example\n"
	for _, c := range []struct {
		name    string
		made    roster.Options
		damage  func(string) string
		total   int
		damaged bool
		flags   []string
	}{
		{"a header forgotten", roster.Options{Subject: "Login"}, nil, 2, false, []string{"--subject", "Login"}},
		{"a template forgotten", roster.Options{Subject: "auth0|{Login}"}, nil, 2, false, []string{"--subject", "auth0|{Login}"}},
		{"a template with braces in it", roster.Options{Subject: "{{x}}{Employee ID}@acme"}, nil, 2, false, []string{"--subject", "{{x}}{Employee ID}@acme"}},
		{"the first name of an address", roster.Options{Subject: "{Login}/{Name}"}, nil, 2, false, nil},
		{"zeros gone", roster.Options{Subject: "Employee ID"}, func(s string) string { return strings.ReplaceAll(s, "\n00", "\n") }, 2, true, nil},
		{"one digit changed", roster.Options{Subject: "Employee ID"}, func(s string) string { return strings.Replace(s, "\n00123", "\n00999", 1) }, 1, false, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "made.csv")
			l, err := Create(path, exportWith(t, text, c.made), sandbox)
			if err != nil {
				t.Fatal(err)
			}
			record(t, l, created(pending(t, l)[0]))
			closed(t, l)
			file := read(t, path)
			if c.damage != nil {
				file = c.damage(file)
			}
			_, _, _, err = opened(t, file, roster.Options{Subject: "Employee ID"}, sandbox)
			e := is[*SubjectsError](t, err)
			if e.Total != c.total || e.Damaged != c.damaged || !slices.Equal(e.Flags, c.flags) {
				t.Errorf("%d rows, damaged %v, flags %q: %v", e.Total, e.Damaged, e.Flags, e)
			}
			if c.flags == nil {
				return
			}
			mended := c.made
			mended.Subject = c.flags[1]
			if _, _, _, err := opened(t, file, mended, sandbox); err != nil {
				t.Errorf("with the flags: %v", err)
			}
		})
	}
}

func TestChangedSubjectsAreNamed(t *testing.T) {
	l, path := create(t, "Employee ID,Name\n00101,A\n00102,B\n00103,C\n00104,D\n00105,E\n00106,F\n00107,G\n", sandbox)
	closed(t, l)
	text := read(t, path)
	for _, c := range []struct{ name, text, want string }{
		{"a digit", strings.Replace(text, "\n00101,", "\n99101,", 1), `the subject of 1 row is no longer what it was: row 1 (line 2): was "00101", is "99101"`},
		{"zeros", strings.ReplaceAll(text, "\n00", "\n"), `the subject of 7 rows is no longer what it was: row 1 (line 2): was "00101", is "101"; row 2 (line 3): was "00102", is "102"; ` +
			`row 3 (line 4): was "00103", is "103"; row 4 (line 5): was "00104", is "104"; row 5 (line 6): was "00105", is "105"; and 2 more (a spreadsheet that took them for numbers does this)`},
	} {
		_, path, _, err := opened(t, c.text, roster.Options{}, sandbox)
		is[*SubjectsError](t, err)
		if want := path + ": " + c.want; err.Error() != want {
			t.Errorf("%s: %v\nwant %s", c.name, err, want)
		}
	}
}

func TestARefusalNamesAFlagOnlyWhereTheFileCanBeRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "made.csv")
	l, err := Create(path, exportWith(t, "Nr,Town\n1,Rome\n2,Oslo\n", roster.Options{Subject: "Nr"}), sandbox)
	if err != nil {
		t.Fatal(err)
	}
	closed(t, l)
	text := read(t, path)
	_, _, _, err = opened(t, text, roster.Options{}, sandbox)
	whole := is[*roster.Error](t, err)
	if !slices.Equal(whole.Flags, []string{"--subject", "Nr"}) {
		t.Errorf("%q: %v", whole.Flags, whole)
	}
	_, path, _, err = opened(t, strings.Replace(text, "sandbox,2\n", "sandbox,two\n", 1), roster.Options{}, sandbox)
	broken := is[*roster.Error](t, err)
	if want := path + `: no column is known to be the subject; the headers are "Nr", "Town"`; broken.Flags != nil || broken.Error() != want {
		t.Errorf("%q: %v\nwant %s", broken.Flags, broken, want)
	}
}

func TestWhatLooksDamagedIsSaidUpToTwentyTimes(t *testing.T) {
	for _, rows := range []int{listed, listed + 5} {
		var b strings.Builder
		b.WriteString("Employee ID,Name\n")
		var want []string
		for i := range rows {
			fmt.Fprintf(&b, "1.%02dE+11,N\n", i)
			if i < listed {
				want = append(want, fmt.Sprintf(`hr.csv: line %d, column "Employee ID": "1.%02dE+11" looks like a number that a spreadsheet shortened`, i+2, i))
			}
		}
		if rows > listed {
			want = append(want, "and 5 more warnings")
		}
		var said []string
		o := sandbox
		o.Notify = func(s string) { said = append(said, s) }
		l, _ := create(t, b.String(), o)
		if diff := cmp.Diff(want, said); diff != "" {
			t.Error(diff)
		}
		if got := len(pending(t, l)); got != rows {
			t.Errorf("%d of %d rows are to run", got, rows)
		}
	}
}

func TestWhatIsNoResultFileIsRefused(t *testing.T) {
	text := ran(t)
	for name, c := range map[string]struct{ text, want string }{
		"an export":          {sixRows, "columns beside each other"},
		"a header alone":     {strings.SplitAfter(text, "\n")[0], ""},
		"a row twice":        {text + strings.SplitAfter(text, "\n")[3], "row 3 stands on the lines 4, 9"},
		"no row number":      {strings.Replace(text, "sandbox,3\n", "sandbox,\n", 1), `line 4: "" is no row number`},
		"row 0":              {strings.Replace(text, "sandbox,3\n", "sandbox,0\n", 1), `line 4: "0" is no row number`},
		"half a row":         {strings.Replace(text, "sandbox,3\n", "sandbox,3.5\n", 1), `line 4: "3.5" is no row number`},
		"a row far away":     {strings.Replace(text, "sandbox,3\n", "sandbox,99999999999\n", 1), `line 4: "99999999999" is no row number`},
		"a strange outcome":  {strings.Replace(text, ",created,", ",erstellt,", 1), `line 2: "erstellt" is no outcome`},
		"our columns turned": {strings.Replace(text, "outcome,user_id", "user_id,outcome", 1), "columns beside each other"},
		"a web page":         {"<!DOCTYPE html><html></html>", ""},
		"nothing":            {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, _, err := opened(t, c.text, roster.Options{}, sandbox)
			if c.want == "" { // roster knows what it is
				is[*roster.Error](t, err)
				return
			}
			if e := is[*NotResultsError](t, err); !strings.Contains(e.Why, c.want) {
				t.Errorf("%v\nwant %s", e, c.want)
			}
		})
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none.csv"), roster.Options{}, sandbox); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func TestALedgerCutOffInItsLastLinesIsRefusedOrWhole(t *testing.T) {
	text := ran(t)
	lines := strings.SplitAfter(text, "\n")
	for n := len(text) - len(lines[5]) - len(lines[6]) - len(lines[7]); n < len(text); n++ {
		l, path, said, err := opened(t, text[:n], roster.Options{}, sandbox)
		if err != nil {
			continue
		}
		closed(t, l)
		cut := text[:n]
		if cut[n-1] != '\n' && strings.SplitAfter(text[n:], "\n")[0] != "\n" {
			t.Errorf("%d bytes were taken: %q, said %q", n, cut[max(0, n-40):], said)
		}
		for row, is := range outcomes(t, read(t, path)) {
			if was := outcomes(t, text)[row]; was != is && !strings.HasPrefix(is, string(provision.Pending)) {
				t.Errorf("%d bytes: row %s became %q, was %q", n, row, is, was)
			}
		}
	}
	// A number that is cut itself: 12 of 123.
	long := strings.Join(lines[:1], "") + strings.Replace(lines[1], "sandbox,1\n", "sandbox,123\n", 1)
	for _, n := range []int{1, 2} {
		_, _, _, err := opened(t, long[:len(long)-n], roster.Options{}, sandbox)
		is[*NotResultsError](t, err)
	}
	two := lines[0] + lines[1] + strings.Replace(lines[3], "sandbox,3\n", "sandbox,123\n", 1)
	for _, n := range []int{2, 3} {
		_, _, _, err := opened(t, two[:len(two)-n], roster.Options{}, sandbox)
		is[*NotResultsError](t, err)
	}
}

func TestAMessageNamesTheLineOnWhichItsRowStands(t *testing.T) {
	text := ran(t)
	nobody := strings.Index(text, ",Nobody")
	_, path, _, err := opened(t, text[:nobody]+"\n\n"+text[nobody:], roster.Options{}, sandbox)
	if err != nil {
		t.Fatal(err)
	}
	now := read(t, path)
	line := 1 + strings.Count(now[:strings.Index(now, ",Nobody")], "\n")
	if want := fmt.Sprintf(`"line %d, column ""Employee ID"": no subject"`, line); !strings.Contains(now, want) {
		t.Errorf("no %s in\n%s", want, now)
	}
}
