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

	"qlik-provision/provision/roster"
)

// rewritten puts other bytes into a file that somebody may have open.
func rewritten(t testing.TB, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// blocked puts a folder that cannot be removed where a file was.
func blocked(t testing.TB, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(path, "within"), 0o700); err != nil {
		t.Fatal(err)
	}
}

func TestAFolderThatIsMovedAwayLosesNoOutcome(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a folder with open files cannot be moved")
	}
	ledger, journal := cutOff(t)
	journal = journal[:strings.LastIndex(strings.TrimSuffix(journal, "\n"), "\n")+1] // one row is left to run
	begun, _ := reopened(t, ledger, journal, sandbox)
	var steps []string
	for at := 0; len(steps) == at; at++ {
		home, away := filepath.Join(t.TempDir(), "home"), filepath.Join(t.TempDir(), "away")
		if err := os.Mkdir(home, 0o700); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(home, "hr.results.csv")
		write(t, path, ledger)
		write(t, path+".journal", journal)
		n := 0
		o := sandbox
		o.step = func(what string) {
			if n == at {
				steps = append(steps, what)
				if err := os.Rename(home, away); err != nil {
					t.Fatal(err)
				}
			}
			n++
		}
		recorded := 0
		l, err := Open(path, roster.Options{}, o)
		if err == nil {
			for _, r := range pending(t, l) {
				record(t, l, created(r))
				recorded++
			}
			err = l.Close()
		}
		if len(steps) == at {
			break
		}
		if err == nil && steps[at] != "merged" || err != nil && (!errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), home)) {
			t.Errorf("moved after %q: %v", steps[at], err)
		}
		moved := filepath.Join(away, "hr.results.csv")
		l, err = Open(moved, roster.Options{}, sandbox)
		if err != nil {
			t.Fatalf("moved after %q: %v", steps[at], err)
		}
		closed(t, l)
		if got, want := doneIn(read(t, moved)), doneIn(begun)+recorded; got != want {
			t.Errorf("moved after %q: %d rows are done, want %d", steps[at], got, want)
		}
		if got := folder(t, moved); len(got) != 1 {
			t.Errorf("moved after %q: left %v", steps[at], got)
		}
	}
	if want := []string{"draft finished", "replaced", "journal removed", "journal started", "merged draft finished", "merged", "journal removed"}; !slices.Equal(steps, want) {
		t.Errorf("it was moved after %q, want %q", steps, want)
	}
}

func TestWhatCannotBeRemovedIsNamedAndNothingElseIsLeft(t *testing.T) {
	all := strings.Count(manyRows(5), "\n") - 1
	for _, c := range []struct {
		name, blocked, want string
		left                []string
	}{
		{"the journal", ".journal", "removing %[1]s.journal: remove %[1]s.journal: ", []string{"hr.results.csv", "hr.results.csv.journal"}},
		{"the lock", ".lock", "remove %s.lock: ", []string{"hr.results.csv", "hr.results.csv.lock"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if runtime.GOOS == "windows" && c.blocked == ".lock" {
				t.Skip("what is open cannot be removed")
			}
			var path string
			o := sandbox
			o.step = func(what string) {
				if what == "merged" {
					blocked(t, path+c.blocked)
				}
			}
			l, at := create(t, manyRows(5), o)
			path = at
			for _, r := range pending(t, l) {
				record(t, l, created(r))
			}
			err := l.Close()
			if want := fmt.Sprintf(c.want, path); err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v\nwant %s", err, want)
			}
			if got := folder(t, path); !slices.Equal(got, c.left) {
				t.Errorf("left: %v", got)
			}
			if got := doneIn(read(t, path)); got == 0 || strings.Count(read(t, path), "\n")-1 != all {
				t.Errorf("the outcomes are not in the file:\n%s", read(t, path))
			}
			if err := os.RemoveAll(path + c.blocked); err != nil {
				t.Fatal(err)
			}
			again, err := Open(path, roster.Options{}, sandbox)
			if err != nil {
				t.Fatal(err)
			}
			closed(t, again)
		})
	}
}

func TestAFolderInTheJournalsPlaceIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hr.results.csv")
	blocked(t, path+".journal")
	overwrite := Options{Tenant: "sandbox", Overwrite: true}
	_, err := Create(path, export(t, sixRows), overwrite)
	if want := "removing " + path + ".journal: remove " + path + ".journal: "; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v\nwant %s", err, want)
	}
	if got := folder(t, path); !slices.Equal(got, []string{"hr.results.csv.journal"}) {
		t.Errorf("left: %v", got)
	}

	text := ran(t)
	write(t, path, text)
	for what, do := range map[string]func() error{
		"open":      func() error { _, err := Open(path, roster.Options{}, sandbox); return err },
		"create":    func() error { _, err := Create(path, export(t, sixRows), sandbox); return err },
		"overwrite": func() error { _, err := Create(path, export(t, sixRows), overwrite); return err },
		"summarize": func() error { _, err := Summarize(path); return err },
		"save page": func() error { return SavePage(path+".html", path) },
	} {
		if err, want := do(), "reading "+path+".journal: read "+path+".journal: "; err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v\nwant %s", what, err, want)
		}
		if got := folder(t, path); read(t, path) != text || !slices.Equal(got, []string{"hr.results.csv", "hr.results.csv.journal"}) {
			t.Errorf("%s: it changed, or something was left: %v", what, got)
		}
	}
}

func TestAJournalThatSomebodyElseBeginsIsLeftAlone(t *testing.T) {
	path, _, journal := ofKilledRun(t)
	o := sandbox
	o.step = func(what string) {
		if what == "journal removed" {
			write(t, path+".journal", "theirs")
		}
	}
	_, err := Open(path, roster.Options{}, o)
	if !errors.Is(err, fs.ErrExist) || !strings.HasPrefix(err.Error(), "open "+path+".journal: ") {
		t.Errorf("%v", err)
	}
	if got := read(t, path+".journal"); got != "theirs" {
		t.Errorf("the other journal is %q now", got)
	}
	if got := folder(t, path); doneIn(read(t, path)) != doneIn(journal) || len(got) != 2 {
		t.Errorf("left: %v, and the file is\n%s", got, read(t, path))
	}
}

func TestALedgerThatIsChangedUnderARunIsNotRunOnAndLosesNothing(t *testing.T) {
	for _, c := range []struct {
		name            string
		change          func(path, text string)
		pending, merged string // "" for no error
	}{
		{"removed", func(path, _ string) { os.Remove(path) }, "open %s: ", "open %s: "},
		{"a row number that is none", func(path, text string) { write(t, path, strings.Replace(text, "sandbox,3\n", "sandbox,x\n", 1)) },
			`%s is no result file: line 4: "x" is no row number`, `%s is no result file: line 4: "x" is no row number`},
		{"our columns gone", func(path, text string) { write(t, path, strings.Replace(text, "trace_id", "trace", 1)) },
			"%s is no result file: its header does not have our columns beside each other: " + block,
			"%s is no result file: its header does not have our columns beside each other: " + block},
		{"another subject", func(path, text string) { write(t, path, strings.Replace(text, "\n1003,", "\n9003,", 1)) },
			`%s is no result file: line 4: the subject is "9003", and was written as "1003"`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, path := create(t, sixRows, sandbox)
			record(t, l, created(pending(t, l)[0]))
			text, journal := read(t, path), read(t, path+".journal")
			c.change(path, text)
			var last error
			for _, err := range l.Pending() {
				if last != nil {
					t.Errorf("there is more behind %v", last)
				}
				last = err
			}
			if want := fmt.Sprintf(c.pending, path); last == nil || !strings.HasPrefix(last.Error(), want) {
				t.Errorf("to run: %v\nwant %s", last, want)
			}
			err := l.Close()
			if c.merged == "" {
				if err != nil || doneIn(read(t, path)) != 1 {
					t.Errorf("%v, and the file is\n%s", err, read(t, path))
				}
				return
			}
			is[*MergeError](t, err)
			want := fmt.Sprintf("%s could not be replaced: "+c.merged, path, path)
			if !strings.HasPrefix(err.Error(), want) || !strings.HasSuffix(err.Error(), "; the outcomes are in "+path+".journal") {
				t.Errorf("closed: %v\nwant %s", err, want)
			}
			for _, name := range folder(t, path) {
				if name != "hr.results.csv" && name != "hr.results.csv.journal" {
					t.Errorf("left: %s", name)
				}
			}
			if read(t, path+".journal") != journal {
				t.Error("the journal changed")
			}
			write(t, path, text)
			again, err := Open(path, roster.Options{}, sandbox)
			if err != nil {
				t.Fatal(err)
			}
			closed(t, again)
			if doneIn(read(t, path)) != 1 {
				t.Errorf("the outcome is lost:\n%s", read(t, path))
			}
		})
	}
}

