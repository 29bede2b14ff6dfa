package report

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"qlik-provision/provision/roster"
)

const (
	memoryRows = 600_000
	mostMemory = 160 << 20
)

// useMemory creates a ledger, runs it whole, and opens it again, in a process of its own; it prints the most memory that took.
func useMemory(source string) int {
	err := func() error {
		in, err := os.Open(source)
		if err != nil {
			return err
		}
		defer in.Close()
		info, err := in.Stat()
		if err != nil {
			return err
		}
		f, err := roster.Open(in, info.Size(), "hr.csv", roster.Options{Block: Columns()})
		if err != nil {
			return err
		}
		path := filepath.Join(filepath.Dir(source), "hr.results.csv")
		l, err := Create(path, f, sandbox)
		if err != nil {
			return err
		}
		for r, err := range l.Pending() {
			if err != nil {
				return err
			}
			if err := l.Record(fate(r)); err != nil {
				return err
			}
		}
		if err := l.Close(); err != nil {
			return err
		}
		if l, err = Open(path, roster.Options{}, sandbox); err != nil {
			return err
		}
		if err := l.Close(); err != nil {
			return err
		}
		_, err = Summarize(path)
		return err
	}()
	if err != nil {
		fmt.Println(err)
		return 1
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	for line := range strings.Lines(string(status)) {
		if most, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			fmt.Print(strings.TrimSpace(most))
		}
	}
	return 0
}

func TestALargeExportFitsIntoLittleMemory(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("it takes its time, and reads /proc")
	}
	if raceEnabled {
		t.Skip("the race detector takes memory of its own")
	}
	t.Parallel()
	source := filepath.Join(t.TempDir(), "hr.csv")
	// Every tenth person stands there twice.
	b := people(memoryRows * 10 / 11)
	lines := bytes.SplitAfter(b, []byte("\n"))[1:]
	for i := 0; i < len(lines); i += 10 {
		b = append(b, lines[i]...)
	}
	write(t, source, string(b))
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "REPORT_TEST_MEMORY="+source)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	kib, err := strconv.Atoi(strings.TrimSuffix(string(out), " kB"))
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Logf("%d rows: %d MiB", memoryRows, kib>>10)
	if kib<<10 > mostMemory {
		t.Errorf("%d MiB for %d rows, want at most %d", kib>>10, memoryRows, mostMemory>>20)
	}
}

func TestWhatIsKeptOfARowIsSmall(t *testing.T) {
	const n, most = 20_000, 100
	text := string(people(n))
	o := Options{Tenant: "sandbox", MatchEmail: true}
	l, path := create(t, text, o)
	for r, err := range l.Pending() {
		if err != nil {
			t.Fatal(err)
		}
		record(t, l, created(r))
	}
	killed := filepath.Join(snapshot(t, filepath.Dir(path)), "hr.results.csv")
	closed(t, l)

	before := heap()
	s, err := openSheet(place{name: killed, path: killed}, roster.Options{})
	if err != nil {
		t.Fatal(err)
	}
	v := newSurvey(s, &o)
	if err := (&Ledger{options: o}).check(v, func(row) error { return nil }); err != nil {
		t.Fatal(err)
	}
	kept := (heap() - before) / n
	t.Logf("%d bytes a row", kept)
	if kept > most {
		t.Errorf("%d bytes a row, want at most %d", kept, most)
	}
	runtime.KeepAlive(v)
	if err := s.close(); err != nil {
		t.Error(err)
	}
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
