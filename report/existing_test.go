package report

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
)

func TestCreateDoesNotReplaceAFileWhoseRowsWereSent(t *testing.T) {
	text := ranText(t)
	other := theAction
	other.Status = "invited"
	for _, c := range []struct {
		name, there string
		action      Action
		rows, done  int
		same        bool
	}{
		{"of this export", text, theAction, 7, 3, true},
		{"of this export and another action", text, other, 7, 3, true},
		{"of this export, corrected where it is not done", strings.Replace(text, "\n,Nobody", "\n1006,Nobody", 1),
			theAction, 7, 3, false},
		{"of this export, sorted", tableOf(t, text).reversed().saved(',', false, ""), theAction, 7, 3, true},
		{"of another export with as many rows", strings.Replace(text, "Ada Byron,ada@", "Ada B,ada@", 1), theAction,
			7, 3, false},
		{"of an export with fewer rows", strings.Join(strings.SplitAfter(text, "\n")[:4], ""), theAction, 3, 3,
			false},
		{"of an export with another header", strings.Replace(text, "Employee ID", "Personnel ID", 1), theAction, 7, 3,
			false},
		{"saved with semicolons", tableOf(t, text).saved(';', true, "\ufeff"), theAction, 7, 3, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "hr.results.csv")
			write(t, path, c.there)
			_, err := Create(path, parseText(t, sixRows), c.action, sandbox)
			e := as[*ExistsError](t, err)
			if e.Rows != c.rows || e.Done != c.done || e.SameExport != c.same ||
				e.SameAction != (c.action.Status == theAction.Status) {
				t.Errorf("%+v", e)
			}
			if read(t, path) != c.there || len(folder(t, path)) != 1 {
				t.Errorf("it changed, or something was left: %v", folder(t, path))
			}
			l, err := Create(path, parseText(t, sixRows), c.action, Options{Tenant: "sandbox", Overwrite: true})
			if err == nil {
				err = prepare(l)
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := l.Summary().Counts[provision.Pending]; got != 3 {
				t.Errorf("overwritten, with %d pending rows", got)
			}
			mustClose(t, l)
		})
	}
}

func TestCreateReplacesAFileOfWhichNoRowWasSent(t *testing.T) {
	sent := provision.Result{Number: 1, Outcome: provision.Pending, Code: provision.CodeMaybeCreated,
		FinishedAt: finishedAt}
	for _, c := range []struct {
		name    string
		results []provision.Result
		kept    bool
	}{
		{"a plan", nil, false},
		{"existing users and conflicts", []provision.Result{{Number: 1, Outcome: provision.Exists}, {Number: 3,
			Outcome: provision.Failed, Code: provision.CodeSubjectConflict}}, false},
		{"a write whose outcome is not known", []provision.Result{sent}, true},
		{"a refused write", []provision.Result{{Number: 1, Outcome: provision.Failed, Attempts: 1}}, true},
	} {
		l, path := start(t, sixRows, theAction, sandbox)
		record(t, l, c.results...)
		killed := filepath.Join(snapshot(t, filepath.Dir(path)), "hr.results.csv")
		mustClose(t, l)
		for _, path := range []string{path, killed} {
			var notices []string
			o := sandbox
			o.Notify = func(s string) { notices = append(notices, s) }
			l, err := Create(path, parseText(t, strings.ReplaceAll(sixRows, "Hopper", "B. Hopper")), theAction, o)
			if c.kept {
				as[*ExistsError](t, err)
				continue
			}
			if err == nil {
				err = prepare(l)
			}
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			mustClose(t, l)
			if !strings.Contains(read(t, path), "B. Hopper") || strings.Join(notices,
				"") != path+" is replaced: no row of it was ever sent" {
				t.Errorf("%s: notices %q", c.name, notices)
			}
		}
	}
}

