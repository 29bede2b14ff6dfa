package report

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/roster"
)

// people is an export of n rows with six columns.
func people(n int) []byte {
	var b bytes.Buffer
	b.WriteString("Employee ID,Name,Email,Department,Manager,Start Date\n")
	for i := range n {
		fmt.Fprintf(&b, "%07d,First%d Last%d,first%d.last%d@acme.example,\"Sales, EMEA\",Grace Hopper,2026-03-01\n",
			i, i, i, i, i)
	}
	return b.Bytes()
}

// BenchmarkCreate reads an export of a million rows and writes its ledger, beside a bare copy through
// encoding/csv that adds as many columns. The metric ratio is the copy's time by the ledger's.
func BenchmarkCreate(b *testing.B) {
	const rows = 1_000_000
	folder := b.TempDir()
	source := filepath.Join(folder, "hr.csv")
	if err := os.WriteFile(source, people(rows), 0o600); err != nil {
		b.Fatal(err)
	}
	var copied, ledger time.Duration
	for i := 0; b.Loop(); i++ {
		began := time.Now()
		bareCopy(b, source, filepath.Join(folder, "copy.csv"))
		copied += time.Since(began)
		began = time.Now()
		path := filepath.Join(folder, fmt.Sprintf("hr%d.results.csv", i))
		in, err := os.Open(source)
		if err != nil {
			b.Fatal(err)
		}
		f, err := csvfile.Read(in, "hr.csv", csvfile.Options{Block: Columns(),
			LooksLikeHeader: roster.LooksLikeHeader})
		if err != nil {
			b.Fatal(err)
		}
		l, err := Create(path, f, theAction, sandbox)
		if err == nil {
			err = prepare(l)
		}
		if err != nil {
			b.Fatal(err)
		}
		ledger += time.Since(began)
		if err := errors.Join(l.Close(), os.Remove(path), in.Close()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(copied.Seconds()/ledger.Seconds(), "ratio")
	b.ReportMetric(rows*float64(b.N)/ledger.Seconds(), "rows/s")
}

func bareCopy(b *testing.B, from, to string) {
	in, err := os.Open(from)
	if err != nil {
		b.Fatal(err)
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		b.Fatal(err)
	}
	defer out.Close()
	r, w := csv.NewReader(bufio.NewReaderSize(in, 64<<10)), csv.NewWriter(out)
	r.ReuseRecord = true
	action := theAction.String()
	for n := 0; ; n++ {
		row, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			b.Fatal(err)
		}
		ours := []string{action, "pending", "", "", "", row[0], "", "", "", "", "sandbox", "c-00000000-00000000",
			fmt.Sprint(n)}
		if n == 0 {
			ours = Columns()
		}
		if err := w.Write(append(row, ours...)); err != nil {
			b.Fatal(err)
		}
	}
	w.Flush()
	if err := errors.Join(w.Error(), out.Sync()); err != nil {
		b.Fatal(err)
	}
}
