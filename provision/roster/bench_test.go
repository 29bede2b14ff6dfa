package roster

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// million writes an export of 1,000,000 people with six columns.
func million(b *testing.B) string {
	b.Helper()
	const rows = 1_000_000
	path := filepath.Join(b.TempDir(), "million.csv")
	out, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriterSize(out, 1<<20)
	fmt.Fprintln(w, "Employee ID,Name,Email,Department,Manager,Start Date")
	for i := range rows {
		fmt.Fprintf(w, "%07d,Person Nr%d,person.nr%d@acme.example,Department %d,\"Lindner, Petra %d\",2026-01-05\n", i, i, i, i%40, i%300)
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := out.Close(); err != nil {
		b.Fatal(err)
	}
	return path
}

// BenchmarkReadAndCheck reads and checks 1,000,000 rows, beside a bare encoding/csv loop over the same file. The figure
// of-csv is how much of that loop's rows a second it reaches.
func BenchmarkReadAndCheck(b *testing.B) {
	path := million(b)
	b.ReportAllocs()
	var ours, theirs time.Duration
	rows := 0
	for b.Loop() {
		start := time.Now()
		rows = readAndCheck(b, path)
		ours += time.Since(start)
		b.StopTimer()
		start = time.Now()
		bareRead(b, path)
		theirs += time.Since(start)
		b.StartTimer()
	}
	b.ReportMetric(float64(ours.Nanoseconds())/float64(b.N)/float64(rows), "ns/row")
	b.ReportMetric(theirs.Seconds()/ours.Seconds(), "of-csv")
}

func readAndCheck(b *testing.B, path string) int {
	in, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		b.Fatal(err)
	}
	f, err := Open(in, info.Size(), "million.csv", Options{})
	if err != nil {
		b.Fatal(err)
	}
	rows := 0
	for r, err := range f.Records() {
		if err != nil {
			b.Fatal(err)
		}
		if why, _ := f.Check(r, true); why != "" {
			b.Fatal(why)
		}
		rows++
	}
	return rows
}

func bareRead(b *testing.B, path string) {
	in, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer in.Close()
	r := csv.NewReader(in)
	r.ReuseRecord = true
	for {
		if _, err := r.Read(); err == io.EOF {
			return
		} else if err != nil {
			b.Fatal(err)
		}
	}
}
