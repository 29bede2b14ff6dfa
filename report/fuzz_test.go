package report

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"qlik-provision/provision/roster"
)

// openedAs opens text as a result file with a journal, closes it, and gives back the file; not ok where it is refused.
func openedAs(t *testing.T, text, journal []byte) (file string, ok bool) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hr.results.csv")
	write(t, path, string(text))
	if journal != nil {
		write(t, path+".journal", string(journal))
	}
	l, err := Open(path, roster.Options{}, sandbox)
	if err != nil {
		if read(t, path) != string(text) {
			t.Fatalf("refused with %v, and changed", err)
		}
		return "", false
	}
	for _, err := range l.Pending() {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Summarize(path); err != nil {
		t.Fatalf("it was opened and closed, but cannot be counted: %v", err)
	}
	return read(t, path), true
}

func FuzzLedger(f *testing.F) {
	text := ran(f)
	f.Add([]byte(text))
	f.Add([]byte(sixRows))
	f.Add([]byte(tableOf(f, text).saved(';', true, "\ufeff")))
	f.Add([]byte(sorted(text)))
	f.Add([]byte(block + ",a\n,,x,,,,,,,,1,x\n"))
	f.Add([]byte("Subject," + block + "\na, Created ,,a,,,,,,,,1\na,pending,,,,,,,,,,2\na,duplicate,,a,,,,,,,,3\n"))
	f.Add([]byte("a,Jane,pending,,a,,,,,,,sandbox,1\r\na,\"Jane\",failed,,,=1,,x,,9,2026-01-01T00:00:00Z,,2,\"note\"\r\n"))
	f.Add([]byte("a,Jane,created,,a,,,,,,,,1\rb,,duplicate,,a,,,,,,,,3\r\"a\",x\"y,invalid,,b,,,,,,,,2"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if !bytes.Contains(text, []byte("outcome")) { // so that most of what is tried is a result file
			text = append([]byte("Subject,Name,"+block+"\n"), text...)
		}
		once, ok := openedAs(t, text, nil)
		if !ok {
			return
		}
		twice, ok := openedAs(t, []byte(once), nil)
		if !ok || once != twice {
			t.Fatalf("opened once:\n%q\ntwice (taken: %v):\n%q", once, ok, twice)
		}
	})
}

func FuzzJournal(f *testing.F) {
	ledger, journal := cutOff(f)
	file, _ := reopened(f, ledger, journal, sandbox)
	whole, before := outcomes(f, file), outcomes(f, ledger)
	f.Add([]byte(journal))
	f.Add([]byte(journal[:200]))
	f.Add([]byte(strings.SplitAfter(journal, "\n")[1]))
	f.Add([]byte(""))
	f.Fuzz(func(t *testing.T, journal []byte) {
		file, ok := openedAs(t, []byte(ledger), journal)
		if !ok {
			t.Fatal("a journal made the file unreadable")
		}
		onlyTrue(t, file, whole, before)
	})
}

// A journal that somebody made has checksums, too.
func FuzzSealedJournal(f *testing.F) {
	ledger, journal := cutOff(f)
	rows := len(outcomes(f, ledger))
	var bodies []string
	for line := range strings.Lines(journal) {
		bodies = append(bodies, line[:strings.LastIndexByte(line, ',')])
	}
	f.Add([]byte(strings.Join(bodies, "\n")))
	f.Add([]byte(strings.Join(append(bodies[:2:2], bodies[1]), "\n")))
	f.Add([]byte(bodies[0] + "\n" + `created,,emp-2,"=1,""a""",,x,,,,sandbox,2`))
	f.Fuzz(func(t *testing.T, made []byte) {
		var journal strings.Builder
		for body := range strings.SplitSeq(string(made), "\n") {
			journal.WriteString(sealed(body))
		}
		once, ok := openedAs(t, []byte(ledger), []byte(journal.String()))
		if !ok {
			t.Fatal("a journal made the file unreadable")
		}
		twice, ok := openedAs(t, []byte(once), nil)
		if !ok || once != twice {
			t.Fatalf("opened once:\n%q\ntwice (taken: %v):\n%q", once, ok, twice)
		}
		if n := len(tableOf(t, once)) - 1; n != rows {
			t.Fatalf("%d rows, want %d:\n%q", n, rows, once)
		}
	})
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"=1", "a\r\nb", "\u202e＝", "'", "\ufeff-", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := tame(s)
		if strings.ContainsAny(got, "\r\n\x00") || len(got) > mostText {
			t.Fatalf("%q became %q", s, got)
		}
		if again := tame(got); again != got {
			t.Fatalf("%q became %q, and that %q", s, got, again)
		}
		if s := strings.TrimSpace(got); s != "" && strings.ContainsAny(s[:1], "=+-@") {
			t.Fatalf("a formula is left: %q", got)
		}
	})
}