func TestOutcomesThatSomebodyElseSpoiledAreNotThrownAway(t *testing.T) {
	row := regexp.MustCompile(`(?m)^1003,.*\n`)
	for _, c := range []struct {
		name  string
		spoil func(file, journal string) (string, string)
	}{
		{"a byte of the journal", func(f, j string) (string, string) { return f, strings.Replace(j, "id-1007", "id-1008", 1) }},
		{"the journal's end", func(f, j string) (string, string) { return f, j[:len(j)-9] }},
		{"a row of the file", func(f, j string) (string, string) { return row.ReplaceAllString(f, ""), j }},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, path := create(t, sixRows, sandbox)
			for _, r := range pending(t, l) {
				record(t, l, created(r))
			}
			file, journal := c.spoil(read(t, path), read(t, path+".journal"))
			write(t, path, file)
			write(t, path+".journal", journal)
			err := l.Close()
			is[*MergeError](t, err)
			if !strings.Contains(err.Error(), "outcomes that were recorded") || read(t, path) != file || read(t, path+".journal") != journal {
				t.Errorf("%v; left: %v", err, folder(t, path))
			}
			again, said := reopened(t, file, journal, sandbox)
			if doneIn(again) == 0 || len(said) == 0 || !strings.Contains(said[0], "1 of 3 lines dropped") {
				t.Errorf("%q, and the file is\n%s", said, again)
			}
		})
	}
}

func TestAResultFileThatIsWrittenWhileItIsReadIsRefused(t *testing.T) {
	text := ran(t)
	const notRow = `%s is no result file: line 4: "x" is no row number`
	broken := func(s string) string { return strings.Replace(s, "sandbox,3\n", "sandbox,x\n", 1) }
	for _, c := range []struct {
		name, text string
		becomes    func(string) string
		o          Options
		want       string
	}{
		{"emptied", text, func(string) string { return "" }, sandbox, "reading %s: EOF"},
		{"another subject", text, func(s string) string { return strings.Replace(s, "\n1001,", "\n1009,", 1) }, sandbox, "%s changed while it was being read"},
		{"two rows with one number", text + strings.SplitAfter(text, "\n")[1], broken, sandbox, notRow},
		{"subjects made otherwise", strings.Replace(text, ",1001,", ",Ada Byron,", 1), broken, sandbox, notRow},
		{"two people with one address", strings.Replace(text, "grace@acme", "annabella@acme", 1), broken, Options{Tenant: "sandbox", MatchEmail: true}, notRow},
		{"nothing odd", text, broken, sandbox, notRow},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "hr.results.csv")
			write(t, path, c.text)
			o := c.o
			hash, first := hashOf(), true
			o.hash = func(s string) uint64 {
				if first {
					rewritten(t, path, c.becomes(c.text))
				}
				first = false
				return hash(s)
			}
			_, err := Open(path, roster.Options{}, o)
			if want := fmt.Sprintf(c.want, path); err == nil || err.Error() != want {
				t.Errorf("%v\nwant %s", err, want)
			}
			if got := folder(t, path); read(t, path) != c.becomes(c.text) || len(got) != 1 {
				t.Errorf("it changed again, or something was left: %v", got)
			}
		})
	}
}

func TestAJournalThatIsWrittenWhileItIsReadIsRefused(t *testing.T) {
	l, path := create(t, manyRows(400), sandbox)
	for _, r := range pending(t, l) {
		o := created(r)
		o.Message = strings.Repeat("m", 400)
		record(t, l, o)
	}
	ledger, journal := read(t, path), read(t, path+".journal")
	closed(t, l)
	for _, c := range []struct {
		name, becomes, want string
	}{
		{"emptied", "", "reading %s.journal: EOF"},
		{"other bytes", strings.Repeat("x", len(journal)), "reading %s.journal: it changed while it was being read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "hr.results.csv")
			write(t, path, ledger)
			write(t, path+".journal", journal)
			o := sandbox
			hash, first := hashOf(), true
			o.hash = func(s string) uint64 {
				if first {
					rewritten(t, path+".journal", c.becomes)
				}
				first = false
				return hash(s)
			}
			_, err := Open(path, roster.Options{}, o)
			if want := fmt.Sprintf(c.want, path); err == nil || err.Error() != want {
				t.Errorf("%v\nwant %s", err, want)
			}
			if got := folder(t, path); read(t, path) != ledger || len(got) != 2 {
				t.Errorf("the file changed, or something was left: %v", got)
			}
		})
	}
}