func TestOnlyAResultFileIsReplaced(t *testing.T) {
	for name, text := range map[string]string{
		"an export": sixRows, "a page": "<html>", "nothing": "", "a picture": "\x89PNG\r\n\x1a\n\x00",
		"text": "Dear all,\n\nplease find attached",
	} {
		for _, overwrite := range []bool{false, true} {
			path := filepath.Join(t.TempDir(), "hr.results.csv")
			write(t, path, text)
			_, err := Create(path, parseText(t, sixRows), theAction, Options{Overwrite: overwrite})
			as[*NotResultsError](t, err)
			if read(t, path) != text || len(folder(t, path)) != 1 {
				t.Errorf("%s: it changed, or something was left: %v", name, folder(t, path))
			}
		}
	}
	err := CheckExport(parseText(t, ranText(t)))
	if wantError(t, err, ErrResultsGiven); err.Error() != "hr.csv is a result file, not an export" {
		t.Error(err)
	}
}

func TestAJournalWithoutItsResultFileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hr.results.csv")
	_, journal := killedRun(t)
	write(t, path+".journal", journal)
	_, createErr := Create(path, parseText(t, sixRows), theAction, sandbox)
	_, openErr := Open(path, csvfile.Options{}, sandbox)
	_, readErr := Read(path, csvfile.Options{})
	for _, err := range []error{createErr, openErr, readErr} {
		wantError(t, err, ErrStrayJournal)
		if want := path + ".journal belongs to a result file that does not exist or is empty"; err.Error() != want {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
	if got := folder(t, path); len(got) != 1 {
		t.Errorf("left: %v", got)
	}
	l, err := Create(path, parseText(t, sixRows), theAction, Options{Overwrite: true})
	if err == nil {
		err = prepare(l)
	}
	if err != nil {
		t.Fatal(err)
	}
	mustClose(t, l)
	if got := folder(t, path); len(got) != 1 {
		t.Errorf("overwritten, and left: %v", got)
	}
}

func TestAnEmptiedResultFileKeepsItsJournal(t *testing.T) {
	file, journal := killedRun(t)
	header, _, _ := strings.Cut(file, "\n")
	for name, text := range map[string]string{"nothing": "", "a line end": "\n", "a byte order mark": "\ufeff\r\n",
		"only its header": header + "\n"} {
		path := placed(t, text, journal)
		_, createErr := Create(path, parseText(t, sixRows), theAction, sandbox)
		_, overwriteErr := Create(path, parseText(t, sixRows), theAction, Options{Tenant: "sandbox", Overwrite: true})
		_, openErr := Open(path, csvfile.Options{}, sandbox)
		_, readErr := Read(path, csvfile.Options{})
		for _, err := range []error{createErr, overwriteErr, openErr, readErr} {
			if !errors.Is(err, ErrStrayJournal) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if got := folder(t, path); read(t, path) != text || read(t, path+".journal") != journal || len(got) != 2 {
			t.Errorf("%s: left %v", name, got)
		}
	}
}

func TestALedgerThatWasNotPreparedLeavesEverythingAsItWas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hr.results.csv")
	l, err := Create(path, parseText(t, sixRows), theAction, sandbox)
	if err != nil {
		t.Fatal(err)
	}
	mustClose(t, l)
	if got := folder(t, path); got != nil {
		t.Errorf("left: %v", got)
	}
	file, journal := killedRun(t)
	path = placed(t, file, journal)
	if l, err = Open(path, csvfile.Options{}, sandbox); err != nil {
		t.Fatal(err)
	}
	mustClose(t, l)
	if read(t, path) != file || read(t, path+".journal") != journal || len(folder(t, path)) != 2 {
		t.Errorf("left: %v", folder(t, path))
	}
}

func TestAPreviewWritesNothing(t *testing.T) {
	l, err := Create("", parseText(t, sixRows), theAction, sandbox)
	if err == nil {
		err = prepare(l)
	}
	if err != nil {
		t.Fatal(err)
	}
	record(t, l, created(l.Pending()[0]))
	if s := l.Summary(); s.Counts[provision.Created] != 1 || s.Run[provision.Created] != 1 {
		t.Errorf("%+v", s)
	}
	mustClose(t, l)
}