func TestANameThatLeavesNoRoomForTheOthersIsRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there the whole path counts")
	}
	text := ran(t)
	tooLong := func(err error, path string) {
		t.Helper()
		if err == nil || !errors.Is(err, syscall.ENAMETOOLONG) || !strings.Contains(err.Error(), filepath.Base(path)) {
			t.Errorf("a name of %d bytes: %v", len(filepath.Base(path)), err)
		}
	}
	for n := 241; n <= 256; n++ {
		path := filepath.Join(t.TempDir(), strings.Repeat("n", n-4)+".csv")
		l, err := Create(path, export(t, sixRows), sandbox)
		if err == nil { // the draft's own name is not always as long
			closed(t, l)
			continue
		}
		tooLong(err, path)
		if n == 256 && !strings.HasPrefix(err.Error(), "looking at "+path+": ") {
			t.Errorf("%v", err)
		}
		if got := folder(t, path); got != nil {
			t.Errorf("a name of %d bytes: left %v", n, got)
		}
		page := strings.TrimSuffix(path, ".csv") + ".htm"
		if err := SavePage(page, sampleFile(t, runSamples()[:9])); err != nil || n > 248 {
			tooLong(err, page)
		}
		if n < 248 || n > 255 {
			continue
		}
		write(t, path, text)
		_, err = Open(path, roster.Options{}, sandbox)
		tooLong(err, path)
		_, err = Summarize(path)
		tooLong(err, path)
		if read(t, path) != text {
			t.Errorf("a name of %d bytes: the file changed", n)
		}
	}
}

// unprivileged skips where permissions do not count.
func unprivileged(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" || os.Getuid() == 0 {
		t.Skip("the user who runs this may read and write everywhere")
	}
}

func chmod(t *testing.T, path string, mode fs.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func TestAFolderThatMayNotBeListedIsUsed(t *testing.T) {
	unprivileged(t)
	path := filepath.Join(t.TempDir(), "hr.results.csv")
	chmod(t, filepath.Dir(path), 0o300)
	defer chmod(t, filepath.Dir(path), 0o700)
	l, err := Create(path, export(t, sixRows), sandbox)
	if err != nil {
		t.Fatal(err)
	}
	record(t, l, created(pending(t, l)[0]))
	closed(t, l)
	if l, err = Open(path, roster.Options{}, sandbox); err != nil {
		t.Fatal(err)
	}
	closed(t, l)
	if doneIn(read(t, path)) != 1 {
		t.Errorf("the file is\n%s", read(t, path))
	}
	if err := SavePage(path+".html", path); err != nil {
		t.Error(err)
	}
}

func TestAFolderThatMayNoLongerBeWrittenKeepsTheJournal(t *testing.T) {
	unprivileged(t)
	l, path := create(t, sixRows, sandbox)
	record(t, l, created(pending(t, l)[0]))
	chmod(t, filepath.Dir(path), 0o500)
	err := l.Close()
	chmod(t, filepath.Dir(path), 0o700)
	if e := is[*MergeError](t, err); !errors.Is(err, fs.ErrPermission) || e.Journal != path+".journal" {
		t.Errorf("%v", err)
	}
	if l, err = Open(path, roster.Options{}, sandbox); err != nil {
		t.Fatal(err)
	}
	closed(t, l)
	if doneIn(read(t, path)) != 1 {
		t.Errorf("the file is\n%s", read(t, path))
	}
}

func TestWhatMayNotBeReadIsNotReplaced(t *testing.T) {
	unprivileged(t)
	path, ledger, journal := ofKilledRun(t)
	page := filepath.Join(t.TempDir(), "page.html")
	if err := SavePage(page, path); err != nil {
		t.Fatal(err)
	}
	shown := read(t, page)
	denied := func(err error, name string) {
		t.Helper()
		if want := "open " + name + ": permission denied"; err == nil || err.Error() != want {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
	chmod(t, page, 0)
	denied(SavePage(page, path), page)
	chmod(t, page, 0o600)
	for _, name := range []string{path, path + ".journal"} {
		chmod(t, name, 0)
		_, err := Open(path, roster.Options{}, sandbox)
		denied(err, name)
		_, err = Create(path, export(t, sixRows), Options{Tenant: "sandbox", Overwrite: true})
		denied(err, name)
		_, err = Summarize(path)
		denied(err, name)
		denied(SavePage(page, path), name)
		chmod(t, name, 0o600)
	}
	if read(t, page) != shown || read(t, path) != ledger || read(t, path+".journal") != journal || len(folder(t, path)) != 2 || len(folder(t, page)) != 1 {
		t.Errorf("something changed, or was left: %v, %v", folder(t, path), folder(t, page))
	}
}
